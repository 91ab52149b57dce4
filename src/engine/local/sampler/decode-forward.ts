import { type Model, shapeKey, shapeOf, weightFeeds } from '../model/model.ts'
import { pause } from '../queue.ts'
import { makeRoom } from '../room.ts'
import type { Feed, FetchedTensor, SessionPool } from '../session.ts'
import type { CacheKind, KeyValueCache } from './cache.ts'
import { promptFeeds, type StepInput, stepFeeds } from './decode-feeds.ts'
import { buildPrefillGraph, buildStepGraph, createRopeFeeds, names, outputNames } from './decode-graph.ts'
import { createDecodeEstimates } from './decode-memory.ts'
import { compareTokens } from './plan.ts'

/** What the model made of one prompt, good while its weights stay as they are. */
export type ReadPrompt = {
  readonly prompt: readonly number[]
  /** Softmax of the token after it, [vocab]. */
  readonly probabilities: Float32Array
  /** Keys and values of each layer, [time, width]. */
  readonly past: readonly { readonly [Kind in CacheKind]: Float32Array }[]
}

export type PrefillOptions = {
  /** The last prompt of the prefill before; if it comes first here, it is not read again. */
  readonly known?: ReadPrompt | undefined
  /** Looked at before each run, with a turn of the event loop in between. */
  readonly signal?: AbortSignal | undefined
}

/** The decoder, advanced over the rows of a cache. */
export type DecodeForward = {
  /**
   * Starts anew: reads each prompt once and gives its past to all of its rows.
   *
   * @param prompts distinct prompts in the order of their rows, ascending in length
   * @param promptOfRow the prompt of each row, [row], not decreasing
   * @returns softmax of the token after each prompt, [prompt, vocab], and the last prompt as read
   * @throws {EngineError} of code E_ABORTED when the signal ended it, of code E_MEMORY when a run would not fit
   */
  prefill(
    prompts: readonly (readonly number[])[],
    promptOfRow: Int32Array,
    options?: PrefillOptions,
  ): Promise<{ readonly probabilities: Float32Array; readonly last: ReadPrompt }>
  /**
   * Feeds one token to every row.
   *
   * @returns softmax of the next token of each row, [row, vocab]
   * @throws {EngineError} of code E_MEMORY when the run would not fit
   */
  step(rows: readonly StepInput[]): Promise<Float32Array>
}

type Options = {
  readonly model: Model
  readonly pool: SessionPool
  readonly cache: KeyValueCache
  /** Attention scores of one prefill run, in numbers; more prompts take several runs. 2^24 unless told. */
  readonly prefillScores?: number
  /** Bytes that a run may take; what the computer has free unless told. */
  readonly availableBytes?: (() => number) | undefined
}

/** Chosen by us: 64 MB of scores. */
const DEFAULT_PREFILL_SCORES = 2 ** 24
/** Keys and values that one prefill run returns, in numbers, chosen by us: 256 MB. */
const PREFILL_PAST = 2 ** 26

const kinds = ['key', 'value'] as const
const newPast = { key: names.newKey, value: names.newValue } as const

/** The decoder's forward pass over `cache`, with the weights as they are at each call. */
export function createForward(options: Options): DecodeForward {
  const { model, pool, cache, prefillScores = DEFAULT_PREFILL_SCORES } = options
  const { numLayers, numHeads, numKeyValueHeads, headDim, vocabSize } = model.config
  const weights = weightFeeds(model)
  const angles = createRopeFeeds(model.config)
  const shape = shapeOf(model)
  const key = shapeKey(shape)
  const outputs = outputNames(model.config)
  const width = numKeyValueHeads * headDim
  const layers = Array.from({ length: numLayers }, (_, layer) => layer)
  const estimates = createDecodeEstimates(shape)

  /** How many of the prompts from `first` on one run takes: ascending lengths, so the last one counts for all. */
  function runLength(prompts: readonly (readonly number[])[], first: number): number {
    let count = 1
    for (; first + count < prompts.length; count += 1) {
      const time = prompts[first + count]!.length
      if ((count + 1) * numHeads * time * time > prefillScores) break
      if ((count + 1) * time * 2 * numLayers * width > PREFILL_PAST) break
    }
    return count
  }
  async function read(prompts: readonly (readonly number[])[]): Promise<ReadonlyMap<string, FetchedTensor>> {
    const time = prompts.at(-1)!.length
    const session = `${key} prefill`
    const need = estimates.prefill(prompts.length, time)
    await makeRoom(options, session, need, ['shorten the prompt', 'use a smaller model'])
    const feeds = { ...weights, ...angles(time), ...promptFeeds(prompts, time) }
    return pool.run(session, () => buildPrefillGraph(shape), feeds, outputs, need.totalBytes)
  }
  return {
    async prefill(prompts, promptOfRow, { known, signal } = {}) {
      cache.reset(promptOfRow.length, prompts.at(-1)!.length)
      const probabilities = new Float32Array(prompts.length * vocabSize)
      const isKnown = known !== undefined && compareTokens(known.prompt, prompts[0]!) === 0
      let last = known
      if (known && isKnown) {
        probabilities.set(known.probabilities)
        const target = { row: 0, rows: rowsOf(promptOfRow, 0, 1).rows, time: known.prompt.length }
        for (const layer of layers)
          for (const kind of kinds) cache.writePrompts(layer, kind, known.past[layer]![kind], target)
      }
      for (let first = isKnown ? 1 : 0; first < prompts.length; ) {
        const part = prompts.slice(first, first + runLength(prompts, first))
        await pause(signal)
        const results = await read(part)
        const time = part.at(-1)!.length
        probabilities.set(dataOf(results, names.probabilities), first * vocabSize)
        const target = { ...rowsOf(promptOfRow, first, first + part.length), time }
        for (const layer of layers)
          for (const kind of kinds) cache.writePrompts(layer, kind, dataOf(results, newPast[kind](layer)), target)
        first += part.length
        if (first === prompts.length) last = lastOf(part, results)
      }
      return { probabilities, last: last! }
    },
    async step(rows) {
      const past: Record<string, Feed> = {}
      const pastShape = [cache.time, rows.length * numKeyValueHeads, headDim]
      for (const layer of layers) {
        past[names.pastKey(layer)] = { dtype: 'float32', shape: pastShape, data: cache.prefix(layer, 'key') }
        past[names.pastValue(layer)] = { dtype: 'float32', shape: pastShape, data: cache.prefix(layer, 'value') }
      }
      const rope = angles(1 + Math.max(...rows.map(({ position }) => position)))
      const feeds = { ...weights, ...rope, ...past, ...stepFeeds(rows, cache.time, numKeyValueHeads) }
      const session = `${key} step`
      const need = estimates.step(rows.length, cache.time)
      await makeRoom(options, session, need, ['lower maxBatch', 'lower maxTokens'])
      const results = await pool.run(session, () => buildStepGraph(shape), feeds, outputs, need.totalBytes)
      for (const layer of layers)
        for (const kind of kinds) cache.append(layer, kind, dataOf(results, newPast[kind](layer)))
      cache.advance()
      return dataOf(results, names.probabilities)
    },
  }

  function lastOf(part: readonly (readonly number[])[], results: ReadonlyMap<string, FetchedTensor>): ReadPrompt {
    const prompt = part.at(-1)!
    const tail = (name: string, size: number) => dataOf(results, name).slice(-size)
    const past = layers.map((layer) => ({
      key: tail(names.newKey(layer), prompt.length * width),
      value: tail(names.newValue(layer), prompt.length * width),
    }))
    return { prompt, probabilities: tail(names.probabilities, vocabSize), past }
  }
}

/** The rows of prompts `from` to `to`, their prompts counted from `from`. */
function rowsOf(
  promptOfRow: Int32Array,
  from: number,
  to: number,
): { readonly row: number; readonly rows: Int32Array } {
  const boundary = (prompt: number) => {
    const at = promptOfRow.findIndex((other) => other >= prompt)
    return at < 0 ? promptOfRow.length : at
  }
  const row = boundary(from)
  return { row, rows: promptOfRow.subarray(row, boundary(to)).map((prompt) => prompt - from) }
}

function dataOf(results: ReadonlyMap<string, FetchedTensor>, name: string): Float32Array {
  return results.get(name)!.data
}
