import type { LossConfig, LossName } from '../../engine/types.ts'

/** One rollout as an objective reads it; every list has one entry per completion token. */
export type ObjectiveRow = {
  /** ℓ: log-probabilities of the policy as it is now, nats, [token]. */
  readonly policyLogprobs_T: readonly number[]
  /** The log-probabilities that ratios are taken against, nats, [token]; they stay as they were at the start of the batch. */
  readonly anchorLogprobs_T: readonly number[]
  /** Advantage times every positive weight (aggregation, correction), [token]; 0 where a token is masked. */
  readonly advantages_T: readonly number[]
}

/** The value of an objective on one rollout, and what the engine needs to train it. */
export type ObjectiveValue = {
  /** To be minimised; summed over the tokens, since the weights are in the advantages. */
  readonly loss: number
  /** dL/dℓ of each token, [token]. */
  readonly gradient_T: readonly number[]
  /** Tokens whose ratio lies below the lower bound with a negative advantage. */
  readonly clippedLow: number
  /** Tokens whose ratio lies above the upper bound with a positive advantage. */
  readonly clippedHigh: number
}

export type ObjectiveOptions = {
  /** Lower bound of the ratio, not an epsilon; null: the objective's own. */
  readonly clipLow: number | null
  /** Upper bound of the ratio; null: the objective's own. */
  readonly clipHigh: number | null
  /** Largest ratio by which a negative advantage is multiplied (`ppo` only); null: none. */
  readonly dualClip: number | null
}

/** An objective with its bounds decided. */
export type Objective = {
  readonly name: string
  /** The engine's own loss with the same gradient, or null: then it is trained by linearisation. */
  readonly native: { readonly loss: LossName; readonly config: LossConfig } | null
  /** Whether it has bounds that a ratio can exceed. */
  readonly isClipped: boolean
  readonly evaluate: (row: ObjectiveRow) => ObjectiveValue
}

/** An entry of the registry. */
export type ObjectiveFactory = {
  readonly name: string
  /** The ratio bounds it works with unless told, or null when it has none. */
  readonly bounds: { readonly low: number; readonly high: number } | null
  readonly create: (options: ObjectiveOptions) => Objective
}

/** exp(±20) is finite in float32; beyond it a ratio says no more than "extreme". The engine's losses clamp at the same place. */
export const maxLogRatio = 20

/** The value in [low, high] that is nearest. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

/** e^difference, and its derivative by the difference: constant beyond ±20, so that an extreme token has a finite loss. */
export function ratioOf(difference: number): { readonly ratio: number; readonly slope: number } {
  const ratio = Math.exp(clamp(difference, -maxLogRatio, maxLogRatio))
  return { ratio, slope: Math.abs(difference) <= maxLogRatio ? ratio : 0 }
}

/** What one token contributes. */
export type TokenTerm = { readonly loss: number; readonly gradient: number }

/**
 * The value of an objective whose tokens do not see each other.
 *
 * @param bounds only counts clipped tokens; null counts none
 */
export function evaluateTokens(
  row: ObjectiveRow,
  bounds: { readonly low: number; readonly high: number } | null,
  term: (token: { readonly logprob: number; readonly anchor: number; readonly advantage: number }) => TokenTerm,
): ObjectiveValue {
  let loss = 0
  let clippedLow = 0
  let clippedHigh = 0
  const gradient_T = row.policyLogprobs_T.map((logprob, token) => {
    const anchor = row.anchorLogprobs_T[token]!
    const advantage = row.advantages_T[token]!
    // 0 times a ratio is 0, but masked tokens must not even reach the sum as -0.
    if (advantage === 0) return 0
    const value = term({ logprob, anchor, advantage })
    loss += value.loss
    if (bounds !== null) {
      const { ratio } = ratioOf(logprob - anchor)
      if (advantage < 0 && ratio < bounds.low) clippedLow += 1
      if (advantage > 0 && ratio > bounds.high) clippedHigh += 1
    }
    return value.gradient
  })
  return { loss, gradient_T, clippedLow, clippedHigh }
}
