import { type AdvantageEstimator, meanOf } from './estimator.ts'

/** Added to the deviation, as in TRL; verl adds 1e-6, open-instruct 1e-8 (and divides by G, not G − 1). */
const stdEpsilon = 1e-4

/**
 * (reward − group mean) / (sample deviation + 1e-4): prompts at the edges of the pass rate weigh more, by 1/√(p(1 − p)) as
 * G grows. Use it with a gated reward only: in a group without a right answer, one success of format alone gets what a
 * first right answer gets.
 *
 * @deviation the paper does not divide (Eq. 2); this is the normalisation of the original GRPO (arXiv 2402.03300), in the
 *   constants of TRL (deviation over G − 1, + 1e-4)
 */
export const std: AdvantageEstimator = {
  name: 'std',
  estimate: ({ rewards_G }) => {
    const mean = meanOf(rewards_G)
    const squares = rewards_G.reduce((sum, reward) => sum + (reward - mean) ** 2, 0)
    const deviation = Math.sqrt(squares / (rewards_G.length - 1))
    return rewards_G.map((reward) => (reward - mean) / (deviation + stdEpsilon))
  },
}
