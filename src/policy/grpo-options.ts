import type { AggregationName } from './aggregation.ts'
import type { CorrectionOptions } from './correction.ts'
import type { KlOptions } from './kl.ts'
import type { TruncatedRule } from './overlong.ts'

/** The names of the registered objectives. */
export type ObjectiveName = 'importance_sampling' | 'reinforce' | 'ppo' | 'cispo' | 'gspo'

/** How often a batch is used: `epochs` passes over `minibatches` parts, one optimiser step each. */
export type Updates = { readonly epochs: number; readonly minibatches: number }

/** How a batch of groups becomes updates. What is absent is as in the paper. */
export type GrpoOptions = {
  readonly loss: ObjectiveName
  /** Lower bound of the ratio, not an epsilon; null: the objective's own. */
  readonly clipLow: number | null
  /** Upper bound of the ratio; null: the objective's own. */
  readonly clipHigh: number | null
  readonly learningRate: number
  readonly gradClipNorm: number
  /** Cap of the ratio under a negative advantage; none unless told. */
  readonly dualClip?: number | null
  /** Name of the estimator of `advantages/`; read here only when the KL term changes the rewards. `centre` unless told. */
  readonly advantage?: string
  /** `prompt-mean` unless told. */
  readonly aggregation?: AggregationName
  /** C of the aggregation `constant`, tokens. */
  readonly aggregationConstant?: number | null
  /** One step on the whole batch unless told. */
  readonly updates?: Updates
  /** None unless told. */
  readonly kl?: KlOptions | null
  /** None unless told. */
  readonly correction?: CorrectionOptions
  /** `scored` unless told. */
  readonly truncated?: TruncatedRule
}
