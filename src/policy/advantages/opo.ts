import type { AdvantageEstimator } from './estimator.ts'

/**
 * Reward minus the mean weighted by length, Σ T R / Σ T: the baseline of least variance when the gradient of a rollout
 * grows with its length. The plain mean in a group of empty completions.
 *
 * @deviation the paper's baseline is the plain mean (Eq. 3); this is OPO (arXiv 2505.23585)
 */
export const opo: AdvantageEstimator = {
  name: 'opo',
  estimate: ({ rewards_G, lengths_G }) => {
    const total = lengths_G.reduce((sum, length) => sum + length, 0)
    const weightOf = (member: number): number => (total === 0 ? 1 / rewards_G.length : lengths_G[member]! / total)
    const baseline = rewards_G.reduce((sum, reward, member) => sum + reward * weightOf(member), 0)
    return rewards_G.map((reward) => reward - baseline)
  },
}
