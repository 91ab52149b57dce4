import { expect, test } from 'vitest'
import { drawHeldOut } from './hold-out.ts'
import type { Question, Split } from './types.ts'

const splits: readonly Split[] = ['train', 'held-out-composition', 'held-out-disease']

function questions(perCell: number, from = 0): Question[] {
  return splits.flatMap((split) =>
    [1, 2, 3, 4].flatMap((hop) =>
      Array.from(
        { length: perCell },
        (_, index) => ({ id: `question_${split}_${hop}_${index + from}`, split, hop }) as unknown as Question,
      ),
    ),
  )
}

const pool = questions(10)
const cell = (of: readonly Question[], split: Split, hop: number): number =>
  of.filter((question) => question.split === split && question.hop === hop).length

test('the test holds so many of each held-out split and hop count above one, the probe only compositions', () => {
  const { test: tested, probe } = drawHeldOut(pool, { perHop: 4, probePerHop: 3, seed: 1 })
  for (const hop of [2, 3, 4]) {
    expect(splits.map((split) => cell(tested, split, hop))).toEqual([0, 4, 4])
    expect(splits.map((split) => cell(probe, split, hop))).toEqual([0, 3, 0])
  }
  expect([tested.length, probe.length]).toEqual([24, 9])
})

test('no question is in both, and none twice', () => {
  const { test: tested, probe } = drawHeldOut(pool, { perHop: 4, probePerHop: 6, seed: 2 })
  const ids = [...tested, ...probe].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('what is too few goes to the test first', () => {
  const { test: tested, probe } = drawHeldOut(pool, { perHop: 9, probePerHop: 5, seed: 1 })
  expect(cell(tested, 'held-out-composition', 3)).toBe(9)
  expect(cell(probe, 'held-out-composition', 3)).toBe(1)
  expect(drawHeldOut(pool, { perHop: 99, probePerHop: 5, seed: 1 }).probe).toEqual([])
})

test('the order of the questions does not matter, the seed does', () => {
  const draw = (of: readonly Question[], seed: number) => drawHeldOut(of, { perHop: 4, probePerHop: 3, seed })
  expect(draw([...pool].reverse(), 1)).toEqual(draw(pool, 1))
  expect(draw(pool, 2)).not.toEqual(draw(pool, 1))
})

test('a question more may push one out of its cell, and moves nothing else', () => {
  const draw = (of: readonly Question[]) => drawHeldOut(of, { perHop: 4, probePerHop: 0, seed: 1 }).test
  const before = draw(pool)
  const one = questions(1, 10).find(({ split, hop }) => split === 'held-out-disease' && hop === 3)!
  const after = draw([...pool, one])
  const gone = before.filter((question) => !after.includes(question))
  const come = after.filter((question) => !before.includes(question))
  expect(come.every((question) => question === one)).toBe(true)
  expect(gone).toHaveLength(come.length)
})
