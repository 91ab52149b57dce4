import { afterAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../core/rng.ts'
import { loraTargets } from '../../lora.ts'
import type { DecoderConfig } from '../../types.ts'
import { tinyDecoder } from '../fixtures/tiny-decoder.ts'
import { createBatchInputs } from '../model/batch-inputs.ts'
import { buildForwardGraph } from '../model/decoder.ts'
import { type Model, shapeOf, weightFeeds } from '../model/model.ts'
import { adapterSpecs, createParameterSet, type ParameterSet, parameterSpecs } from '../model/parameters.ts'
import { ropeTables } from '../model/rope.ts'
import { createSessionPool, type Feeds } from '../session.ts'
import { buildPrefillGraph, buildStepGraph, createRopeFeeds, MASKED, names, outputNames } from './decode-graph.ts'

const qwen3 = tinyDecoder
const llama: DecoderConfig = {
  ...qwen3,
  qkNorm: false,
  tieEmbeddings: false,
  attentionBias: 'qkvo',
  ropeScaling: { kind: 'linear', factor: 3 },
}
const lora = { rank: 3, alpha: 6, targets: loraTargets }

function fill(parameters: ParameterSet): ParameterSet {
  const rng = createRng(4, 'decode graph')
  for (let index = 0; index < parameters.flat.length; index++) parameters.flat[index] = 0.35 * rng.normal()
  return parameters
}

function modelOf(config: DecoderConfig, hasAdapter: boolean): Model {
  const base = fill(createParameterSet(parameterSpecs(config)))
  if (!hasAdapter) return { config, base }
  return { config, base, adapter: { lora, parameters: fill(createParameterSet(adapterSpecs(config, lora))) } }
}

const pool = createSessionPool({ threads: 2 })
afterAll(() => pool.close())

const int64 = (shape: readonly number[], values: readonly number[]) =>
  ({ dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) }) as const
const float32 = (shape: readonly number[], data: Float32Array) => ({ dtype: 'float32', shape, data }) as const

/** log p of every next token of a sequence by the training graph, [token]. */
async function trainingLogprobs(key: string, model: Model, tokens: readonly number[]): Promise<readonly number[]> {
  const length = tokens.length - 1
  const feeds = {
    ...weightFeeds(model),
    ...createBatchInputs(model.config)({ batch: 1, length }),
    inputTokens: int64([length], tokens.slice(0, -1)),
    rows: int64([length], [...Array(length).keys()]),
    targetTokens: int64([length], tokens.slice(1)),
  }
  const build = () => buildForwardGraph(shapeOf(model))
  const results = await pool.run(`${key}/train`, build, feeds, ['logprobs'])
  return [...results.get('logprobs')!.data]
}

/** The same by a prefill of the first `prompt` tokens and a step for each later one. */
async function decodedLogprobs(
  key: string,
  model: Model,
  tokens: readonly number[],
  prompt: number,
): Promise<readonly number[]> {
  const { config } = model
  const { numKeyValueHeads: heads, headDim } = config
  const ropeFeeds = createRopeFeeds(config)
  const causal = Float32Array.from({ length: prompt * prompt }, (_, index) =>
    index % prompt > Math.floor(index / prompt) ? MASKED : 0,
  )
  const prefill = {
    ...weightFeeds(model),
    ...ropeFeeds(prompt),
    [names.ids]: int64([1, prompt], tokens.slice(0, prompt)),
    [names.positions]: int64([1, prompt], [...Array(prompt).keys()]),
    [names.causal]: float32([1, 1, prompt, prompt], causal),
    [names.padding]: float32([1, 1, 1, prompt], new Float32Array(prompt)),
  }
  const outputs = outputNames(config)
  let results = await pool.run(`${key}/prefill`, () => buildPrefillGraph(shapeOf(model)), prefill, outputs)
  const past = new Map(outputs.slice(1).map((name) => [name, [...results.get(name)!.data]]))
  const logprobs: number[] = []
  for (let time = prompt; time < tokens.length; time++) {
    logprobs.push(Math.log(results.get(names.probabilities)!.data[tokens[time]!]!))
    const cached: [string, Feeds[string]][] = Array.from({ length: config.numLayers }, (_, layer) => layer).flatMap(
      (layer) => {
        const feed = (name: string) => float32([time, heads, headDim], Float32Array.from(past.get(name)!))
        return [
          [names.pastKey(layer), feed(names.newKey(layer))],
          [names.pastValue(layer), feed(names.newValue(layer))],
        ]
      },
    )
    const step = {
      ...weightFeeds(model),
      ...ropeFeeds(time + 1),
      ...Object.fromEntries(cached),
      [names.ids]: int64([1], [tokens[time]!]),
      [names.positions]: int64([1, 1], [time]),
      [names.padding]: float32([heads, 1, time], new Float32Array(heads * time)),
    }
    results = await pool.run(`${key}/step`, () => buildStepGraph(shapeOf(model)), step, outputs)
    for (const [name, values] of past) values.push(...results.get(name)!.data)
  }
  return logprobs
}

describe.each([
  ['Qwen3, tied', qwen3, false],
  ['Qwen3, tied, adapter everywhere', qwen3, true],
  ['Llama, untied, biases, scaled RoPE', llama, false],
  ['Llama, untied, biases, scaled RoPE, adapter everywhere', llama, true],
] as const)('%s', (title, config, hasAdapter) => {
  test('prefill and steps give the log-probabilities of the training graph', async () => {
    const model = modelOf(config, hasAdapter)
    const tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    const expected = (await trainingLogprobs(title, model, tokens)).slice(3)
    const found = await decodedLogprobs(title, model, tokens, 4)
    expect(found.length).toBe(6)
    found.forEach((logprob, index) => {
      expect(Math.abs(logprob - expected[index]!)).toBeLessThan(1e-5)
    })
  })
})

describe('the table of angles', () => {
  test('grows by doubling up to the context, and is one object until it has to grow', () => {
    const feeds = createRopeFeeds({ headDim: 8, ropeTheta: 10_000, maxPositions: 50 })
    const first = feeds(10)
    expect(first.cos!.shape).toEqual([20, 4])
    expect(feeds(20).cos!.data).toBe(first.cos!.data)
    expect(feeds(30).cos!.shape).toEqual([50, 4])
    expect(feeds(30).sin!.data).toEqual(ropeTables({ headDim: 8, ropeTheta: 10_000 }, 50).sin)
  })
})
