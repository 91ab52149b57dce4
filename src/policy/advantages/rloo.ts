import { type AdvantageEstimator, meanOf } from './estimator.ts'

/**
 * Reward minus the mean of the other rollouts, which is G/(G − 1) times the centred reward: an unbiased estimate of the
 * gradient of the pass rate.
 *
 * @deviation the paper's mean includes the rollout itself (Eq. 3); leave-one-out is arXiv 2402.14740
 */
export const rloo: AdvantageEstimator = {
  name: 'rloo',
  estimate: ({ rewards_G }) => {
    const mean = meanOf(rewards_G)
    const scale = rewards_G.length / (rewards_G.length - 1)
    return rewards_G.map((reward) => scale * (reward - mean))
  },
}
