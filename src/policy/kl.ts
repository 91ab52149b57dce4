import { ConfigError } from '../core/errors.ts'

/** How the divergence from the reference policy is estimated from d = ℓ − ℓf on sampled tokens. */
export type KlEstimator = 'k1' | 'k2' | 'k3'

export type KlOptions = {
  readonly estimator: KlEstimator
  /** `reward`: subtracted from the reward of a rollout, its value only; `loss`: added to the loss, differentiated. */
  readonly where: 'reward' | 'loss'
  readonly coefficient: number
}

/**
 * |d| beyond this counts as this: e^20 nats of k3 would be the whole loss (verl clamps here too). The derivative beyond it
 * is 0 for k3 and k2 alike.
 */
const maxDifference = 20

/** Value and derivative by ℓ of each estimator. */
const estimators: {
  readonly [Name in KlEstimator]: (d: number) => { readonly value: number; readonly derivative: number }
} = {
  k1: (d) => ({ value: d, derivative: 1 }),
  k2: (d) => ({ value: (d * d) / 2, derivative: d }),
  k3: (d) => ({ value: Math.exp(-d) + d - 1, derivative: 1 - Math.exp(-d) }),
}

/** The names of all estimators. */
export const klEstimators = Object.keys(estimators) as readonly KlEstimator[]

/**
 * The estimate at one token and its derivative by the log-probability of the policy.
 *
 * What it is good for differs with the place, and the two columns must not be mixed up:
 *
 * | | value subtracted from the reward | differentiated as a loss |
 * |---|---|---|
 * | k1 = d | the gradient of the reverse KL | ∇ℓ, zero in expectation: no leash at all, refused |
 * | k2 = d²/2 | biased | d∇ℓ, the gradient of the reverse KL on policy: the right one |
 * | k3 = e^−d + d − 1 | unbiased as a number, its gradient is not the reverse KL's | (1 − e^−d)∇ℓ, the forward KL's: what GRPO does |
 *
 * @deviation the paper has no KL term; off by default
 * @param policyLogprob ℓ, nats
 * @param referenceLogprob ℓf, nats
 * @returns value and derivative, nats
 */
export function klEstimate(
  estimator: KlEstimator,
  policyLogprob: number,
  referenceLogprob: number,
): { readonly value: number; readonly derivative: number } {
  const difference = policyLogprob - referenceLogprob
  if (Math.abs(difference) <= maxDifference) return estimators[estimator](difference)
  return { value: estimators[estimator](Math.sign(difference) * maxDifference).value, derivative: 0 }
}

/** Why this KL term is meaningless, or null when it is not. */
export function klProblem(kl: KlOptions): { readonly message: string; readonly hint: string } | null {
  if (kl.estimator === 'k1' && kl.where === 'loss') {
    return {
      message: 'k1 in the loss does nothing: its gradient is that of ℓ, whose expectation is zero',
      hint: 'use k2 in the loss, or k1 in the reward',
    }
  }
  if (!(kl.coefficient > 0 && Number.isFinite(kl.coefficient))) {
    return {
      message: `the coefficient of a KL term is positive, found ${kl.coefficient}`,
      hint: 'leave `kl` out (null) for none; 1e-3 is a usual value',
    }
  }
  return null
}

/**
 * The penalty that a rollout's reward loses: coefficient times the estimate summed over its tokens.
 *
 * @param policyLogprobs_T of the policy that the gradient is taken at, [token]
 * @returns what to subtract, in units of reward
 */
export function klPenalty(
  kl: KlOptions,
  policyLogprobs_T: readonly number[],
  referenceLogprobs_T: readonly number[],
): number {
  return (
    kl.coefficient *
    policyLogprobs_T.reduce(
      (sum, logprob, token) => sum + klEstimate(kl.estimator, logprob, referenceLogprobs_T[token]!).value,
      0,
    )
  )
}

/**
 * The KL loss of one rollout. Its weights are those of the aggregation alone: an advantage must not scale the leash.
 *
 * @param weights_T ω of each token, [token]
 * @returns loss and dL/dℓ, [token]
 * @throws {ConfigError} for k1, whose derivative is no leash
 */
export function klLoss(
  kl: KlOptions,
  policyLogprobs_T: readonly number[],
  referenceLogprobs_T: readonly number[],
  weights_T: readonly number[],
): { readonly loss: number; readonly gradient_T: number[] } {
  const problem = klProblem(kl)
  if (problem !== null) throw new ConfigError(problem.message, { hint: problem.hint })
  let loss = 0
  const gradient_T = policyLogprobs_T.map((logprob, token) => {
    const { value, derivative } = klEstimate(kl.estimator, logprob, referenceLogprobs_T[token]!)
    const weight = kl.coefficient * weights_T[token]!
    loss += weight * value
    return weight * derivative
  })
  return { loss, gradient_T }
}
