import { clamp, evaluateTokens, type ObjectiveFactory, ratioOf } from './objective.ts'

/** ScaleRL's bounds: it found 4, 5 and 8 to make no difference. TRL left unset caps at 0.2, verl at 1.28. */
const bounds = { low: 0, high: 5 }

/**
 * −Σ sg(clip(r)) A ℓ: every token keeps a gradient, its weight bounded. PPO drops the gradient of exactly those rare
 * tokens ("however") that a rollout turns on.
 *
 * @deviation the paper's Eq. (1) has no ratio; this is the objective of MiniMax-M1 (arXiv 2506.13585) in ScaleRL's bounds
 */
export const cispo: ObjectiveFactory = {
  name: 'cispo',
  bounds,
  create: ({ clipLow, clipHigh }) => {
    const low = clipLow ?? bounds.low
    const high = clipHigh ?? bounds.high
    return {
      name: 'cispo',
      native: { loss: 'cispo', config: { clipLowThreshold: low, clipHighThreshold: high } },
      isClipped: true,
      evaluate: (row) =>
        evaluateTokens(row, { low, high }, ({ logprob, anchor, advantage }) => {
          const weight = clamp(ratioOf(logprob - anchor).ratio, low, high) * advantage
          return { loss: -weight * logprob, gradient: -weight }
        }),
    }
  },
}
