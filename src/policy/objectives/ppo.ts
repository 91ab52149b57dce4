import { clamp, evaluateTokens, type ObjectiveFactory, ratioOf } from './objective.ts'

/** Tinker's and TRL's bounds; DAPO's clip-higher is 0.8 and 1.28. */
const bounds = { low: 0.8, high: 1.2 }

/**
 * −Σ min(r A, clip(r) A): a token whose ratio has gone beyond its bound in the direction of its advantage has no gradient.
 * Where both are equal the unclipped branch carries the gradient.
 *
 * With `dualClip` c a token of negative advantage costs −c A at most (verl has c = 3 always on; TRL calls the same `delta`):
 * without it one unlikely token whose ratio explodes dominates the batch.
 *
 * @deviation the paper's Eq. (1) has no ratio; clipping is for several updates per batch
 */
export const ppo: ObjectiveFactory = {
  name: 'ppo',
  bounds,
  create: ({ clipLow, clipHigh, dualClip }) => {
    const low = clipLow ?? bounds.low
    const high = clipHigh ?? bounds.high
    const cap = dualClip ?? Number.POSITIVE_INFINITY
    return {
      name: 'ppo',
      native: dualClip === null ? { loss: 'ppo', config: { clipLowThreshold: low, clipHighThreshold: high } } : null,
      isClipped: true,
      evaluate: (row) =>
        evaluateTokens(row, { low, high }, ({ logprob, anchor, advantage }) => {
          const { ratio, slope } = ratioOf(logprob - anchor)
          const isFree = advantage >= 0 ? ratio <= high : ratio >= low
          if (!isFree) return { loss: -clamp(ratio, low, high) * advantage, gradient: 0 }
          if (advantage < 0 && ratio > cap) return { loss: -cap * advantage, gradient: 0 }
          return { loss: -ratio * advantage, gradient: -slope * advantage }
        }),
    }
  },
}
