import { DataError } from '../core/errors.ts'
import type { AnswerRecord, Interval, Paired, Score } from './types.ts'

/** Two-sided 95 % point of the normal distribution. */
const z95 = 1.959963984540054

/**
 * Wilson's 95 % interval of a proportion: keeps its coverage at small n and near 0 and 1, where the normal one fails.
 *
 * @returns [low, high], fractions; [0, 1] when n is 0
 */
export function wilsonInterval(successes: number, n: number): Interval {
  if (n === 0) return [0, 1]
  const p = successes / n
  const zz = z95 * z95
  const centre = (p + zz / (2 * n)) / (1 + zz / n)
  const half = (z95 / (1 + zz / n)) * Math.sqrt((p * (1 - p)) / n + zz / (4 * n * n))
  return [Math.max(0, centre - half), Math.min(1, centre + half)]
}

/**
 * The score of a set of answers in the open or the multiple-choice form. Unparsed answers count as wrong.
 *
 * @param form `choice` reads the same open answer against the options
 */
export function scoreOf(records: readonly AnswerRecord[], form: 'open' | 'choice'): Score {
  const n = records.length
  const right = records.filter((record) => (form === 'open' ? record.correct : record.choiceCorrect))
  const checkable = records.reduce((sum, record) => sum + record.checkableSteps, 0)
  const grounded = records.reduce((sum, record) => sum + record.groundedSteps, 0)
  const wrongReason = right.filter((record) => record.rightForWrongReason).length
  return {
    n,
    correct: right.length,
    accuracy: n === 0 ? 0 : right.length / n,
    interval: wilsonInterval(right.length, n),
    unparsed: records.filter((record) => record.unparsed).length,
    groundedStepRate: checkable === 0 ? null : grounded / checkable,
    rightForWrongReason: right.length === 0 || checkable === 0 ? null : wrongReason / right.length,
  }
}

/** What a paired test must know of an answer. */
type Flipped = Pick<AnswerRecord, 'questionId' | 'correct'>

/**
 * McNemar's exact test of two checkpoints on the same questions: how many the second gained and lost against the first.
 *
 * @throws {DataError} when the two did not answer the same questions
 */
export function pairedTest(before: readonly Flipped[], after: readonly Flipped[]): Paired {
  const earlier = new Map(before.map((record) => [record.questionId, record.correct]))
  if (earlier.size !== after.length || after.some((record) => !earlier.has(record.questionId))) {
    throw new DataError('a paired test needs the same questions on both sides')
  }
  const gained = after.filter((record) => record.correct && earlier.get(record.questionId) === false).length
  const lost = after.filter((record) => !record.correct && earlier.get(record.questionId) === true).length
  return {
    n: after.length,
    gained,
    lost,
    difference: after.length === 0 ? 0 : (gained - lost) / after.length,
    p: exactMcNemar(gained, lost),
  }
}

/** Two-sided exact binomial p of `gained` against `lost` under equal chances; 1 when nothing flipped. */
export function exactMcNemar(gained: number, lost: number): number {
  const n = gained + lost
  if (n === 0) return 1
  const smaller = Math.min(gained, lost)
  let tail = 0
  for (let k = 0; k <= smaller; k++) tail += Math.exp(logChoose(n, k) - n * Math.LN2)
  return Math.min(1, 2 * tail)
}

function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}
