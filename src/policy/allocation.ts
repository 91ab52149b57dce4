import { ConfigError } from '../core/errors.ts'
import { type Beta, expectedMixed } from './ledger-beta.ts'

/** How the rollouts of a step are shared out among its questions. */
export type AllocationRule = {
  /** Smallest and largest group, and the rollouts handed out at a time. */
  readonly minGroup: number
  readonly maxGroup: number
  readonly chunk: number
  /** Rollouts of a step; null: as many as with a fixed group size. */
  readonly budget: number | null
}

/**
 * One group size per question of a step: each gets the smallest group, then chunks go one by one to where a rollout
 * raises the expected number of mixed groups most. Decided before sampling, so the gradient keeps its direction.
 *
 * @paper Fleming-R1 §3.3 stage 2: more rollouts for difficult prompts
 * @deviation the paper gives no rule; by default every prompt of stage 2 has the same group, larger than in stage 1
 * @param posteriors_P what is believed of each question's pass rate, [problem]
 * @param floors_P smallest group of a question where it is more than `minGroup`, [problem]
 * @returns sizes_P, [problem]; together at most `budget`, unless the smallest groups alone are more
 * @throws {ConfigError} when the rule has no whole sizes from 2 with minGroup ≤ maxGroup
 */
export function allocate(
  posteriors_P: readonly Beta[],
  rule: Omit<AllocationRule, 'budget'> & { readonly budget: number },
  floors_P: readonly number[] = [],
): number[] {
  const { minGroup, maxGroup, chunk, budget } = rule
  if (![minGroup, maxGroup, chunk].every(Number.isInteger) || minGroup < 2 || maxGroup < minGroup || chunk < 1) {
    throw new ConfigError(`groups of ${minGroup} to ${maxGroup} rollouts in chunks of ${chunk} cannot be allocated`, {
      hint: 'give whole numbers with 2 ≤ minGroup ≤ maxGroup and 1 ≤ chunk',
    })
  }
  const sizes_P = posteriors_P.map((_, index) => Math.min(maxGroup, Math.max(minGroup, floors_P[index] ?? 0)))
  let rest = budget - sizes_P.reduce((sum, size) => sum + size, 0)
  const offerOf = (index: number): { readonly size: number; readonly gain: number } => {
    const size = Math.min(chunk, maxGroup - sizes_P[index]!, rest)
    if (size <= 0) return { size: 0, gain: Number.NEGATIVE_INFINITY }
    const believed = posteriors_P[index]!
    const gain = expectedMixed(believed, sizes_P[index]! + size) - expectedMixed(believed, sizes_P[index]!)
    return { size, gain: gain / size }
  }
  const offers_P = sizes_P.map((_, index) => offerOf(index))
  while (rest > 0) {
    let best = -1
    offers_P.forEach((offer, index) => {
      if (offer.size > 0 && (best < 0 || offer.gain > offers_P[best]!.gain)) best = index
    })
    if (best < 0) break
    // What is left may be less than a chunk by now.
    const size = Math.min(offers_P[best]!.size, rest)
    sizes_P[best]! += size
    rest -= size
    offers_P[best] = offerOf(best)
  }
  return sizes_P
}
