import { ConfigError } from '../core/errors.ts'

/**
 * What becomes of a completion that was cut off. `scored`: it is wrong, as its format is, and trained on like any other.
 * `masked`: it still counts in the mean of its group (it was a try), but its tokens have no gradient: a good start must not
 * be punished for the budget. Both count it.
 */
export type TruncatedRule = 'scored' | 'masked'

/** DAPO's soft penalty, tokens: none up to maxTokens − cacheTokens, then linear down to −1 at maxTokens. */
export type OverlongPenalty = { readonly maxTokens: number; readonly cacheTokens: number }

/**
 * What a completion of this length loses for coming near the budget, in units of reward.
 *
 * @deviation the paper has no length term; this is DAPO's Eq. (13) (arXiv 2503.14476), off by default
 * @param tokens completion tokens, the stop token included
 * @returns a value in [−1, 0]
 * @throws {ConfigError} when the cache does not lie inside the budget
 */
export function overlongPenalty(tokens: number, { maxTokens, cacheTokens }: OverlongPenalty): number {
  if (!(cacheTokens > 0 && cacheTokens <= maxTokens)) {
    throw new ConfigError(
      `the overlong cache needs 0 < cacheTokens <= maxTokens, found ${cacheTokens} of ${maxTokens}`,
      {
        hint: 'DAPO uses a fifth of the budget: 4096 of 20480',
      },
    )
  }
  const start = maxTokens - cacheTokens
  if (tokens <= start) return 0
  return tokens > maxTokens ? -1 : (start - tokens) / cacheTokens
}
