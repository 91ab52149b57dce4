import { afterAll, describe, expect, test } from 'vitest'
import { DataError, NumericalError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import type { SampledSequence, SampleRequest, SamplingParams } from '../../types.ts'
import { initParameters, type ParameterSet } from '../model/parameters.ts'
import { createSessionPool, type Feeds } from '../session.ts'
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
const sampler = createSampler({ config, parameters, pool, seed: 1 })

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
    const narrow = createSampler({ config, parameters, pool, seed: 1, maxBatch: 7 })
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
    const trainer = createTrainer(config, parameters, { threads: 2, maxTokensPerMicroBatch: 4096 })
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

test('equal prompts are prefilled once', async () => {
  const prompts: number[] = []
  const watched = {
    ...pool,
    run: (key: string, ...rest: [() => never, Feeds, readonly string[]]) => {
      if (key === 'prefill') prompts.push(rest[1].ids!.shape[0]!)
      return pool.run(key, ...rest)
    },
  }
  const watchedSampler = createSampler({ config, parameters, pool: watched, seed: 1 })
  const requests = [
    { promptTokens: [1, 2], numSamples: 8, key: 'a' },
    { promptTokens: [3], numSamples: 8, key: 'b' },
    { promptTokens: [1, 2], numSamples: 8, key: 'c' },
  ]
  await watchedSampler.sample(requests, { maxTokens: 2 })
  expect(prompts).toEqual([2])
})

test('a prefill split into several runs gives what one run gives', async () => {
  const prompts = [[1], [2, 3, 4], [5, 6], [7, 8, 9]]
  const promptOfRow = Int32Array.of(0, 0, 1, 2, 2, 3)
  const rows = [...promptOfRow].map((prompt) => ({
    token: 4,
    position: prompts[prompt]!.length,
    padding: 3 - prompts[prompt]!.length,
  }))
  const results = []
  // 4 heads and 3 columns make 36 scores a prompt: one prompt a run, then all at once
  for (const prefillScores of [36, 2 ** 20]) {
    const cache = createCache({ layers: 2, width: 16 })
    const forward = createForward({ config, parameters, pool, cache, prefillScores })
    results.push([...(await forward.prefill(prompts, promptOfRow, 2)), ...(await forward.step(rows))])
  }
  const [split = [], whole = []] = results
  expect(split.length).toBe(10 * config.vocabSize)
  expect(Math.max(...split.map((p, i) => Math.abs(p - whole[i]!)))).toBeLessThan(1e-6)
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
    const brokenSampler = createSampler({ config, parameters: broken, pool, seed: 1 })
    await expect(brokenSampler.sample([request], { maxTokens: 1 })).rejects.toThrow(NumericalError)
  })
})
