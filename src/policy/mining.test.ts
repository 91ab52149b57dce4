import { expect, test } from 'vitest'
import { createRng } from '../core/rng.ts'
import type { Difficulty, Question } from '../questions/types.ts'
import { divide, type Ledger, mixedProbability, planMined, posterior, recordVisit } from './mining.ts'

const question = (id: string, difficulty: Difficulty = 'moderate'): Question =>
  ({ id, difficulty }) as unknown as Question

const config = { sweepSize: 4, halfLife: 40, rightShare: 1 / 3, focus: 3 }

function ledgerOf(rates: ReadonlyMap<Question, number>, of = 8): Ledger {
  const ledger: Ledger = new Map()
  for (const [item, rate] of rates) {
    const right = Math.round(rate * of)
    recordVisit(
      ledger,
      item,
      Array.from({ length: of }, (_, index) => (index < right ? 1 : 0)),
      { step: 0, halfLife: 40 },
    )
  }
  return ledger
}

test('observations count half after the half-life', () => {
  const item = question('q')
  const ledger: Ledger = new Map()
  recordVisit(ledger, item, [1, 1, 0, 0], { step: 0, halfLife: 40 })
  recordVisit(ledger, item, [0, 0], { step: 40, halfLife: 40 })
  expect(ledger.get('q')).toEqual({ alpha: 1, beta: 3, seen: 6, right: 2, lastStep: 40 })
  expect(posterior(ledger, item)).toEqual({ alpha: 2, beta: 4 })
})

test('a question answered right more often than not is right, the others are failures, the unvisited neither', () => {
  const [good, bad, fresh] = [question('good'), question('bad'), question('fresh')]
  const sides = divide(
    ledgerOf(
      new Map([
        [good, 0.75],
        [bad, 0.25],
      ]),
    ),
    [good, bad, fresh],
  )
  expect(sides).toEqual({ right: [good], wrong: [bad], frontier: [fresh] })
})

test('a batch holds right and wrong at exactly 1 : 2', () => {
  const items = Array.from({ length: 90 }, (_, index) => question(`q${index}`))
  const ledger = ledgerOf(new Map(items.map((item, index) => [item, index < 45 ? 1 : 0.125])))
  const plan = planMined(ledger, items, config, { count: 33, groupSize: 16, rng: createRng(1) })
  expect(plan.filter(({ reason }) => reason === 'right')).toHaveLength(11)
  expect(plan.filter(({ reason }) => reason === 'wrong')).toHaveLength(22)
  expect(new Set(plan.map((item) => item.question.id)).size).toBe(33)
})

test('when failures are too few, the rest of the set fills the batch without repeats', () => {
  const items = Array.from({ length: 20 }, (_, index) => question(`q${index}`))
  const ledger = ledgerOf(new Map(items.slice(0, 10).map((item, index) => [item, index < 2 ? 0 : 1])))
  const plan = planMined(ledger, items, config, { count: 18, groupSize: 8, rng: createRng(2) })
  expect(plan).toHaveLength(18)
  expect(new Set(plan.map((item) => item.question.id)).size).toBe(18)
  expect(plan.filter(({ reason }) => reason === 'wrong')).toHaveLength(2)
})

test('one success in sixteen jumps the queue of never-right questions', () => {
  const once = Array.from({ length: 50 }, (_, index) => question(`once${index}`))
  const never = Array.from({ length: 50 }, (_, index) => question(`never${index}`))
  const ledger: Ledger = new Map()
  const tries = (right: number, of: number): number[] =>
    Array.from({ length: of }, (_, index) => (index < right ? 1 : 0))
  for (const item of once) recordVisit(ledger, item, tries(1, 16), { step: 0, halfLife: 40 })
  for (const item of never) recordVisit(ledger, item, tries(0, 64), { step: 0, halfLife: 40 })
  const plan = planMined(
    ledger,
    [...once, ...never],
    { ...config, rightShare: 0 },
    { count: 50, groupSize: 16, rng: createRng(3) },
  )
  const jumped = plan.filter((item) => item.question.id.startsWith('once')).length
  expect(jumped).toBeGreaterThan(38)
})

test('with focus 0 failures are drawn uniformly', () => {
  const items = Array.from({ length: 40 }, (_, index) => question(`q${index}`))
  const ledger = ledgerOf(new Map(items.map((item, index) => [item, index < 20 ? 0 : 0.375])))
  let never = 0
  for (let seed = 0; seed < 200; seed++) {
    const plan = planMined(
      ledger,
      items,
      { ...config, rightShare: 0, focus: 0 },
      { count: 10, groupSize: 8, rng: createRng(seed) },
    )
    never += plan.filter((item) => Number(item.question.id.slice(1)) < 20).length
  }
  expect(never / 2000).toBeCloseTo(0.5, 1)
})

test('the same seed and ledger plan the same batch', () => {
  const items = Array.from({ length: 40 }, (_, index) => question(`q${index}`))
  const ledger = ledgerOf(new Map(items.map((item, index) => [item, (index % 5) / 4])))
  const plan = () => planMined(ledger, items, config, { count: 12, groupSize: 8, rng: createRng(7) })
  expect(plan()).toEqual(plan())
})

test('the chance of a mixed group has its closed-form values', () => {
  expect(mixedProbability(0.5, 2)).toBe(0.5)
  expect(mixedProbability(0.05, 8)).toBeCloseTo(0.34, 2)
  expect(mixedProbability(0, 16)).toBe(0)
})
