import { type AdvantageEstimator, meanOf } from './estimator.ts'

/**
 * (reward − group mean) / group mean, 0 where the mean is not positive: towards log-likelihood of a right answer, so that
 * a prompt of pass rate p weighs up to 1/p.
 *
 * @deviation the paper does not divide (Eq. 2); this is MaxRL (arXiv 2602.02710), without an epsilon
 */
export const maxrl: AdvantageEstimator = {
  name: 'maxrl',
  estimate: ({ rewards_G }) => {
    const mean = meanOf(rewards_G)
    return rewards_G.map((reward) => (mean > 0 ? (reward - mean) / mean : 0))
  },
}
