import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { EntityId } from '../graph/types.ts'
import { openDisputes } from '../questions/refine/disputes.ts'
import type { Question } from '../questions/types.ts'
import { disputeOfSuspect } from './quarantine.ts'
import { decisionsOn, hashDecisions, labelOfQuestion, noDecisions, withoutRemoved } from './quarantine-decisions.ts'

const root = mkdtempSync(join(tmpdir(), 'decisions-'))
afterAll(() => rmSync(root, { recursive: true }))

const labelOf = (id: string): string => `label of ${id}`
const question = (id: string): Question =>
  ({
    id,
    stem: `Which drug, ${id}?`,
    acceptedEntityIds: [`gold of ${id}`],
    path: { steps: ['treats'] },
  }) as unknown as Question
const questions = ['a', 'b', 'c'].map(question)

/** The content of each question as it is labelled. */
const contentIn =
  (asked: readonly Question[]) =>
  (id: string): string =>
    labelOfQuestion(asked.find((one) => one.id === id)!, labelOf).content

function queueOf(name: string) {
  const queue = openDisputes(join(root, name))
  const cases = questions.map((asked) =>
    disputeOfSuspect(
      {
        ...{ step: 40, questionId: asked.id, gold: [...asked.acceptedEntityIds], majorityAnswer: 'rival', share: 0.9 },
        ...{ cluster: 'treats', clusterItems: 9, clusterAccuracy: 0.9, rollouts: 20, right: 0, belief: 0.9 },
      },
      asked,
      labelOf,
    ),
  )
  queue.add(cases)
  return queue
}
const by = { who: 'Ada', why: 'looked it up' }

test('accepted labels are kept, removed questions removed, and an open case is neither', () => {
  const queue = queueOf('both')
  queue.decide('a', { kind: 'accept' }, by)
  queue.decide('b', { kind: 'remove' }, by)
  const decisions = decisionsOn(questions, queue.state, contentIn(questions))
  queue.close()
  expect(decisions).toEqual({ kept: new Set(['a']), removed: new Set(['b']) })
  expect(withoutRemoved(questions, decisions).map(({ id }) => id)).toEqual(['a', 'c'])
})

test('a decision about another label or wording of the same question says nothing', () => {
  const queue = queueOf('changed')
  for (const { id } of questions) queue.decide(id, { kind: 'remove' }, by)
  const [a, b, c] = questions as [Question, Question, Question]
  const now = [{ ...a, stem: 'Which drug, then?' }, { ...b, acceptedEntityIds: ['another' as EntityId] }, c]
  expect(decisionsOn(now, queue.state, contentIn(now))).toEqual({ kept: new Set(), removed: new Set(['c']) })
  queue.close()
})

test('the hash of decisions is of what was decided, not in which order, by whom or why', () => {
  const queue = queueOf('one')
  queue.decide('a', { kind: 'accept' }, by)
  queue.decide('c', { kind: 'remove' }, by)
  const other = queueOf('other')
  other.decide('c', { kind: 'remove' }, { who: 'Grace', why: 'no answer is defensible' })
  other.decide('a', { kind: 'accept' }, by)
  const [one, two] = [queue, other].map(({ state }) =>
    hashDecisions(decisionsOn(questions, state, contentIn(questions))),
  )
  expect(one).toBe(two)
  other.decide('b', { kind: 'accept' }, by)
  expect(hashDecisions(decisionsOn(questions, other.state, contentIn(questions)))).not.toBe(one)
  expect(hashDecisions({ kept: new Set(['c']), removed: new Set(['a']) })).not.toBe(one)
  queue.close()
  other.close()
})

test('nothing decided has no hash, so that a run that nobody reviewed has the manifests that it always had', () => {
  const queue = queueOf('open')
  expect(decisionsOn(questions, queue.state, contentIn(questions))).toEqual(noDecisions)
  expect(hashDecisions(noDecisions)).toBeNull()
  queue.close()
})
