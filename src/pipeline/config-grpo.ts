import { z } from 'zod'
import { advantageEstimators } from '../policy/advantages/registry.ts'
import { type CorrectionOptions, correctionProblem } from '../policy/correction.ts'
import type { GrpoOptions } from '../policy/grpo-options.ts'
import { klProblem } from '../policy/kl.ts'
import { grpoPresets } from '../policy/objectives/presets.ts'
import { boundsProblem, objectives } from '../policy/objectives/registry.ts'
import type { RolloutContext } from '../policy/rollout.ts'

const count = z.number().int().positive()

const correction = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('token-truncate'), cap: z.number().default(2) }),
    z.strictObject({ kind: z.literal('token-mask'), low: z.number().default(0.5), high: z.number().default(2) }),
    z.strictObject({ kind: z.literal('sequence-truncate'), cap: z.number().default(3) }),
    z.strictObject({ kind: z.literal('sequence-mask'), cap: z.number().default(3) }),
  ])
  .default({ kind: 'none' })
  .describe('weight for a sampler whose log-probabilities are not the trainer’s; `none` on one engine, where they are')

/** The fields of an RL stage that say how its rollouts become updates. Defaults are the paper's. */
export const grpoShape = {
  preset: z
    .enum(['fleming', 'grpo', 'dr-grpo', 'dapo', 'gspo', 'rloo', 'modern'])
    .nullable()
    .default(null)
    .describe('a published algorithm by name; sets the fields below that are not given'),
  advantage: z
    .enum(['centre', 'std', 'rloo', 'maxrl', 'opo'])
    .default('centre')
    .describe('how rewards become advantages; `centre`: reward minus the mean of the group'),
  aggregation: z
    .enum(['prompt-mean', 'constant', 'token-mean', 'sequence-mean', 'sum'])
    .default('prompt-mean')
    .describe('how the losses of tokens become that of a batch; `prompt-mean`: no length term'),
  aggregationConstant: count
    .nullable()
    .default(null)
    .describe('tokens that `constant` divides by; none: `maxTokens` of the stage'),
  loss: z
    .enum(['importance_sampling', 'reinforce', 'ppo', 'cispo', 'gspo'])
    .default('importance_sampling')
    .describe('policy loss'),
  clipLow: z
    .number()
    .nullable()
    .default(null)
    .describe(
      'lower bound of the probability ratio, not an epsilon; none: 0.8 for `ppo`, 0 for `cispo`, 0.9997 for `gspo`; others have none',
    ),
  clipHigh: z
    .number()
    .nullable()
    .default(null)
    .describe('upper bound of the probability ratio; none: 1.2 for `ppo`, 5 for `cispo`, 1.0004 for `gspo`'),
  dualClip: z
    .number()
    .nullable()
    .default(null)
    .describe('largest ratio that a negative advantage is multiplied by, `ppo` only; verl uses 3'),
  updates: z
    .strictObject({
      epochs: count.default(1).describe('times each rollout is used'),
      minibatches: count.default(1).describe('parts of a batch, one optimiser step each'),
    })
    .prefault({})
    .describe('optimiser steps of a batch; ratios stay against its start'),
  kl: z
    .strictObject({
      estimator: z.enum(['k1', 'k2', 'k3']).default('k2').describe('how the divergence is estimated'),
      where: z
        .enum(['reward', 'loss'])
        .default('loss')
        .describe('`reward`: its value lowers the reward; `loss`: it is differentiated'),
      coefficient: z.number().default(0.001).describe('weight'),
    })
    .nullable()
    .default(null)
    .describe('leash to the policy that the stage started from; none in the paper'),
  correction,
  dynamicSampling: z
    .strictObject({ maxRounds: count.default(3).describe('rounds of sampling at most, the first included') })
    .nullable()
    .default(null)
    .describe('sample again for groups without a signal; none in the paper'),
  truncated: z
    .enum(['scored', 'masked'])
    .default('scored')
    .describe(
      'a completion that was cut off is wrong (`scored`), or has no gradient but counts in its group (`masked`)',
    ),
  overlongPenalty: z
    .strictObject({ cacheTokens: count.describe('last tokens of the budget, over which the penalty grows to 1') })
    .nullable()
    .default(null)
    .describe('DAPO’s soft penalty for completions near `maxTokens`; none in the paper'),
}

const fragment = z.strictObject(grpoShape)

/** The GRPO settings of an RL stage. */
export type GrpoSettings = z.infer<typeof fragment>

/**
 * A stage's settings as written, with those of its preset filled in where nothing is given. To be applied before parsing,
 * since parsing fills the paper's defaults.
 *
 * @returns the same value when it is no object or names no known preset: the schema says what is wrong
 */
export function expandPreset(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return settings
  const name = 'preset' in settings ? settings.preset : undefined
  if (typeof name !== 'string' || !grpoPresets.names.includes(name)) return settings
  return { ...grpoPresets.get(name).settings, ...settings }
}

/**
 * What the rollouts of a stage need to know of its settings: how rewards become advantages, and what length costs.
 *
 * @returns fields of a `RolloutContext`
 */
export function rolloutOptions(
  settings: Pick<GrpoSettings, 'advantage' | 'overlongPenalty'> & { readonly maxTokens: number },
): Pick<RolloutContext, 'estimator' | 'overlong'> {
  const { overlongPenalty, maxTokens } = settings
  return {
    estimator: advantageEstimators.get(settings.advantage),
    ...(overlongPenalty && { overlong: { maxTokens, cacheTokens: overlongPenalty.cacheTokens } }),
  }
}

/**
 * What the updates of a stage need to know of its settings.
 *
 * @returns the settings as `grpoStep` takes them, the constant of the aggregation decided
 */
export function updateOptions(
  settings: GrpoSettings & { readonly maxTokens: number },
): Omit<GrpoOptions, 'learningRate' | 'gradClipNorm'> {
  const { loss, clipLow, clipHigh, dualClip, advantage, aggregation, updates, kl, correction, truncated } = settings
  const aggregationConstant = settings.aggregationConstant ?? settings.maxTokens
  return {
    loss,
    clipLow,
    clipHigh,
    dualClip,
    advantage,
    aggregation,
    aggregationConstant,
    updates,
    kl,
    correction,
    truncated,
  }
}

/** One rule: what is wrong with the settings and where, or null. */
type Rule = (
  settings: GrpoSettings & { readonly maxTokens: number; readonly promptsPerStep: number },
) => { readonly path: string[]; readonly message: string; readonly hint: string } | null

const rules: readonly Rule[] = [
  ({ loss, clipLow, clipHigh, dualClip }) => {
    const problem = boundsProblem(objectives.get(loss), { clipLow, clipHigh, dualClip })
    return problem && { ...problem, path: [problem.field] }
  },
  ({ kl }) => {
    const problem = kl && klProblem(kl)
    return problem && { ...problem, path: ['kl'] }
  },
  ({ correction }) => {
    const problem = correctionProblem(correction satisfies CorrectionOptions)
    return problem && { ...problem, path: ['correction'] }
  },
  ({ aggregation, aggregationConstant }) =>
    aggregationConstant === null || aggregation === 'constant'
      ? null
      : {
          path: ['aggregationConstant'],
          message: `aggregation ${aggregation} divides by no constant`,
          hint: 'choose `aggregation: constant`, or set aggregationConstant to null',
        },
  ({ updates, promptsPerStep }) =>
    updates.minibatches <= promptsPerStep
      ? null
      : {
          path: ['updates', 'minibatches'],
          message: `${updates.minibatches} minibatches of ${promptsPerStep} prompts: a part holds whole groups`,
          hint: `set it to ${promptsPerStep} or less`,
        },
  ({ updates, loss }) =>
    updates.epochs === 1 || loss !== 'reinforce'
      ? null
      : {
          path: ['updates', 'epochs'],
          message: 'reinforce has no ratio, so it cannot use a rollout twice',
          hint: 'set epochs to 1, or choose ppo, cispo or gspo',
        },
  ({ overlongPenalty, maxTokens }) =>
    overlongPenalty === null || overlongPenalty.cacheTokens <= maxTokens
      ? null
      : {
          path: ['overlongPenalty', 'cacheTokens'],
          message: `the cache of ${overlongPenalty.cacheTokens} tokens exceeds the budget of ${maxTokens}`,
          hint: 'DAPO uses a fifth of maxTokens',
        },
  ({ loss, correction }) =>
    loss !== 'gspo' || correction.kind === 'none' || correction.kind.startsWith('sequence-')
      ? null
      : {
          path: ['correction', 'kind'],
          message: `gspo has one ratio per rollout; ${correction.kind} would give its tokens different weights`,
          hint: 'choose sequence-truncate or sequence-mask',
        },
]

/** Adds an issue with its remedy for each combination of settings that means nothing; for `superRefine`. */
export function checkGrpo(settings: Parameters<Rule>[0], context: z.RefinementCtx): void {
  for (const rule of rules) {
    const problem = rule(settings)
    if (problem === null) continue
    context.addIssue({ code: 'custom', path: problem.path, message: `${problem.message}; ${problem.hint}` })
  }
}
