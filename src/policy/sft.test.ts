import { expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import type { Datum } from '../engine/types.ts'
import { scaleWeights, supervisedLoss, supervisedRateAt, supervisedStep } from './sft.ts'

const data: Datum[] = [
  { inputTokens: [1, 2], targetTokens: [2, 3], weights: [0, 1] },
  { inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], weights: [1, 1, 2] },
]

test('scaled weights add up to the share and keep their proportions, over all data together', () => {
  expect(scaleWeights(data).map(({ weights }) => weights)).toEqual([
    [0, 0.2],
    [0.2, 0.2, 0.4],
  ])
  expect(scaleWeights(data, 0.5)[1]!.weights).toEqual([0.1, 0.1, 0.2])
  expect(scaleWeights([])).toEqual([])
})

test('nothing else of the data changes', () => {
  const [first] = scaleWeights(data)
  expect(first).toEqual({ ...data[0], weights: [0, 0.2] })
})

test('a step is one gradient and one update at the rate of the schedule, and returns what was measured', async () => {
  const client = await scriptedEngine.create({ respond: () => ({ tokens: [1] }) })
  const schedule = { steps: 11, learningRate: 0.002, warmup: 1, finalShare: 0.5 }
  const outcome = await supervisedStep(client, data, 5, schedule)
  expect(outcome).toEqual({
    metrics: { 'train/loss': 0, 'optim/grad_norm': 1, 'optim/learning_rate': 0.002 * 0.75 },
  })
  expect(client.calls).toEqual([
    { method: 'forwardBackward', data, loss: 'cross_entropy', config: undefined },
    {
      method: 'optimStep',
      params: { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0, gradClipNorm: 1, learningRate: 0.002 * 0.75 },
    },
  ])
})

test('a cosine falls between the ends of the line, slower at both', () => {
  const schedule = { steps: 11, learningRate: 1, warmup: 1, finalShare: 0.1 } as const
  const cosine = (step: number): number => supervisedRateAt(step, { ...schedule, decay: 'cosine' })
  expect(cosine(0)).toBe(1)
  expect(cosine(5)).toBeCloseTo(0.55, 12)
  expect(cosine(10)).toBeCloseTo(0.1, 12)
  expect(cosine(2)).toBeGreaterThan(supervisedRateAt(2, schedule))
  expect(cosine(8)).toBeLessThan(supervisedRateAt(8, schedule))
  expect(supervisedRateAt(5, schedule)).toBe(supervisedRateAt(5, { ...schedule, decay: 'linear' }))
  expect(supervisedRateAt(0, { ...schedule, warmup: 4, decay: 'cosine' })).toBe(0.25)
  expect(supervisedRateAt(0, { ...schedule, steps: 1, decay: 'cosine' })).toBe(1)
})

test('the held-out loss is the mean over the weight, and updates nothing', async () => {
  const client = await scriptedEngine.create({ respond: () => ({ tokens: [1] }) })
  const forward = async () => ({
    lossSum: 0,
    logprobs_DT: [
      [-9, -2],
      [-1, -2, -0.5],
    ],
  })
  expect(await supervisedLoss({ ...client, forward }, data)).toBeCloseTo((2 + 1 + 2 + 2 * 0.5) / 5, 12)
  expect(client.calls).toEqual([])
})
