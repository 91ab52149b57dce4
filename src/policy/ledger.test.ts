import { expect, test } from 'vitest'
import type { Difficulty } from '../questions/types.ts'
import {
  createCurriculum,
  fitPriors,
  isFailedSweep,
  type Ledger,
  posterior,
  recordVisit,
  repliesOf,
  restoreCurriculum,
  snapshotCurriculum,
  tierPriors,
} from './ledger.ts'
import type { TrainingQuestion } from './types.ts'

const question = (id: string, difficulty: Difficulty = 'moderate'): TrainingQuestion =>
  ({ id, difficulty, acceptedAnswers: ['gold'] }) as unknown as TrainingQuestion
const replies = (right: number, of: number, wrongAnswers: readonly string[] = []) => ({ right, of, wrongAnswers })
const training = (step: number) => ({ step, halfLife: 40, isSweep: false })
const sweep = (step: number) => ({ step, halfLife: 40, isSweep: true })

test('observations count half after the half-life, undecayed counts stay, wrong answers decay too', () => {
  const item = question('q')
  const curriculum = createCurriculum()
  recordVisit(curriculum.ledger, item, replies(2, 4, ['x', 'y']), training(0))
  recordVisit(curriculum.ledger, item, replies(0, 2, ['x', 'x']), training(40))
  expect(curriculum.ledger.get('q')).toEqual({
    ...{ alpha: 1, beta: 3, seen: 6, right: 2, lastStep: 40, sweepsFailed: 0, dry: 2 },
    wrongAnswers: [
      ['x', 2.5],
      ['y', 0.5],
    ],
    ...{ state: 'active', wakeAtSweep: 0, backOff: 0, suspected: false },
  })
  expect(posterior(curriculum, item)).toEqual({ alpha: 2, beta: 4 })
})

test('a wrong answer that nobody gave for long is forgotten', () => {
  const ledger: Ledger = new Map()
  recordVisit(ledger, question('q'), replies(0, 1, ['old']), training(0))
  recordVisit(ledger, question('q'), replies(0, 1, ['new']), training(40 * 7))
  expect(ledger.get('q')?.wrongAnswers).toEqual([['new', 1]])
})

test('sweeps that fail are counted in a row; a sweep that does not fail ends the row, training does not', () => {
  const ledger: Ledger = new Map()
  const row = (right: number, of: number, visit: ReturnType<typeof sweep>): number => {
    recordVisit(ledger, question('q'), replies(right, of), visit)
    return ledger.get('q')!.sweepsFailed
  }
  expect([row(1, 4, sweep(0)), row(0, 4, sweep(9)), row(16, 16, training(10)), row(0, 0, sweep(11))]).toEqual([
    1, 2, 2, 2,
  ])
  expect([row(2, 4, sweep(20)), row(0, 4, sweep(30))]).toEqual([0, 1])
  expect([isFailedSweep(replies(1, 4)), isFailedSweep(replies(1, 3)), isFailedSweep(replies(0, 1))]).toEqual([
    true,
    false,
    true,
  ])
})

test('rollouts since the last success are counted over visits', () => {
  const ledger: Ledger = new Map()
  const dry = [0, 0, 1, 0].map((right, index) => {
    recordVisit(ledger, question('q'), replies(right, 8), training(index))
    return ledger.get('q')!.dry
  })
  expect(dry).toEqual([8, 16, 0, 8])
})

test('a wrong answer is one that is not accepted; unread answers, right ones in a bad form and crashed verifiers are none', () => {
  const rollout = (answered: string, total: number, unscored?: string, correct = 0) => ({
    answered,
    reward: { correct, format: 0, total },
    ...(unscored !== undefined && { unscored }),
  })
  const rollouts_G = [
    rollout('gold', 1),
    rollout('gold', 0),
    rollout('rival', 0),
    rollout('none', 0),
    rollout('several', 0),
    rollout('constructor', 0),
    rollout('7.21', 0, undefined, 1),
    rollout('none', 0, 'the verifier crashed'),
    rollout('none', Number.NaN),
  ]
  expect(repliesOf({ question: question('q'), rollouts_G })).toEqual({
    ...{ of: 7, right: 1 },
    wrongAnswers: ['rival', 'constructor'],
  })
})

test('fitted priors have the pass rates of their tiers, worth two rollouts, and stay off 0 and 1', () => {
  const ledger: Ledger = new Map()
  recordVisit(ledger, question('a', 'easy'), replies(3, 4), sweep(0))
  recordVisit(ledger, question('b', 'easy'), replies(4, 4), sweep(0))
  recordVisit(ledger, question('c', 'difficult'), replies(0, 4), sweep(0))
  recordVisit(ledger, question('d', 'easy'), replies(0, 0), sweep(0))
  const all = [question('a', 'easy'), question('b', 'easy'), question('c', 'difficult'), question('d', 'easy')]
  const priors = fitPriors(ledger, all)
  expect(priors.easy).toEqual({ alpha: 1.75, beta: 0.25 })
  expect(priors.difficult).toEqual({ alpha: 0.1, beta: 1.9 })
  expect(priors.moderate).toEqual(tierPriors.moderate)
})

test('a curriculum comes back from its snapshot as it was, order of visits included', () => {
  const curriculum = createCurriculum()
  for (const id of ['10', 'b', '2']) recordVisit(curriculum.ledger, question(id), replies(1, 3, ['x', 'y']), sweep(3))
  curriculum.sweeps = 4
  curriculum.priors = { ...tierPriors, easy: { alpha: 0.5, beta: 1.5 } }
  const copy = createCurriculum()
  recordVisit(copy.ledger, question('stale'), replies(1, 1), sweep(0))
  restoreCurriculum(copy, JSON.parse(JSON.stringify(snapshotCurriculum(curriculum))))
  expect(copy).toEqual(curriculum)
  expect([...copy.ledger.keys()]).toEqual(['10', 'b', '2'])
})

test.each([
  ['a list of rewards', [0.1]],
  ['an entry without counts', { entries: [['q', {}]], priors: tierPriors, sweeps: 0 }],
  ['a negative count', { entries: [], priors: tierPriors, sweeps: -1 }],
])('%s is no snapshot', (_, state) => {
  expect(() => restoreCurriculum(createCurriculum(), state)).toThrow()
})
