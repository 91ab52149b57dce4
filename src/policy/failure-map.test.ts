import { expect, test } from 'vitest'
import { wilsonInterval } from '../evaluation/metrics.ts'
import { failureMap } from './failure-map.ts'
import type { TrainingQuestion } from './types.ts'

const question = (id: string, hop: number, steps: readonly string[], rarity: string): TrainingQuestion =>
  ({
    id,
    facets: { relation: [...new Set(steps)], hop: [String(hop)], rarity: [rarity], answerType: ['drug'] },
  }) as unknown as TrainingQuestion
const questions = [
  question('a', 1, ['treats'], 'common'),
  question('b', 2, ['treats', 'causes'], 'rare'),
  question('c', 2, ['causes', 'causes'], 'rare'),
]
const sweep = (step: number, questionId: string, right: number) => ({ step, questionId, right, of: 4 })

const map = failureMap(
  questions,
  [sweep(41, 'b', 3), sweep(1, 'a', 4), sweep(1, 'b', 0), sweep(1, 'c', 1), sweep(21, 'a', 0), sweep(1, 'other', 0)],
  wilsonInterval,
)
const cell = (axis: string, name: string) => map.find((found) => found.axis === axis && found.name === name)

test('failures are counted by relation, hop count, rarity and answer type, a question once for each of its relations', () => {
  expect(map.map(({ axis, name }) => `${axis} ${name}`)).toEqual([
    'relation causes',
    'relation treats',
    'hop 1',
    'hop 2',
    'rarity common',
    'rarity rare',
    'answerType drug',
  ])
  expect(cell('relation', 'causes')!.before).toMatchObject({ questions: 2, failed: 2, share: 1, passRate: 1 / 8 })
  expect(cell('relation', 'treats')!.before).toMatchObject({ questions: 2, failed: 1, share: 0.5, passRate: 0.5 })
  expect(cell('answerType', 'drug')!.before).toMatchObject({ questions: 3, failed: 2, passRate: 5 / 12 })
})

test('each share has the Wilson interval of its count', () => {
  expect(cell('hop', '2')!.before.interval).toEqual(wilsonInterval(2, 2))
})

test('the last sweep is set against the same questions in the first one', () => {
  expect(cell('hop', '2')).toMatchObject({
    before: { questions: 2, failed: 2 },
    beforeOfSame: { questions: 1, failed: 1, passRate: 0 },
    after: { questions: 1, failed: 0, passRate: 0.75 },
  })
  expect(cell('hop', '1')).toMatchObject({ before: { questions: 1, failed: 0 }, beforeOfSame: null, after: null })
})

test('one sweep has no after, and none gives no map', () => {
  const only = failureMap(questions, [sweep(1, 'a', 4)], wilsonInterval)
  expect(only.map(({ after }) => after)).toEqual([null, null, null, null])
  expect(failureMap(questions, [], wilsonInterval)).toEqual([])
})
