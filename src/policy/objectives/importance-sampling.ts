import { evaluateTokens, type ObjectiveFactory, ratioOf } from './objective.ts'

/**
 * −Σ u A with u = e^(ℓ − anchor): on the policy that sampled the rollouts u is 1, and the gradient is exactly that of the
 * paper's objective. Off that policy it is the unclipped correction, unbiased per token and of high variance.
 *
 * @paper Fleming-R1 Eq. (1): L = −E[(1/k) Σ_i log π(y_i|x) · A(x, y_i)]; no ratio clip, no KL
 */
export const importanceSampling: ObjectiveFactory = {
  name: 'importance_sampling',
  bounds: null,
  create: () => ({
    name: 'importance_sampling',
    native: { loss: 'importance_sampling', config: {} },
    isClipped: false,
    evaluate: (row) =>
      evaluateTokens(row, null, ({ logprob, anchor, advantage }) => {
        const { ratio, slope } = ratioOf(logprob - anchor)
        return { loss: -ratio * advantage, gradient: -slope * advantage }
      }),
  }),
}
