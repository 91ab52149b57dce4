import { DataError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import type { DecoderConfig, SampledSequence, SampleRequest, SamplingClient, SamplingParams } from '../../types.ts'
import { availableMemoryBytes } from '../available-memory.ts'
import { checkMemory } from '../model/memory.ts'
import type { Model } from '../model/model.ts'
import type { SessionPool } from '../session.ts'
import { type CacheShape, createCache, type KeyValueCache } from './cache.ts'
import { decodeRows, mostSteps, type OpenRow } from './decode.ts'
import { createForward } from './decode-forward.ts'
import { createPicker, pickRule } from './pick.ts'
import { groupSize, orderRows, type RoomForRows } from './plan.ts'

export type SamplerOptions = {
  /** Its weights are read where they lie at every call: an optimiser may change them in between. */
  readonly model: Model
  readonly pool: SessionPool
  /** Where to decode, shared by samplers that never run at once; one of its own unless told. */
  readonly cache?: KeyValueCache | undefined
  /** Root of all draws, together with a request's key and the index of the sample. */
  readonly seed: number
  /** Most sequences decoded together; 512 unless told. */
  readonly maxBatch?: number | undefined
  /** Bytes that a call may take; what the computer has free unless told. */
  readonly availableBytes?: (() => number) | undefined
  /** Numbers that keys and values may take, and those that are parked, each; 2^27 unless told. */
  readonly cacheSize?: number | undefined
}

/** What draws completions; calls must not overlap. */
export type Sampler = SamplingClient

/** Chosen by us: at width 128, 256 rows make 29,000 tokens a second, 512 rows 33,000, and the cache grows with them. */
const DEFAULT_MAX_BATCH = 512
/**
 * Numbers for the keys and values of the rows that are decoded together, and for those that are parked, each: 512 MB,
 * chosen by us. It does not follow the memory of the computer: other groups would round differently.
 */
const DEFAULT_CACHE_SIZE = 2 ** 27
/** Memory for the probabilities that a step returns, chosen by us: 200 rows of a vocabulary of 150,000. */
const PROBABILITIES_BUDGET_BYTES = 2 ** 27

/**
 * A sampler over the current weights: batched decoding with a key/value cache.
 *
 * What a sequence draws depends on (seed, key, sample index) and the model alone; the batch it happens to run in moves
 * its log-probabilities by rounding only. A completion also ends, as 'length', where the context window ends.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { model, pool, seed, maxBatch = DEFAULT_MAX_BATCH, cacheSize = DEFAULT_CACHE_SIZE } = options
  const { cache = createCache(cacheShapeOf(model.config)), availableBytes = availableMemoryBytes } = options
  const { config } = model
  const { vocabSize } = config
  const forward = createForward({ model, pool, cache, availableBytes })

  /** Refuses to hold keys and values for which there is no memory. */
  function checkCache(subject: string, sizeBytes: number): void {
    const parts = [{ what: 'keys and values', sizeBytes }]
    checkMemory({ subject, parts, totalBytes: sizeBytes }, availableBytes(), ['lower maxBatch', 'lower maxTokens'])
  }
  function roomFor(rows: readonly OpenRow[]): RoomForRows {
    const maxTime = mostSteps(rows)
    const byProbabilities = Math.floor(PROBABILITIES_BUDGET_BYTES / (Float32Array.BYTES_PER_ELEMENT * vocabSize))
    const size = groupSize(rows.length, Math.min(maxBatch, byProbabilities))
    const budget = Math.max(maxTime, Math.floor(cacheSize / cache.rowStepSize))
    return { maxTime, groupSize: size, capacity: Math.min(size * maxTime, budget) }
  }
  return {
    async sample(requests, params, { signal } = {}) {
      checkRequests(requests, params, config)
      const pick = createPicker(pickRule(params), vocabSize)
      const stopTokens = new Set(params.stopTokens)
      const rows = openRows(requests, params.maxTokens, config.maxPositions, seed)
      if (rows.length > 0) {
        const room = roomFor(rows)
        checkCache(`decoding ${room.groupSize} sequences together`, cache.missingBytes(room.capacity))
        const checkParking = (sizeBytes: number) => checkCache('putting sequences aside', sizeBytes)
        const common = { forward, cache, pick, stopTokens, vocabSize, signal }
        await decodeRows(rows, { ...common, room, parkedSize: cacheSize, checkParking })
      }
      const results: SampledSequence[][] = requests.map(() => [])
      for (const row of rows) results[row.plan.request]![row.plan.sample] = closeRow(row)
      return results
    },
  }
}

/** The cache that a decoder needs. */
export function cacheShapeOf({ numLayers, numKeyValueHeads, headDim }: DecoderConfig): CacheShape {
  return { layers: numLayers, width: numKeyValueHeads * headDim }
}

function openRows(
  requests: readonly SampleRequest[],
  maxTokens: number,
  maxPositions: number,
  seed: number,
): readonly OpenRow[] {
  return orderRows(requests).map((row) => ({
    plan: row,
    rng: createRng(seed, 'sample', requests[row.request]!.key, row.sample),
    limit: Math.min(maxTokens, maxPositions - row.prompt.length),
    tokens: [],
    logprobs: [],
    stopReason: undefined,
  }))
}

function closeRow({ tokens, logprobs, stopReason }: OpenRow): SampledSequence {
  return { tokens, logprobs, stopReason: stopReason ?? 'length' }
}
function checkRequests(requests: readonly SampleRequest[], params: SamplingParams, config: DecoderConfig): void {
  const { maxTokens, stopTokens = [] } = params
  if (!(Number.isSafeInteger(maxTokens) && maxTokens >= 1))
    throw new DataError(`maxTokens is ${maxTokens}`, { field: 'maxTokens', hint: 'ask for at least one token' })
  checkTokens(stopTokens, config, 'stopTokens')
  requests.forEach(({ promptTokens, numSamples, key }, index) => {
    const field = `requests[${index}]`
    const who = `request ${index} ("${key}")`
    if (promptTokens.length === 0) throw new DataError(`${who} has an empty prompt`, { field })
    if (promptTokens.length >= config.maxPositions)
      throw new DataError(
        `${who}: a prompt of ${promptTokens.length} tokens leaves no room in a context of ${config.maxPositions}`,
        { field, hint: 'shorten the prompt or raise maxPositions' },
      )
    if (!(Number.isSafeInteger(numSamples) && numSamples >= 0))
      throw new DataError(`${who} asks for ${numSamples} samples`, { field })
    checkTokens(promptTokens, config, who, field)
  })
}

function checkTokens(tokens: readonly number[], { vocabSize }: DecoderConfig, who: string, field = who): void {
  const at = tokens.findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize))
  if (at < 0) return
  throw new DataError(`${who}: token ${tokens[at]} at position ${at} is outside the vocabulary of ${vocabSize}`, {
    field,
    hint: 'the tokenizer does not belong to this model',
  })
}
