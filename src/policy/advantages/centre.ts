import { type AdvantageEstimator, meanOf } from './estimator.ts'

/**
 * Reward minus group mean: every prompt weighs the same, (G − 1)/G times its gradient, whatever its pass rate.
 *
 * @paper Fleming-R1 Eq. (2): A(x, y_i) = r(x, y_i) - mean_j r(x, y_j)
 * @paper Fleming-R1 Eq. (3): the mean is over all k rollouts of the prompt, the rollout itself included
 */
export const centre: AdvantageEstimator = {
  name: 'centre',
  estimate: ({ rewards_G }) => {
    const mean = meanOf(rewards_G)
    return rewards_G.map((reward) => reward - mean)
  },
}
