import { correctness } from './correctness.ts'
import { format } from './format.ts'
import type { Attempt } from './types.ts'

export type RewardRule = 'gated' | 'additive'

export type RewardParts = { readonly correct: number; readonly format: number; readonly total: number }

/** Weight of the format part in the additive rule; chosen by us, the paper gives none. */
export const additiveFormatWeight = 0.1

/**
 * The reward of one completion with its parts.
 *
 * @paper Fleming-R1 §3.3: correctness and format, nothing else
 * @deviation how the two are combined is not stated: `gated` (default) is 1 if both hold, else 0, because a format-only
 *   success must not earn what a first right answer earns; `additive` is correct + 0.1 · format
 */
export function totalReward(attempt: Attempt, rule: RewardRule): RewardParts {
  const correct = correctness.score(attempt)
  const wellFormed = format.score(attempt)
  const total = rule === 'gated' ? correct * wellFormed : correct + additiveFormatWeight * wellFormed
  return { correct, format: wellFormed, total }
}
