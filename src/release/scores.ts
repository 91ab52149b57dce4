import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import type { Scores } from './types.ts'

const fraction = z.number().min(0).max(1)
const count = z.number().int().nonnegative()
const hop = z.union([z.number().int(), z.literal('all')])
const interval = z.tuple([fraction, fraction])
const score = z.object({
  n: count,
  correct: count,
  accuracy: fraction,
  interval,
  unparsed: count,
  groundedStepRate: fraction.nullable(),
  rightForWrongReason: fraction.nullable(),
})
const scoresSchema = z.object({
  schemaVersion: z.literal(1),
  ladder: z.array(
    score.extend({ stage: z.string(), split: z.string(), hop, rarity: z.string(), form: z.enum(['open', 'choice']) }),
  ),
  paired: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      split: z.string(),
      hop,
      n: count,
      gained: count,
      lost: count,
      difference: z.number(),
      p: fraction,
    }),
  ),
  mostFrequent: z.array(score.extend({ split: z.string() })),
  facts: z.array(z.object({ stage: z.string(), n: count, recalled: count, rate: fraction, interval })),
})

/**
 * The scores in an `evaluation/scores.json`.
 *
 * @throws {DataError} naming the field when the file is not there or holds something else
 */
export function readScores(file: string): Scores {
  const parsed = scoresSchema.safeParse(parseJson(readText(file), { file }))
  if (parsed.success) {
    const { schemaVersion: _, ...scores } = parsed.data
    return scores
  }
  const issue = parsed.error.issues[0]!
  throw new DataError(`${issue.path.join('.')}: ${issue.message}`, {
    file,
    field: issue.path.join('.'),
    hint: 'run the evaluation again: "fleming run" with the configuration of this run',
  })
}
