import type { ResolutionReport } from './resolve.ts'
import type { GraphSource } from './types.ts'

/** Examples of a rejection that a report lists; chosen by us. */
const MAX_EXAMPLES = 5

/** Rows that gave nothing for one reason. */
export type Rejections = {
  readonly reason: string
  readonly count: number
  readonly examples: readonly { readonly file: string; readonly line: number; readonly detail: string }[]
}

/** What one source brought to a graph. */
export type SourceReport = GraphSource & {
  /** Name of the reader in the registry. */
  readonly reader: string
  readonly entityRecords: number
  readonly tripleRecords: number
  /** Triple records that are in the graph; several may be one triple there. */
  readonly keptTriples: number
  readonly rejected: readonly Rejections[]
}

/** How a graph came about. */
export type BuildReport = {
  readonly hash: string
  readonly entities: number
  readonly triples: number
  readonly sources: readonly SourceReport[]
  readonly resolution: ResolutionReport
}

/** Counts rejections by reason and keeps the first few of each. */
export type RejectionCounter = {
  add(reason: string, file: string, line: number, detail: string): void
  /** Most frequent first. */
  finish(): readonly Rejections[]
}

/** Nothing rejected yet. */
export function createRejections(): RejectionCounter {
  const byReason = new Map<string, { count: number; readonly examples: Rejections['examples'][number][] }>()
  return {
    add: (reason, file, line, detail) => {
      const known = byReason.get(reason) ?? { count: 0, examples: [] }
      byReason.set(reason, known)
      known.count += 1
      if (known.examples.length < MAX_EXAMPLES) known.examples.push({ file, line, detail })
    },
    finish: () =>
      [...byReason]
        .map(([reason, { count, examples }]) => ({ reason, count, examples }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  }
}
