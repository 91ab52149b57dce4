/** What both sides can do, side by side: the settings of TRL's trainer and the options of ours that mean the same. */
import type { GrpoOptions } from '../../src/policy/grpo.ts'
import { grpoPresets } from '../../src/policy/objectives/presets.ts'

/** Longest completion of the rollouts; TRL's `max_completion_length` and the constant of Dr.GRPO. */
export const maxTokens = 10

/** What a gradient of ours is multiplied by to be TRL's: 1, or a known difference of definition, written out. */
export type Factor =
  | 'same'
  /** TRL's dr_grpo divides by `max_completion_length`, Eq. (1) of the paper does not. */
  | 'one over max tokens'
  /** TRL's grpo divides by all rollouts, ours by those with a token left. */
  | 'rollouts with tokens over rollouts'

export type LossCase = {
  readonly name: string
  readonly trainer: 'grpo' | 'rloo'
  /** Arguments of `GRPOConfig` or `RLOOConfig`. */
  readonly trl: { readonly [name: string]: string | number | boolean | null }
  readonly ours: Omit<GrpoOptions, 'learningRate' | 'gradClipNorm' | 'updates'>
  /** Optimiser steps on the same rollouts: the second has ratios other than 1. */
  readonly updates: 1 | 2
  /** The sampler's log-probabilities are not the trainer's. */
  readonly mismatch?: true
  readonly factor?: Factor
  /**
   * The gradients are equal, the values of the loss are not: TRL's RLOO takes one ratio for a rollout, ours one for a token.
   * At ratio 1 the first says −mean A, the second −mean Σ_t A.
   */
  readonly hasOtherValue?: true
  /** Whether some tokens of the second update must lie beyond a bound and some within. */
  readonly clips?: true
}

const presetOf = (name: string): LossCase['ours'] => {
  const { dynamicSampling: _, ...settings } = grpoPresets.get(name).settings
  return { clipLow: null, clipHigh: null, aggregationConstant: maxTokens, ...settings }
}

// TRL multiplies its KL term by the differentiable ratio unless told (DeepSeek-V3.2's correction); ours has no such option.
const trlGrpo = { loss_type: 'grpo', scale_rewards: 'group', epsilon: 0.2, use_bias_correction_kl: false } as const
const trlDapo = { ...trlGrpo, loss_type: 'dapo', epsilon_high: 0.28 } as const
const trlDrGrpo = { ...trlGrpo, loss_type: 'dr_grpo', scale_rewards: 'none' } as const
const tokenMean = { ...presetOf('grpo'), aggregation: 'token-mean' } as const
const corrections = ['token_truncate', 'token_mask', 'sequence_truncate', 'sequence_mask'] as const

/** The losses of TRL that have a counterpart here. */
const losses: readonly LossCase[] = [
  { name: 'grpo', trainer: 'grpo', trl: trlGrpo, ours: presetOf('grpo'), updates: 2, clips: true },
  { name: 'grpo, one update', trainer: 'grpo', trl: trlGrpo, ours: presetOf('grpo'), updates: 1 },
  {
    name: 'grpo, scale_rewards none',
    trainer: 'grpo',
    trl: { ...trlGrpo, scale_rewards: 'none' },
    ours: { ...presetOf('grpo'), advantage: 'centre' },
    updates: 2,
    clips: true,
  },
  {
    name: 'grpo, accumulated in two',
    trainer: 'grpo',
    trl: { ...trlGrpo, gradient_accumulation_steps: 2 },
    ours: presetOf('grpo'),
    updates: 2,
    clips: true,
  },
  { name: 'bnpo', trainer: 'grpo', trl: { ...trlGrpo, loss_type: 'bnpo' }, ours: tokenMean, updates: 2, clips: true },
  { name: 'dapo, clip-higher', trainer: 'grpo', trl: trlDapo, ours: presetOf('dapo'), updates: 2, clips: true },
  {
    name: 'dapo, accumulated in two',
    trainer: 'grpo',
    trl: { ...trlDapo, gradient_accumulation_steps: 2 },
    ours: presetOf('dapo'),
    updates: 2,
    clips: true,
  },
  { name: 'dr_grpo', trainer: 'grpo', trl: trlDrGrpo, ours: presetOf('dr-grpo'), updates: 2, clips: true },
  {
    name: 'Eq. (1), dr_grpo unclipped',
    trainer: 'grpo',
    trl: { ...trlDrGrpo, epsilon: 1000 },
    ours: presetOf('fleming'),
    updates: 2,
    factor: 'one over max tokens',
  },
  {
    name: 'gspo',
    trainer: 'grpo',
    trl: { ...trlGrpo, importance_sampling_level: 'sequence', epsilon: 0.1, epsilon_high: 0.2 },
    ours: { ...presetOf('gspo'), clipLow: 0.9, clipHigh: 1.2 },
    updates: 2,
    clips: true,
  },
  {
    name: 'cispo',
    trainer: 'grpo',
    trl: { ...trlGrpo, loss_type: 'cispo', epsilon_high: 1.1 },
    ours: { ...tokenMean, loss: 'cispo', clipLow: 0, clipHigh: 1.1 },
    updates: 2,
    clips: true,
  },
  {
    name: 'delta, two-sided clip',
    trainer: 'grpo',
    trl: { ...trlGrpo, epsilon: 0.02, delta: 1.03 },
    ours: { ...presetOf('grpo'), clipLow: 0.98, clipHigh: 1.02, dualClip: 1.03 },
    updates: 2,
    clips: true,
  },
  {
    name: 'rloo',
    trainer: 'rloo',
    trl: { epsilon: 0.2 },
    ours: presetOf('rloo'),
    updates: 1,
    hasOtherValue: true,
  },
]

/** A leash to a reference policy, in the loss (GRPO: k3) and in the reward (RLOO: k1). */
const kl: readonly LossCase[] = [
  {
    name: 'grpo, beta 0.1 (k3)',
    trainer: 'grpo',
    trl: { ...trlGrpo, beta: 0.1 },
    ours: { ...presetOf('grpo'), kl: { estimator: 'k3', where: 'loss', coefficient: 0.1 } },
    updates: 2,
    clips: true,
  },
  {
    name: 'dapo, beta 0.1 (k3)',
    trainer: 'grpo',
    trl: { ...trlDapo, beta: 0.1 },
    ours: { ...presetOf('dapo'), kl: { estimator: 'k3', where: 'loss', coefficient: 0.1 } },
    updates: 2,
    clips: true,
  },
  {
    name: 'gspo, beta 0.1 (k3)',
    trainer: 'grpo',
    trl: { ...trlGrpo, importance_sampling_level: 'sequence', epsilon: 0.1, epsilon_high: 0.2, beta: 0.1 },
    ours: {
      ...presetOf('gspo'),
      ...{ clipLow: 0.9, clipHigh: 1.2 },
      kl: { estimator: 'k3', where: 'loss', coefficient: 0.1 },
    },
    updates: 2,
    clips: true,
  },
  {
    name: 'rloo, beta 0.1 (k1 in reward)',
    trainer: 'rloo',
    trl: { epsilon: 0.2, beta: 0.1 },
    ours: { ...presetOf('rloo'), kl: { estimator: 'k1', where: 'reward', coefficient: 0.1 } },
    updates: 1,
    hasOtherValue: true,
  },
]

const masked = { mask_truncated_completions: true } as const

/** Completions that were cut off, without a gradient. */
const truncated: readonly LossCase[] = [
  {
    name: 'grpo, truncated masked',
    trainer: 'grpo',
    trl: { ...trlGrpo, ...masked },
    ours: { ...presetOf('grpo'), truncated: 'masked' },
    updates: 2,
    factor: 'rollouts with tokens over rollouts',
    clips: true,
  },
  {
    name: 'dapo, truncated masked',
    trainer: 'grpo',
    trl: { ...trlDapo, ...masked },
    ours: { ...presetOf('dapo'), truncated: 'masked' },
    updates: 2,
    clips: true,
  },
  {
    name: 'dr_grpo, truncated masked',
    trainer: 'grpo',
    trl: { ...trlDrGrpo, ...masked },
    ours: { ...presetOf('dr-grpo'), truncated: 'masked' },
    updates: 2,
    clips: true,
  },
]

/** A sampler that differs from the trainer, corrected in TRL's four ways; its caps are inclusive, as ours. */
const corrected: readonly LossCase[] = corrections.map((mode) => {
  const [low, high] = mode === 'token_mask' ? [0.7, 1.3] : [null, mode.startsWith('token') ? 1.3 : 2]
  const bounds = { vllm_importance_sampling_clip_min: low, vllm_importance_sampling_clip_max: high }
  return {
    name: `dapo, ${mode}`,
    trainer: 'grpo',
    trl: { ...trlDapo, vllm_importance_sampling_mode: mode, ...bounds },
    ours: { ...presetOf('dapo'), correction: correctionOf(mode) },
    updates: 2,
    mismatch: true,
    clips: true,
  }
})

function correctionOf(mode: (typeof corrections)[number]): NonNullable<GrpoOptions['correction']> {
  switch (mode) {
    case 'token_truncate':
      return { kind: 'token-truncate', cap: 1.3 }
    case 'token_mask':
      return { kind: 'token-mask', low: 0.7, high: 1.3 }
    case 'sequence_truncate':
      return { kind: 'sequence-truncate', cap: 2 }
    case 'sequence_mask':
      return { kind: 'sequence-mask', cap: 2 }
  }
}

/** All cases, in the order of the table. */
export const lossCases: readonly LossCase[] = [...losses, ...kl, ...truncated, ...corrected]
