import type { Datum, TrainingClient } from '../engine/types.ts'
import type { StepOutcome } from './loop.ts'
import { learningRateAt } from './stages.ts'

export type SupervisedSchedule = {
  readonly steps: number
  readonly learningRate: number
  readonly warmup: number
  readonly finalShare: number
  /** How the rate falls from its peak to `finalShare` of it; `linear` unless told. */
  readonly decay?: 'linear' | 'cosine'
}

/** Adam's settings for supervised training, and the clip of the global gradient norm. */
const adam = { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0, gradClipNorm: 1 } as const

/**
 * The data with their weights scaled to add up to `share`: the engine sums, so this makes the loss a weighted mean.
 */
export function scaleWeights(data: readonly Datum[], share = 1): Datum[] {
  const total = weightOf(data)
  return data.map((datum) => ({ ...datum, weights: datum.weights!.map((weight) => (weight * share) / total) }))
}

function weightOf(data: readonly Datum[]): number {
  return data.reduce((sum, datum) => sum + datum.weights!.reduce((part, weight) => part + weight, 0), 0)
}

/**
 * The learning rate of a supervised step: linear as `learningRateAt`, or half a cosine between the same ends.
 *
 * @param step counted from 0
 */
export function supervisedRateAt(step: number, schedule: SupervisedSchedule): number {
  const { learningRate, warmup, steps, finalShare, decay } = schedule
  if (decay !== 'cosine') return learningRateAt(step, { peak: learningRate, warmup, steps, finalShare })
  const warm = Math.min(1, (step + 1) / Math.max(1, warmup))
  const progress = steps <= 1 ? 0 : Math.min(1, step / (steps - 1))
  const share = finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * progress))
  return learningRate * warm * share
}

/**
 * One supervised update on data whose weights are already scaled (`scaleWeights`).
 *
 * @returns metrics `train/loss` (nats per unit of weight), `optim/grad_norm` (where the engine says it), `optim/learning_rate`
 */
export async function supervisedStep(
  client: TrainingClient,
  data: readonly Datum[],
  step: number,
  schedule: SupervisedSchedule,
): Promise<StepOutcome> {
  const { lossSum } = await client.forwardBackward(data, 'cross_entropy')
  const weight = weightOf(data)
  const learningRate = supervisedRateAt(step, schedule)
  const { gradNorm } = await client.optimStep({ ...adam, learningRate })
  return {
    metrics: {
      'train/loss': lossSum / weight,
      ...(gradNorm !== undefined && { 'optim/grad_norm': gradNorm }),
      'optim/learning_rate': learningRate,
    },
  }
}

/**
 * The mean negative log-likelihood of the targets that carry weight, without an update.
 *
 * @returns nats per unit of weight
 */
export async function supervisedLoss(client: TrainingClient, data: readonly Datum[]): Promise<number> {
  const { logprobs_DT } = await client.forward(data, 'cross_entropy')
  const loss = data.reduce(
    (sum, datum, index) =>
      sum - datum.weights!.reduce((part, weight, at) => part + weight * (logprobs_DT[index]?.[at] ?? 0), 0),
    0,
  )
  return loss / weightOf(data)
}
