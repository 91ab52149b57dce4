import { describe, expect, test } from 'vitest'
import { referenceLoss } from '../engine/local/model/loss-reference.ts'
import { scriptedEngine } from '../engine/scripted/index.ts'
import type { Datum, LossName, TrainingClient } from '../engine/types.ts'
import { groupAdvantages } from './advantage.ts'
import { readGolden } from './fixtures/golden.ts'
import { type GrpoOptions, type GrpoResult, grpoStep } from './grpo.ts'
import type { Group, Rollout } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

const { minibatch_trace: trace } = readGolden()

const options: GrpoOptions = {
  loss: 'ppo',
  clipLow: 0.8,
  clipHigh: 1.28,
  learningRate: trace.lr,
  gradClipNorm: 0,
  aggregation: 'token-mean',
}

const PROMPT = 9

/**
 * A policy of one softmax per position, trained by plain gradient descent: position t of a completion draws from logits[t],
 * whatever came before. Everything that an engine does with a datum can be computed by hand.
 */
function softmaxEngine(): { client: TrainingClient; logits: number[][]; gradients: number[][][]; losses: number[] } {
  const logits = trace.z0.map((row) => [...row])
  let gradient = logits.map((row) => row.map(() => 0))
  const gradients: number[][][] = []
  const losses: number[] = []
  const logprob = (position: number, token: number): number => {
    const row = logits[position]!
    return row[token]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0))
  }
  const forward = (data: readonly Datum[]): number[][] =>
    data.map(({ targetTokens }) => targetTokens.map((token, position) => logprob(position, token)))
  const client: Partial<TrainingClient> = {
    forward: async (data) => ({ lossSum: 0, logprobs_DT: forward(data) }),
    forwardBackward: async (data, loss: LossName, config) => {
      const logprobs_DT = forward(data)
      const bounds = { low: config?.clipLowThreshold ?? 0.8, high: config?.clipHighThreshold ?? 1.2 }
      let lossSum = 0
      data.forEach((datum, index) => {
        const value = referenceLoss(loss, bounds, logprobs_DT[index]!, datum)
        lossSum += value.lossSum
        datum.targetTokens.forEach((target, position) => {
          logits[position]!.forEach((_, token) => {
            const probability = Math.exp(logprob(position, token))
            gradient[position]![token]! += value.gradient_T[position]! * ((token === target ? 1 : 0) - probability)
          })
        })
      })
      losses.push(lossSum)
      return { lossSum, logprobs_DT }
    },
    optimStep: async ({ learningRate }) => {
      gradients.push(gradient)
      gradient.forEach((row, position) => {
        row.forEach((slope, token) => {
          logits[position]![token]! -= learningRate * slope
        })
      })
      gradient = logits.map((row) => row.map(() => 0))
      return { step: gradients.length }
    },
  }
  return { client: client as TrainingClient, logits, gradients, losses }
}

/** The two groups of the trace, sampled from its start. */
function traceGroups(): Group[] {
  const rollout = (tokens: readonly number[], reward: number): Rollout => ({
    tokens,
    samplerLogprobs_T: tokens.map((token, position) => {
      const row = trace.z0[position]!
      return row[token]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0))
    }),
    completion: '',
    stopReason: 'stop',
    reward: { correct: reward, format: 1, total: reward },
    defects: [],
    answered: '',
  })
  return [0, 2].map((first) => {
    const rollouts_G = [rollout(trace.tokens[first]!, 1), rollout(trace.tokens[first + 1]!, 0)]
    return {
      question: {} as TrainingQuestion,
      promptTokens: [PROMPT],
      rollouts_G,
      advantages_G: groupAdvantages([1, 0]),
    }
  })
}

function expectMatrix(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expected.forEach((row, index) => {
    row.forEach((value, column) => {
      expect(Math.abs(found[index]![column]! - value)).toBeLessThan(1e-9)
    })
  })
}

test('the advantages of the trace are those of its groups', () => {
  expect(traceGroups().flatMap(({ advantages_G }) => advantages_G)).toEqual(trace.advantages)
})

describe.each([
  ['ppo_0p8_1p28_2epochs', { loss: 'ppo', updates: { epochs: 2, minibatches: 2 } }],
  ['cispo_0_5_1epoch', { loss: 'cispo', clipLow: 0, clipHigh: 5, updates: { epochs: 1, minibatches: 2 } }],
  ['pg_1epoch', { loss: 'reinforce', updates: { epochs: 1, minibatches: 2 } }],
] as const)('the golden trace %s', (name, change) => {
  const expected = trace[name]

  // With a dual clip that is never reached ppo has no native loss and goes by linearisation.
  test.each(change.loss === 'ppo' ? [{}, { dualClip: 1e6 }] : [{}])(
    'has its gradients and weights (%j)',
    async (extra) => {
      const engine = softmaxEngine()
      const { losses_U } = await grpoStep(engine.client, traceGroups(), { ...options, ...change, ...extra })
      expect(engine.gradients).toHaveLength(expected.steps.length)
      expected.steps.forEach((step, index) => {
        expectMatrix(engine.gradients[index]!, step.grad)
      })
      expectMatrix(engine.logits, expected.final)
      // The trace's pg and cispo take their value at the ratio, not at log-probability times weight.
      if (change.loss === 'ppo') {
        expected.steps.forEach(({ loss }, index) => {
          expect(Math.abs(losses_U![index]! - loss)).toBeLessThan(1e-12)
        })
      }
    },
  )
})

test('in a second epoch ratios have left 1, and clipping begins', async () => {
  const change = { updates: { epochs: 4, minibatches: 2 }, learningRate: 2 } as const
  const { clipLowShare, clipHighShare } = await grpoStep(softmaxEngine().client, traceGroups(), {
    ...options,
    ...change,
  })
  expect(clipLowShare! + clipHighShare!).toBeGreaterThan(0)
  const once = await grpoStep(softmaxEngine().client, traceGroups(), options)
  expect([once.clipLowShare, once.clipHighShare]).toEqual([0, 0])
})

test('on policy, importance sampling, reinforce, ppo, cispo and gspo make the same update, to 1e-10', async () => {
  const finals: number[][][] = []
  for (const loss of ['importance_sampling', 'reinforce', 'ppo', 'cispo', 'gspo'] as const) {
    const engine = softmaxEngine()
    await grpoStep(engine.client, traceGroups(), { ...options, loss, clipLow: null, clipHigh: null })
    finals.push(engine.logits)
  }
  for (const logits of finals) {
    logits.flat().forEach((value, index) => {
      expect(Math.abs(value - finals[0]!.flat()[index]!)).toBeLessThan(1e-10)
    })
  }
})

/** What a client is sent for these options, the scripted one: its policy agrees with its sampler. */
async function sent(groups: readonly Group[], change: Partial<GrpoOptions>, context = {}) {
  const client = await scriptedEngine.create({ respond: () => ({ tokens: [1] }) })
  const result: GrpoResult = await grpoStep(client, groups, { ...options, ...change }, context)
  const data = client.calls.flatMap((call) => (call.method === 'forwardBackward' ? [call.data] : []))
  return { result, data, methods: client.calls.map(({ method }) => method) }
}

function group(rewards: readonly number[], change: (member: number) => Partial<Rollout> = () => ({})): Group {
  const rollouts_G = rewards.map(
    (total, member): Rollout => ({
      tokens: [20, 21],
      samplerLogprobs_T: [-0.5, -0.25],
      completion: '',
      stopReason: 'stop',
      reward: { correct: total, format: 1, total },
      defects: [],
      answered: '',
      ...change(member),
    }),
  )
  return { question: {} as TrainingQuestion, promptTokens: [7, 8], rollouts_G, advantages_G: groupAdvantages(rewards) }
}

const advantagesOf = (data: readonly Datum[]): number[] => data.map(({ advantages }) => advantages!.at(-1)!)

test('minibatches hold whole groups, and their mean is the gradient of the whole batch', async () => {
  const groups = [group([1, 0]), group([1, 1]), group([1, 0, 0, 0]), group([0, 1])]
  for (const aggregation of ['prompt-mean', 'token-mean', 'sequence-mean'] as const) {
    const whole = await sent(groups, { aggregation })
    const parts = await sent(groups, { aggregation, updates: { epochs: 1, minibatches: 3 } })
    expect(parts.data.map((data) => data.length)).toEqual([2, 4, 2])
    const mean = parts.data.flatMap((data) => advantagesOf(data).map((advantage) => advantage / 3))
    advantagesOf(whole.data[0]!).forEach((advantage, index) => {
      expect(mean[index]).toBeCloseTo(advantage, 15)
    })
  }
})

test('more minibatches than live groups are as many as there are', async () => {
  const { methods } = await sent([group([1, 0]), group([0, 0])], { updates: { epochs: 2, minibatches: 8 } })
  expect(methods).toEqual(['forward', 'forwardBackward', 'optimStep', 'forwardBackward', 'optimStep'])
})

test('an objective without a native loss costs one forward pass and is sent as importance sampling at ratio 1', async () => {
  const { data, methods } = await sent([group([1, 0])], { loss: 'gspo', clipLow: null, clipHigh: null })
  expect(methods).toEqual(['forward', 'forwardBackward', 'optimStep'])
  expect(data[0]![0]).toMatchObject({ logprobs: [0, -0.5, -0.25], advantages: [0, 0.125, 0.125] })
})

test('a cut-off rollout that is masked sends nothing, counts in the mean and in k, and is counted', async () => {
  const groups = [group([1, 0, 0, 0], (member) => (member === 3 ? { stopReason: 'length' } : {}))]
  const { data, result } = await sent(groups, { truncated: 'masked', aggregation: 'prompt-mean' })
  expect(advantagesOf(data[0]!)).toEqual([0.75 / 4, -0.25 / 4, -0.25 / 4])
  expect(result.maskedRollouts).toBe(1)
  const scored = await sent(groups, { aggregation: 'prompt-mean' })
  expect(scored.data[0]).toHaveLength(4)
  expect(scored.result.maskedRollouts).toBeUndefined()
})

test('a rollout whose verifier crashed is not part of its group', async () => {
  const broken = group([1, 0, 0], (member) => (member === 2 ? { unscored: 'no unit' } : {}))
  const groups = [{ ...broken, advantages_G: groupAdvantages([1, 0, Number.NaN]) }]
  const { data } = await sent(groups, { aggregation: 'prompt-mean' })
  expect(advantagesOf(data[0]!)).toEqual([0.25, -0.25])
})

test('an empty rollout sends nothing and divides by nothing; one of a stop token alone is trained', async () => {
  const shapes = [{}, { tokens: [], samplerLogprobs_T: [] }, { tokens: [3], samplerLogprobs_T: [-1] }]
  for (const aggregation of ['prompt-mean', 'sequence-mean', 'token-mean'] as const) {
    const { data } = await sent([group([1, 0, 0], (member) => shapes[member]!)], { aggregation })
    expect(data[0]!.map(({ targetTokens }) => targetTokens)).toEqual([
      [8, 20, 21],
      [8, 3],
    ])
    expect(data[0]!.flatMap(({ advantages }) => advantages!).every(Number.isFinite)).toBe(true)
  }
})

describe('with a KL term', () => {
  const reference = async (data: readonly Datum[]): Promise<number[][]> =>
    data.map(({ logprobs }) => logprobs!.map((logprob) => logprob - 0.1))
  const context = { referenceLogprobs: reference }
  const base = { loss: 'importance_sampling', aggregation: 'prompt-mean' } as const

  test('in the loss, each token is pulled back by its weight, dead groups included', async () => {
    const kl = { estimator: 'k2', where: 'loss', coefficient: 0.5 } as const
    const { data, result, methods } = await sent([group([1, 0]), group([1, 1])], { ...base, kl }, context)
    expect(methods).toEqual(['forward', 'forwardBackward', 'optimStep'])
    // A ω − β ω d with ω = 1/4, β = 1/2, d = 0.1.
    const expected = [0.125, -0.125, 0, 0].map((weighted) => weighted - 0.0125)
    advantagesOf(data[0]!).forEach((advantage, index) => {
      expect(advantage).toBeCloseTo(expected[index]!, 12)
    })
    expect(result.klReferenceK1).toBeCloseTo(0.1, 12)
    expect(result.klReferenceK3).toBeCloseTo(Math.exp(-0.1) + 0.1 - 1, 12)
  })

  test('in the reward, a rollout that strayed further has the lower advantage', async () => {
    const kl = { estimator: 'k1', where: 'reward', coefficient: 0.5 } as const
    const strayed = {
      referenceLogprobs: async (data: readonly Datum[]) =>
        data.map(({ logprobs }, index) => logprobs!.map((logprob) => logprob - (index === 0 ? 0.4 : 0))),
    }
    const { data, methods } = await sent([group([1, 1]), group([0, 0])], { ...base, kl }, strayed)
    expect(methods).toEqual(['forward', 'forwardBackward', 'optimStep'])
    // Rewards 1 − 0.5 · 0.8 = 0.6 and 1; the other group is still dead.
    expect(data[0]).toHaveLength(2)
    advantagesOf(data[0]!).forEach((advantage, index) => {
      expect(advantage).toBeCloseTo([-0.05, 0.05][index]!, 12)
    })
  })

  test('a reference is demanded, and k1 in the loss refused', async () => {
    const kl = { estimator: 'k3', where: 'loss', coefficient: 0.1 } as const
    await expect(sent([group([1, 0])], { kl })).rejects.toThrow(/needs a reference/)
    await expect(sent([group([1, 0])], { kl: { ...kl, estimator: 'k1' } }, context)).rejects.toThrow(/does nothing/)
  })
})

test('a correction weighs by trainer over sampler, anchors at the trainer, and says what it dropped', async () => {
  const scripted = await scriptedEngine.create({ respond: () => ({ tokens: [1] }) })
  const data: Datum[] = []
  // The trainer finds token 20 twice as probable, token 21 eight times.
  const shift = (logprobs: readonly number[]): number[] => {
    const [prompt, first, second] = logprobs
    return [prompt!, first! + Math.LN2, second! + 3 * Math.LN2]
  }
  const client: TrainingClient = {
    ...scripted,
    forward: async (rows) => ({ lossSum: 0, logprobs_DT: rows.map(({ logprobs }) => shift(logprobs!)) }),
    forwardBackward: async (rows, ...rest) => {
      data.push(...rows)
      return scripted.forwardBackward(rows, ...rest)
    },
  }
  const correction = { kind: 'token-mask', low: 0.5, high: 4 } as const
  const change = { ...options, aggregation: 'prompt-mean', correction } as const
  const result = await grpoStep(client, [group([1, 0])], change)
  expect(data[0]!.advantages![1]).toBeCloseTo(0.5, 12)
  expect(data[0]!.advantages![2]).toBe(0)
  expect(data[0]!.logprobs).toEqual([0, -0.5 + Math.LN2, -0.25 + 3 * Math.LN2])
  expect(result.correctedAwayShare).toBe(0.5)
  expect(result.logprobGap).toBeCloseTo(Math.LN2, 12)
})
