import type { Datum, LossConfig, LossName } from '../../types.ts'
import type { ForwardBackwardRequest, WireChunk, WireDatum } from '../wire/messages.ts'
import { RequestError } from './errors.ts'

/** Which arrays each loss reads besides the targets, by their names on the wire. */
const lossInputs: { readonly [Name in LossName]: readonly ('weights' | 'logprobs' | 'advantages')[] } = {
  cross_entropy: ['weights'],
  importance_sampling: ['logprobs', 'advantages'],
  ppo: ['logprobs', 'advantages'],
  cispo: ['logprobs', 'advantages'],
}

const configKeys = { clip_low_threshold: 'clipLowThreshold', clip_high_threshold: 'clipHighThreshold' } as const

/** What the engine is asked for. */
export type PassRequest = { readonly data: readonly Datum[]; readonly loss: LossName; readonly config: LossConfig }

/**
 * A request of the wire as the engine takes it.
 *
 * `weights` of cross_entropy may be left out and are 1 then, as on SkyRL and in the official SDK's own examples; what
 * hosted servers do is not documented.
 *
 * @throws {RequestError} 400 naming loss, datum and field
 */
export function passOf(request: ForwardBackwardRequest, limits: PassLimits): PassRequest {
  const loss = lossOf(request.lossFn)
  const { data } = request
  if (data.length === 0) throw new RequestError(400, 'data is empty')
  if (data.length > limits.maxDataPerRequest) {
    throw new RequestError(400, `${data.length} data in one request, more than ${limits.maxDataPerRequest}`)
  }
  return {
    loss,
    config: configOf(request.lossConfig, loss),
    data: data.map((datum, index) => datumOf(datum, loss, `data[${index}]`, limits)),
  }
}

export type PassLimits = {
  readonly maxDataPerRequest: number
  readonly contextLength: number
  readonly vocabSize: number
}

function lossOf(name: string): LossName {
  const found = (Object.keys(lossInputs) as LossName[]).find((loss) => loss === name)
  if (found !== undefined) return found
  throw new RequestError(400, `unknown loss "${name}"`, { hint: `known: ${Object.keys(lossInputs).join(', ')}` })
}

function configOf(config: ForwardBackwardRequest['lossConfig'], loss: LossName): LossConfig {
  const entries = Object.entries(config).map(([key, value]) => {
    const name = Object.hasOwn(configKeys, key) ? configKeys[key as keyof typeof configKeys] : undefined
    if (name === undefined || (loss !== 'ppo' && loss !== 'cispo')) {
      throw new RequestError(400, `loss_fn_config.${key} is not read by ${loss}`)
    }
    if (typeof value !== 'number') throw new RequestError(400, `loss_fn_config.${key} is not a number`)
    return [name, value]
  })
  const found: LossConfig = Object.fromEntries(entries)
  if (loss === 'cispo' && (found.clipLowThreshold === undefined || found.clipHighThreshold === undefined)) {
    throw new RequestError(400, 'cispo needs clip_low_threshold and clip_high_threshold', {
      hint: 'servers differ in their defaults, so this one has none',
    })
  }
  return found
}

function datumOf(datum: WireDatum, loss: LossName, where: string, limits: PassLimits): Datum {
  const inputTokens = tokensOf(datum.modelInput, `${where}.model_input`)
  const length = inputTokens.length
  if (length === 0) throw new RequestError(400, `${where}.model_input is empty`)
  if (length > limits.contextLength) {
    throw new RequestError(400, `${where}.model_input has ${length} tokens, the context holds ${limits.contextLength}`)
  }
  const reads: readonly string[] = ['target_tokens', ...lossInputs[loss]]
  const extra = Object.keys(datum.lossInputs).find((name) => !reads.includes(name))
  if (extra !== undefined) {
    throw new RequestError(400, `${where}.${extra} is not read by ${loss}`, { hint: `it reads ${reads.join(', ')}` })
  }
  const array = (name: string): readonly number[] => {
    const tensor = datum.lossInputs[name]
    if (tensor === undefined) throw new RequestError(400, `${where}.${name} is missing`)
    if (tensor.data.length === length && tensor.shape.filter((size) => size !== 1).length <= 1) return tensor.data
    throw new RequestError(400, `${where}.${name} has shape [${tensor.shape.join(', ')}], the input ${length} tokens`, {
      hint: 'one number per input token; several targets per position are not supported',
    })
  }
  const targetTokens = array('target_tokens')
  checkTokens(inputTokens, limits.vocabSize, `${where}.model_input`)
  checkTokens(targetTokens, limits.vocabSize, `${where}.target_tokens`)
  if (loss !== 'cross_entropy') {
    return { inputTokens, targetTokens, logprobs: array('logprobs'), advantages: array('advantages') }
  }
  const weights = datum.lossInputs.weights === undefined ? targetTokens.map(() => 1) : array('weights')
  return { inputTokens, targetTokens, weights }
}

/**
 * The token ids of a prompt.
 *
 * @throws {RequestError} 400 when it holds something else than text
 */
export function tokensOf(chunks: readonly WireChunk[], where: string): readonly number[] {
  return chunks.flatMap((chunk, index) => {
    if (chunk.type === 'encoded_text') return chunk.tokens
    throw new RequestError(400, `${where}[${index}] is ${chunk.what}; this server reads text only`)
  })
}

/** @throws {RequestError} 400 naming the first number that is no token id */
export function checkTokens(tokens: readonly number[], vocabSize: number, where: string): void {
  const at = tokens.findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize))
  if (at >= 0) throw new RequestError(400, `${where}[${at}] is ${tokens[at]}, not a token id below ${vocabSize}`)
}
