import { ConfigError, DataError, ShapeError } from '../../../core/errors.ts'
import type { Datum, LossConfig, LossName } from '../../types.ts'
import type { WireDatum } from '../wire/messages.ts'

type Input = 'weights' | 'logprobs' | 'advantages'

const inputs: { readonly [Name in LossName]: readonly Input[] } = {
  cross_entropy: ['weights'],
  importance_sampling: ['logprobs', 'advantages'],
  ppo: ['logprobs', 'advantages'],
  cispo: ['logprobs', 'advantages'],
}
const allInputs: readonly Input[] = ['weights', 'logprobs', 'advantages']

/** Bounds of the probability ratio that `ppo` has unless told. */
const PPO_BOUNDS = { low: 0.8, high: 1.2 }

/** Sizes that data are checked against before they are sent. */
export type Sizes = { readonly vocabSize: number; readonly contextLength: number }

/**
 * Refuses data before any of them is sent, as the embedded engine does; a server would refuse them later, or train on them.
 *
 * @throws {ShapeError} when the arrays of a datum differ in length
 * @throws {DataError} when a datum is empty or too long, a token id out of range, a number not finite, or an array missing or
 *   not read by the loss
 */
export function checkData(data: readonly Datum[], loss: LossName, { vocabSize, contextLength }: Sizes): void {
  data.forEach((datum, index) => {
    const label = (field: string): string => `datum ${index}: ${field}`
    const length = datum.inputTokens.length
    if (length === 0) throw new DataError(`${label('inputTokens')} is empty`, { field: 'inputTokens' })
    if (length > contextLength) {
      throw new DataError(`${label('inputTokens')} has ${length} tokens, the context holds ${contextLength}`, {
        field: 'inputTokens',
      })
    }
    for (const field of ['inputTokens', 'targetTokens'] as const) {
      checkLength(datum[field], length, label(field))
      checkTokens(datum[field], vocabSize, label(field))
    }
    for (const name of allInputs) checkInput(datum[name], inputs[loss].includes(name), length, label(name), loss)
  })
}

/** @throws {DataError} when a token is not one of the vocabulary */
export function checkTokens(tokens: readonly number[], vocabSize: number, label: string): void {
  const bad = tokens.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize)
  if (bad < 0) return
  throw new DataError(`${label}[${bad}] is ${tokens[bad]}, not a token id below ${vocabSize}`, { field: label })
}

function checkLength(values: readonly number[], length: number, label: string): void {
  if (values.length === length) return
  throw new ShapeError(`${label} has ${values.length} entries, inputTokens has ${length}`, {
    tensor: label,
    axis: 'token',
    expected: length,
    found: values.length,
  })
}

function checkInput(
  values: readonly number[] | undefined,
  isRead: boolean,
  length: number,
  label: string,
  loss: LossName,
): void {
  if (values === undefined) {
    if (isRead) throw new DataError(`${label} is missing`, { field: label })
    return
  }
  if (!isRead) {
    throw new DataError(`${label} is not read by ${loss}`, {
      field: label,
      hint: `drop it: ${loss} reads ${inputs[loss].join(' and ')}`,
    })
  }
  checkLength(values, length, label)
  const bad = values.findIndex((value) => !Number.isFinite(Math.fround(value)))
  if (bad >= 0) throw new DataError(`${label}[${bad}] is ${values[bad]}, not a finite number`, { field: label })
}

/**
 * The loss settings of a request; always sent in full, since servers differ in their defaults.
 *
 * @throws {ConfigError} when a setting is not the loss's, bounds are not ordered, or `cispo` has none
 */
export function lossConfigOf(loss: LossName, config: LossConfig = {}): Readonly<Record<string, number>> {
  const { clipLowThreshold, clipHighThreshold } = config
  if (loss === 'cross_entropy' || loss === 'importance_sampling') {
    if (clipLowThreshold === undefined && clipHighThreshold === undefined) return {}
    throw new ConfigError(`${loss} has no clipping thresholds`, { hint: 'use ppo or cispo, or drop the thresholds' })
  }
  const low = clipLowThreshold ?? (loss === 'ppo' ? PPO_BOUNDS.low : undefined)
  const high = clipHighThreshold ?? (loss === 'ppo' ? PPO_BOUNDS.high : undefined)
  if (low === undefined || high === undefined) {
    throw new ConfigError('cispo needs clipLowThreshold and clipHighThreshold', {
      hint: 'servers differ in their defaults, so there is none here; 0 and 4 are the hosted ones',
    })
  }
  if (!(low >= 0 && high > low && Number.isFinite(high))) {
    throw new ConfigError(`${loss} needs 0 <= low < high, found ${low} and ${high}`)
  }
  return { clip_low_threshold: low, clip_high_threshold: high }
}

/** A datum in the names of the wire. */
export function wireDatum(datum: Datum, loss: LossName): WireDatum {
  const length = datum.inputTokens.length
  const floats = (data: readonly number[]) => ({ dtype: 'float32' as const, shape: [length], data })
  return {
    modelInput: [{ type: 'encoded_text', tokens: datum.inputTokens }],
    lossInputs: {
      target_tokens: { dtype: 'int64', shape: [length], data: datum.targetTokens },
      ...Object.fromEntries(inputs[loss].map((name) => [name, floats(datum[name] ?? [])])),
    },
  }
}

/** The number that switches a token of a datum on: its weight, or its advantage. */
export function strengths(datum: Datum): readonly number[] {
  return datum.weights ?? datum.advantages ?? []
}

/**
 * The summed loss of log-probabilities, for servers that do not say it or say another one.
 *
 * @param logprobs_DT of the forward pass, nats, [datum][token]
 */
export function lossSum(
  data: readonly Datum[],
  loss: LossName,
  config: Readonly<Record<string, number>>,
  logprobs_DT: readonly (readonly number[])[],
): number {
  const low = config.clip_low_threshold ?? 0
  const high = config.clip_high_threshold ?? Number.POSITIVE_INFINITY
  const clip = (ratio: number): number => Math.min(high, Math.max(low, ratio))
  const perToken: { readonly [Name in LossName]: (logprob: number, strength: number, old: number) => number } = {
    cross_entropy: (logprob, weight) => -weight * logprob,
    importance_sampling: (logprob, advantage, old) => -Math.exp(logprob - old) * advantage,
    ppo: (logprob, advantage, old) => {
      const ratio = Math.exp(logprob - old)
      return -Math.min(ratio * advantage, clip(ratio) * advantage)
    },
    cispo: (logprob, advantage, old) => -clip(Math.exp(logprob - old)) * logprob * advantage,
  }
  let sum = 0
  for (const [index, datum] of data.entries()) {
    for (const [token, strength] of strengths(datum).entries()) {
      if (strength !== 0) sum += perToken[loss](logprobs_DT[index]![token]!, strength, datum.logprobs?.[token] ?? 0)
    }
  }
  return sum
}
