import { expect, test } from 'vitest'
import { createCurriculum, type ItemState, recordVisit, stateOf } from './ledger.ts'
import { isResting, isWaking, ladderSize, replayCount, type StateRules, updateStates } from './ledger-states.ts'
import type { TrainingQuestion } from './types.ts'

const item = { id: 'q', difficulty: 'moderate' } as unknown as TrainingQuestion
const solved = { mean: 0.9, minSeen: 16, replayShare: 0.05, reopenBelow: 0.75 }
const ladder = { moreAfter: 16, maxGroup: 24, freezeAfter: 32, maxBackOff: 4 }

function walk(rules: StateRules) {
  const curriculum = createCurriculum()
  return {
    curriculum,
    visit: (right: number, of: number): ItemState => {
      recordVisit(curriculum.ledger, item, { right, of, wrongAnswers: [] }, { step: 0, halfLife: 40, isSweep: false })
      updateStates(curriculum, [item], rules)
      return stateOf(curriculum.ledger, item)
    },
  }
}

test('a question is solved from a belief of 0.9 and 16 rollouts, and active again below 0.75', () => {
  const { visit } = walk({ solved })
  // (1 + 15) / 17 = 0.94, but 15 rollouts; then (1 + 31) / 33.
  expect([visit(15, 15), visit(16, 16)]).toEqual(['active', 'solved'])
  // (1 + 31) / 41 = 0.78 and 32 / 49 = 0.65.
  expect([visit(0, 8), visit(0, 8)]).toEqual(['solved', 'active'])
})

test('without a success groups get larger, then the question rests for 1, 2, 4, 4 sweeps', () => {
  const { curriculum, visit } = walk({ ladder })
  expect(ladderSize(curriculum, item, 8, ladder)).toBe(8)
  expect([visit(0, 15), ladderSize(curriculum, item, 8, ladder)]).toEqual(['active', 8])
  expect([visit(0, 1), ladderSize(curriculum, item, 8, ladder)]).toEqual(['active', 16])
  expect([ladderSize(curriculum, item, 16, ladder), ladderSize(curriculum, item, 32, ladder)]).toEqual([24, 32])
  expect(ladderSize(curriculum, item, 8, null)).toBe(8)
  const leftOut: number[] = []
  expect(visit(0, 16)).toBe('frozen')
  for (let rest = 0; rest < 4; rest++) {
    let missed = 0
    while (isResting(curriculum, item, curriculum.sweeps + 1)) {
      curriculum.sweeps += 1
      missed += 1
    }
    leftOut.push(missed)
    expect(isWaking(curriculum, item, curriculum.sweeps + 1)).toBe(true)
    curriculum.sweeps += 1
    expect(visit(0, 4)).toBe('frozen')
  }
  expect(leftOut).toEqual([1, 2, 4, 4])
})

test('a success ends the rest, and the next one is short again', () => {
  const { curriculum, visit } = walk({ ladder })
  expect([visit(0, 32), visit(0, 4), visit(1, 4), visit(0, 31), visit(0, 1)]).toEqual([
    'frozen',
    'frozen',
    'active',
    'active',
    'frozen',
  ])
  expect(curriculum.ledger.get('q')).toMatchObject({ backOff: 1, wakeAtSweep: 2 })
})

test('rules that are off move nothing', () => {
  const { visit } = walk({})
  expect([visit(64, 64), visit(0, 640)]).toEqual(['active', 'active'])
})

test('a quarantined question stays so until the policy comes to agree with its label', () => {
  const { curriculum, visit } = walk({ solved, ladder })
  visit(0, 16)
  curriculum.ledger.set('q', { ...curriculum.ledger.get('q')!, state: 'quarantined' })
  // 1 / 98, then 17 / 98, then 97 / 178.
  expect([visit(0, 80), visit(16, 16), visit(80, 80)]).toEqual(['quarantined', 'quarantined', 'active'])
})

test('solved questions are replayed at exactly their share over the steps', () => {
  const counts = Array.from({ length: 100 }, (_, step) => replayCount(step, 32, 0.05))
  expect(counts.reduce((sum, value) => sum + value, 0)).toBe(160)
  expect(new Set(counts)).toEqual(new Set([1, 2]))
})
