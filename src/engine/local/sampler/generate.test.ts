import { afterAll, describe, expect, test } from 'vitest'
import { DataError, EngineError, NumericalError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import type { SampledSequence, SampleRequest, SamplingParams } from '../../types.ts'
import type { Model } from '../model/model.ts'
import { initParameters, type ParameterSet } from '../model/parameters.ts'
import { createSessionPool, type SessionPool } from '../session.ts'
import { createTrainer } from '../trainer.ts'
import { createCache } from './cache.ts'
import { createForward } from './decode-forward.ts'
import { createSampler } from './generate.ts'

const config = {
  vocabSize: 23,
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 8,
  intermediateSize: 24,
  maxPositions: 32,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const pool = createSessionPool({ threads: 2 })
const trainerPools: { close(): Promise<void> }[] = [pool]
afterAll(async () => {
  for (const each of trainerPools) await each.close()
})

/** Weights large enough for a law that is far from uniform. */
function loudParameters(): ParameterSet {
  const parameters = initParameters(config, 3)
  for (const { name, shape } of parameters.specs)
    if (shape.length > 1) parameters.view(name).set(parameters.view(name).map((value) => value * 15))
  return parameters
}
const parameters = loudParameters()
const model: Model = { config, base: parameters }
const sampler = createSampler({ model, pool, seed: 1 })

const rng = createRng(9, 'prompts')
const randomPrompt = (length: number) => Array.from({ length }, () => rng.int(config.vocabSize))
const crowd: readonly SampleRequest[] = Array.from({ length: 25 }, (_, i) => ({
  promptTokens: randomPrompt(1 + (i % 12)),
  numSamples: 4,
  key: `crowd/${i}`,
}))

function worstDifference(a: readonly SampledSequence[], b: readonly SampledSequence[]): number {
  const logprobs = (sequences: readonly SampledSequence[]) => sequences.flatMap(({ logprobs }) => logprobs)
  const other = logprobs(b)
  return Math.max(...logprobs(a).map((logprob, i) => Math.abs(logprob - other[i]!)))
}

describe('what a request draws depends on nothing but seed, key and sample', () => {
  test('alone, in a batch of 100, in the reverse order and in batches of 7: the same tokens, log-probabilities to 1e-5', async () => {
    const params = { maxTokens: 12, stopTokens: [0, 1, 2] }
    const together = await sampler.sample(crowd, params)
    const narrow = createSampler({ model, pool, seed: 1, maxBatch: 7 })
    const reversed = [...(await sampler.sample([...crowd].reverse(), params))].reverse()
    const inSevens = await narrow.sample(crowd, params)
    const tokens = (sequences: readonly SampledSequence[]) => sequences.map((sequence) => sequence.tokens)
    for (const [index, request] of crowd.entries()) {
      const [alone = []] = await sampler.sample([request], params)
      for (const others of [together[index]!, reversed[index]!, inSevens[index]!]) {
        expect(tokens(others)).toEqual(tokens(alone))
        expect(worstDifference(others, alone)).toBeLessThan(1e-5)
      }
    }
    const stopped = together.flat().filter(({ stopReason }) => stopReason === 'stop').length
    // rows must leave the batch at different times, or compaction was not tested
    expect(stopped).toBeGreaterThan(20)
    expect(stopped).toBeLessThan(100)
  })

  test('fewer samples are a prefix of more', async () => {
    const request = { promptTokens: [1, 2, 3], key: 'prefix' }
    const [few = []] = await sampler.sample([{ ...request, numSamples: 2 }], { maxTokens: 5 })
    const [more = []] = await sampler.sample([{ ...request, numSamples: 6 }], { maxTokens: 5 })
    expect(more.slice(0, 2).map(({ tokens }) => tokens)).toEqual(few.map(({ tokens }) => tokens))
  })
})

describe('log-probabilities', () => {
  test('are those of the training graph to 1e-5, ragged prompts and compacted batches included', async () => {
    const trainer = createTrainer(model, { threads: 2, maxTokensPerMicroBatch: 4096 })
    trainerPools.push(trainer)
    const sampled = await sampler.sample(crowd, { maxTokens: 10, stopTokens: [4, 7] })
    const data = crowd.flatMap(({ promptTokens }, index) =>
      sampled[index]!.map(({ tokens }) => {
        const all = [...promptTokens, ...tokens]
        return { inputTokens: all.slice(0, -1), targetTokens: all.slice(1), weights: all.slice(1).map(() => 1) }
      }),
    )
    const { logprobs_DT } = await trainer.forward(data, 'cross_entropy')
    const differences = sampled.flat().flatMap(({ logprobs }, index) => {
      const ofCompletion = logprobs_DT[index]!.slice(-logprobs.length)
      return logprobs.map((logprob, i) => Math.abs(logprob - ofCompletion[i]!))
    })
    expect(differences.length).toBeGreaterThan(300)
    expect(Math.max(...differences)).toBeLessThan(1e-5)
  })

  test('are of the untempered, unfiltered softmax under every rule', async () => {
    const request = { promptTokens: [5, 6], numSamples: 30, key: 'rules' }
    const [plain = []] = await sampler.sample([request], { maxTokens: 1 })
    const known = new Map(plain.map(({ tokens, logprobs }) => [tokens[0]!, logprobs[0]!]))
    const rules: Partial<SamplingParams>[] = [{ temperature: 0 }, { temperature: 0.5 }, { topK: 2 }, { topP: 0.5 }]
    for (const rule of rules) {
      const [ruled = []] = await sampler.sample([request], { maxTokens: 1, ...rule })
      expect(known.get(ruled[0]!.tokens[0]!)).toBeCloseTo(ruled[0]!.logprobs[0]!, 6)
    }
  })
})

describe('where a completion ends', () => {
  test('greedy completions of one prompt are equal, and each token is the most probable', async () => {
    const [sequences = []] = await sampler.sample([{ promptTokens: [2, 3], numSamples: 3, key: 'g' }], {
      maxTokens: 6,
      temperature: 0,
    })
    expect(new Set(sequences.map(({ tokens }) => tokens.join())).size).toBe(1)
    // the most probable of 23 tokens has at least the mean probability
    for (const logprob of sequences[0]!.logprobs) expect(logprob).toBeGreaterThan(-Math.log(23))
  })

  test('at the end of the context window, as length', async () => {
    const requests = [
      { promptTokens: randomPrompt(30), numSamples: 1, key: 'long' },
      { promptTokens: randomPrompt(3), numSamples: 1, key: 'short' },
    ]
    const [long, short] = await sampler.sample(requests, { maxTokens: 12 })
    expect([long![0]!.tokens.length, long![0]!.stopReason]).toEqual([2, 'length'])
    expect(short![0]!.tokens.length).toBe(12)
  })

  test('a request for no samples gives an empty list, no requests give none', async () => {
    const requests = [{ promptTokens: [1], numSamples: 0, key: 'none' }]
    expect(await sampler.sample(requests, { maxTokens: 2 })).toEqual([[]])
    expect(await sampler.sample([], { maxTokens: 2 })).toEqual([])
  })
})

/** The pool, and for every run of a graph the size of its first axis. */
function watchedPool(): { readonly watched: SessionPool; readonly prompts: number[]; readonly steps: number[] } {
  const [prompts, steps]: [number[], number[]] = [[], []]
  const watched: SessionPool = {
    ...pool,
    run: (key, build, feeds, fetches, needBytes) => {
      const list = key.endsWith('prefill') ? prompts : steps
      list.push(feeds.ids!.shape[0]!)
      return pool.run(key, build, feeds, fetches, needBytes)
    },
  }
  return { watched, prompts, steps }
}

test('equal prompts are prefilled once, also when their rows do not fit into one group', async () => {
  const { watched, prompts } = watchedPool()
  const watchedSampler = createSampler({ model, pool: watched, seed: 1, maxBatch: 6 })
  const requests = [
    { promptTokens: [1, 2], numSamples: 8, key: 'a' },
    { promptTokens: [3], numSamples: 8, key: 'b' },
    { promptTokens: [1, 2], numSamples: 8, key: 'c' },
  ]
  await watchedSampler.sample(requests, { maxTokens: 2 })
  expect(prompts.reduce((total, count) => total + count, 0)).toBe(2)
})

test('groups stay at least half full although their rows end at different times', async () => {
  const { watched, steps } = watchedPool()
  const narrow = createSampler({ model, pool: watched, seed: 1, maxBatch: 16 })
  const requests = crowd.map((request) => ({ ...request, numSamples: 12 }))
  const sequences = (await narrow.sample(requests, { maxTokens: 18, stopTokens: [0, 1, 2, 3, 4, 5] })).flat()
  const lengths = sequences.map(({ tokens }) => tokens.length).sort((a, b) => a - b)
  // very unequal: half of them end within a third of the time of the last
  expect([lengths[150]! <= 6, lengths.at(-1)]).toEqual([true, 18])
  const fed = sequences.reduce((total, { tokens }) => total + tokens.length - 1, 0)
  expect(Math.max(...steps)).toBeLessThanOrEqual(16)
  // 19 groups that only shrink would take 17 steps each, 323 in all, and feed 4 or 5 rows at a time.
  expect(steps.length).toBeLessThan(150)
  expect(fed / steps.length).toBeGreaterThan(8)
})

test('a prefill split into several runs, or with a known prompt, gives what one run gives', async () => {
  const prompts = [[1], [5, 6], [2, 3, 4], [7, 8, 9]]
  const promptOfRow = Int32Array.of(0, 0, 1, 2, 2, 3)
  const rows = [...promptOfRow].map((prompt) => ({
    token: 4,
    position: prompts[prompt]!.length,
    padding: 3 - prompts[prompt]!.length,
  }))
  const createRoomyCache = () => {
    const cache = createCache({ layers: 2, width: 16 })
    cache.reserve(6 * 5)
    return cache
  }
  const results = []
  // 4 heads and 3 columns make 36 scores a prompt: one prompt a run, then all at once
  for (const prefillScores of [36, 2 ** 20]) {
    const forward = createForward({ model, pool, cache: createRoomyCache(), prefillScores })
    const { probabilities } = await forward.prefill(prompts, promptOfRow)
    results.push([...probabilities, ...(await forward.step(rows))])
  }
  const forward = createForward({ model, pool, cache: createRoomyCache() })
  const { last } = await forward.prefill([[1]], Int32Array.of(0))
  const { probabilities } = await forward.prefill(prompts, promptOfRow, { known: last })
  results.push([...probabilities, ...(await forward.step(rows))])
  const [split = [], whole = [], known = []] = results
  expect(split.length).toBe(10 * config.vocabSize)
  for (const other of [split, known])
    expect(Math.max(...other.map((p, i) => Math.abs(p - whole[i]!)))).toBeLessThan(1e-6)
})

describe('abort', () => {
  const many = { promptTokens: [1, 2], numSamples: 500, key: 'many' }

  test('in the middle ends within a step or two, and the next call is none the wiser', async () => {
    const { watched, steps } = watchedPool()
    const stoppable = createSampler({ model, pool: watched, seed: 1 })
    const controller = new AbortController()
    const call = stoppable.sample([many], { maxTokens: 25 }, { signal: controller.signal })
    while (steps.length < 3) await new Promise(setImmediate)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(steps.length).toBeLessThan(6)
    const request = { promptTokens: [1, 2, 3], numSamples: 2, key: 'after' }
    expect(await stoppable.sample([request], { maxTokens: 4 })).toEqual(
      await sampler.sample([request], { maxTokens: 4 }),
    )
  })

  test('while prompts are read ends before the next part of them', async () => {
    const { watched, prompts } = watchedPool()
    const cache = createCache({ layers: 2, width: 16 })
    cache.reserve(40 * 12)
    // 4 heads and 12 columns make 576 scores a prompt: one prompt a run
    const forward = createForward({ model, pool: watched, cache, prefillScores: 576 })
    const long = Array.from({ length: 40 }, () => randomPrompt(12))
    const controller = new AbortController()
    const { signal } = controller
    const call = forward.prefill(long, Int32Array.from(long.keys()), { signal })
    while (prompts.length < 3) await new Promise(setImmediate)
    // A timer, as the message that takes a call back: it must get its turn while the runs go on.
    setTimeout(() => controller.abort(), 0)
    await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(prompts.length).toBeLessThan(20)
  })

  test('before the first prompt is read', async () => {
    const { watched, prompts } = watchedPool()
    const stoppable = createSampler({ model, pool: watched, seed: 1 })
    const call = stoppable.sample([many], { maxTokens: 25 }, { signal: AbortSignal.abort() })
    await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(prompts).toEqual([])
  })
})

describe('what would not fit into memory is refused with the estimate', () => {
  const sampleWith = (availableBytes: number, requests: readonly SampleRequest[], maxTokens = 2) =>
    createSampler({ model, pool, seed: 1, availableBytes: () => availableBytes }).sample(requests, { maxTokens })
  const short = { promptTokens: [1, 2], numSamples: 1, key: 'short' }

  test('a prompt that is too long, before its mask is made', async () => {
    const longConfig = { ...config, numLayers: 1, maxPositions: 65_536 }
    const longModel = { config: longConfig, base: initParameters(longConfig, 1) }
    const long = { promptTokens: Array.from({ length: 60_000 }, () => 1), numSamples: 1, key: 'long' }
    const longSampler = createSampler({ model: longModel, pool, seed: 1, availableBytes: () => 1e9 })
    const call = longSampler.sample([long], { maxTokens: 1 })
    await expect(call).rejects.toMatchObject({ code: 'E_MEMORY', hint: expect.stringContaining('shorten the prompt') })
    // 4 heads: scores and their softmax, and the mask with the padding, 14.4 GB for each head
    await expect(call).rejects.toThrow(
      /^reading a prompt of 60000 tokens needs about \d+\.\d+ GB[\s\S]*activations +129\.6/,
    )
    expect((await longSampler.sample([short], { maxTokens: 2 }))[0]![0]!.tokens.length).toBe(2)
  })

  test('keys and values of a group, prompts, and steps', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ ...short, promptTokens: randomPrompt(9), key: `${i}` }))
    // 2 layers · 2 · 16 numbers for each of 40 · 20 tokens are 205 kB
    await expect(sampleWith(2e5, many, 12)).rejects.toThrow(
      /^decoding 40 sequences together[\s\S]*keys and values +0\.2 MB/,
    )
    const messages = new Set<string>()
    for (let availableBytes = 3e5; availableBytes < 1e7; availableBytes *= 1.1) {
      const error: unknown = await sampleWith(availableBytes, many, 12).catch((cause: unknown) => cause)
      if (error instanceof EngineError) messages.add(/^(reading|a step of) \d+/.exec(error.message)?.[0] ?? 'other')
    }
    expect([...messages]).toEqual(['reading 40'])
    const forward = createForward({
      model,
      pool,
      cache: createCache({ layers: 2, width: 16 }),
      availableBytes: () => 99,
    })
    const rows = Array.from({ length: 1000 }, () => ({ token: 1, position: 0, padding: 0 }))
    await expect(forward.step(rows)).rejects.toThrow(/^a step of 1000 sequences of 0 tokens needs about/)
  })
})

describe('refusals', () => {
  const request = { promptTokens: [1], numSamples: 1, key: 'k' }
  const cases: readonly (readonly [string, Partial<SampleRequest>, Partial<SamplingParams>])[] = [
    ['an empty prompt', { promptTokens: [] }, {}],
    ['a token outside the vocabulary', { promptTokens: [23] }, {}],
    ['a negative token', { promptTokens: [-1] }, {}],
    ['half a token', { promptTokens: [0.5] }, {}],
    ['a prompt as long as the context', { promptTokens: Array.from({ length: 32 }, () => 1) }, {}],
    ['a negative number of samples', { numSamples: -1 }, {}],
    ['no tokens', {}, { maxTokens: 0 }],
    ['a stop token outside the vocabulary', {}, { stopTokens: [23] }],
  ]
  test.each(cases)('%s', async (_what, change, params) => {
    await expect(sampler.sample([{ ...request, ...change }], { maxTokens: 1, ...params })).rejects.toThrow(DataError)
  })

  test('weights that are no longer finite are named', async () => {
    const broken = loudParameters()
    broken.view('model.norm.weight')[0] = Number.NaN
    const brokenSampler = createSampler({ model: { config, base: broken }, pool, seed: 1 })
    await expect(brokenSampler.sample([request], { maxTokens: 1 })).rejects.toThrow(NumericalError)
  })
})
