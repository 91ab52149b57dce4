import type { Datum, OptimStepResult, TrainingClient } from '../engine/types.ts'
import { isLive } from './advantage.ts'
import { rolloutDatum } from './datum.ts'
import type { Group } from './rollout.ts'

export type GrpoOptions = {
  readonly loss: 'importance_sampling' | 'ppo' | 'cispo'
  readonly clipLow: number
  readonly clipHigh: number
  readonly learningRate: number
  readonly gradClipNorm: number
}

export type GrpoResult = {
  readonly optim: OptimStepResult | null
  /** Largest |policy logprob − sampler logprob| over the trained tokens, nats: near 0, or engine and sampler disagree. */
  readonly logprobGap: number
  readonly trainedTokens: number
}

/** Adam's settings for policy gradients: the cookbook's, no weight decay. */
const adam = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0 } as const

/**
 * One update of the policy from the groups of one step: reward − group mean times log-probability, summed over the
 * tokens of a rollout, averaged over the k rollouts of a prompt and over prompts.
 *
 * The averages are folded into the advantages (ω = 1 / (P · k)), since every engine sums. On the policy
 * that sampled the rollouts the ratio is 1 and importance sampling has exactly the gradient of Eq. (1).
 *
 * @paper Fleming-R1 Eq. (1): L = −E[(1/k) Σ_i log π(y_i|x) · A(x, y_i)]; no ratio clip, no KL, no length term
 * @param groups_P all groups of the step; those without a signal send nothing but count in the average
 * @returns `optim: null` when no group is live, and then no update is made
 */
export async function grpoStep(
  client: TrainingClient,
  groups_P: readonly Group[],
  options: GrpoOptions,
): Promise<GrpoResult> {
  const data: Datum[] = []
  for (const group of groups_P) {
    if (!isLive(group.rollouts_G.map((rollout) => rollout.reward.total))) continue
    const weight = 1 / (groups_P.length * group.rollouts_G.length)
    group.rollouts_G.forEach((rollout, member) => {
      const completion = { tokens: rollout.tokens, logprobs: rollout.samplerLogprobs_T }
      data.push(rolloutDatum(group.promptTokens, completion, group.advantages_G[member]! * weight))
    })
  }
  if (data.length === 0) return { optim: null, logprobGap: 0, trainedTokens: 0 }
  const clip =
    options.loss === 'importance_sampling'
      ? {}
      : { clipLowThreshold: options.clipLow, clipHighThreshold: options.clipHigh }
  const { logprobs_DT } = await client.forwardBackward(data, options.loss, clip)
  const optim = await client.optimStep({
    ...adam,
    learningRate: options.learningRate,
    gradClipNorm: options.gradClipNorm,
  })
  return { optim, ...gapOf(data, logprobs_DT) }
}

function gapOf(
  data: readonly Datum[],
  logprobs_DT: readonly (readonly number[])[],
): { logprobGap: number; trainedTokens: number } {
  let logprobGap = 0
  let trainedTokens = 0
  data.forEach((datum, index) => {
    datum.advantages!.forEach((advantage, position) => {
      if (advantage === 0) return
      trainedTokens += 1
      logprobGap = Math.max(logprobGap, Math.abs(datum.logprobs![position]! - logprobs_DT[index]![position]!))
    })
  })
  return { logprobGap, trainedTokens }
}
