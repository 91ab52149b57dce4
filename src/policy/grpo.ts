import type { FrozenClient, OptimStepResult, TrainingClient } from '../engine/types.ts'
import { splitRows } from './grpo-batch.ts'
import type { GrpoOptions } from './grpo-options.ts'
import { fixRows, type ReferenceLogprobs } from './grpo-start.ts'
import { accumulate, noteStart, openTally, summarise } from './grpo-update.ts'
import { createObjective } from './objectives/registry.ts'
import type { UpdateFacts } from './rl-metrics-update.ts'
import type { Group } from './rollout.ts'

export type { GrpoOptions } from './grpo-options.ts'

/** What the updates of a step tell of themselves; `optim` is of the last optimiser step. */
export type GrpoResult = UpdateFacts & {
  /** The objective of each optimiser step, to be minimised; a value on policy means little, its course does. */
  readonly losses_U?: readonly number[]
}

export type GrpoContext = {
  /** Of the reference policy; needed with a KL term. */
  readonly referenceLogprobs?: ReferenceLogprobs
}

/** Adam's settings for policy gradients: the cookbook's, no weight decay. */
const adam = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0 } as const

/**
 * The updates of the policy from the groups of one step. By default one: reward − group mean times log-probability, summed
 * over the tokens of a rollout, averaged over the k rollouts of a prompt and over prompts. On the policy that sampled the
 * rollouts the ratio is 1 and importance sampling has exactly the gradient of Eq. (1).
 *
 * Each average is folded into the advantages, since every engine sums. A batch may be used several times; then ω stays
 * that of the whole batch and each part is multiplied by the number of parts, so that an optimiser step sees a gradient of
 * the same expected size however the batch is split.
 *
 * @paper Fleming-R1 Eq. (1): L = −E[(1/k) Σ_i log π(y_i|x) · A(x, y_i)]; no ratio clip, no KL, no length term
 * @deviation all options (grpo-options.ts) are off by default; the paper has none of them
 * @param groups_P all groups of the step; those without a signal send nothing but count in the average
 * @returns `optim: null` when no group is live, and then no update is made
 * @throws {ConfigError} for bounds that mean nothing, or a KL term without a reference
 */
export async function grpoStep(
  client: TrainingClient,
  groups_P: readonly Group[],
  options: GrpoOptions,
  context: GrpoContext = {},
): Promise<GrpoResult> {
  const { clipLow, clipHigh, dualClip = null } = options
  const objective = createObjective(options.loss, { clipLow, clipHigh, dualClip })
  const rows = await fixRows(client, groups_P, options, context.referenceLogprobs)
  const parts = splitRows(rows, options.updates?.minibatches ?? 1)
  const tally = openTally()
  let optim: OptimStepResult | null = null
  for (let epoch = 0; epoch < (options.updates?.epochs ?? 1); epoch++) {
    for (const [index, part] of parts.entries()) {
      const isFirst = epoch === 0 && index === 0
      const logprobs_RT = await accumulate(client, part, { objective, options, scale: parts.length, isFirst, tally })
      if (epoch === 0) noteStart(tally, part, logprobs_RT)
      optim = await client.optimStep({
        ...adam,
        learningRate: options.learningRate,
        gradClipNorm: options.gradClipNorm,
      })
    }
  }
  return { optim, ...summarise(tally, rows, groups_P, options, objective) }
}

/** The reference log-probabilities of a frozen model, for `GrpoContext`. */
export function referenceOf(client: FrozenClient): ReferenceLogprobs {
  return async (data) => (await client.forward(data, 'importance_sampling')).logprobs_DT
}
