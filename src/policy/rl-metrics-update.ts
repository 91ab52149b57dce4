import type { OptimStepResult } from '../engine/types.ts'
import type { Metrics } from './loop.ts'

/** What an update tells of itself. Every optional part that is absent leaves its metrics out. */
export type UpdateFacts = {
  readonly optim: OptimStepResult | null
  /** Largest |policy logprob − sampler logprob| over the trained tokens, nats. */
  readonly logprobGap: number
  readonly trainedTokens: number
  /** Log-probabilities of the trained tokens before the update, by whoever sampled and by the trainer, nats, [token]. */
  readonly samplerLogprobs_T?: readonly number[]
  readonly trainerLogprobs_T?: readonly number[]
  /** Shares of trained tokens whose ratio was cut at the lower and at the upper bound. */
  readonly clipLowShare?: number
  readonly clipHighShare?: number
  /** Mean KL from the reference policy on the rollouts by two estimators, nats a token. */
  readonly klReferenceK1?: number
  readonly klReferenceK3?: number
  /** Rollouts that were cut off and therefore have no gradient. */
  readonly maskedRollouts?: number
  /** Share of the trained tokens that a correction of the mismatch set to 0. */
  readonly correctedAwayShare?: number
}

/** Log-ratios are cut here before they are raised to a power, as verl does: the metric stays finite, and huge. */
const logRatioLimit = 20

/**
 * How far the trainer's log-probabilities ℓo are from the sampler's ℓr on the same tokens: the absolute gap, the k3
 * estimate of KL(sampler ‖ trainer), the ratio ρ = exp(ℓo − ℓr), and the effective sample share (Σρ)² / (nΣρ²).
 *
 * @paper Fleming-R1 Eq. (1): holds for rollouts of the policy itself, which is what ρ = 1 says
 * @returns metrics by name; none for no tokens
 */
export function mismatchMetrics(samplerLogprobs_T: readonly number[], trainerLogprobs_T: readonly number[]): Metrics {
  const count = samplerLogprobs_T.length
  if (count === 0) return {}
  const gaps: number[] = []
  let [gapSum, k3Sum, ratioSum, squareSum] = [0, 0, 0, 0]
  let [ratioMin, ratioMax] = [Number.POSITIVE_INFINITY, 0]
  samplerLogprobs_T.forEach((sampler, index) => {
    const difference = trainerLogprobs_T[index]! - sampler
    const logRatio = Math.max(-logRatioLimit, Math.min(logRatioLimit, difference))
    const ratio = Math.exp(logRatio)
    gaps.push(Math.abs(difference))
    gapSum += Math.abs(difference)
    // e^d − 1 − d loses all digits near 0 unless expm1 takes the difference.
    k3Sum += Math.expm1(logRatio) - logRatio
    ratioSum += ratio
    squareSum += ratio * ratio
    ratioMin = Math.min(ratioMin, ratio)
    ratioMax = Math.max(ratioMax, ratio)
  })
  return {
    'engine/logprob_gap_mean': gapSum / count,
    'engine/logprob_gap_p99': quantile(gaps, 0.99),
    'engine/mismatch_k3_nats': Math.max(0, k3Sum / count),
    'engine/ratio_min': ratioMin,
    'engine/ratio_mean': ratioSum / count,
    'engine/ratio_max': ratioMax,
    'engine/ess_share': ratioSum ** 2 / (count * squareSum),
  }
}

/** The metrics of what an update told beyond the largest gap and the norm of its gradient. */
export function updateMetrics(update: UpdateFacts): Metrics {
  const { samplerLogprobs_T, trainerLogprobs_T } = update
  return {
    ...(samplerLogprobs_T && trainerLogprobs_T && mismatchMetrics(samplerLogprobs_T, trainerLogprobs_T)),
    ...present('train/clip_low_share', update.clipLowShare),
    ...present('train/clip_high_share', update.clipHighShare),
    ...present('policy/kl_reference_k1_nats', update.klReferenceK1),
    ...present('policy/kl_reference_k3_nats', update.klReferenceK3),
    ...present('train/masked_rollouts', update.maskedRollouts),
    ...present('train/corrected_away_share', update.correctedAwayShare),
    ...present('optim/param_norm', update.optim?.paramNorm),
  }
}

const present = (name: string, value: number | undefined): Metrics => (value === undefined ? {} : { [name]: value + 0 })

/** The value at a share of a sorted list, the higher neighbour between two; 0 for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
