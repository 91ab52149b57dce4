import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../core/rng.ts'
import { loraTargets } from '../../lora.ts'
import type { Datum, DecoderConfig, LoraConfig, LossName } from '../../types.ts'
import { tinyDecoder } from '../fixtures/tiny-decoder.ts'
import type { DenseTensor } from '../onnx/dense.ts'
import {
  type DenseFeeds,
  directionalDerivative,
  fixSizes,
  oracleErrors,
  relativeError,
  restrictOutputs,
  toFeeds,
} from '../onnx/gradient-check.ts'
import type { Graph } from '../onnx/graph.ts'
import { interpret } from '../onnx/interpreter.ts'
import { createSessionPool, type Feeds } from '../session.ts'
import { createBatchInputs } from './batch-inputs.ts'
import { buildForwardGraph, buildTrainingGraph, gradientName } from './decoder.ts'
import { type RatioBounds, resolveBounds } from './losses.ts'
import { type MicroBatch, packMicroBatch, type ScoredDatum } from './micro-batch.ts'
import type { ModelShape } from './model.ts'
import { adapterSpecs, createParameters, type ParameterSpec, parameterSpecs } from './parameters.ts'

const tiny = tinyDecoder
const untied: DecoderConfig = { ...tiny, numLayers: 1, numKeyValueHeads: 4, tieEmbeddings: false, qkNorm: false }
const bounds: RatioBounds = { low: 0.75, high: 1.25 }

const llama: DecoderConfig = {
  ...untied,
  attentionBias: 'qkvo',
  ropeScaling: {
    kind: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 16,
  },
}
const qwen2: DecoderConfig = {
  ...tiny,
  numLayers: 1,
  qkNorm: false,
  attentionBias: 'qkv',
  ropeScaling: {
    kind: 'yarn',
    factor: 4,
    originalMaxPositions: 16,
    betaFast: 32,
    betaSlow: 1,
    attentionFactor: 1.14,
    truncate: true,
  },
}
const everywhere: LoraConfig = { rank: 3, alpha: 6, targets: loraTargets }
const inLayers: LoraConfig = { rank: 2, alpha: 5, targets: ['down_proj', 'v_proj'] }

function trainedSpecs({ config, lora }: ModelShape): readonly ParameterSpec[] {
  return lora ? adapterSpecs(config, lora) : parameterSpecs(config)
}

/** Weights large enough for gradients far from rounding noise, rounded to float32. */
function weightFeeds({ config, lora }: ModelShape): DenseFeeds {
  const rng = createRng(3, 'weights')
  const specs = [...parameterSpecs(config), ...(lora ? adapterSpecs(config, lora) : [])]
  const entries = specs.map(({ name, shape, size }): [string, DenseTensor] => {
    const middle = name.endsWith('norm.weight') ? 1 : 0
    const draw = () => Math.fround(shape.length === 1 ? middle + 0.1 * rng.normal() : 0.35 * rng.normal())
    return [name, { shape, data: Float64Array.from({ length: size }, draw) }]
  })
  return Object.fromEntries(entries)
}

/** Ragged data whose prompts carry neither weight nor advantage. */
function makeData(lengths: readonly number[]): Datum[] {
  const rng = createRng(5, 'data')
  return lengths.map((length) => {
    const isTrained = (position: number) => Number(position >= 2)
    const list = (draw: () => number) =>
      Array.from({ length }, (_, position) => isTrained(position) * Math.fround(draw()))
    return {
      inputTokens: Array.from({ length }, () => rng.int(tiny.vocabSize)),
      targetTokens: Array.from({ length }, () => rng.int(tiny.vocabSize)),
      weights: list(() => 0.5 + rng.uniform()),
      logprobs: list(() => -3 - 0.5 * rng.normal()),
      advantages: list(() => rng.normal()),
    }
  })
}

function score(data: readonly Datum[]): readonly ScoredDatum[] {
  return data.map((datum) => ({ datum, positions: [...datum.inputTokens.keys()].filter((position) => position >= 2) }))
}

function toDense(feeds: Feeds): DenseFeeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data: values }]) => [
      name,
      { shape, data: Float64Array.from(values, Number) },
    ]),
  )
}

function batchFeeds(config: DecoderConfig, data: readonly Datum[], batch: MicroBatch, loss: LossName): DenseFeeds {
  return toDense({ ...createBatchInputs(config)(batch.shape), ...packMicroBatch(score(data), batch, loss) })
}

const lossNames: readonly LossName[] = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo']
const shapes: readonly {
  readonly title: string
  readonly model: ModelShape
  readonly lossesHere?: typeof lossNames
}[] = [
  { title: 'tied, QK-norm, grouped heads', model: { config: tiny }, lossesHere: lossNames },
  { title: 'untied, no QK-norm, one layer', model: { config: untied } },
  { title: 'Llama: all attention biases, llama3 RoPE, untied', model: { config: llama } },
  { title: 'Qwen2: query, key and value biases, yarn RoPE, tied', model: { config: qwen2 } },
  { title: 'adapter on every target, tied head', model: { config: tiny, lora: everywhere } },
  { title: 'adapter on every target, untied head, biases', model: { config: llama, lora: everywhere } },
  { title: 'adapter on two targets', model: { config: tiny, lora: inLayers }, lossesHere: ['ppo'] },
]
const models = shapes.flatMap(({ title, model, lossesHere = lossNames.slice(0, 1) }) =>
  lossesHere.map((loss) => ({ title, model, loss })),
)

const data = makeData([12, 5, 9])
const batch: MicroBatch = { members: [0, 1, 2], shape: { batch: 4, length: 12, rows: 24 } }
const pool = createSessionPool({ threads: 2 })
afterAll(() => pool.close())

describe.each(models)('$title, $loss', ({ title, model, loss }) => {
  const graph = buildTrainingGraph(model, loss, bounds)
  const feeds = { ...weightFeeds(model), ...batchFeeds(model.config, data, batch, loss) }
  let outputs: ReturnType<typeof interpret>
  beforeAll(() => {
    // Sampler log-probabilities around the policy's own, so that ratios fall on all sides of the bounds.
    const own = interpret(restrictOutputs(graph, ['logprobs']), feeds).logprobs!.data
    const rng = createRng(9, 'sampler')
    if (feeds['loss/logprobs']) {
      feeds['loss/logprobs'] = { shape: [24], data: own.map((value) => Math.fround(value + 0.4 * rng.normal())) }
    }
    outputs = interpret(graph, feeds)
  })

  test('the gradient of every parameter equals central differences along a random direction', () => {
    const rng = createRng(7, 'directions')
    // cispo holds its weight fixed: the loss to differentiate is then a weighted cross-entropy.
    const isFixed = loss === 'cispo'
    const slopeGraph = isFixed ? buildTrainingGraph(model, 'cross_entropy', bounds) : graph
    const lossOnly = restrictOutputs(slopeGraph, ['loss'])
    const slopeFeeds = isFixed
      ? { ...feeds, 'loss/weights': { shape: [24], data: cispoWeights(feeds, outputs.logprobs!) } }
      : feeds
    for (const { name, size } of trainedSpecs(model)) {
      const gradient = outputs[gradientName(name)]!.data
      const norm = Math.hypot(...gradient)
      expect(norm, name).toBeGreaterThan(1e-3)
      const direction = gradient.map((value) => value / norm + rng.normal() / Math.sqrt(size))
      const expected = gradient.reduce((sum, value, index) => sum + value * direction[index]!, 0)
      const found = directionalDerivative(lossOnly, slopeFeeds, name, direction)
      expect(Math.abs(found - expected) / norm, name).toBeLessThan(1e-7)
    }
  })

  test('onnxruntime agrees with the float64 oracle on the loss, the log-probabilities and all gradients', async () => {
    for (const [output, error] of await oracleErrors(pool, `${title}/${loss}`, graph, feeds)) {
      expect(error, output).toBeLessThan(1e-5)
    }
  })
})

describe.each([
  { title: 'tied head', config: tiny },
  { title: 'untied head, biases', config: llama },
])('an adapter, $title', ({ config }) => {
  const model: ModelShape = { config, lora: everywhere }

  test('gives the log-probabilities of weights it was added to', () => {
    const packed = batchFeeds(config, data, batch, 'cross_entropy')
    const weights = weightFeeds(model)
    const merged: Record<string, DenseTensor> = {
      ...weights,
      'lm_head.weight': weights['lm_head.weight'] ?? weights['model.embed_tokens.weight']!,
    }
    for (const [name, weight] of Object.entries(merged)) {
      const module = name.replace(/\.weight$/, '')
      const [down, up] = ['A', 'B'].map((side) => weights[`${module}.lora_${side}.weight`])
      if (down && up) merged[name] = { shape: weight.shape, data: addProduct(weight.data, up, down, 2) }
    }
    const found = interpret(buildForwardGraph(model), { ...weights, ...packed }).logprobs!
    const plain = buildForwardGraph({ config: { ...config, tieEmbeddings: false } })
    const expected = interpret(plain, { ...merged, ...packed }).logprobs!
    expect(relativeError(found.data, expected.data)).toBeLessThan(1e-12)
    const without = interpret(buildForwardGraph({ config }), { ...weights, ...packed }).logprobs!
    expect(relativeError(without.data, expected.data)).toBeGreaterThan(0.1)
  })

  test('is all that the training graph differentiates: nothing of the size of a frozen weight is computed', () => {
    const graph = buildTrainingGraph(model, 'cross_entropy', bounds)
    const gradients = graph.outputs.flatMap(({ name }) => (name.startsWith('gradient/') ? [name.slice(9)] : []))
    expect(gradients).toEqual(adapterSpecs(config, everywhere).map(({ name }) => name))
    const full = buildTrainingGraph({ config }, 'cross_entropy', bounds)
    const weightGradients = ({ nodes }: Graph) =>
      nodes.filter(({ op, attributes }) => op === 'Gemm' && JSON.stringify(attributes.transA) === '{"int":1}').length
    const [linears, norms] = [8 - Number(config.tieEmbeddings), config.qkNorm ? 4 : 2]
    // One product for A and one for B of each layer and head, none for a weight or a norm.
    expect(weightGradients(graph)).toBe(2 * (7 * config.numLayers + 1))
    expect(weightGradients(full)).toBeGreaterThan(config.numLayers * (linears - 1 + norms))
  })
})

/** weight + scale·up·down, row by row. */
function addProduct(weight: Float64Array, up: DenseTensor, down: DenseTensor, scale: number): Float64Array {
  const [rank, width] = [down.shape[0]!, down.shape[1]!]
  return weight.map((value, index) => {
    let sum = 0
    for (let k = 0; k < rank; k++)
      sum += up.data[Math.floor(index / width) * rank + k]! * down.data[k * width + (index % width)]!
    return value + scale * sum
  })
}

/** The weight cispo puts on each log-probability: clip(r)·A, here in closed form. */
function cispoWeights(feeds: DenseFeeds, policy: DenseTensor): Float64Array {
  const [sampler, advantages] = [feeds['loss/logprobs']!.data, feeds['loss/advantages']!.data]
  return policy.data.map(
    (logprob, row) => Math.min(Math.max(Math.exp(logprob - sampler[row]!), 0.75), 1.25) * advantages[row]!,
  )
}

test('padding changes nothing: one datum alone, unpadded, and inside a wider and longer batch', () => {
  const weights = weightFeeds({ config: tiny })
  const run = (members: readonly number[], shape: MicroBatch['shape']) => {
    const graph = buildTrainingGraph({ config: tiny }, 'cross_entropy', bounds)
    const packed = batchFeeds(tiny, [data[1]!], { members, shape }, 'cross_entropy')
    return interpret(graph, { ...weights, ...packed })
  }
  const alone = run([0], { batch: 1, length: 5, rows: 3 })
  const padded = run([0], { batch: 3, length: 9, rows: 7 })
  expect(padded.loss!.data[0]).toBeCloseTo(alone.loss!.data[0]!, 12)
  expect(relativeError(padded.logprobs!.data.subarray(0, 3), alone.logprobs!.data)).toBeLessThan(1e-14)
  for (const { name } of parameterSpecs(tiny)) {
    expect(relativeError(padded[gradientName(name)]!.data, alone[gradientName(name)]!.data), name).toBeLessThan(1e-12)
  }
})

test('on-policy, importance sampling, ppo and cispo give the gradient of cross-entropy weighted by the advantages', () => {
  const weights = weightFeeds({ config: tiny })
  const forward = buildForwardGraph({ config: tiny })
  const packed = batchFeeds(tiny, data, batch, 'ppo')
  const own = interpret(forward, { ...weights, ...packed }).logprobs!
  const gradientsOf = (loss: LossName) => {
    const graph = buildTrainingGraph(
      { config: tiny },
      loss,
      resolveBounds(loss, loss === 'cispo' ? { clipLowThreshold: 0, clipHighThreshold: 4 } : {}),
    )
    return interpret(graph, { ...weights, ...packed, 'loss/logprobs': own, 'loss/weights': packed['loss/advantages']! })
  }
  const expected = gradientsOf('cross_entropy')
  for (const loss of ['importance_sampling', 'ppo', 'cispo'] as const) {
    const found = gradientsOf(loss)
    for (const { name } of parameterSpecs(tiny)) {
      expect(
        relativeError(found[gradientName(name)]!.data, expected[gradientName(name)]!.data),
        `${loss} ${name}`,
      ).toBeLessThan(1e-10)
    }
  }
})

test('a later token never changes an earlier log-probability', () => {
  const weights = weightFeeds({ config: tiny })
  const shape = { batch: 1, length: 8, rows: 8 }
  const scored = (last: number): ScoredDatum[] => [
    {
      datum: { inputTokens: [1, 2, 3, 4, 5, 6, 7, last], targetTokens: [2, 3, 4, 5, 6, 7, 8, 9] },
      positions: [...Array(8).keys()],
    },
  ]
  const logprobs = (last: number) => {
    const packed = packMicroBatch(scored(last), { members: [0], shape }, undefined)
    const feeds = toDense({ ...createBatchInputs(tiny)(shape), ...packed })
    return Array.from(interpret(buildForwardGraph({ config: tiny }), { ...weights, ...feeds }).logprobs!.data)
  }
  expect(logprobs(9).slice(0, 7)).toEqual(logprobs(20).slice(0, 7))
  expect(logprobs(9)[7]).not.toBe(logprobs(20)[7])
})

describe.each([
  { title: 'grouped heads, QK-norm, tied', model: { config: tiny } },
  { title: 'biases, llama3 RoPE, untied, adapter', model: { config: llama, lora: everywhere } },
])('one graph for all batches: $title', ({ title, model }) => {
  const batches = [
    { lengths: [12, 5, 9], shape: { batch: 3, length: 12, rows: 20 } },
    { lengths: [8], shape: { batch: 1, length: 8, rows: 9 } },
    { lengths: [31, 30, 7, 20, 16], shape: { batch: 6, length: 31, rows: 94 } },
    { lengths: [12, 5, 9], shape: { batch: 3, length: 12, rows: 20 } },
  ]

  test.each<LossName>(['cross_entropy', 'ppo'])('%s gives the bits of a graph of that batch alone', async (loss) => {
    const graph = buildTrainingGraph(model, loss, bounds)
    const names = graph.outputs.map(({ name }) => name)
    for (const [index, { lengths, shape }] of batches.entries()) {
      const members = [...lengths.keys()]
      const dense = batchFeeds(model.config, makeData(lengths), { members, shape }, loss)
      const feeds = toFeeds(graph, { ...weightFeeds(model), ...dense })
      const found = await pool.run(`${title}/${loss}/open`, () => graph, feeds, names)
      const fixed = fixSizes(graph, shape)
      const expected = await pool.run(`${title}/${loss}/${index}`, () => fixed, feeds, names)
      expect(fixed.inputs.flatMap((input) => input.shape).every((dim) => typeof dim === 'number')).toBe(true)
      expect(found).toEqual(expected)
      expect(Math.hypot(...found.get(names.at(-1)!)!.data)).toBeGreaterThan(0.01)
    }
  })
})

test('a full step repeats bit for bit over sessions and runs at two threads', async () => {
  const config: DecoderConfig = { ...tiny, vocabSize: 512, hiddenSize: 64, headDim: 16, intermediateSize: 176 }
  const shape = { batch: 16, length: 32, rows: 256 }
  const rng = createRng(1, 'repeat')
  const parameters = createParameters(config)
  for (let index = 0; index < parameters.flat.length; index++) parameters.flat[index] = 0.1 * rng.normal()
  const long = makeData(Array.from({ length: 16 }, () => 18))
  const packed = {
    ...createBatchInputs(config)(shape),
    ...packMicroBatch(score(long), { members: [...long.keys()], shape }, 'ppo'),
  }
  const weights = Object.fromEntries(
    parameters.specs.map(({ name, shape: dims }) => [
      name,
      { dtype: 'float32' as const, shape: dims, data: parameters.view(name) },
    ]),
  )
  const graph: Graph = buildTrainingGraph({ config }, 'ppo', bounds)
  const names = graph.outputs.map(({ name }) => name)
  const runs: (readonly Float32Array[])[] = []
  for (let session = 0; session < 2; session++) {
    for (let run = 0; run < 3; run++) {
      const results = await pool.run(`repeat ${session}`, () => graph, { ...weights, ...packed }, names)
      runs.push(names.map((name) => results.get(name)!.data))
    }
  }
  expect(Math.hypot(...runs[0]![2]!)).toBeGreaterThan(0)
  for (const run of runs.slice(1)) expect(run).toEqual(runs[0])
})
