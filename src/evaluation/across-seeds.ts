import { DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import type { AnswerRecord, Interval } from './types.ts'

/** Two-sided 95 % point of the normal distribution. */
const z95 = 1.959963984540054

export type SeedScore = {
  /** Distinct questions; each was answered once under every seed. */
  readonly questions: number
  readonly seeds: number
  /** Mean over seeds and questions, a fraction. */
  readonly accuracy: number
  /** 95 % interval over questions: the answers of several seeds to one question are one observation, not several. */
  readonly interval: Interval
  /** Accuracy under each seed, in the order given. */
  readonly bySeed: readonly number[]
}

/**
 * The score of one checkpoint over several training seeds on the same questions.
 *
 * @param records_S answers under each seed, [seed][question]
 * @throws {DataError} when the seeds answered different questions
 */
export function scoreAcrossSeeds(records_S: readonly (readonly AnswerRecord[])[]): SeedScore {
  const rates = [...ratesByQuestion(records_S).values()]
  const accuracy = mean(rates)
  const half = z95 * standardError(rates)
  return {
    questions: rates.length,
    seeds: records_S.length,
    accuracy,
    interval: [Math.max(0, accuracy - half), Math.min(1, accuracy + half)],
    bySeed: records_S.map((records) => mean(records.map(({ correct }) => (correct ? 1 : 0)))),
  }
}

export type SeedDifference = {
  readonly questions: number
  readonly difference: number
  readonly interval: Interval
  readonly p: number
}

/** Sign flips of the permutation test; the smallest p it can give is one in this many and one. */
const signFlips = 9999

/**
 * The paired difference of two checkpoints over the same seeds and questions, with a sign-flip test on the questions'
 * mean differences.
 *
 * @throws {DataError} when the two sides answered different questions
 */
export function compareAcrossSeeds(
  before_S: readonly (readonly AnswerRecord[])[],
  after_S: readonly (readonly AnswerRecord[])[],
): SeedDifference {
  const before = ratesByQuestion(before_S)
  const after = ratesByQuestion(after_S)
  if (before.size !== after.size || [...after.keys()].some((id) => !before.has(id))) {
    throw new DataError('a paired comparison needs the same questions on both sides')
  }
  const differences = [...after].map(([id, rate]) => rate - before.get(id)!)
  const difference = mean(differences)
  const half = z95 * standardError(differences)
  const moved = differences.filter((value) => value !== 0)
  const rng = createRng('sign-flip', differences.length)
  let asLarge = 0
  for (let flip = 0; flip < signFlips; flip++) {
    const sum = moved.reduce((total, value) => total + (rng.int(2) === 0 ? value : -value), 0)
    if (Math.abs(sum) >= Math.abs(difference) * differences.length - 1e-9) asLarge += 1
  }
  return {
    questions: differences.length,
    difference,
    interval: [difference - half, difference + half],
    p: (asLarge + 1) / (signFlips + 1),
  }
}

/** Share of seeds that answered each question right. */
function ratesByQuestion(records_S: readonly (readonly AnswerRecord[])[]): Map<string, number> {
  const right = new Map<string, number>()
  for (const records of records_S) {
    for (const { questionId, correct } of records)
      right.set(questionId, (right.get(questionId) ?? 0) + (correct ? 1 : 0))
  }
  if (records_S.some((records) => records.length !== right.size)) {
    throw new DataError('the seeds did not answer the same questions', { hint: 'keep dataSeed and change seed alone' })
  }
  return new Map([...right].map(([id, count]) => [id, count / records_S.length]))
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function standardError(values: readonly number[]): number {
  const centre = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1)
  return Math.sqrt(variance / values.length)
}
