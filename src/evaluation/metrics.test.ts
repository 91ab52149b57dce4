import { expect, test } from 'vitest'
import { exactMcNemar, pairedTest, scoreOf, wilsonInterval } from './metrics.ts'
import type { AnswerRecord } from './types.ts'

const record = (id: string, fields: Partial<AnswerRecord> = {}): AnswerRecord => ({
  questionId: id as AnswerRecord['questionId'],
  split: 'held-out-composition',
  hop: 2,
  rarity: 'common',
  completion: '',
  answered: 'none',
  unparsed: false,
  correct: false,
  choiceCorrect: false,
  choiceUnmatched: false,
  groundedSteps: 0,
  checkableSteps: 0,
  rightForWrongReason: false,
  ...fields,
})

test("Wilson's interval has its known values", () => {
  const [low, high] = wilsonInterval(8, 10)
  expect(low).toBeCloseTo(0.4902, 4)
  expect(high).toBeCloseTo(0.9433, 4)
  expect(wilsonInterval(0, 10)[0]).toBe(0)
  expect(wilsonInterval(0, 10)[1]).toBeCloseTo(0.2775, 4)
})

test("McNemar's exact p: 18 gained against 7 lost is .0433, none flipped is 1", () => {
  expect(exactMcNemar(18, 7)).toBeCloseTo(0.0433, 4)
  expect(exactMcNemar(0, 0)).toBe(1)
  expect(exactMcNemar(5, 5)).toBe(1)
})

test('unparsed answers count as wrong and are counted', () => {
  const score = scoreOf([record('a', { correct: true, answered: 'x' }), record('b', { unparsed: true })], 'open')
  expect(score).toMatchObject({ n: 2, correct: 1, accuracy: 0.5, unparsed: 1 })
})

test('an answer that is none of the options is wrong in the choice form, though right in the open one', () => {
  const records = [record('a', { correct: true, choiceUnmatched: true })]
  expect(scoreOf(records, 'open').accuracy).toBe(1)
  expect(scoreOf(records, 'choice')).toMatchObject({ accuracy: 0, unparsed: 0 })
})

test('the grounded-step rate weighs steps, not answers; without steps it is null', () => {
  const records = [
    record('a', { groundedSteps: 3, checkableSteps: 4 }),
    record('b', { groundedSteps: 0, checkableSteps: 1 }),
  ]
  expect(scoreOf(records, 'open').groundedStepRate).toBe(0.6)
  expect(scoreOf([record('c')], 'open').groundedStepRate).toBeNull()
})

test('right for the wrong reason is a share of the right answers', () => {
  const records = [
    record('a', { correct: true, rightForWrongReason: true, checkableSteps: 2 }),
    record('b', { correct: true }),
    record('c'),
  ]
  expect(scoreOf(records, 'open').rightForWrongReason).toBe(0.5)
})

test('a paired test counts flips by question, not by position', () => {
  const before = [record('a', { correct: true }), record('b'), record('c')]
  const after = [record('c', { correct: true }), record('a'), record('b', { correct: true })]
  expect(pairedTest(before, after)).toMatchObject({ n: 3, gained: 2, lost: 1, difference: 1 / 3 })
})

test('different questions on the two sides are refused', () => {
  expect(() => pairedTest([record('a')], [record('b')])).toThrow(/same questions/)
})

test('where nothing was reasoned, no answer is right for the wrong reason', () => {
  const forced = [record('a', { correct: true, rightForWrongReason: true })]
  expect(scoreOf(forced, 'open').rightForWrongReason).toBeNull()
})
