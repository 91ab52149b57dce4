import { join } from 'node:path'
import { z } from 'zod'
import { DataError, EngineError } from '../../core/errors.ts'
import { sha256Hex } from '../../core/hash.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { ensureDir, putAtomic } from '../../core/store.ts'
import type {
  AdamParams,
  Datum,
  EngineFactory,
  ForwardResult,
  LossConfig,
  LossName,
  SampledSequence,
  SampleRequest,
  SamplingParams,
  TokenUsage,
  TrainingClient,
} from '../types.ts'

/** What the script says: the tokens alone, or with log-probabilities, which are -1 each otherwise. */
export type ScriptedResponse = { readonly tokens: readonly number[]; readonly logprobs?: readonly number[] }

export type ScriptedConfig = {
  /** The completion of sample `sample` of a request; whatever it throws, the caller gets. */
  readonly respond: (request: SampleRequest, sample: number, params: SamplingParams) => ScriptedResponse
  readonly vocabSize?: number
  readonly contextLength?: number
}

/** One call, as it was made. */
export type RecordedCall =
  | { readonly method: 'sample'; readonly requests: readonly SampleRequest[]; readonly params: SamplingParams }
  | {
      readonly method: 'forwardBackward' | 'forward'
      readonly data: readonly Datum[]
      readonly loss: LossName
      readonly config: LossConfig | undefined
    }
  | { readonly method: 'optimStep'; readonly params: AdamParams }
  | { readonly method: 'saveState' | 'saveWeights' | 'loadWeights'; readonly dir: string }
  | { readonly method: 'loadState'; readonly dir: string; readonly optimizer: boolean }
  | { readonly method: 'resetOptimizer' | 'close' }

export type ScriptedClient = TrainingClient & { readonly calls: readonly RecordedCall[] }

const STATE_FILE = 'state.json'
const CONFIG_FILE = 'config.json'
const stateSchema = z.strictObject({ step: z.int().nonnegative(), updates: z.int().nonnegative() })

/**
 * The engine of tests: replays a script and trains nothing, but counts updates, so that a weights hash changes with
 * each and survives saving and loading, and records every call.
 *
 * Losses are 0; log-probabilities of data are those the data carry, so a policy always agrees with its sampler.
 */
export const scriptedEngine = {
  name: 'scripted',
  create: async (config: ScriptedConfig): Promise<ScriptedClient> => createScripted(config),
} satisfies EngineFactory<ScriptedConfig>

function createScripted({ respond, vocabSize = 1000, contextLength = 1024 }: ScriptedConfig): ScriptedClient {
  const calls: RecordedCall[] = []
  let state = { step: 0, updates: 0 }
  let hasGradient = false
  let usage: TokenUsage = { trained: 0, scored: 0, prefilled: 0, sampled: 0 }
  function record(call: RecordedCall): void {
    if (calls.at(-1)?.method === 'close') throw new EngineError('the engine is closed', { hint: 'create a new one' })
    calls.push(call)
  }
  return {
    calls,
    async sample(requests, params) {
      record({ method: 'sample', requests, params })
      const sequences_RS = requests.map((request) =>
        Array.from({ length: request.numSamples }, (_, sample) => finish(respond(request, sample, params), params)),
      )
      const prefilled = usage.prefilled + countTokens(requests.map(({ promptTokens }) => promptTokens))
      const sampled = usage.sampled + countTokens(sequences_RS.flat().map(({ tokens }) => tokens))
      usage = { ...usage, prefilled, sampled }
      return sequences_RS
    },
    async forwardBackward(data, loss, config) {
      record({ method: 'forwardBackward', data, loss, config })
      hasGradient = true
      usage = { ...usage, trained: usage.trained + countTokens(data.map(({ inputTokens }) => inputTokens)) }
      return echo(data)
    },
    async forward(data, loss, config) {
      record({ method: 'forward', data, loss, config })
      usage = { ...usage, scored: usage.scored + countTokens(data.map(({ inputTokens }) => inputTokens)) }
      return echo(data)
    },
    async optimStep(params) {
      record({ method: 'optimStep', params })
      state = { step: state.step + 1, updates: state.updates + 1 }
      const gradNorm = hasGradient ? 1 : 0
      hasGradient = false
      return { step: state.step, gradNorm, paramNorm: 1 }
    },
    async saveState(dir) {
      record({ method: 'saveState', dir })
      ensureDir(dir)
      putAtomic(join(dir, STATE_FILE), `${formatJson(state)}\n`)
    },
    async loadState(dir, { optimizer }) {
      record({ method: 'loadState', dir, optimizer })
      const { step, updates } = readState(join(dir, STATE_FILE))
      state = { step: optimizer ? step : 0, updates }
    },
    async saveWeights(dir) {
      record({ method: 'saveWeights', dir })
      ensureDir(dir)
      putAtomic(join(dir, 'model.safetensors'), hashOf(state.updates))
      putAtomic(join(dir, CONFIG_FILE), `${formatJson({ model_type: 'scripted', updates: state.updates })}\n`)
    },
    async loadWeights(dir) {
      record({ method: 'loadWeights', dir })
      state = { step: 0, updates: readUpdates(join(dir, CONFIG_FILE)) }
    },
    async resetOptimizer() {
      record({ method: 'resetOptimizer' })
      state = { ...state, step: 0 }
    },
    async info() {
      return {
        parameters: 0,
        trainableParameters: 0,
        vocabSize,
        contextLength,
        weightsHash: hashOf(state.updates),
        usage,
        facts: {},
      }
    },
    async close() {
      if (calls.at(-1)?.method !== 'close') record({ method: 'close' })
    },
  }
}

function countTokens(lists: readonly (readonly number[])[]): number {
  return lists.reduce((total, { length }) => total + length, 0)
}

/** Ends a scripted completion where a real engine would: at the first stop token, or at `maxTokens`. */
function finish(response: ScriptedResponse, { maxTokens, stopTokens = [] }: SamplingParams): SampledSequence {
  const stop = response.tokens.findIndex((token) => stopTokens.includes(token))
  const stops = stop >= 0 && stop < maxTokens
  const tokens = response.tokens.slice(0, stops ? stop + 1 : maxTokens)
  const logprobs = response.logprobs?.slice(0, tokens.length) ?? tokens.map(() => -1)
  if (logprobs.length !== tokens.length)
    throw new DataError(`the script gives ${logprobs.length} logprobs for ${tokens.length} tokens`)
  return { tokens, logprobs, stopReason: stops ? 'stop' : 'length' }
}

function echo(data: readonly Datum[]): ForwardResult {
  return { lossSum: 0, logprobs_DT: data.map(({ targetTokens, logprobs }) => logprobs ?? targetTokens.map(() => 0)) }
}

function hashOf(updates: number): string {
  return sha256Hex(`scripted after ${updates} updates`)
}

function readState(file: string): z.infer<typeof stateSchema> {
  const parsed = stateSchema.safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) throw new DataError('not a checkpoint of the scripted engine', { file, cause: parsed.error })
  return parsed.data
}

function readUpdates(file: string): number {
  const parsed = z.looseObject({ updates: z.int().nonnegative() }).safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) throw new DataError('not weights of the scripted engine', { file, cause: parsed.error })
  return parsed.data.updates
}
