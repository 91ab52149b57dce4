import { evaluateTokens, type ObjectiveFactory } from './objective.ts'

/**
 * −Σ A ℓ, Eq. (1) as it is printed, without a ratio even when the policy has moved since sampling. The engine has it as
 * `cispo` whose bounds are both 1.
 *
 * @paper Fleming-R1 Eq. (1): L = −E[(1/k) Σ_i log π(y_i|x) · A(x, y_i)]
 */
export const reinforce: ObjectiveFactory = {
  name: 'reinforce',
  bounds: null,
  create: () => ({
    name: 'reinforce',
    native: { loss: 'cispo', config: { clipLowThreshold: 1, clipHighThreshold: 1 } },
    isClipped: false,
    evaluate: (row) =>
      evaluateTokens(row, null, ({ logprob, advantage }) => ({ loss: -advantage * logprob, gradient: -advantage })),
  }),
}
