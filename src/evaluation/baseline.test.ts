import { expect, test } from 'vitest'
import type { Question } from '../questions/types.ts'
import { mostFrequentAnswer } from './baseline.ts'

/** A question whose last step and accepted answers are these. */
const question = (step: string, ...accepted: string[]): Question =>
  ({ acceptedEntityIds: accepted, path: { steps: ['hallmark_of', step] } }) as unknown as Question

const training = [
  question('first_line', 'penicillin'),
  question('first_line', 'penicillin', 'aspirin'),
  question('first_line', 'aspirin', 'aspirin gel'),
  question('first_line', 'aspirin'),
  question('is_a', 'infection'),
]

test('the answer most often accepted for the last step is given to every question of that step', () => {
  const heldOut = [
    question('first_line', 'aspirin'),
    question('first_line', 'penicillin'),
    question('first_line', 'aspirin', 'colchicine'),
    question('is_a', 'infection'),
  ]
  const score = mostFrequentAnswer(training, heldOut)
  expect(score).toMatchObject({ n: 4, correct: 3, accuracy: 0.75, unparsed: 0, groundedStepRate: null })
  // Wilson, 3 of 4.
  expect(score.interval[0]).toBeCloseTo(0.3006, 4)
  expect(score.interval[1]).toBeCloseTo(0.9544, 4)
})

test('a step that was never trained has no answer, which is wrong and counted', () => {
  expect(mostFrequentAnswer(training, [question('acts_by', 'binding')])).toMatchObject({
    n: 1,
    correct: 0,
    unparsed: 1,
  })
})

test('equally frequent answers are decided by id, not by the order of the questions', () => {
  const tied = [question('is_a', 'b'), question('is_a', 'a')]
  for (const order of [tied, [...tied].reverse()]) {
    expect(mostFrequentAnswer(order, [question('is_a', 'a')]).correct).toBe(1)
  }
})

test('nothing asked is a score of nothing', () => {
  expect(mostFrequentAnswer(training, [])).toMatchObject({ n: 0, accuracy: 0, interval: [0, 1] })
})
