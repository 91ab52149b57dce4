import { expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import type { Datum, ForwardResult } from '../engine/types.ts'
import { groupAdvantages } from './advantage.ts'
import { type GrpoOptions, grpoStep } from './grpo.ts'
import type { Group, Rollout } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

const options: GrpoOptions = {
  loss: 'importance_sampling',
  clipLow: 0.8,
  clipHigh: 1.28,
  learningRate: 0.0003,
  gradClipNorm: 1,
}

/** A group of rollouts with these rewards, rollout i of i + 1 tokens. */
function group(...rewards: number[]): Group {
  const rollouts_G = rewards.map(
    (total, index): Rollout => ({
      tokens: Array.from({ length: index + 1 }, (_, token) => 20 + token),
      samplerLogprobs_T: Array.from({ length: index + 1 }, () => -0.5),
      completion: '',
      stopReason: 'stop',
      reward: { correct: total, format: 1, total },
      defects: [],
      answered: '',
    }),
  )
  return { question: {} as TrainingQuestion, promptTokens: [7, 8], rollouts_G, advantages_G: groupAdvantages(rewards) }
}

const open = () => scriptedEngine.create({ respond: () => ({ tokens: [1] }) })

async function sentBy(groups: readonly Group[]): Promise<readonly Datum[]> {
  const client = await open()
  await grpoStep(client, groups, options)
  const [call] = client.calls
  return call?.method === 'forwardBackward' ? call.data : []
}

/** The sum over data of the advantage of each (all tokens of a datum carry the same). */
const weightOf = (data: readonly Datum[]): number[] => data.map(({ advantages }) => advantages!.at(-1)!)

test('each token of rollout i carries A_i / (P · k): Eq. (1) for an engine that sums', async () => {
  const data = await sentBy([group(1, 0, 0, 0), group(1, 1, 0, 0)])
  expect(data).toHaveLength(8)
  expect(weightOf(data)).toEqual([0.75, -0.25, -0.25, -0.25, 0.5, 0.5, -0.5, -0.5].map((advantage) => advantage / 8))
  expect(data[2]).toEqual({
    inputTokens: [7, 8, 20, 21],
    targetTokens: [8, 20, 21, 22],
    logprobs: [0, -0.5, -0.5, -0.5],
    advantages: [0, -0.03125, -0.03125, -0.03125],
  })
})

test('a long rollout weighs more than a short one only by its tokens: there is no length term', async () => {
  const [short, long] = await sentBy([group(1, 0)])
  expect(short!.advantages).toEqual([0, 0.25])
  expect(long!.advantages).toEqual([0, -0.25, -0.25])
})

test('a group without a signal sends nothing, and still counts among the prompts', async () => {
  const alone = weightOf(await sentBy([group(1, 0)]))
  const among = weightOf(await sentBy([group(0, 0), group(1, 0), group(1, 1), group(0.1, 0.1)]))
  expect(alone).toEqual([0.25, -0.25])
  expect(among).toEqual([0.0625, -0.0625])
})

test('groups of different sizes weigh the same per prompt', async () => {
  const data = weightOf(await sentBy([group(1, 0), group(1, 1, 1, 1, 0, 0, 0, 0)]))
  const absolute = (part: readonly number[]): number => part.reduce((sum, value) => sum + Math.abs(value), 0)
  expect(absolute(data.slice(0, 2))).toBeCloseTo(0.25, 12)
  expect(absolute(data.slice(2))).toBeCloseTo(0.25, 12)
})

test('the weights of a step add up to zero', async () => {
  const data = weightOf(await sentBy([group(1, 0, 0), group(1, 1, 0.1, 0), group(0, 0)]))
  expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12)
})

test('when no group has a signal nothing is sent and no update is made', async () => {
  const client = await open()
  expect(await grpoStep(client, [group(1, 1), group(0, 0)], options)).toEqual({
    optim: null,
    logprobGap: 0,
    trainedTokens: 0,
  })
  expect(client.calls).toEqual([])
})

test('one gradient, then one update at the given rate and clip, without weight decay', async () => {
  const client = await open()
  const result = await grpoStep(client, [group(1, 0)], options)
  expect(result).toEqual({
    optim: { step: 1, gradNorm: 1, paramNorm: 1 },
    logprobGap: 0,
    trainedTokens: 3,
    losses_U: [0.25],
    samplerLogprobs_T: [-0.5, -0.5, -0.5],
    trainerLogprobs_T: [-0.5, -0.5, -0.5],
  })
  expect(client.calls).toHaveLength(2)
  expect(client.calls).toEqual([
    expect.objectContaining({ method: 'forwardBackward', loss: 'importance_sampling', config: {} }),
    {
      method: 'optimStep',
      params: { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0, learningRate: 0.0003, gradClipNorm: 1 },
    },
  ])
})

test.each(['ppo', 'cispo'] as const)('%s is sent with the absolute bounds of its ratio', async (loss) => {
  const client = await open()
  await grpoStep(client, [group(1, 0)], { ...options, loss })
  expect(client.calls[0]).toMatchObject({ loss, config: { clipLowThreshold: 0.8, clipHighThreshold: 1.28 } })
})

test('the gap is the largest difference of log-probabilities on trained tokens; prompts do not count', async () => {
  const scripted = await open()
  const client = {
    ...scripted,
    forwardBackward: async (data: readonly Datum[]): Promise<ForwardResult> => ({
      lossSum: 0,
      // Position 0 predicts the prompt.
      logprobs_DT: data.map(({ targetTokens }, index) =>
        targetTokens.map((_, position) =>
          position === 0 ? -99 : -0.5 + (index === 1 && position === 2 ? 0.125 : -0.01),
        ),
      ),
    }),
  }
  const { logprobGap, trainedTokens } = await grpoStep(client, [group(1, 0)], options)
  expect(logprobGap).toBeCloseTo(0.125, 12)
  expect(trainedTokens).toBe(3)
})
