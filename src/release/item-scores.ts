import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'

/** Scores of the held-out items; beside the `scores.json` of the starter graph's questions, of which there are none. */
export const ITEM_SCORES_FILE = 'item-scores.json'

const fraction = z.number().min(0).max(1)
const count = z.number().int().nonnegative()
const part = { axis: z.enum(['all', 'form', 'language', 'source', 'difficulty']), name: z.string() }

/** One checkpoint on a part of the held-out items, as `evaluation/item-scores.json` holds it. */
export const itemRowSchema = z.object({
  ...{ stage: z.string(), ...part, n: count, correct: count, accuracy: fraction },
  interval: z.tuple([fraction, fraction]).readonly(),
  ...{ unparsed: count, truncated: count, chance: fraction, groundedStepRate: fraction.nullable() },
})

/** Two checkpoints on the same items. */
export const itemPairSchema = z.object({
  ...{ from: z.string(), to: z.string(), ...part, n: count, gained: count, lost: count },
  ...{ difference: z.number().min(-1).max(1), p: fraction },
})

const fileSchema = z.object({
  schemaVersion: z.literal(1),
  rows: z.array(itemRowSchema),
  paired: z.array(itemPairSchema),
})

export type ItemScoreRow = z.infer<typeof itemRowSchema>
export type ItemScorePair = z.infer<typeof itemPairSchema>
export type ItemScoreFile = { readonly rows: readonly ItemScoreRow[]; readonly paired: readonly ItemScorePair[] }

/**
 * The scores in an `evaluation/item-scores.json`.
 *
 * @throws {DataError} naming the field when the file is not there or holds something else
 */
export function readItemScores(file: string): ItemScoreFile {
  const parsed = fileSchema.safeParse(parseJson(readText(file), { file }))
  if (parsed.success) return { rows: parsed.data.rows, paired: parsed.data.paired }
  const field = parsed.error.issues[0]!.path.join('.')
  throw new DataError(`${field}: ${parsed.error.issues[0]!.message}`, {
    ...{ file, field },
    hint: 'run the evaluation again: "fleming run" with the configuration of this run',
  })
}
