import type { SampleResponse, TopkLogprobs, WireSequence } from './messages.ts'
import { readNumbers, type Where, wireError, writeFloat32, writeGappedFloat32, writeInt32 } from './numbers.ts'
import { decodeRaw, encodeRaw, type RawMessages } from './raw.ts'
import { DTYPE, STOP_REASON } from './schema.ts'

/** What an empty cell of a top-k matrix holds. */
const EMPTY_LOGPROB = -99_999

/**
 * The result of a sampling request.
 *
 * @param maxBytes size above which nothing is read; 256 MiB unless told
 * @throws {DataError} naming message and field, also when a sampled token has no finite log-probability
 */
export function decodeSampleResponse(bytes: Uint8Array, maxBytes?: number): SampleResponse {
  const raw = decodeRaw('SampleResponse', bytes, maxBytes)
  const where = 'SampleResponse'
  const promptLogprobs = raw.promptLogprobs && readGapped(raw.promptLogprobs, `${where}: prompt_logprobs`)
  const topk = raw.topkPromptLogprobs && decodeTopk(raw.topkPromptLogprobs, `${where}: topk_prompt_logprobs`)
  return {
    sequences: raw.sequences.map((sequence, index) => decodeSequence(sequence, `${where}: sequences[${index}]`)),
    ...(promptLogprobs && { promptLogprobs }),
    ...(topk && { topkPromptLogprobs: topk }),
    promptCacheHitTokens: raw.promptCacheHitTokens,
  }
}

type RawSequence = RawMessages['SampleResponse']['sequences'][number]

function decodeSequence(raw: RawSequence, where: Where): WireSequence {
  const stopReason = raw.stopReason === STOP_REASON.stop ? 'stop' : 'length'
  if (stopReason === 'length' && raw.stopReason !== STOP_REASON.length) {
    throw wireError(`${where}.stop_reason`, `unknown number ${raw.stopReason}`)
  }
  const tokens = readNumbers(raw.tokens, DTYPE.int32, `${where}.tokens`)
  // Writers put an empty field for "not computed" too.
  if (raw.logprobs === undefined || (raw.logprobs.length === 0 && tokens.length > 0)) return { stopReason, tokens }
  const logprobs = readNumbers(raw.logprobs, DTYPE.float32, `${where}.logprobs`)
  checkSequence(tokens, logprobs, where)
  return { stopReason, tokens, logprobs }
}

/** @throws {DataError} when tokens and log-probabilities differ in number, or one is not finite */
export function checkSequence(tokens: readonly number[], logprobs: readonly number[], where: Where): void {
  if (logprobs.length !== tokens.length) {
    throw wireError(`${where}.logprobs`, `${logprobs.length} for ${tokens.length} tokens`)
  }
  const bad = logprobs.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw wireError(`${where}.logprobs[${bad}]`, `is ${logprobs[bad]}`)
}

function readGapped(bytes: Uint8Array, where: Where): (number | null)[] {
  return readNumbers(bytes, DTYPE.float32, where).map((value, index) => {
    if (Math.abs(value) === Number.POSITIVE_INFINITY) throw wireError(`${where}[${index}]`, `is ${value}`)
    return Number.isNaN(value) ? null : value
  })
}

function decodeTopk(raw: NonNullable<RawMessages['SampleResponse']['topkPromptLogprobs']>, where: Where): TopkLogprobs {
  const { k, length } = raw
  const tokens = readNumbers(raw.tokenIds, DTYPE.int32, where)
  const logprobs = readNumbers(raw.logprobs, DTYPE.float32, where)
  // With k = 0 any length would fit no cells.
  if (tokens.length !== k * length || logprobs.length !== k * length || (k === 0 && length > 0)) {
    throw wireError(where, `${tokens.length} tokens and ${logprobs.length} logprobs for ${length} rows of ${k}`)
  }
  const rows = Array.from({ length }, (_, row) => {
    const cells: (readonly [number, number])[] = []
    for (let i = row * k; i < (row + 1) * k; i += 1) {
      if (Number.isNaN(logprobs[i])) throw wireError(`${where}[${row}]`, 'is NaN')
      if (logprobs[i] !== EMPTY_LOGPROB) cells.push([tokens[i]!, logprobs[i]!])
    }
    return cells.length === 0 ? null : cells
  })
  return { k, rows }
}

/**
 * The bytes of a sampling result.
 *
 * @throws {DataError} when a number does not fit its element type, or a row of a top-k matrix is longer than k
 */
export function encodeSampleResponse(response: SampleResponse): Uint8Array {
  const where = 'SampleResponse'
  const { promptLogprobs, topkPromptLogprobs } = response
  return encodeRaw(where, {
    sequences: response.sequences.map(({ stopReason, tokens, logprobs }, index) => {
      const at = `${where}: sequences[${index}]`
      if (logprobs) checkSequence(tokens, logprobs, at)
      return {
        stopReason: STOP_REASON[stopReason] || undefined,
        tokens: writeInt32(tokens, `${at}.tokens`),
        logprobs: logprobs && writeFloat32(logprobs, `${at}.logprobs`),
      }
    }),
    promptLogprobs: promptLogprobs && writeGappedFloat32(promptLogprobs, `${where}: prompt_logprobs`),
    topkPromptLogprobs: topkPromptLogprobs && encodeTopk(topkPromptLogprobs, `${where}: topk_prompt_logprobs`),
    promptCacheHitTokens: response.promptCacheHitTokens || undefined,
  })
}

function encodeTopk({ k, rows }: TopkLogprobs, where: Where): object {
  const cells = rows.flatMap((row, index) => {
    const filled = row ?? []
    if (filled.length > k) throw wireError(`${where}[${index}]`, `${filled.length} tokens, k is ${k}`)
    return Array.from({ length: k }, (_, rank) => filled[rank] ?? ([0, EMPTY_LOGPROB] as const))
  })
  return {
    tokenIds: writeInt32(
      cells.map(([token]) => token),
      where,
    ),
    logprobs: writeFloat32(
      cells.map(([, logprob]) => logprob),
      where,
    ),
    k,
    length: rows.length,
  }
}
