import type { DelimitedFormat } from './delimited.ts'

/** Tab-separated, and a quote is a letter like any other. */
export const tabs = { delimiter: '\t', quote: null } as const satisfies DelimitedFormat

/** Tab-separated, with quoted cells. */
export const quotedTabs = { delimiter: '\t', quote: '"' } as const satisfies DelimitedFormat

/** Comma-separated, with quoted cells. */
export const commas = { delimiter: ',', quote: '"' } as const satisfies DelimitedFormat
