import type { AnswerValue } from '../text/types.ts'
import { isSameNumber } from '../text/units.ts'
import type { Gold, NumberPrecision, Reward } from './types.ts'

/**
 * 1 when the answer is right, else 0: an accepted entity or wording, exactly the right options, or a number that is near
 * enough. What stands in the thinking never counts, and there is no credit for a part.
 *
 * @paper Fleming-R1 §3.3: correctness of the final answer
 * @deviation the paper has questions with options; sets of options, numbers and names are read and compared by our rules
 */
export const correctness: Reward = {
  name: 'correctness',
  range: [0, 1],
  score: ({ value, gold }) => (isRight(value, gold) ? 1 : 0),
}

/** Whether a value is what the gold asks for; a value of another kind than the gold's never is. */
export function isRight(value: AnswerValue, gold: Gold): boolean {
  switch (gold.kind) {
    case 'entities':
      return value.kind === 'entity' && gold.ids.includes(value.id)
    case 'options':
      return isSameSet(indicesOf(value), gold.indices)
    case 'number':
      return value.kind === 'number' && isNear(value.value, gold.value, gold)
    case 'range':
      return value.kind === 'range' && isNear(value.low, gold.low, gold) && isNear(value.high, gold.high, gold)
    case 'names':
      return value.kind === 'name'
  }
}

/**
 * Overlap of the answered and the right options, from 0 to 1: shared over all named. A metric of questions with several
 * right options; it is never a reward, because a part of a set can be had by guessing.
 */
export function jaccard(value: AnswerValue, gold: Gold): number {
  if (gold.kind !== 'options') return isRight(value, gold) ? 1 : 0
  const answered = indicesOf(value)
  const shared = answered.filter((index) => gold.indices.includes(index)).length
  const all = new Set([...answered, ...gold.indices]).size
  return all === 0 ? 0 : shared / all
}

function indicesOf(value: AnswerValue): readonly number[] {
  if (value.kind === 'letter') return [value.index]
  return value.kind === 'letters' ? value.indices : []
}

function isSameSet(answered: readonly number[], right: readonly number[]): boolean {
  return right.length > 0 && answered.length === right.length && right.every((index) => answered.includes(index))
}

/** Both ways of rounding a tie are right: 7.25 is 7.2 and 7.3. */
function isNear(value: number, gold: number, { decimals, tolerance = {} }: NumberPrecision): boolean {
  if (!Number.isFinite(value)) return false
  const gap = Math.abs(value - gold)
  const allowance = Math.max(tolerance.absolute ?? 0, (tolerance.relative ?? 0) * Math.abs(gold))
  const halfPlace = decimals === null ? 0 : 0.5 * 10 ** -decimals
  const limit = Math.max(allowance, halfPlace)
  return isSameNumber(value, gold) || gap <= limit || isSameNumber(gap, limit)
}
