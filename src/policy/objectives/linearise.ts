import { type KlOptions, klLoss } from '../kl.ts'
import type { Objective, ObjectiveRow, ObjectiveValue } from './objective.ts'

/** The KL term of a row: the aggregation's weights only, never the advantage. */
export type KlTerm = {
  readonly options: KlOptions
  readonly referenceLogprobs_T: readonly number[]
  /** ω of each token, [token]. */
  readonly weights_T: readonly number[]
}

/**
 * The value of an objective, with its KL loss where it has one, and the coefficients that make any engine train it.
 *
 * An engine knows four losses; a gradient, though, is linear in ∇ℓ: dL/dθ = Σ_t (dL/dℓ_t) ∇ℓ_t. So the objective is
 * evaluated here, in float64, from log-probabilities of one `forward`, and the engine is sent `importance_sampling` with
 * advantages c_t = −dL/dℓ_t and log-probabilities ℓ_t, the ones just measured. Its ratio is then exactly 1, its loss
 * −Σ r c has the gradient −Σ c ∇ℓ, and that is the objective's: exact for every objective, sequence ratios and KL terms
 * included, on any server of the Tinker API. It costs one forward pass, which the first update of a batch shares with the
 * measurement of ℓo. `cross_entropy` with weights −c would do the same, but SkyRL divides it by the sum of its weights.
 *
 * @returns the value, and coefficients_T, [token]: what to send as advantages
 */
export function linearise(
  objective: Objective,
  row: ObjectiveRow,
  kl: KlTerm | null,
): ObjectiveValue & { readonly coefficients_T: readonly number[] } {
  const value = objective.evaluate(row)
  // 0 − x, since a server may read −0 as a number of its own.
  if (kl === null) return { ...value, coefficients_T: value.gradient_T.map((gradient) => 0 - gradient) }
  const leash = klLoss(kl.options, row.policyLogprobs_T, kl.referenceLogprobs_T, kl.weights_T)
  const gradient_T = value.gradient_T.map((gradient, token) => gradient + leash.gradient_T[token]!)
  return {
    ...value,
    loss: value.loss + leash.loss,
    gradient_T,
    coefficients_T: gradient_T.map((gradient) => 0 - gradient),
  }
}
