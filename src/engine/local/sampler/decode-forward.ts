import type { DecoderConfig } from '../../types.ts'
import type { ParameterSet } from '../model/parameters.ts'
import type { Feed, Feeds, FetchedTensor, SessionPool } from '../session.ts'
import type { KeyValueCache } from './cache.ts'
import { buildPrefillGraph, buildStepGraph, MASKED, names, outputNames } from './decode-graph.ts'

/** The last token of a row, its position, and the columns of left padding before the row's prompt. */
export type StepInput = { readonly token: number; readonly position: number; readonly padding: number }

/** The decoder, advanced over a batch of rows whose past it keeps. */
export type DecodeForward = {
  /**
   * Starts a batch: reads each prompt once and gives its past to all of its rows.
   *
   * @param prompts distinct prompts in the order of their rows
   * @param promptOfRow the prompt of each row, [row], not decreasing
   * @param maxNewTokens most tokens that will be drawn for a row
   * @returns softmax of the token after each prompt, [prompt, vocab]
   */
  prefill(prompts: readonly (readonly number[])[], promptOfRow: Int32Array, maxNewTokens: number): Promise<Float32Array>
  /**
   * Feeds one token to every row.
   *
   * @returns softmax of the next token of each row, [row, vocab]
   */
  step(rows: readonly StepInput[]): Promise<Float32Array>
  /** Goes on with the given rows only, in their order. */
  keepRows(kept: readonly number[]): void
}

type Options = {
  readonly config: DecoderConfig
  readonly parameters: ParameterSet
  readonly pool: SessionPool
  readonly cache: KeyValueCache
  /** Attention scores of one prefill run, in numbers; more prompts take several runs. 2^24 unless told. */
  readonly prefillScores?: number
}

/** Chosen by us: 64 MB of scores. */
const DEFAULT_PREFILL_SCORES = 2 ** 24

/** The decoder's forward pass over `cache`, with the weights as they are at each call. */
export function createForward({
  config,
  parameters,
  pool,
  cache,
  prefillScores = DEFAULT_PREFILL_SCORES,
}: Options): DecodeForward {
  const { numLayers, numHeads, numKeyValueHeads, headDim, vocabSize } = config
  const weights: Feeds = Object.fromEntries(
    parameters.specs.map(({ name, shape }) => [name, { dtype: 'float32', shape, data: parameters.view(name) }]),
  )
  const outputs = outputNames(config)
  const layers = Array.from({ length: numLayers }, (_, layer) => layer)
  return {
    async prefill(prompts, promptOfRow, maxNewTokens) {
      const time = Math.max(...prompts.map((prompt) => prompt.length))
      // The last token drawn is never fed back.
      cache.reset(promptOfRow.length, time + maxNewTokens - 1)
      const probabilities = new Float32Array(prompts.length * vocabSize)
      const causal = causalMask(numHeads / numKeyValueHeads, time)
      const perRun = Math.max(1, Math.floor(prefillScores / (numHeads * time * time)))
      let row = 0
      for (let first = 0; first < prompts.length; first += perRun) {
        const part = prompts.slice(first, first + perRun)
        const feeds = { ...weights, ...promptFeeds(part, time), [names.causal]: causal }
        const results = await pool.run('prefill', () => buildPrefillGraph(config), feeds, outputs)
        probabilities.set(dataOf(results, names.probabilities), first * vocabSize)
        const isOfLaterRun = (prompt: number) => prompt >= first + part.length
        const next = promptOfRow.findIndex(isOfLaterRun)
        const rows = promptOfRow.subarray(row, next < 0 ? promptOfRow.length : next).map((prompt) => prompt - first)
        for (const layer of layers) {
          cache.writePrompts(layer, 'key', dataOf(results, names.newKey(layer)), { row, rows, time })
          cache.writePrompts(layer, 'value', dataOf(results, names.newValue(layer)), { row, rows, time })
        }
        row += rows.length
      }
      cache.advance(time)
      return probabilities
    },
    async step(rows) {
      const past: Record<string, Feed> = {}
      const shape = [cache.time, rows.length * numKeyValueHeads, headDim]
      for (const layer of layers) {
        past[names.pastKey(layer)] = { dtype: 'float32', shape, data: cache.prefix(layer, 'key') }
        past[names.pastValue(layer)] = { dtype: 'float32', shape, data: cache.prefix(layer, 'value') }
      }
      const feeds = { ...weights, ...past, ...stepFeeds(rows, cache.time, numKeyValueHeads) }
      const results = await pool.run('step', () => buildStepGraph(config), feeds, outputs)
      for (const layer of layers) {
        cache.append(layer, 'key', dataOf(results, names.newKey(layer)))
        cache.append(layer, 'value', dataOf(results, names.newValue(layer)))
      }
      cache.advance(1)
      return dataOf(results, names.probabilities)
    },
    keepRows: (kept) => cache.keepRows(kept),
  }
}

/** Left-pads prompts to `time` columns; positions count from the first real token. */
function promptFeeds(prompts: readonly (readonly number[])[], time: number): Feeds {
  const size = prompts.length * time
  const ids = new BigInt64Array(size)
  const positions = new BigInt64Array(size)
  const padding = new Float32Array(size)
  prompts.forEach((prompt, index) => {
    const pad = time - prompt.length
    const start = index * time
    padding.fill(MASKED, start, start + pad)
    prompt.forEach((token, position) => {
      ids[start + pad + position] = BigInt(token)
      positions[start + pad + position] = BigInt(position)
    })
  })
  const shape = [prompts.length, time]
  return {
    [names.ids]: { dtype: 'int64', shape, data: ids },
    [names.positions]: { dtype: 'int64', shape, data: positions },
    [names.padding]: { dtype: 'float32', shape: [prompts.length, 1, 1, time], data: padding },
  }
}

/** The query heads of a group are folded into rows: row r stands for position r mod `time`, [1, 1, group·time, time]. */
function causalMask(group: number, time: number): Feed {
  const data = new Float32Array(group * time * time)
  for (let row = 0; row < group * time; row += 1) data.fill(MASKED, row * time + (row % time) + 1, (row + 1) * time)
  return { dtype: 'float32', shape: [1, 1, group * time, time], data }
}

function stepFeeds(rows: readonly StepInput[], time: number, kvHeads: number): Feeds {
  const padding = new Float32Array(rows.length * kvHeads * time)
  rows.forEach((row, index) => {
    for (let head = index * kvHeads; row.padding > 0 && head < (index + 1) * kvHeads; head += 1)
      padding.fill(MASKED, head * time, head * time + row.padding)
  })
  const ids = BigInt64Array.from(rows, ({ token }) => BigInt(token))
  const positions = BigInt64Array.from(rows, ({ position }) => BigInt(position))
  return {
    [names.ids]: { dtype: 'int64', shape: [rows.length], data: ids },
    [names.positions]: { dtype: 'int64', shape: [rows.length, 1], data: positions },
    [names.padding]: { dtype: 'float32', shape: [rows.length * kvHeads, 1, time], data: padding },
  }
}

function dataOf(results: ReadonlyMap<string, FetchedTensor>, name: string): Float32Array {
  return results.get(name)!.data
}
