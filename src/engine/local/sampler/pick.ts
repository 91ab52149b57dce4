import { ConfigError } from '../../../core/errors.ts'
import type { SamplingParams } from '../../types.ts'

/** How a token is chosen from the softmax of one row. */
export type PickRule = { readonly temperature: number; readonly topP: number; readonly topK: number }

/** Chooses the token of one row; `uniform` in [0, 1) is the row's random number for this token. */
export type Picker = (probabilities: Float32Array, offset: number, uniform: number) => number

/**
 * The rule that sampling parameters stand for.
 *
 * @returns temperature from 0 (greedy), topP in (0, 1], topK at least 1, Infinity for all tokens
 * @throws {ConfigError} when a parameter is out of range
 */
export function pickRule(params: SamplingParams): PickRule {
  const { temperature = 1, topP = 1, topK = -1 } = params
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new ConfigError(`temperature ${temperature} is out of range`, {
      hint: 'use 0 for greedy, 1 for the model as it is',
    })
  if (!(topP > 0 && topP <= 1)) throw new ConfigError(`topP ${topP} is out of range`, { hint: 'topP lies in (0, 1]' })
  if (topK !== -1 && !(Number.isSafeInteger(topK) && topK >= 1))
    throw new ConfigError(`topK ${topK} is out of range`, { hint: 'topK is a count from 1, or -1 for all tokens' })
  return { temperature, topP, topK: topK === -1 ? Number.POSITIVE_INFINITY : topK }
}

/**
 * A picker for a vocabulary, by inverse CDF in float64.
 *
 * Temperature T draws from p^(1/T), renormalised; then the k most probable tokens are kept; then the smallest set of
 * the most probable ones whose share reaches topP. Between equal probabilities the lower id goes first.
 *
 * @param vocabSize length of a row
 */
export function createPicker(rule: PickRule, vocabSize: number): Picker {
  if (rule.temperature === 0) return (probabilities, offset) => argmax(probabilities, offset, vocabSize)
  const isFiltered = rule.topP < 1 || rule.topK < vocabSize
  if (rule.temperature === 1 && !isFiltered)
    return (probabilities, offset, uniform) => inverseCdf(probabilities, offset, vocabSize, uniform)
  const weights = new Float64Array(vocabSize)
  const sorted = new Float64Array(vocabSize)
  return (probabilities, offset, uniform) => {
    temper(probabilities, offset, rule.temperature, weights)
    if (isFiltered) keepMostProbable(weights, rule, sorted)
    let total = 0
    for (let token = 0; token < vocabSize; token += 1) total += weights[token]!
    return inverseCdf(weights, 0, vocabSize, uniform * total)
  }
}

function argmax(probabilities: Float32Array, offset: number, vocabSize: number): number {
  let best = 0
  for (let token = 1; token < vocabSize; token += 1)
    if (probabilities[offset + token]! > probabilities[offset + best]!) best = token
  return best
}

/** The first token whose cumulative weight exceeds `target`; the last possible one when rounding leaves the sum below. */
function inverseCdf(weights: Float32Array | Float64Array, offset: number, vocabSize: number, target: number): number {
  let cumulative = 0
  for (let token = 0; token < vocabSize; token += 1) {
    cumulative += weights[offset + token]!
    if (cumulative > target) return token
  }
  let last = vocabSize - 1
  while (last > 0 && weights[offset + last] === 0) last -= 1
  return last
}

/** Writes (p / max p)^(1/T): relative to the maximum, so that a low temperature underflows only the negligible. */
function temper(probabilities: Float32Array, offset: number, temperature: number, weights: Float64Array): void {
  const vocabSize = weights.length
  const logMax = Math.log(probabilities[offset + argmax(probabilities, offset, vocabSize)]!)
  for (let token = 0; token < vocabSize; token += 1) {
    const probability = probabilities[offset + token]!
    if (temperature === 1) weights[token] = probability
    else weights[token] = probability > 0 ? Math.exp((Math.log(probability) - logMax) / temperature) : 0
  }
}

/** Sets the weights outside top-k and the nucleus to zero. */
function keepMostProbable(weights: Float64Array, { topK, topP }: PickRule, scratch: Float64Array): void {
  const isLimited = topK < weights.length
  const share = isLimited ? 0 : topP * sum(weights)
  const sorted = largest(weights, scratch, (count, total) => (isLimited ? count >= topK : total > share * ROUNDING))
  const rank = (place: number) => sorted[sorted.length - place]!
  let kept = Math.min(topK, sorted.length)
  if (topP < 1) {
    const target = isLimited ? topP * sum(sorted.subarray(sorted.length - kept)) : share
    let count = 0
    for (let cumulative = 0; count < kept && cumulative < target; cumulative += rank(count)) count += 1
    kept = count
  }
  const floor = rank(kept)
  // How many of the tokens that stand exactly at the floor are still inside.
  let ties = 0
  for (let place = kept; place >= 1 && rank(place) === floor; place -= 1) ties += 1
  for (let token = 0; token < weights.length; token += 1) {
    const weight = weights[token]!
    if (weight > floor) continue
    if (weight === floor && ties > 0) ties -= 1
    else weights[token] = 0
  }
}

/** Sums taken in another order agree to this. */
const ROUNDING = 1 + 1e-9

/** Shares of the maximum down to which weights are looked at, until enough are found: sorting 150,000 takes 10 ms. */
const CUTOFFS = [2 ** -4, 2 ** -8, 2 ** -12, 2 ** -16, 2 ** -24, 0]

/**
 * The largest weights, ascending: all down to the first cutoff at which they are enough.
 *
 * @param scratch as long as `weights`; what is returned is a part of it
 */
function largest(
  weights: Float64Array,
  scratch: Float64Array,
  isEnough: (count: number, total: number) => boolean,
): Float64Array {
  let max = 0
  for (let i = 0; i < weights.length; i += 1) if (weights[i]! > max) max = weights[i]!
  for (const cutoff of CUTOFFS) {
    let [count, total] = [0, 0]
    for (let i = 0; i < weights.length; i += 1) {
      const weight = weights[i]!
      if (weight < cutoff * max) continue
      scratch[count] = weight
      count += 1
      total += weight
    }
    if (cutoff === 0 || isEnough(count, total)) return scratch.subarray(0, count).sort()
  }
  return scratch
}

function sum(weights: Float64Array): number {
  let total = 0
  for (let i = 0; i < weights.length; i += 1) total += weights[i]!
  return total
}
