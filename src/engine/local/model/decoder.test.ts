import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../core/rng.ts'
import type { Datum, DecoderConfig, LossName } from '../../types.ts'
import type { DenseTensor } from '../onnx/dense.ts'
import {
  type DenseFeeds,
  directionalDerivative,
  oracleErrors,
  relativeError,
  restrictOutputs,
} from '../onnx/gradient-check.ts'
import type { Graph } from '../onnx/graph.ts'
import { interpret } from '../onnx/interpreter.ts'
import { createSessionPool } from '../session.ts'
import { buildForwardGraph, buildTrainingGraph, gradientName } from './decoder.ts'
import { type RatioBounds, resolveBounds } from './losses.ts'
import { type MicroBatch, packMicroBatch, type ScoredDatum } from './micro-batch.ts'
import { createParameters, parameterSpecs } from './parameters.ts'

const tiny: DecoderConfig = {
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
const untied: DecoderConfig = { ...tiny, numLayers: 1, numKeyValueHeads: 4, tieEmbeddings: false, qkNorm: false }
const bounds: RatioBounds = { low: 0.75, high: 1.25 }

/** Weights large enough for gradients far from rounding noise, rounded to float32. */
function weightFeeds(config: DecoderConfig): DenseFeeds {
  const rng = createRng(3, 'weights')
  const entries = parameterSpecs(config).map(({ name, shape, size }): [string, DenseTensor] => {
    const draw = () => Math.fround(shape.length === 1 ? 1 + 0.1 * rng.normal() : 0.35 * rng.normal())
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

function batchFeeds(data: readonly Datum[], batch: MicroBatch, loss: LossName): DenseFeeds {
  const packed = packMicroBatch(score(data), batch, loss)
  return Object.fromEntries(
    Object.entries(packed).map(([name, { shape, data: values }]) => [
      name,
      { shape, data: Float64Array.from(values, Number) },
    ]),
  )
}

const lossNames: readonly LossName[] = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo']
const models = [
  { model: 'tied, QK-norm, grouped heads', config: tiny, lossesHere: lossNames },
  { model: 'untied, no QK-norm, one layer', config: untied, lossesHere: lossNames.slice(0, 1) },
].flatMap(({ model, config, lossesHere }) => lossesHere.map((loss) => ({ model, config, loss })))

const data = makeData([12, 5, 9])
const batch: MicroBatch = { members: [0, 1, 2], shape: { batch: 4, length: 12, rows: 24 } }
const pool = createSessionPool({ threads: 2 })
afterAll(() => pool.close())

describe.each(models)('$model, $loss', ({ model, config, loss }) => {
  const graph = buildTrainingGraph(config, batch.shape, loss, bounds)
  const feeds = { ...weightFeeds(config), ...batchFeeds(data, batch, loss) }
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
    const slopeGraph = isFixed ? buildTrainingGraph(config, batch.shape, 'cross_entropy', bounds) : graph
    const lossOnly = restrictOutputs(slopeGraph, ['loss'])
    const slopeFeeds = isFixed
      ? { ...feeds, 'loss/weights': { shape: [24], data: cispoWeights(feeds, outputs.logprobs!) } }
      : feeds
    for (const { name, size } of parameterSpecs(config)) {
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
    for (const [output, error] of await oracleErrors(pool, `${model}/${loss}`, graph, feeds)) {
      expect(error, output).toBeLessThan(1e-5)
    }
  })
})

/** The weight cispo puts on each log-probability: clip(r)·A, here in closed form. */
function cispoWeights(feeds: DenseFeeds, policy: DenseTensor): Float64Array {
  const [sampler, advantages] = [feeds['loss/logprobs']!.data, feeds['loss/advantages']!.data]
  return policy.data.map(
    (logprob, row) => Math.min(Math.max(Math.exp(logprob - sampler[row]!), 0.75), 1.25) * advantages[row]!,
  )
}

test('padding changes nothing: one datum alone, unpadded, and inside a wider and longer batch', () => {
  const weights = weightFeeds(tiny)
  const run = (members: readonly number[], shape: MicroBatch['shape']) => {
    const graph = buildTrainingGraph(tiny, shape, 'cross_entropy', bounds)
    const packed = batchFeeds([data[1]!], { members, shape }, 'cross_entropy')
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
  const weights = weightFeeds(tiny)
  const forward = buildForwardGraph(tiny, batch.shape)
  const packed = batchFeeds(data, batch, 'ppo')
  const own = interpret(forward, { ...weights, ...packed }).logprobs!
  const gradientsOf = (loss: LossName) => {
    const graph = buildTrainingGraph(
      tiny,
      batch.shape,
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
  const weights = weightFeeds(tiny)
  const shape = { batch: 1, length: 8, rows: 8 }
  const scored = (last: number): ScoredDatum[] => [
    {
      datum: { inputTokens: [1, 2, 3, 4, 5, 6, 7, last], targetTokens: [2, 3, 4, 5, 6, 7, 8, 9] },
      positions: [...Array(8).keys()],
    },
  ]
  const logprobs = (last: number) => {
    const packed = packMicroBatch(scored(last), { members: [0], shape }, undefined)
    const dense = Object.entries(packed).map(([name, feed]): [string, DenseTensor] => [
      name,
      { shape: feed.shape, data: Float64Array.from(feed.data, Number) },
    ])
    return Array.from(
      interpret(buildForwardGraph(tiny, shape), { ...weights, ...Object.fromEntries(dense) }).logprobs!.data,
    )
  }
  expect(logprobs(9).slice(0, 7)).toEqual(logprobs(20).slice(0, 7))
  expect(logprobs(9)[7]).not.toBe(logprobs(20)[7])
})

test('a full step repeats bit for bit over sessions and runs at two threads', async () => {
  const config: DecoderConfig = { ...tiny, vocabSize: 512, hiddenSize: 64, headDim: 16, intermediateSize: 176 }
  const shape = { batch: 16, length: 32, rows: 256 }
  const rng = createRng(1, 'repeat')
  const parameters = createParameters(config)
  for (let index = 0; index < parameters.flat.length; index++) parameters.flat[index] = 0.1 * rng.normal()
  const long = makeData(Array.from({ length: 16 }, () => 18))
  const packed = packMicroBatch(score(long), { members: [...long.keys()], shape }, 'ppo')
  const weights = Object.fromEntries(
    parameters.specs.map(({ name, shape: dims }) => [
      name,
      { dtype: 'float32' as const, shape: dims, data: parameters.view(name) },
    ]),
  )
  const graph: Graph = buildTrainingGraph(config, shape, 'ppo', bounds)
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
