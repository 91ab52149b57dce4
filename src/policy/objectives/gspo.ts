import { clamp, type ObjectiveFactory, type ObjectiveRow, type ObjectiveValue, ratioOf } from './objective.ts'

/** The paper's bounds (arXiv 2507.18071 §5.1): far narrower than a token's, since a mean over a sequence hardly moves. */
const bounds = { low: 1 - 3e-4, high: 1 + 4e-4 }

/**
 * −Σ min(s A, clip(s) A) with one ratio per rollout, s = exp(mean_t(ℓ − anchor)) over its trained tokens: a rollout is
 * clipped whole or not at all.
 *
 * @deviation the paper's Eq. (1) has no ratio; this is GSPO (arXiv 2507.18071)
 */
export const gspo: ObjectiveFactory = {
  name: 'gspo',
  bounds,
  create: ({ clipLow, clipHigh }) => {
    const low = clipLow ?? bounds.low
    const high = clipHigh ?? bounds.high
    return { name: 'gspo', native: null, isClipped: true, evaluate: (row) => evaluateSequence(row, low, high) }
  },
}

function evaluateSequence(row: ObjectiveRow, low: number, high: number): ObjectiveValue {
  const trained = [...row.advantages_T.keys()].filter((token) => row.advantages_T[token] !== 0)
  const gradient_T = row.advantages_T.map(() => 0)
  if (trained.length === 0) return { loss: 0, gradient_T, clippedLow: 0, clippedHigh: 0 }
  const differences = trained.map((token) => row.policyLogprobs_T[token]! - row.anchorLogprobs_T[token]!)
  const { ratio, slope } = ratioOf(differences.reduce((sum, difference) => sum + difference, 0) / trained.length)
  // All tokens of a rollout have the sign of its advantage, so the minimum falls on the same side for each.
  const advantage = trained.reduce((sum, token) => sum + row.advantages_T[token]!, 0)
  const isFree = advantage >= 0 ? ratio <= high : ratio >= low
  if (isFree) {
    for (const token of trained) gradient_T[token] = (-slope * advantage) / trained.length
  }
  return {
    loss: -(isFree ? ratio : clamp(ratio, low, high)) * advantage,
    gradient_T,
    clippedLow: !isFree && advantage < 0 ? trained.length : 0,
    clippedHigh: !isFree && advantage > 0 ? trained.length : 0,
  }
}
