import { setMaxListeners } from 'node:events'
import { ConfigError, DataError, EngineError } from '../../../core/errors.ts'
import { sha256Hex } from '../../../core/hash.ts'
import type { SampledSequence, SampleRequest, SamplingParams, TokenUsage } from '../../types.ts'
import type { SampleResponse, WireSequence } from '../wire/messages.ts'
import type { SamplingParamsBody } from '../wire/requests.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { Eraser } from './eraser.ts'
import { trackIn } from './handle.ts'
import { checkTokens, type Sizes } from './losses.ts'
import type { RemoteModel, SavedSampler } from './model.ts'
import { createPacer, openSampler, type RemoteSampler } from './sampler.ts'

/**
 * Completions of one request to the server. Part of how a draw is named, so it must not depend on anything: chosen by us,
 * far below what servers allow.
 */
const SAMPLES_PER_CALL = 128

/** Seeds are below 2^30: servers add the index of the sample, and some hold 31 bits. */
const SEED_MASK = 0x3fffffff

export type RolloutOptions = {
  readonly connection: Connection
  readonly dialect: Dialect
  readonly eraser: Eraser
  readonly sizes: Sizes
  readonly seed: number
  readonly maxConcurrentSamples: number
  readonly count: (kind: keyof TokenUsage, tokens: number) => void
}

/** Samples from the weights as they are, through a sampler that is made when they have changed. */
export type Rollouts = {
  /** @throws {DataError} and {ConfigError} when requests or settings make no sense */
  check(requests: readonly SampleRequest[], params: SamplingParams): void
  /** @param assertSound called when the sampler's turn comes, to end the call then */
  sample(
    current: Promise<RemoteModel>,
    requests: readonly SampleRequest[],
    params: SamplingParams,
    signal: AbortSignal | undefined,
    assertSound: () => void,
  ): Promise<readonly (readonly SampledSequence[])[]>
  /** The weights change: the sampler of now is not theirs any more. */
  outdate(): void
  /** Resolves when everything that is being sampled now has come. */
  settled(): Promise<void>
}

type Open = { readonly sampler: Promise<RemoteSampler>; saved?: SavedSampler | undefined }

export function createRollouts(options: RolloutOptions): Rollouts {
  const { connection, dialect, sizes, eraser } = options
  const pacer = createPacer(connection, options.maxConcurrentSamples)
  const active = new Set<Promise<unknown>>()
  let open: Open | undefined

  function samplerOf(model: RemoteModel): Promise<RemoteSampler> {
    if (open !== undefined) return open.sampler
    const entry: { sampler: Promise<RemoteSampler>; saved?: SavedSampler } = {
      sampler: model.saveForSampler().then((saved) => {
        entry.saved = saved
        return openSampler(connection, pacer, saved)
      }),
    }
    open = entry
    // A save that failed must not be what every later call gets.
    entry.sampler.catch(() => {
      if (open === entry) open = undefined
    })
    return entry.sampler
  }

  return {
    check: (requests, params) => checkRequests(requests, params, sizes),
    sample: (current, requests, params, signal, assertSound) =>
      trackIn(active, async () => {
        const model = await current
        assertSound()
        const sampler = await samplerOf(model)
        const draws = requests.map((request) => (ended: AbortSignal) => draw(options, sampler, request, params, ended))
        return allOrNone(draws, signal)
      }),
    outdate() {
      const old = open
      open = undefined
      if (old === undefined || dialect.hasImmutableSnapshots) return
      void retire(dialect, eraser, old, [...active])
    },
    async settled() {
      await Promise.all(active)
    },
  }
}

/** All completions of a request. */
async function draw(
  { seed, sizes, count }: RolloutOptions,
  sampler: RemoteSampler,
  request: SampleRequest,
  params: SamplingParams,
  signal: AbortSignal,
): Promise<readonly SampledSequence[]> {
  count('prefilled', request.promptTokens.length)
  const calls = Math.ceil(request.numSamples / SAMPLES_PER_CALL)
  const parts = await allOrNone(
    Array.from({ length: calls }, (_, call) => async (ended: AbortSignal) => {
      const numSamples = Math.min(SAMPLES_PER_CALL, request.numSamples - call * SAMPLES_PER_CALL)
      const body = { ...paramsBody(params, request, sizes), seed: seedOf(seed, request.key, call) }
      const asked = { promptTokens: request.promptTokens, numSamples, params: body }
      return readSequences(await sampler.sample(asked, ended), request, params, sizes)
    }),
    signal,
  )
  const sequences = parts.flat()
  count(
    'sampled',
    sequences.reduce((sum, { tokens }) => sum + tokens.length, 0),
  )
  return sequences
}

/**
 * The results of all works. When one fails, the others are ended and waited for: nothing of a call goes on behind its back, and
 * where samplers follow training, no step overtakes them.
 *
 * @throws whatever the first of them failed with
 */
async function allOrNone<Result>(
  works: readonly ((signal: AbortSignal) => Promise<Result>)[],
  signal: AbortSignal | undefined,
): Promise<readonly Result[]> {
  const ending = new AbortController()
  const ended = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  // As many listeners as works is no leak.
  setMaxListeners(0, ended)
  const failures: unknown[] = []
  const outcomes = await Promise.allSettled(
    works.map((work) =>
      work(ended).catch((error) => {
        failures.push(error)
        ending.abort()
        throw error
      }),
    ),
  )
  if (failures.length > 0) throw failures[0]
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
}

/** Where samplers follow training, an old one must not be used again; and its files are deleted where they stay. */
async function retire(dialect: Dialect, eraser: Eraser, old: Open, active: readonly Promise<unknown>[]) {
  await Promise.all(active)
  // A save that failed has told its caller.
  const sampler = await old.sampler.catch(() => undefined)
  sampler?.retire('the weights have changed since this sampler was made, and samplers of this server follow them')
  if (!dialect.keepsEphemeralSaves || old.saved?.kind !== 'session') return
  const { modelId, numbers } = old.saved
  await eraser.erase(`tinker://${modelId}/sampler_weights/ss${numbers.sampler}_seq${numbers.seqId}`)
}

/** The seed of a call, from what names the draw and nothing else. */
export function seedOf(seed: number, key: string, call: number): number {
  return Number.parseInt(sha256Hex(`${seed}/${call}/${key}`).slice(0, 8), 16) & SEED_MASK
}

function checkRequests(requests: readonly SampleRequest[], params: SamplingParams, sizes: Sizes): void {
  const { maxTokens, temperature = 1, topP = 1, topK = -1, stopTokens = [] } = params
  if (!(Number.isInteger(maxTokens) && maxTokens > 0))
    throw new ConfigError(`maxTokens must be a positive integer, found ${maxTokens}`)
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new ConfigError(`temperature must be at least 0, found ${temperature}`)
  if (!(topP > 0 && topP <= 1)) throw new ConfigError(`topP must lie in (0, 1], found ${topP}`)
  if (!(topK === -1 || (Number.isInteger(topK) && topK > 0)))
    throw new ConfigError(`topK must be -1 or a positive integer, found ${topK}`)
  checkTokens(stopTokens, sizes.vocabSize, 'stopTokens')
  requests.forEach(({ promptTokens, numSamples }, index) => {
    const who = `request ${index}`
    if (promptTokens.length === 0) throw new DataError(`${who} has an empty prompt`, { field: 'promptTokens' })
    if (promptTokens.length >= sizes.contextLength) {
      throw new DataError(
        `${who} has a prompt of ${promptTokens.length} tokens, the context holds ${sizes.contextLength}`,
        {
          field: 'promptTokens',
        },
      )
    }
    checkTokens(promptTokens, sizes.vocabSize, `${who}: promptTokens`)
    if (!(Number.isInteger(numSamples) && numSamples >= 0)) {
      throw new DataError(`${who} asks for ${numSamples} samples`, { field: 'numSamples' })
    }
  })
}

function paramsBody(params: SamplingParams, request: SampleRequest, sizes: Sizes): SamplingParamsBody {
  const { maxTokens, temperature = 1, topP = 1, topK = -1, stopTokens = [] } = params
  return {
    // Servers refuse what would not fit; the interface ends such a completion where the context is full.
    max_tokens: Math.min(maxTokens, sizes.contextLength - request.promptTokens.length),
    temperature,
    top_p: topP,
    top_k: topK,
    ...(stopTokens.length > 0 && { stop: [...stopTokens] }),
  }
}

function readSequences(
  { sequences }: SampleResponse,
  request: SampleRequest,
  params: SamplingParams,
  sizes: Sizes,
): SampledSequence[] {
  return sequences.map((sequence, index) => {
    const who = `completion ${index} of "${request.key}"`
    assertCompletion(sequence, who, params)
    checkTokens(sequence.tokens, sizes.vocabSize, `${who}: tokens`)
    return { tokens: sequence.tokens, logprobs: sequence.logprobs, stopReason: sequence.stopReason }
  })
}

/** @throws {EngineError} when a completion is not what was asked for */
function assertCompletion(
  sequence: WireSequence,
  who: string,
  { maxTokens }: SamplingParams,
): asserts sequence is WireSequence & { readonly logprobs: readonly number[] } {
  if (sequence.logprobs === undefined) throw new EngineError(`${who} came without log-probabilities`)
  if (sequence.tokens.length > maxTokens) {
    throw new EngineError(`${who} has ${sequence.tokens.length} tokens, ${maxTokens} were allowed`)
  }
}
