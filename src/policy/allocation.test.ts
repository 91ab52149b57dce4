import { expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { allocate } from './allocation.ts'
import { expectedMixed } from './ledger-beta.ts'

const rule = { minGroup: 8, maxGroup: 64, chunk: 8 }
const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0)

test('harder prompts get more rollouts, hopeless ones less than those that were right once', () => {
  const believed = [
    { alpha: 20, beta: 20 },
    { alpha: 6, beta: 14 },
    { alpha: 1.5, beta: 16.5 },
    { alpha: 0.5, beta: 64.5 },
  ]
  const sizes = allocate(believed, { ...rule, budget: 64 })
  expect(total(sizes)).toBe(64)
  expect(sizes[2]).toBeGreaterThan(sizes[1]!)
  expect(sizes[1]).toBeGreaterThanOrEqual(sizes[0]!)
  expect(sizes[3]).toBeLessThan(sizes[2]!)
  expect(sizes[0]).toBe(8)
})

test('the budget is used up to the last rollout and never passed, within the smallest and largest group', () => {
  const rng = createRng('allocation')
  for (let trial = 0; trial < 30; trial++) {
    const believed = Array.from({ length: 12 }, () => ({
      alpha: 0.2 + 8 * rng.uniform(),
      beta: 0.2 + 8 * rng.uniform(),
    }))
    const budget = 96 + rng.int(600)
    const sizes = allocate(believed, { ...rule, budget })
    expect(total(sizes)).toBe(budget)
    expect(sizes.every((size) => size >= 8 && size <= 64)).toBe(true)
  }
  expect(allocate([{ alpha: 1, beta: 1 }], { ...rule, budget: 1000 })).toEqual([64])
})

test('no other way to hand out the chunks gives more mixed groups', () => {
  const believed = [
    { alpha: 0.7, beta: 3 },
    { alpha: 2, beta: 9 },
    { alpha: 1, beta: 1 },
  ]
  const value = (sizes: readonly number[]): number =>
    sizes.reduce((sum, size, index) => sum + expectedMixed(believed[index]!, size), 0)
  const found = value(allocate(believed, { minGroup: 2, maxGroup: 20, chunk: 2, budget: 24 }))
  let best = 0
  for (let a = 2; a <= 20; a += 2)
    for (let b = 2; a + b <= 22; b += 2) if (24 - a - b <= 20) best = Math.max(best, value([a, b, 24 - a - b]))
  expect(found).toBeCloseTo(best, 12)
})

test('a budget below the smallest groups gives the smallest groups; a floor counts as a smallest group', () => {
  const even = { alpha: 1, beta: 1 }
  expect(allocate([even, even], { ...rule, budget: 3 })).toEqual([8, 8])
  expect(allocate([even, even], { ...rule, budget: 40 }, [0, 32])).toEqual([8, 32])
  expect(allocate([], { ...rule, budget: 40 })).toEqual([])
})

test.each([
  ['the smallest group larger than the largest', { minGroup: 16, maxGroup: 8, chunk: 8 }],
  ['groups of one', { minGroup: 1, maxGroup: 8, chunk: 8 }],
  ['half a rollout', { minGroup: 2.5, maxGroup: 8, chunk: 8 }],
  ['chunks of nothing', { minGroup: 2, maxGroup: 8, chunk: 0 }],
])('%s is an error of the configuration', (_, broken) => {
  expect(() => allocate([], { ...broken, budget: 64 })).toThrow(ConfigError)
})
