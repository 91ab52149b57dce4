import { expect, test } from 'vitest'
import { ladderRows, pairedRows } from './ladder.ts'
import type { AnswerRecord } from './types.ts'

type Sketch = readonly [
  id: string,
  split: 'held-out-composition' | 'held-out-disease',
  hop: number,
  rarity: 'common' | 'rare',
  correct: boolean,
]

const records = (sketches: readonly Sketch[]): AnswerRecord[] =>
  sketches.map(([id, split, hop, rarity, correct]) => ({
    questionId: id as AnswerRecord['questionId'],
    split,
    hop,
    rarity,
    completion: '',
    answered: 'x',
    unparsed: false,
    correct,
    // Right answers that are no option, so that the two forms differ.
    choiceCorrect: false,
    choiceUnmatched: correct,
    groundedSteps: correct ? 1 : 0,
    checkableSteps: 1,
    rightForWrongReason: false,
  }))

const before: readonly Sketch[] = [
  ['a', 'held-out-composition', 2, 'common', true],
  ['b', 'held-out-composition', 2, 'rare', false],
  ['c', 'held-out-composition', 3, 'common', false],
  ['d', 'held-out-disease', 4, 'rare', true],
]
const after: readonly Sketch[] = before.map(([id, split, hop, rarity]) => [id, split, hop, rarity, id !== 'd'])

test('a checkpoint has a row for each split, its hop counts and its rarities, in both forms', () => {
  const rows = ladderRows('rl-1', records(before)).map(({ stage, split, hop, rarity, form, n, correct, accuracy }) =>
    [stage, split, hop, rarity, form, n, correct, accuracy].join(' '),
  )
  expect(rows).toEqual([
    'rl-1 held-out-composition all all open 3 1 0.3333333333333333',
    'rl-1 held-out-composition 2 all open 2 1 0.5',
    'rl-1 held-out-composition 3 all open 1 0 0',
    'rl-1 held-out-composition all common open 2 1 0.5',
    'rl-1 held-out-composition all rare open 1 0 0',
    'rl-1 held-out-composition all all choice 3 0 0',
    'rl-1 held-out-composition 2 all choice 2 0 0',
    'rl-1 held-out-composition 3 all choice 1 0 0',
    'rl-1 held-out-composition all common choice 2 0 0',
    'rl-1 held-out-composition all rare choice 1 0 0',
    'rl-1 held-out-disease all all open 1 1 1',
    'rl-1 held-out-disease 4 all open 1 1 1',
    'rl-1 held-out-disease all rare open 1 1 1',
    'rl-1 held-out-disease all all choice 1 0 0',
    'rl-1 held-out-disease 4 all choice 1 0 0',
    'rl-1 held-out-disease all rare choice 1 0 0',
  ])
})

test('every row has its interval, its unparsed answers and its grounded steps', () => {
  const [open] = ladderRows('base', records(before))
  expect(open).toMatchObject({ unparsed: 0, groundedStepRate: 1 / 3, rightForWrongReason: 0 })
  // Wilson, 1 of 3.
  expect(open!.interval[0]).toBeCloseTo(0.0615, 4)
  expect(open!.interval[1]).toBeCloseTo(0.7923, 4)
  const choice = ladderRows('base', records(before)).find(({ form }) => form === 'choice')
  expect(choice).toMatchObject({ unparsed: 0, rightForWrongReason: null })
})

test('neighbours of the ladder are compared, and cold start with the end, by split and hop count', () => {
  const rows = pairedRows({
    base: records(before),
    'cold-start': records(before),
    'rl-1': records(after),
    'rl-2': records(after),
  })
  const shown = rows.map(({ from, to, split, hop, n, gained, lost }) =>
    [from, to, split, hop, n, gained, lost].join(' '),
  )
  const pairs = ['base cold-start', 'cold-start rl-1', 'rl-1 rl-2', 'cold-start rl-2']
  const cells = (gained: boolean): string[] => [
    `held-out-composition all 3 ${gained ? '2 0' : '0 0'}`,
    `held-out-composition 2 2 ${gained ? '1 0' : '0 0'}`,
    `held-out-composition 3 1 ${gained ? '1 0' : '0 0'}`,
    `held-out-disease all 1 ${gained ? '0 1' : '0 0'}`,
    `held-out-disease 4 1 ${gained ? '0 1' : '0 0'}`,
  ]
  expect(shown).toEqual(pairs.flatMap((pair, index) => cells(index % 2 === 1).map((cell) => `${pair} ${cell}`)))
  expect(rows[5]).toMatchObject({ difference: 2 / 3, p: 0.5 })
})

test('checkpoints that answered other questions are not compared', () => {
  const other = records([['z', 'held-out-disease', 2, 'rare', true]])
  const all = records(before)
  expect(() => pairedRows({ base: all, 'cold-start': all, 'rl-1': all, 'rl-2': other })).toThrow(/same questions/)
})
