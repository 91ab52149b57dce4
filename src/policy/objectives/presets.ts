import { defineRegistry, type Registry } from '../../core/registry.ts'
import type { AggregationName } from '../aggregation.ts'
import type { ObjectiveName } from '../grpo-options.ts'
import type { TruncatedRule } from '../overlong.ts'

/** A published algorithm, as a choice of advantage, aggregation and objective: data, no code. */
export type GrpoPreset = {
  readonly name: string
  readonly settings: {
    readonly advantage: 'centre' | 'std' | 'rloo'
    readonly aggregation: AggregationName
    readonly loss: ObjectiveName
    readonly clipLow?: number
    readonly clipHigh?: number
    readonly dynamicSampling?: { readonly maxRounds: number }
    readonly truncated?: TruncatedRule
  }
}

/** Eq. (1) as the project trains it by default. */
const fleming: GrpoPreset = {
  name: 'fleming',
  settings: { advantage: 'centre', aggregation: 'prompt-mean', loss: 'importance_sampling' },
}

/** The original GRPO (arXiv 2402.03300) without its KL term. */
const grpo: GrpoPreset = {
  name: 'grpo',
  settings: { advantage: 'std', aggregation: 'sequence-mean', loss: 'ppo', clipLow: 0.8, clipHigh: 1.2 },
}

/** Dr.GRPO (arXiv 2503.20783): neither the deviation nor the length of a rollout divides. */
const drGrpo: GrpoPreset = {
  name: 'dr-grpo',
  settings: { advantage: 'centre', aggregation: 'constant', loss: 'ppo', clipLow: 0.8, clipHigh: 1.2 },
}

/** DAPO (arXiv 2503.14476): clip-higher, token mean, dynamic sampling. Its overlong penalty depends on the budget: `overlongPenalty`. */
const dapo: GrpoPreset = {
  name: 'dapo',
  settings: {
    advantage: 'std',
    aggregation: 'token-mean',
    loss: 'ppo',
    clipLow: 0.8,
    clipHigh: 1.28,
    dynamicSampling: { maxRounds: 10 },
  },
}

/** GSPO (arXiv 2507.18071): one ratio per rollout. */
const gspo: GrpoPreset = {
  name: 'gspo',
  settings: { advantage: 'std', aggregation: 'sequence-mean', loss: 'gspo', clipLow: 0.9997, clipHigh: 1.0004 },
}

/** RLOO (arXiv 2402.14740): leave-one-out baseline, sequence sums. */
const rloo: GrpoPreset = {
  name: 'rloo',
  settings: { advantage: 'rloo', aggregation: 'prompt-mean', loss: 'importance_sampling' },
}

/** What we would choose today: centred, CISPO in ScaleRL's bounds, a constant instead of a length. */
const modern: GrpoPreset = {
  name: 'modern',
  settings: { advantage: 'centre', aggregation: 'constant', loss: 'cispo', clipLow: 0, clipHigh: 5 },
}

/** The presets a config may name; the first is the paper's. */
export const grpoPresets: Registry<GrpoPreset> = defineRegistry('preset', [
  fleming,
  grpo,
  drGrpo,
  dapo,
  gspo,
  rloo,
  modern,
])
