import { expect, test } from 'vitest'
import type { AnswerRecord } from '../../evaluation/types.ts'
import type { QuestionId } from '../../questions/types.ts'
import { findFalls } from './falls.ts'
import type { Scores, StageAnswers } from './read-run.ts'
import type { ReportRow } from './schema.ts'

const split = 'held-out-composition'

function row(stage: ReportRow['stage'], correct: number, change: Partial<ReportRow> = {}): ReportRow {
  const n = 10
  const score = { n, correct, accuracy: correct / n, unparsed: 0, groundedStepRate: null, rightForWrongReason: null }
  return { stage, split, hop: 2, rarity: 'all', form: 'open', ...score, interval: [0, 1], ...change }
}

const pair = { from: 'rl-1', to: 'rl-2', split, hop: 2, n: 10, gained: 1, lost: 3, difference: -0.2, p: 0.625 } as const

const scoresOf = (ladder: readonly ReportRow[], paired: Scores['paired'] = [pair]): Scores => ({
  ladder: [...ladder],
  paired,
  mostFrequent: [],
  facts: [],
})

const none: StageAnswers = { base: [], 'cold-start': [], 'rl-1': [], 'rl-2': [] }

test('an accuracy below that of the checkpoint before is a fall, with the paired test of the scores', () => {
  expect(findFalls(scoresOf([row('rl-1', 8), row('rl-2', 6)]), none)).toEqual([
    {
      form: 'open',
      split,
      hop: 2,
      from: 'rl-1',
      to: 'rl-2',
      n: 10,
      before: 0.8,
      after: 0.6,
      gained: 1,
      lost: 3,
      p: 0.625,
    },
  ])
})

test('equal and higher accuracies are no falls', () => {
  expect(findFalls(scoresOf([row('cold-start', 6), row('rl-1', 6), row('rl-2', 7)]), none)).toEqual([])
})

test('only neighbours are compared, and the forced base is no neighbour', () => {
  expect(findFalls(scoresOf([row('base-forced', 9), row('base', 1), row('rl-1', 2)]), none)).toEqual([])
  expect(findFalls(scoresOf([row('cold-start', 9), row('rl-2', 2)]), none)).toEqual([])
})

test('rows by rarity are not compared: they repeat the questions of the hop counts', () => {
  const rare = { hop: 'all', rarity: 'rare' } as const
  expect(findFalls(scoresOf([row('rl-1', 8, rare), row('rl-2', 6, rare)]), none)).toEqual([])
})

test('a fall in the multiple-choice form alone is paired from the answers', () => {
  const answer = (id: number, choiceCorrect: boolean, hop = 2): AnswerRecord => ({
    questionId: `question_${id}` as QuestionId,
    split,
    hop,
    rarity: 'common',
    completion: '',
    answered: 'none',
    unparsed: false,
    correct: true,
    choiceCorrect,
    choiceUnmatched: false,
    groundedSteps: 0,
    checkableSteps: 0,
    rightForWrongReason: false,
  })
  const before = [1, 2, 3, 4].map((id) => answer(id, id !== 4))
  const after = [1, 2, 3, 4].map((id) => answer(id, id === 4))
  const answers = { ...none, base: [...before, answer(9, true, 3)], 'cold-start': [...after, answer(9, true, 3)] }
  const ladder = [row('base', 3, { form: 'choice', n: 4 }), row('cold-start', 1, { form: 'choice', n: 4 })]
  const [fall] = findFalls(scoresOf(ladder), answers)
  expect(fall).toMatchObject({ form: 'choice', from: 'base', to: 'cold-start', n: 4, gained: 1, lost: 3, p: 0.625 })
})

test('a fall without a paired test is refused, not shown without its p', () => {
  expect(() => findFalls(scoresOf([row('rl-1', 8), row('rl-2', 6)], []), none)).toThrow(
    'there is no paired test of rl-1 and rl-2 on held-out-composition, hop 2',
  )
})
