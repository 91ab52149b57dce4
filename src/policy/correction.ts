import { ConfigError } from '../core/errors.ts'

/**
 * What is done about a sampler whose log-probabilities differ from the trainer's for the same weights (other kernels, a
 * quantised sampler, stale weights). All of them multiply ρ = e^(ℓo − ℓr) into the loss, bounded in a different way.
 */
export type CorrectionOptions =
  | { readonly kind: 'none' }
  /** min(ρ, cap) for each token: truncated importance sampling. */
  | { readonly kind: 'token-truncate'; readonly cap: number }
  /** ρ where low ≤ ρ ≤ high, else 0: IcePop. */
  | { readonly kind: 'token-mask'; readonly low: number; readonly high: number }
  /** The ratio of the whole rollout, capped. A product over thousands of tokens leaves any bound from a tiny drift. */
  | { readonly kind: 'sequence-truncate'; readonly cap: number }
  /** The ratio of the whole rollout, or 0 above the cap: TRL's default. */
  | { readonly kind: 'sequence-mask'; readonly cap: number }

/** Beyond ±20 a log-ratio says no more than "extreme". */
const maxLogRatio = 20

const boundedExp = (value: number): number => Math.exp(Math.min(Math.max(value, -maxLogRatio), maxLogRatio))

/**
 * The weight that each token of a rollout is multiplied by; all 1 without a correction.
 *
 * @deviation the paper names no correction; off by default
 * @param oldLogprobs_T ℓo: of the trainer before its first update, nats, [token]
 * @param samplerLogprobs_T ℓr, nats, [token]
 * @returns weights_T, [token]
 * @throws {ConfigError} when a bound is not positive or low exceeds high
 */
export function correctionWeights(
  correction: CorrectionOptions,
  oldLogprobs_T: readonly number[],
  samplerLogprobs_T: readonly number[],
): number[] {
  const problem = correctionProblem(correction)
  if (problem !== null) throw new ConfigError(problem.message, { hint: problem.hint })
  const differences = oldLogprobs_T.map((logprob, token) => logprob - samplerLogprobs_T[token]!)
  switch (correction.kind) {
    case 'none':
      return differences.map(() => 1)
    case 'token-truncate':
      return differences.map((difference) => Math.min(boundedExp(difference), correction.cap))
    case 'token-mask':
      return differences.map((difference) => {
        const ratio = boundedExp(difference)
        return ratio >= correction.low && ratio <= correction.high ? ratio : 0
      })
    case 'sequence-truncate':
    case 'sequence-mask': {
      const ratio = boundedExp(differences.reduce((sum, difference) => sum + difference, 0))
      const beyond = correction.kind === 'sequence-mask' ? 0 : correction.cap
      return differences.map(() => (ratio > correction.cap ? beyond : ratio))
    }
  }
}

/** Why a correction cannot work with these bounds, or null when it can. */
export function correctionProblem(
  correction: CorrectionOptions,
): { readonly message: string; readonly hint: string } | null {
  if (correction.kind === 'none') return null
  if (correction.kind === 'token-mask') {
    const { low, high } = correction
    if (low >= 0 && low <= 1 && high >= 1 && Number.isFinite(high)) return null
    return {
      message: `token-mask needs 0 <= low <= 1 <= high, found ${low} and ${high}`,
      hint: 'a ratio of 1 must lie inside; IcePop uses 0.5 and 2',
    }
  }
  if (correction.cap >= 1 && Number.isFinite(correction.cap)) return null
  return {
    message: `the cap of ${correction.kind} is at least 1, found ${correction.cap}`,
    hint: 'a ratio of 1 means no mismatch; 2 is usual per token, 3 per sequence',
  }
}
