import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLog } from '../core/store.ts'
import { openDisputes } from '../questions/refine/disputes.ts'
import type { Question } from '../questions/types.ts'
import { type Curriculum, createCurriculum, recordVisit, stateOf } from './ledger.ts'
import {
  disputeOfSuspect,
  findSuspects,
  type QuarantineRule,
  quarantine,
  readSuspects,
  suspicionOf,
} from './quarantine.ts'
import type { TrainingQuestion } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'quarantine-'))
afterAll(() => rmSync(root, { recursive: true }))

const rule: QuarantineRule = {
  rule: 'thresholds',
  ...{ minBelief: 0.7, minSeen: 16, minShare: 0.6, minCompetence: 0.5, roundShare: 0.02 },
}
const question = (id: string, steps: readonly string[] = ['treats']): TrainingQuestion =>
  ({
    ...{ id, difficulty: 'moderate', acceptedAnswers: [`gold of ${id}`] },
    clusters: [`forward ${steps.join(' ')}`, `${steps.length} hops`],
  }) as unknown as TrainingQuestion

function see(
  curriculum: Curriculum,
  item: TrainingQuestion,
  right: number,
  wrong: readonly (readonly [string, number])[],
) {
  const wrongAnswers = wrong.flatMap(([answer, count]) => new Array<string>(count).fill(answer))
  const replies = { of: right + wrongAnswers.length, right, wrongAnswers }
  recordVisit(curriculum.ledger, item, replies, { step: 0, halfLife: 40, isSweep: true })
}

/** Twenty questions of one path that the policy gets right, or wrong in as many ways as it can. */
function cluster(curriculum: Curriculum, competent: boolean): TrainingQuestion[] {
  const items = Array.from({ length: 20 }, (_, index) => question(`other ${index}`))
  for (const item of items)
    see(
      curriculum,
      item,
      competent ? 4 : 0,
      competent
        ? []
        : [
            ['x', 2],
            ['y', 2],
          ],
    )
  return items
}
const idsOf = (suspects: readonly { readonly questionId: string }[]): string[] =>
  suspects.map(({ questionId }) => questionId)

test('a question with the same wrong answer in most of many rollouts is a suspect, with its evidence', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, true), question('doubted')]
  see(curriculum, questions.at(-1)!, 0, [
    ['rival', 15],
    ['y', 5],
  ])
  expect(findSuspects(curriculum, questions, rule, { step: 40 })).toEqual([
    {
      ...{ step: 40, questionId: 'doubted', gold: ['gold of doubted'], majorityAnswer: 'rival', share: 0.75 },
      ...{ cluster: 'forward treats', clusterItems: 20, clusterAccuracy: 1, rollouts: 20, right: 0, belief: null },
    },
  ])
})

test.each([
  ['seen too little', 0, [['rival', 15]], true],
  ['right once', 1, [['rival', 40]], true],
  [
    'wrong in many ways',
    0,
    [
      ['rival', 9],
      ['y', 9],
    ],
    true,
  ],
  ['of a kind the policy cannot do', 0, [['rival', 20]], false],
] as const)('a question that is %s is no suspect', (_, right, wrong, competent) => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, competent), question('doubted')]
  see(curriculum, questions.at(-1)!, right, wrong)
  expect(findSuspects(curriculum, questions, rule, { step: 0 })).toEqual([])
})

test('where few questions share the path, those with as many hops say whether the policy is competent', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, true), question('rare', ['causes'])]
  see(curriculum, questions.at(-1)!, 0, [['rival', 16]])
  const [suspect] = findSuspects(curriculum, questions, rule, { step: 0 })
  expect(suspect).toMatchObject({ questionId: 'rare', cluster: '1 hops', clusterItems: 20, clusterAccuracy: 1 })
})

test('a question that mining visited often counts once among its cluster', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, true), question('hard'), question('doubted')]
  see(curriculum, questions[20]!, 0, [
    ['a', 100],
    ['b', 100],
    ['c', 100],
  ])
  see(curriculum, questions[21]!, 0, [['rival', 16]])
  const [suspect] = findSuspects(curriculum, questions, rule, { step: 0 })
  expect(suspect).toMatchObject({ questionId: 'doubted', clusterAccuracy: 20 / 21 })
})

test('a round raises the largest shares up to its cap, the next round those after', () => {
  const curriculum = createCurriculum()
  const doubted = [16, 20, 18].map((count) => question(`doubted ${count}`))
  const questions = [...cluster(curriculum, true), ...doubted]
  ;[16, 20, 18].forEach((count, index) => {
    see(curriculum, doubted[index]!, 0, [
      ['rival', count],
      ['y', 4],
    ])
  })
  const at = (roundShare: number) => {
    const suspects = findSuspects(curriculum, questions, { ...rule, roundShare }, { step: 0 })
    quarantine(curriculum, suspects, true)
    return idsOf(suspects)
  }
  expect(at(0.02)).toEqual(['doubted 20'])
  expect(at(0.1)).toEqual(['doubted 18', 'doubted 16'])
  expect(at(0.1)).toEqual([])
})

test('a question that a person has cleared is no suspect again', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, true), question('doubted')]
  see(curriculum, questions.at(-1)!, 0, [['rival', 16]])
  expect(findSuspects(curriculum, questions, rule, { step: 0, cleared: new Set(['doubted']) })).toEqual([])
})

test('a report leaves the question in training, isolation does not', () => {
  for (const [isolate, state] of [
    [false, 'active'],
    [true, 'quarantined'],
  ] as const) {
    const curriculum = createCurriculum()
    const questions = [...cluster(curriculum, true), question('doubted')]
    see(curriculum, questions.at(-1)!, 0, [['rival', 16]])
    quarantine(curriculum, findSuspects(curriculum, questions, rule, { step: 0 }), isolate)
    expect(stateOf(curriculum.ledger, questions.at(-1)!)).toBe(state)
    expect(findSuspects(curriculum, questions, rule, { step: 0 })).toEqual([])
  }
})

test('suspects come back from their log, and become cases that can be kept or removed, not relabelled', () => {
  const suspect = {
    ...{ step: 40, questionId: 'doubted', gold: ['gold of doubted'], majorityAnswer: 'rival', share: 0.75 },
    ...{ cluster: 'forward treats', clusterItems: 20, clusterAccuracy: 0.9, rollouts: 20, right: 0, belief: 0.9 },
  }
  const file = join(root, 'quarantine.jsonl')
  const log = openLog(file)
  log.append([suspect])
  log.close()
  expect(readSuspects(file)).toEqual([suspect])
  const asked = {
    id: 'doubted',
    stem: 'Which drug, doubted?',
    acceptedEntityIds: ['gold of doubted'],
    path: { steps: [] },
  }
  const dispute = disputeOfSuspect(suspect, asked as unknown as Question, (id) => `label of ${id}`)
  expect(dispute).toMatchObject({
    reason: 'never right in 20 rollouts of the policy; 75 % gave the same other answer, older ones counting less',
    given: [{ text: 'label of rival', count: 15, isAsLabelled: false }],
    evidence: 'The policy is right in 90 % of the rollouts of 20 questions like it (forward treats).',
    shown: { stem: 'Which drug, doubted?', answers: ['label of gold of doubted'], isProven: true },
  })
  const queue = openDisputes(join(root, 'disputes.jsonl'))
  expect([queue.add([dispute]), queue.add([dispute])]).toEqual([1, 0])
  const by = { who: 'Ada', why: 'the source is outdated' }
  expect(() => queue.decide('doubted', { kind: 'correct', golds: [], answers: ['x'] }, by)).toThrow(
    'cannot be corrected',
  )
  queue.decide('doubted', { kind: 'remove' }, by)
  expect(queue.state.get('doubted')?.decision?.decision.kind).toBe('remove')
  queue.close()
})

test('a line that is no suspect is refused', () => {
  const file = join(root, 'other.jsonl')
  const log = openLog(file)
  log.append([{ step: 1, questionId: 'q' }])
  log.close()
  expect(() => readSuspects(file)).toThrow()
})

test('by belief, a label is doubted before many rollouts, and one lucky success clears none', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, true), question('always'), question('lucky'), question('spread')]
  see(curriculum, questions[20]!, 0, [['rival', 12]])
  see(curriculum, questions[21]!, 1, [['rival', 31]])
  see(curriculum, questions[22]!, 0, [
    ['a', 6],
    ['b', 5],
    ['c', 5],
  ])
  const suspects = findSuspects(curriculum, questions, { ...rule, rule: 'belief', roundShare: 0.5 }, { step: 20 })
  expect(idsOf(suspects).sort()).toEqual(['always', 'lucky'])
  const lucky = suspects.find(({ questionId }) => questionId === 'lucky')!
  expect(lucky).toMatchObject({ step: 20, majorityAnswer: 'rival', share: 31 / 32, rollouts: 32, right: 1 })
  expect(lucky.belief).toBeGreaterThan(0.7)
  expect(suspicionOf(lucky).reason).toBe(
    'right in 1 of 32 rollouts of the policy; 97 % gave the same other answer, older ones counting less',
  )
})

test('by belief, nothing is doubted where the policy is wrong in many ways on the rest', () => {
  const curriculum = createCurriculum()
  const questions = [...cluster(curriculum, false), question('doubted')]
  see(curriculum, questions.at(-1)!, 0, [['rival', 16]])
  expect(findSuspects(curriculum, questions, { ...rule, rule: 'belief' }, { step: 0 })).toEqual([])
})

test('by belief, a question that is alone of its kind is not judged', () => {
  const curriculum = createCurriculum()
  const alone = question('alone', ['causes', 'treats', 'causes'])
  const questions = [...cluster(curriculum, true), alone]
  see(curriculum, alone, 0, [['rival', 16]])
  expect(findSuspects(curriculum, questions, { ...rule, rule: 'belief' }, { step: 0 })).toEqual([])
})
