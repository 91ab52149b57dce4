import { expect, test } from 'vitest'
import { createMiningSurvey } from './mined.ts'
import type { GroupLine, SweepLine } from './rollouts.ts'

const describer = {
  question: (id: string) => ({ questionId: id, stem: `${id}?`, hop: 2, difficulty: 'moderate', accepted: ['gold'] }),
  answer: (answered: string) =>
    answered.startsWith('entity') ? { label: answered.slice(7), unread: null } : { label: null, unread: answered },
}

/** A group whose rollouts answer as told; "gold" is right. */
function group(step: number, questionId: string, reason: string, answers: readonly string[]): GroupLine {
  return {
    step,
    questionId,
    reason,
    rollouts: answers.map((answered) => {
      const total = answered === 'entity gold' ? 1 : 0
      const reward = { correct: total, format: 1, total }
      return { tokens: 3, completion: '', stopReason: 'stop', reward, advantage: 0, defects: [], answered }
    }),
  }
}

const gold = 'entity gold'
const sweep = (step: number, questionId: string, right: number): SweepLine => ({ step, questionId, right, of: 4 })

function survey(sweeps: readonly SweepLine[], groups: readonly GroupLine[]) {
  const made = createMiningSurvey(sweeps, new Map(), describer, {
    enabled: sweeps.length > 0,
    rule: { failure: 'posterior', rightShare: 1 / 3, solvedLeave: false },
  })
  for (const item of groups) made.add(item)
  return made.finish()
}

test('draws are counted by reason between two sweeps', () => {
  const sweeps = [sweep(1, 'a', 0), sweep(1, 'b', 4), sweep(3, 'a', 2)]
  const groups = [
    group(1, 'a', 'wrong', [gold, 'entity x']),
    group(1, 'b', 'right', [gold, gold]),
    group(2, 'a', 'wrong', ['none', 'none']),
    group(3, 'b', 'fill', [gold, 'none']),
  ]
  const { phases, sweeps: summed } = survey(sweeps, groups)
  expect(phases.map(({ fromStep, toStep }) => [fromStep, toStep])).toEqual([
    [1, 2],
    [3, 3],
  ])
  expect(phases[0]!.draws.wrong).toEqual({ groups: 2, questions: 1, rollouts: 4, right: 1, byHop: { unknown: 2 } })
  expect(Object.keys(phases[0]!.draws)).toEqual(['wrong', 'right'])
  expect(phases[1]!.draws).toEqual({ fill: { groups: 1, questions: 1, rollouts: 2, right: 1, byHop: { unknown: 1 } } })
  expect(summed).toEqual([
    { step: 1, questions: 2, rollouts: 8, right: 4, neverRight: 1 },
    { step: 3, questions: 1, rollouts: 4, right: 2, neverRight: 0 },
  ])
})

test('a question never right in the first sweep has recovered when its last visit is at least half right', () => {
  const sweeps = [sweep(1, 'a', 0), sweep(1, 'b', 0), sweep(1, 'c', 0), sweep(1, 'd', 1)]
  const groups = [
    group(1, 'a', 'wrong', [gold, gold]),
    group(5, 'a', 'wrong', [gold, 'none']),
    group(2, 'b', 'wrong', [gold, gold]),
    group(3, 'b', 'wrong', ['none', 'none']),
  ]
  expect(survey(sweeps, groups).recovery).toEqual({ neverRight: 3, triedAgain: 2, mostlyRight: 1 })
})

test('the hardest come first: many failures before few, none that was always right', () => {
  const many = Array.from({ length: 16 }, () => 'entity x')
  const { hardest } = survey(
    [sweep(1, 'few', 0), sweep(1, 'many', 0), sweep(1, 'easy', 4)],
    [group(2, 'many', 'wrong', [...many, 'none', gold])],
  )
  expect(hardest.map(({ questionId }) => questionId)).toEqual(['many', 'few'])
  expect(hardest[0]).toMatchObject({ seen: 22, right: 1, lastStep: 2, lastRight: 1, lastOf: 18 })
  expect(hardest[0]!.wrongAnswer).toEqual({ label: 'x', unread: null, times: 16 })
  expect(hardest[1]!.wrongAnswer).toBeNull()
})

test('a wrong answer that could not be read is named by how', () => {
  const { hardest } = survey([], [group(1, 'a', 'uniform', ['none', 'none', 'entity x', gold])])
  expect(hardest[0]!.wrongAnswer).toEqual({ label: null, unread: 'none', times: 2 })
})

test('without mining there are draws but neither sweeps nor recovery', () => {
  const mined = survey([], [group(1, 'a', 'uniform', [gold, 'none']), group(2, 'b', 'uniform', [gold, gold])])
  expect(mined).toMatchObject({ enabled: false, sweeps: [], recovery: null })
  expect(mined.phases).toHaveLength(1)
})
