import type { Datum, TrainingClient } from '../engine/types.ts'
import type { StepOutcome } from './loop.ts'
import { learningRateAt } from './stages.ts'

export type SupervisedSchedule = {
  readonly steps: number
  readonly learningRate: number
  readonly warmup: number
  readonly finalShare: number
}

/** Adam's settings for supervised training, and the clip of the global gradient norm. */
const adam = { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0, gradClipNorm: 1 } as const

/**
 * The data with their weights scaled to add up to `share`: the engine sums, so this makes the loss a weighted mean.
 */
export function scaleWeights(data: readonly Datum[], share = 1): Datum[] {
  const total = data.reduce((sum, datum) => sum + datum.weights!.reduce((part, weight) => part + weight, 0), 0)
  return data.map((datum) => ({ ...datum, weights: datum.weights!.map((weight) => (weight * share) / total) }))
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
  const weight = data.reduce((sum, datum) => sum + datum.weights!.reduce((part, value) => part + value, 0), 0)
  const learningRate = learningRateAt(step, { peak: schedule.learningRate, ...schedule })
  const { gradNorm } = await client.optimStep({ ...adam, learningRate })
  return {
    metrics: {
      'train/loss': lossSum / weight,
      ...(gradNorm !== undefined && { 'optim/grad_norm': gradNorm }),
      'optim/learning_rate': learningRate,
    },
  }
}
