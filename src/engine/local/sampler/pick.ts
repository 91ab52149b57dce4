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
function keepMostProbable(weights: Float64Array, { topK, topP }: PickRule, sorted: Float64Array): void {
  sorted.set(weights)
  sorted.sort()
  const vocabSize = weights.length
  let kept = Math.min(topK, vocabSize)
  if (topP < 1) {
    let total = 0
    for (let rank = 1; rank <= kept; rank += 1) total += sorted[vocabSize - rank]!
    let cumulative = 0
    let rank = 0
    while (rank < kept && cumulative < topP * total) {
      rank += 1
      cumulative += sorted[vocabSize - rank]!
    }
    kept = rank
  }
  const floor = sorted[vocabSize - kept]!
  // How many of the tokens that stand exactly at the floor are still inside.
  let ties = 0
  for (let rank = kept; rank >= 1 && sorted[vocabSize - rank] === floor; rank -= 1) ties += 1
  for (let token = 0; token < vocabSize; token += 1) {
    const weight = weights[token]!
    if (weight > floor) continue
    if (weight === floor && ties > 0) ties -= 1
    else weights[token] = 0
  }
}
