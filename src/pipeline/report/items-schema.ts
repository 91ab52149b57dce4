import { z } from 'zod'
import { itemPairSchema, itemRowSchema } from '../../release/item-scores.ts'

const count = z.int().nonnegative()
const counts = z.record(z.string(), count)

/** What `questions/census.json` of a run on items says of them. */
export const itemCensusSchema = z.object({
  ...{ items: count, bySplit: counts, byForm: counts, byLanguage: counts, bySource: counts, byDifficulty: counts },
  sharedTriples: count,
  itemsDropped: z.record(z.string(), z.object({ count, example: z.string() })),
})

/** What a report says of a run on the items of a data run. */
export const reportItemsSchema = itemCensusSchema.extend({
  rows: z.array(itemRowSchema),
  paired: z.array(itemPairSchema),
})

export type ReportItems = z.infer<typeof reportItemsSchema>
