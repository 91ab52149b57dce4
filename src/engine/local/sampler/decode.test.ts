import { afterAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../core/rng.ts'
import { loraTargets } from '../../lora.ts'
import type { DecoderConfig, LoraConfig, SampleRequest } from '../../types.ts'
import type { Model } from '../model/model.ts'
import { initAdapter, initParameters } from '../model/parameters.ts'
import { createSessionPool, type SessionPool } from '../session.ts'
import { naiveProbabilities } from './fixtures/naive-decoder.ts'
import { createSampler } from './generate.ts'

const qwen3: DecoderConfig = {
  vocabSize: 40,
  hiddenSize: 32,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 8,
  intermediateSize: 48,
  maxPositions: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const llama3 = {
  kind: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxPositions: 32,
} as const
const yarn = {
  kind: 'yarn',
  factor: 4,
  originalMaxPositions: 16,
  betaFast: 32,
  betaSlow: 1,
  attentionFactor: 1.14,
  truncate: false,
} as const
const families: readonly (readonly [string, DecoderConfig, LoraConfig | undefined])[] = [
  ['Qwen3', qwen3, undefined],
  [
    'Llama 3, untied, biases on all projections',
    { ...qwen3, qkNorm: false, tieEmbeddings: false, attentionBias: 'qkvo', ropeScaling: llama3 },
    undefined,
  ],
  [
    'Qwen2 with YaRN, a key head for each query head',
    { ...qwen3, qkNorm: false, attentionBias: 'qkv', numKeyValueHeads: 4, ropeScaling: yarn },
    undefined,
  ],
  [
    'one key head, an adapter on every layer and the tied head',
    { ...qwen3, qkNorm: false, numKeyValueHeads: 1, ropeScaling: { kind: 'linear', factor: 3 } },
    { rank: 3, alpha: 7, targets: loraTargets },
  ],
]

/** Weights that make a law far from uniform, and norms and biases that are not all alike. */
function loudModel(config: DecoderConfig, lora: LoraConfig | undefined): Model {
  const rng = createRng(1, 'naive')
  const base = initParameters(config, 3)
  for (const { name, shape } of base.specs) {
    const view = base.view(name)
    for (let i = 0; i < view.length; i += 1) view[i] = shape.length > 1 ? 12 * view[i]! : view[i]! + 0.3 * rng.normal()
  }
  if (!lora) return { config, base }
  const parameters = initAdapter(config, lora, 5)
  for (const { name } of parameters.specs)
    if (name.endsWith('lora_B.weight')) parameters.view(name).set(parameters.view(name).map(() => 0.2 * rng.normal()))
  return { config, base, adapter: { lora, parameters } }
}

const rng = createRng(2, 'prompts')
/** Ragged prompts, some of them twice. */
const requests: readonly SampleRequest[] = Array.from({ length: 18 }, (_, i) => ({
  promptTokens: Array.from({ length: 1 + rng.int(i % 6 === 0 ? 50 : 12) }, () => rng.int(qwen3.vocabSize)),
  numSamples: 1 + rng.int(3),
  key: `request ${i}`,
})).flatMap((request, i) => (i % 4 === 0 ? [request, { ...request, key: `${request.key} again` }] : [request]))
const stopTokens = [3, 17, 30]

const pool = createSessionPool({ threads: 2 })
afterAll(() => pool.close())

type Step = { readonly rows: number; readonly time: number }

/** The pool, and the rows and cached columns of each step run in it. */
function watched(): { readonly watchedPool: SessionPool; readonly steps: Step[] } {
  const steps: Step[] = []
  const run: SessionPool['run'] = (key, build, feeds, fetches, needBytes) => {
    if (key.endsWith('step')) steps.push({ rows: feeds.ids!.shape[0]!, time: feeds.past_key_0!.shape[0]! })
    return pool.run(key, build, feeds, fetches, needBytes)
  }
  return { watchedPool: { ...pool, run }, steps }
}

/** Numbers of keys and values of one token of a model. */
const tokenSize = ({ config }: Model) => 2 * config.numLayers * config.numKeyValueHeads * config.headDim

describe.each(families)('%s: every token drawn is that of a plain forward pass in float64', (_family, config, lora) => {
  const model = loudModel(config, lora)
  const naive = new Map<string, ReturnType<typeof naiveProbabilities>>()
  const lawsOf = (tokens: readonly number[]) => {
    const known = naive.get(tokens.join()) ?? naiveProbabilities(model, tokens)
    naive.set(tokens.join(), known)
    return known
  }

  test.each([
    ['in a roomy cache, groups of 7', 7, 1e9, 7],
    ['in a cache of 150 tokens', 12, 150, 8],
    ['in a cache for the longest sequence alone, greedily', 12, 1, 4],
  ])('%s', async (_title, maxBatch, cacheTokens, mostRows) => {
    const temperature = cacheTokens === 1 ? 0 : 1
    const { watchedPool, steps } = watched()
    const cacheSize = cacheTokens * tokenSize(model)
    const sampler = createSampler({ model, pool: watchedPool, seed: 1, maxBatch, cacheSize })
    const sampled_RS = await sampler.sample(requests, { maxTokens: 30, temperature, stopTokens })
    let [worst, count] = [0, 0]
    for (const [index, { promptTokens, key }] of requests.entries()) {
      for (const [sample, { tokens, logprobs, stopReason }] of sampled_RS[index]!.entries()) {
        const laws = lawsOf([...promptTokens, ...tokens].slice(0, -1)).slice(promptTokens.length - 1)
        const draws = createRng(1, 'sample', key, sample)
        tokens.forEach((token, i) => {
          const law = laws[i]!
          worst = Math.max(worst, Math.abs(Math.log(law[token]!) - logprobs[i]!))
          const below = law.subarray(0, token).reduce((sum, p) => sum + p, 0)
          const uniform = ((draws.uint32() >>> 5) * 2 ** 26 + (draws.uint32() >>> 6)) * 2 ** -53
          // Where rounding decides, the neighbour may be drawn.
          if (temperature === 0) expect(law[token]).toBeGreaterThan(Math.max(...law) - 1e-4)
          else expect(Math.max(below - uniform, uniform - below - law[token]!)).toBeLessThan(1e-4)
          count += 1
        })
        const isStopped = stopTokens.includes(tokens.at(-1)!)
        expect(tokens.slice(0, -1).some((token) => stopTokens.includes(token))).toBe(false)
        expect(stopReason).toBe(isStopped ? 'stop' : 'length')
        if (!isStopped) expect(tokens.length).toBe(Math.min(30, config.maxPositions - promptTokens.length))
      }
    }
    expect(count).toBeGreaterThan(200)
    expect(worst).toBeLessThan(2e-4)
    // Room is by the length that rows have: by their limit of up to 63 tokens it would be for 2 of them, or 1.
    const widest = Math.max(...steps.map(({ rows }) => rows))
    expect(widest).toBeGreaterThanOrEqual(mostRows)
    expect(widest).toBeLessThanOrEqual(maxBatch)
    const largest = Math.max(...steps.map(({ rows, time }) => rows * (time + 1)))
    expect(largest).toBeLessThanOrEqual(Math.max(cacheTokens, 63))
  })
})

test('sequences that outgrow the cache are refused when there is no memory to put some aside', async () => {
  const model = loudModel(qwen3, undefined)
  const { watchedPool, steps } = watched()
  const sampleWith = (bytesLeft: number) => {
    steps.length = 0
    const availableBytes = () => (steps.length === 0 ? 1e9 : bytesLeft)
    const sampler = createSampler({
      ...{ model, pool: watchedPool, seed: 1, maxBatch: 12 },
      ...{ cacheSize: 150 * tokenSize(model), availableBytes },
    })
    return sampler.sample([{ promptTokens: [1, 2], numSamples: 12, key: 'many' }], { maxTokens: 30 })
  }
  const call = sampleWith(0)
  await expect(call).rejects.toMatchObject({ code: 'E_MEMORY', hint: 'lower maxBatch, or lower maxTokens' })
  await expect(call).rejects.toThrow(/^putting sequences aside needs about 0.0 MB of memory, 0.0 MB are available/)
  expect(steps.length).toBeGreaterThan(5)
  expect((await sampleWith(1e9)).flat().map(({ tokens }) => tokens.length)).toEqual(Array(12).fill(30))
})
