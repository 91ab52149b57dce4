import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { openLog } from '../../core/store.ts'
import type { GraphOrigin, Item } from '../types.ts'
import { type Decision, disputeOf, openDisputes, readDisputes, reviewItem } from './disputes.ts'
import { curatedItem } from './fixtures/curated-item.ts'
import type { LabelVerdict } from './labels.ts'
import { startReview } from './review.ts'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-disputes-'))
  file = join(dir, 'disputes.jsonl')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const now = (): Date => new Date('2026-03-01T10:00:00Z')
const by = { who: 'Ada', why: 'read the guideline' }

function verdictOn(item: Item): LabelVerdict {
  return {
    item,
    verdict: 'disputed',
    trials: 5,
    valid: 5,
    matches: 0,
    answers: [{ answer: { kind: 'options', indices: [1] }, text: 'Pneumonia', count: 5, isAsLabelled: false }],
    evidence: 'Crackles were heard.',
    causes: [],
  }
}

const caseOf = (item: Item) => disputeOf(verdictOn(item))

function queueOf(...items: readonly Item[]) {
  const queue = openDisputes(file, now)
  queue.add(items.map(caseOf))
  return queue
}

const outcome = (item: Item) => reviewItem(item, readDisputes(file))

describe('decisions', () => {
  const item = curatedItem('a', { explanation: 'Because of the calf.' })

  test('an item without a dispute is kept, a disputed one stays out until somebody decides', () => {
    expect(outcome(item)).toEqual({ kind: 'kept', item })
    queueOf(item).close()
    expect(outcome(item)).toEqual({ kind: 'out', item, why: 'undecided' })
  })

  test('accept keeps it, remove takes it out', () => {
    const queue = queueOf(item)
    queue.decide('a', { kind: 'accept' }, by)
    expect(outcome(item)).toEqual({ kind: 'kept', item })
    queue.decide('a', { kind: 'remove' }, by)
    expect(outcome(item)).toEqual({ kind: 'out', item, why: 'removed' })
    queue.close()
  })

  test('correct replaces label and answers, drops the old explanation, and says who, when and why', () => {
    const queue = queueOf(item)
    queue.decide('a', { kind: 'correct', golds: [1], answers: [] }, { who: ' Ada ', why: 'fever' })
    queue.close()
    const { explanation: _, ...bare } = item
    expect(outcome(item)).toEqual({
      kind: 'corrected',
      item: { ...bare, golds: [1], answers: ['Pneumonia'] },
      before: item,
      by: expect.objectContaining({ who: 'Ada', when: '2026-03-01T10:00:00.000Z', why: 'fever' }),
    })
  })

  test('a decision holds for the item it was taken on, not for a changed one', () => {
    const queue = queueOf(item)
    queue.decide('a', { kind: 'remove' }, by)
    const changed = { ...item, stem: `${item.stem} Now.` }
    expect(outcome(changed).kind).toBe('kept')
    expect(queue.add([caseOf(changed)])).toBe(1)
    expect(outcome(changed)).toMatchObject({ kind: 'out', why: 'undecided' })
    queue.close()
  })

  test('raising the same case again changes nothing, not even after a decision', () => {
    const queue = queueOf(item)
    queue.decide('a', { kind: 'accept' }, by)
    expect(queue.add([caseOf(item), caseOf(item)])).toBe(0)
    expect(queue.state.get('a')?.decision?.decision).toEqual({ kind: 'accept' })
    queue.close()
  })

  test('an open item takes new wordings', () => {
    const open = curatedItem('o', { form: 'open', options: [], golds: [], answers: ['flu'] })
    const queue = queueOf(open)
    queue.decide('o', { kind: 'correct', golds: [], answers: ['influenza', 'flu'] }, by)
    queue.close()
    expect(outcome(open)).toMatchObject({ kind: 'corrected', item: { answers: ['influenza', 'flu'] } })
  })

  test.each<[string, Decision]>([
    ['no such option', { kind: 'correct', golds: [4], answers: [] }],
    ['two right options of a single item', { kind: 'correct', golds: [0, 1], answers: [] }],
    ['none', { kind: 'correct', golds: [], answers: [] }],
    ['answers in words', { kind: 'correct', golds: [0], answers: ['Asthma'] }],
  ])('a correction with %s is refused and not written', (_, decision) => {
    const queue = queueOf(item)
    expect(() => queue.decide('a', decision, by)).toThrow(DataError)
    queue.close()
    expect(readDisputes(file).get('a')?.decision).toBeNull()
  })

  test('an item made from a graph cannot be relabelled against its proof', () => {
    const origin = { kind: 'graph', shape: 'finding-disease' } as GraphOrigin
    const queue = queueOf(curatedItem('g', { origin }))
    expect(() => queue.decide('g', { kind: 'correct', golds: [1], answers: [] }, by)).toThrow(/follows from a graph/)
    queue.decide('g', { kind: 'remove' }, by)
    queue.close()
  })

  test.each([
    { who: ' ', why: 'x' },
    { who: 'x', why: '' },
  ])('a decision by %j is refused', (nobody) => {
    const queue = queueOf(item)
    expect(() => queue.decide('a', { kind: 'accept' }, nobody)).toThrow(DataError)
    expect(() => queue.decide('unknown', { kind: 'accept' }, by)).toThrow(/no dispute about item unknown/)
    expect(() => queue.undo('a', 'Ada')).toThrow(/no decision to take back/)
    queue.close()
  })

  test('a file of something else is refused', () => {
    const log = openLog(file)
    log.append([{ kind: 'case', id: 3 }])
    log.close()
    expect(() => readDisputes(file)).toThrow(DataError)
  })
})

describe('what a case tells its reviewer', () => {
  const item = curatedItem('a')

  test.each([
    [{ matches: 0, valid: 5 }, 'never answered as labelled (0 of 5 answers)'],
    [{ matches: 4, valid: 5 }, 'not always answered as labelled (4 of 5 answers)'],
    [{ matches: 0, valid: 4 }, 'never answered as labelled (0 of 4 answers; 1 of 5 trials gave no answer)'],
  ])('the reason is what the trials %j say', (part, reason) => {
    expect(disputeOf({ ...verdictOn(item), ...part }, 'never answered as labelled').reason).toBe(reason)
  })

  const untried: LabelVerdict = { ...verdictOn(item), trials: 0, valid: 0, answers: [], evidence: null }

  test('without trials nothing is said of trials', () => {
    expect(disputeOf(untried, 'the same question has another answer').reason).toBe(
      'the same question has another answer',
    )
  })

  test('a question that stands elsewhere with another answer shows the other item, and survives the log', () => {
    const other = curatedItem('b', { golds: [1], answers: ['Pneumonia'] })
    const queue = openDisputes(file, now)
    queue.add([disputeOf(untried, 'same question, another answer', other)])
    queue.close()
    const rival = { id: 'b', answers: ['Pneumonia'], source: 'written train 7' }
    expect(readDisputes(file).get('a')?.case).toMatchObject({ reason: 'same question, another answer', rival })
    expect(Object.keys(caseOf(item))).not.toContain('rival')
  })

  test('a pair is decided by deciding each', () => {
    const other = curatedItem('b', { golds: [1], answers: ['Pneumonia'] })
    const queue = openDisputes(file, now)
    queue.add([disputeOf(untried, 'x', other), disputeOf({ ...untried, item: other }, 'x', item)])
    queue.decide('a', { kind: 'accept' }, by)
    expect([outcome(item).kind, outcome(other).kind]).toEqual(['kept', 'out'])
    queue.decide('b', { kind: 'remove' }, by)
    expect([outcome(item).kind, outcome(other).kind]).toEqual(['kept', 'out'])
    queue.close()
  })
})

describe('a sitting', () => {
  const items = ['a', 'b', 'c'].map((id) => curatedItem(id))

  test('goes through the open cases in order and counts', () => {
    const queue = queueOf(...items)
    const review = startReview(queue, 'Ada')
    expect(review.current?.case).toMatchObject({
      id: 'a',
      reason: 'never answered as labelled (0 of 5 answers)',
      given: [{ text: 'Pneumonia', count: 5, isAsLabelled: false }],
      evidence: 'Crackles were heard.',
      shown: { source: 'written train 7', golds: [2] },
    })
    review.decide({ kind: 'accept' }, 'fine')
    review.decide({ kind: 'correct', golds: [1], answers: [] }, 'wrong key')
    expect(review.current?.case.id).toBe('c')
    expect(review.progress).toEqual({ total: 3, open: 1, accepted: 1, corrected: 1, removed: 0 })
    review.decide({ kind: 'remove' }, 'ambiguous')
    expect(review.current).toBeNull()
    expect(() => review.decide({ kind: 'accept' }, 'x')).toThrow(DataError)
    queue.close()
  })

  test('that is broken off goes on where it ended, in another process too', () => {
    const queue = queueOf(...items)
    startReview(queue, 'Ada').decide({ kind: 'accept' }, 'fine')
    queue.close()
    const again = openDisputes(file, now)
    const review = startReview(again, 'Ben')
    expect(review.current?.case.id).toBe('b')
    expect(review.progress.open).toBe(2)
    again.close()
  })

  test('undo takes back decisions and skips, last first, and the log keeps both', () => {
    const queue = queueOf(...items)
    const review = startReview(queue, 'Ada')
    expect(review.undo()).toBe(false)
    review.decide({ kind: 'remove' }, 'hasty')
    review.skip()
    expect(review.current?.case.id).toBe('c')
    expect(review.undo()).toBe(true)
    expect(review.current?.case.id).toBe('b')
    expect(review.undo()).toBe(true)
    expect(review.current?.case.id).toBe('a')
    expect(review.progress).toMatchObject({ open: 3, removed: 0 })
    queue.close()
    expect(readDisputes(file).get('a')?.decision).toBeNull()
  })

  test('a skipped case comes last', () => {
    const queue = queueOf(...items)
    const review = startReview(queue, 'Ada')
    review.skip()
    review.decide({ kind: 'accept' }, 'x')
    review.decide({ kind: 'accept' }, 'x')
    expect(review.current?.case.id).toBe('a')
    queue.close()
  })

  test('a refused decision leaves the case in front', () => {
    const queue = queueOf(...items)
    const review = startReview(queue, 'Ada')
    expect(() => review.decide({ kind: 'correct', golds: [9], answers: [] }, 'x')).toThrow(DataError)
    expect(review.current?.case.id).toBe('a')
    expect(() => startReview(queue, '')).toThrow(DataError)
    queue.close()
  })
})
