import { afterEach, describe, expect, test } from 'vitest'
import type { Datum, LossConfig, LossName } from '../../types.ts'
import { dialects } from './dialect.ts'
import { type Fake, type FakeOptions, startFake } from './fixtures/fake-server.ts'
import { createSwitch, errorOf, fail, openPair, refuse } from './fixtures/kit.ts'
import { type TinkerConfig, tinkerEngine } from './index.ts'
import { lossConfigOf, lossSum } from './losses.ts'
import type { RemoteModel } from './model.ts'
import type { Pass } from './pass.ts'
import { RefusedError } from './refusal.ts'
import { alignPromptLogprobs } from './sampler.ts'
import { createScaler } from './scaling.ts'

const timing = { backoffMs: 2, maxBackoffMs: 20, pollGapMs: 1, deadlineMs: 20_000, submitMs: 10_000 }
const skyrl: FakeOptions = { isJson: true, isSkyrl: true, scaling: 'sequence-mean' }
const fakes: Fake[] = []
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close()
})

const tokens = [1, 5, 2, 7, 3, 3, 8]
/** Two sequences of different lengths, of mixed signs, partly masked. */
function dataFor(loss: LossName): readonly Datum[] {
  return [tokens, tokens.slice(2)].map((all, index) => {
    const targetTokens = all.slice(1)
    const strength = targetTokens.map((_, i) =>
      i === 0 ? 0 : loss === 'cross_entropy' ? 1 + i / 2 : (i % 2 ? 1 : -0.5) * (index + 1),
    )
    const datum = { inputTokens: all.slice(0, -1), targetTokens }
    if (loss === 'cross_entropy') return { ...datum, weights: strength }
    return { ...datum, logprobs: targetTokens.map((_, i) => (i === 0 ? 0 : -2)), advantages: strength }
  })
}

/** Where three steps lead, and the losses and norms on the way. */
async function course(options: FakeOptions, config: Partial<TinkerConfig>, loss: LossName) {
  const fake = await startFake(options)
  fakes.push(fake)
  const client = await tinkerEngine.create({ baseUrl: fake.url, baseModel: 'toy', seed: 3, timing, ...config })
  const data = dataFor(loss)
  const clip: LossConfig | undefined =
    loss === 'ppo' || loss === 'cispo' ? { clipLowThreshold: 0.1, clipHighThreshold: 3 } : undefined
  const numbers: number[] = []
  for (let step = 0; step < 3; step += 1) {
    const result = await client.forwardBackward(data, loss, clip)
    numbers.push(result.lossSum)
    // An eps that matters: a factor on the gradient would show.
    const { gradNorm } = await client.optimStep({ learningRate: 0.01, eps: 0.5 })
    numbers.push(gradNorm ?? Number.NaN)
  }
  await client.close()
  const [model] = [...fake.models.values()]
  return { numbers, weights: [...model!.weights] }
}

describe('over a server that takes means, the steps are those of a server that sums', () => {
  test.each([
    ['cross_entropy', 'one request'],
    ['cross_entropy', 'two chunks'],
    ['importance_sampling', 'one request'],
    ['importance_sampling', 'two chunks'],
    ['ppo', 'one request'],
    ['cispo', 'one request'],
  ] as const)('for %s in %s', async (loss, requests) => {
    const flags = requests === 'two chunks' ? { fwdbwd_max_chunk_len: 1 } : {}
    const sums = await course({}, {}, loss)
    const means = await course({ ...skyrl, flags }, { server: 'skyrl-jax', encoding: 'json' }, loss)
    const gap = (a: readonly number[], b: readonly number[]): number =>
      Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))
    expect(gap(sums.numbers, means.numbers)).toBeLessThan(1e-4)
    expect(gap(sums.weights, means.weights)).toBeLessThan(1e-6)
    expect(new Set(sums.numbers).size).toBe(sums.numbers.length)
  })

  test('unless the server’s own cross-entropy is asked for', async () => {
    const exact = await course(skyrl, { server: 'skyrl-jax' }, 'cross_entropy')
    const own = await course(skyrl, { server: 'skyrl-jax', crossEntropy: 'sequence-mean' }, 'cross_entropy')
    expect(own.numbers[1]!).toBeLessThan(exact.numbers[1]! / 2)
  })
})

describe('over a server that takes means, a second pass in a step', () => {
  const one = dataFor('importance_sampling')
  const config: Partial<TinkerConfig> = { server: 'skyrl-jax', encoding: 'json' }

  test('is refused, and says what to do; the step is that of the first alone', async () => {
    const { client } = await openPair(skyrl, config)
    const alone = await openPair(skyrl, config)
    for (const { forwardBackward } of [client, alone.client]) await forwardBackward(one, 'importance_sampling')
    const error = await errorOf(client.forwardBackward(one, 'importance_sampling'))
    expect([error.code, error.hint]).toEqual(['E_CONFIG', expect.stringContaining('in one call')])
    const [{ gradNorm }, expected] = [
      await client.optimStep({ learningRate: 0.01 }),
      await alone.client.optimStep({ learningRate: 0.01 }),
    ]
    expect(gradNorm).toBe(expected.gradNorm)
    await client.forwardBackward(one, 'importance_sampling')
  })

  test('is welcome when the first was refused, and counts alone in the mean', async () => {
    const sent: number[] = []
    const refused = new RefusedError('no')
    const outcomes: (Error | undefined)[] = [refused, undefined]
    const model = {
      submitPass: async (_: unknown, { data }: Pass) => {
        const outcome = outcomes.shift()
        if (outcome) throw outcome
        sent.push(data[0]!.lossInputs.advantages!.data[0]!)
        return { result: () => Promise.reject(refused) }
      },
    } as unknown as RemoteModel
    const scaler = createScaler(dialects['skyrl-jax'], 'exact', () => undefined)
    const ask = (count: number) => {
      const data = Array(count).fill({
        inputTokens: [1, 2],
        targetTokens: [2, 3],
        logprobs: [0, 0],
        advantages: [1, 1],
      })
      return scaler.submit(model, () => 1, { data, loss: 'importance_sampling', lossConfig: {}, isTraining: true })
    }
    await expect(ask(10)).rejects.toBe(refused)
    const pass = await ask(4)
    // Two tokens times four data, not ten.
    expect(sent).toEqual([8])
    await expect(ask(4)).rejects.toThrow('a step takes one forwardBackward')
    pass.withdraw()
    outcomes.push(undefined)
    await ask(3)
    expect(sent).toEqual([8, 6])
  })

  test('is welcome when the first failed by the user’s fault', async () => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ ...skyrl, fault }, config)
    on('retrieve_future', fail('too long', 'user'))
    expect((await errorOf(client.forwardBackward(one, 'importance_sampling'))).message).toContain('too long')
    expect((await client.forwardBackward(one, 'importance_sampling')).logprobs_DT).toHaveLength(2)
  })

  test('is not waited for when a step was refused: its gradient is still there', async () => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ ...skyrl, fault }, config)
    await client.forwardBackward(one, 'importance_sampling')
    on('optim_step', refuse(400))
    await errorOf(client.optimStep({ learningRate: 0.01 }))
    expect((await errorOf(client.forwardBackward(one, 'importance_sampling'))).code).toBe('E_CONFIG')
  })

  test('may come where the server’s own cross-entropy is asked for', async () => {
    const { client } = await openPair(skyrl, { ...config, crossEntropy: 'sequence-mean' })
    const data = dataFor('cross_entropy')
    await client.forwardBackward(data.slice(0, 1), 'cross_entropy')
    await client.forwardBackward(data.slice(1), 'cross_entropy')
    const { gradNorm } = await client.optimStep({ learningRate: 0 })
    await client.forwardBackward(data, 'cross_entropy')
    expect((await client.optimStep({ learningRate: 0 })).gradNorm).toBeCloseTo(gradNorm!, 9)
  })
})

describe('a loss from log-probabilities', () => {
  const datum = { inputTokens: [1, 2], targetTokens: [2, 3] }
  const policy: Datum = { ...datum, logprobs: [-1, -2], advantages: [2, -1] }
  // Ratios e and e^-1.
  const logprobs_DT = [[0, -3]]
  const [up, down] = [Math.E, 1 / Math.E]

  test.each([
    ['cross_entropy', { ...datum, weights: [0.5, 2] }, -(0.5 * 0 + 2 * -3)],
    ['importance_sampling', policy, -(up * 2 + down * -1)],
    // min(rA, clip(r)A): the first is clipped to 1.2, the second to 0.8, which is worse than what it was.
    ['ppo', policy, -(1.2 * 2 + 0.8 * -1)],
    ['cispo', policy, -(1.2 * 0 * 2 + 0.8 * -3 * -1)],
  ] as const)('of %s is the sum over its tokens', (loss, one, expected) => {
    const config = lossConfigOf(loss, loss === 'cispo' ? { clipLowThreshold: 0.8, clipHighThreshold: 1.2 } : {})
    expect(lossSum([one], loss, config, logprobs_DT)).toBeCloseTo(expected, 12)
  })

  test('thresholds are sent in full, refused where they mean nothing, and have to be ordered', () => {
    expect(lossConfigOf('ppo', { clipHighThreshold: 1.28 })).toEqual({
      clip_low_threshold: 0.8,
      clip_high_threshold: 1.28,
    })
    expect(lossConfigOf('importance_sampling')).toEqual({})
    expect(() => lossConfigOf('cross_entropy', { clipLowThreshold: 1 })).toThrow('has no clipping thresholds')
    expect(() => lossConfigOf('cispo')).toThrow('cispo needs')
    expect(() => lossConfigOf('ppo', { clipLowThreshold: 2 })).toThrow('0 <= low < high')
  })
})

test('prompt log-probabilities are one per token, whether a server counts the first or not', () => {
  expect(alignPromptLogprobs([null, -1], 2)).toEqual([null, -1])
  expect(alignPromptLogprobs([-1], 2)).toEqual([null, -1])
  expect(() => alignPromptLogprobs([], 2)).toThrow('the server sent 0 log-probabilities for 2 prompt tokens')
  expect(() => alignPromptLogprobs(undefined, 2)).toThrow('no log-probabilities')
})
