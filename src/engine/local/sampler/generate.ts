import { DataError, NumericalError } from '../../../core/errors.ts'
import { createRng, type Rng } from '../../../core/rng.ts'
import type { DecoderConfig, SampledSequence, SampleRequest, SamplingClient, SamplingParams } from '../../types.ts'
import type { ParameterSet } from '../model/parameters.ts'
import type { SessionPool } from '../session.ts'
import { createCache } from './cache.ts'
import { createForward, type DecodeForward } from './decode-forward.ts'
import { createPicker, type Picker, pickRule } from './pick.ts'
import { distinctPrompts, type PlannedRow, planBatches } from './plan.ts'

export type SamplerOptions = {
  readonly config: DecoderConfig
  /** Read where they lie at every call: an optimiser may change them in between. */
  readonly parameters: ParameterSet
  readonly pool: SessionPool
  /** Root of all draws, together with a request's key and the index of the sample. */
  readonly seed: number
  /** Most sequences decoded together; 512 unless told. */
  readonly maxBatch?: number | undefined
}

/** Chosen by us: at width 128, 256 rows make 29,000 tokens a second, 512 rows 33,000, and the cache grows with them. */
const DEFAULT_MAX_BATCH = 512
/** Memory for the cache of one batch, chosen by us: 1 GB. */
const CACHE_BUDGET_BYTES = 2 ** 30
/**
 * Share of finished rows at which the batch is compacted. Measured at 512 rows of which 2 or 7 % end per token: 0.03 to
 * 0.25 lie within a few per cent, 0.5 costs 15 to 35 % and never compacting 20 to 50 %.
 */
const COMPACT_SHARE = 0.125

/** One sequence while it grows. */
type OpenRow = {
  readonly plan: PlannedRow
  readonly rng: Rng
  /** Tokens after which it ends, at most. */
  readonly limit: number
  /** Columns of left padding before its prompt. */
  readonly padding: number
  readonly tokens: number[]
  readonly logprobs: number[]
  stopReason: SampledSequence['stopReason'] | undefined
}

type BatchContext = {
  readonly forward: DecodeForward
  readonly pick: Picker
  readonly stopTokens: ReadonlySet<number>
  readonly vocabSize: number
}

/**
 * A sampler over the current weights: batched decoding with a key/value cache.
 *
 * What a sequence draws depends on (seed, key, sample index) and the model alone; the batch it happens to run in moves
 * its log-probabilities by rounding only. A completion also ends, as 'length', where the context window ends.
 */
export function createSampler({
  config,
  parameters,
  pool,
  seed,
  maxBatch = DEFAULT_MAX_BATCH,
}: SamplerOptions): SamplingClient {
  const width = config.numKeyValueHeads * config.headDim
  const cache = createCache({ layers: config.numLayers, width })
  const forward = createForward({ config, parameters, pool, cache })
  return {
    async sample(requests, params) {
      checkRequests(requests, params, config)
      const { vocabSize } = config
      const pick = createPicker(pickRule(params), vocabSize)
      const context = { forward, pick, stopTokens: new Set(params.stopTokens), vocabSize }
      const stepBytes = 2 * Float32Array.BYTES_PER_ELEMENT * config.numLayers * width
      const batches = planBatches(requests, (promptLength) =>
        Math.min(maxBatch, Math.floor(CACHE_BUDGET_BYTES / (stepBytes * (promptLength + params.maxTokens)))),
      )
      const results: SampledSequence[][] = requests.map(() => [])
      for (const plan of batches) {
        const rows = openRows(plan, params.maxTokens, config.maxPositions, seed, requests)
        await decodeBatch(context, rows)
        for (const row of rows) results[row.plan.request]![row.plan.sample] = closeRow(row)
      }
      return results
    },
  }
}

function openRows(
  plan: readonly PlannedRow[],
  maxTokens: number,
  maxPositions: number,
  seed: number,
  requests: readonly SampleRequest[],
): OpenRow[] {
  const longest = Math.max(...plan.map(({ prompt }) => prompt.length))
  return plan.map((row) => ({
    plan: row,
    rng: createRng(seed, 'sample', requests[row.request]!.key, row.sample),
    limit: Math.min(maxTokens, maxPositions - row.prompt.length),
    padding: longest - row.prompt.length,
    tokens: [],
    logprobs: [],
    stopReason: undefined,
  }))
}

function closeRow({ tokens, logprobs, stopReason }: OpenRow): SampledSequence {
  return { tokens, logprobs, stopReason: stopReason ?? 'length' }
}

async function decodeBatch(context: BatchContext, rows: readonly OpenRow[]): Promise<void> {
  const { prompts, promptOfRow } = distinctPrompts(rows.map(({ plan }) => plan))
  const longestCompletion = Math.max(...rows.map(({ limit }) => limit))
  let probabilities = await context.forward.prefill(prompts, promptOfRow, longestCompletion)
  let sourceOf = (slot: number): number => promptOfRow[slot]!
  let slots = rows
  for (;;) {
    let open = 0
    for (const [slot, row] of slots.entries()) {
      if (row.stopReason === undefined) drawToken(context, row, probabilities, sourceOf(slot))
      if (row.stopReason === undefined) open += 1
    }
    if (open === 0) return
    if (slots.length - open >= COMPACT_SHARE * slots.length) {
      const kept = [...slots.keys()].filter((slot) => slots[slot]!.stopReason === undefined)
      context.forward.keepRows(kept)
      slots = kept.map((slot) => slots[slot]!)
    }
    probabilities = await context.forward.step(slots.map(stepInput))
    sourceOf = (slot) => slot
  }
}

function stepInput({ plan, padding, tokens }: OpenRow): { token: number; position: number; padding: number } {
  return { token: tokens.at(-1)!, position: plan.prompt.length + tokens.length - 1, padding }
}

function drawToken(
  { pick, stopTokens, vocabSize }: BatchContext,
  row: OpenRow,
  probabilities: Float32Array,
  source: number,
): void {
  const token = pick(probabilities, source * vocabSize, uniform53(row.rng))
  const logprob = Math.log(probabilities[source * vocabSize + token]!)
  if (!Number.isFinite(logprob))
    throw new NumericalError(`token ${row.tokens.length} of a completion has log-probability ${logprob}`, {
      hint: 'the weights are not finite any more: load the last checkpoint',
    })
  row.tokens.push(token)
  row.logprobs.push(logprob)
  if (stopTokens.has(token)) row.stopReason = 'stop'
  else if (row.tokens.length === row.limit) row.stopReason = 'length'
}

/** Uniform in [0, 1) with all bits of a double: 24 bits would never reach the tokens below 6e-8. */
function uniform53(rng: Rng): number {
  const high = rng.uint32() >>> 5
  return (high * 2 ** 26 + (rng.uint32() >>> 6)) * 2 ** -53
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
