import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { createRng } from '../core/rng.ts'
import { betaBelow, betaMean, drawBeta, expectedMixed, logBeta, logGamma } from './ledger-beta.ts'

const file = fileURLToPath(new URL('fixtures/rlvr-golden.json', import.meta.url))
const golden = z
  .object({
    beta_mixed_prob: z.array(z.object({ a: z.number(), b: z.number(), G: z.number(), value: z.number() })),
  })
  .parse(parseJson(readText(file), { file })).beta_mixed_prob

test('the chance of a mixed group under a posterior equals the golden values', () => {
  expect(golden.length).toBe(5)
  for (const { a, b, G, value } of golden) expect(expectedMixed({ alpha: a, beta: b }, G)).toBeCloseTo(value, 11)
})

test('it is 0 for groups of none or one, and never falls with the size of the group', () => {
  const believed = { alpha: 0.3, beta: 7.7 }
  expect([expectedMixed(believed, 0), expectedMixed(believed, 1)]).toEqual([0, 0])
  const chances = Array.from({ length: 200 }, (_, size) => expectedMixed(believed, size))
  expect(chances.every((chance, size) => size === 0 || chance >= chances[size - 1]!)).toBe(true)
})

test('the logarithm of Γ has its exact values, small arguments included', () => {
  expect(logGamma(1)).toBeCloseTo(0, 13)
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13)
  expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12)
  // Γ(x) = Γ(1 + x) / x ≈ 1/x − 0.5772 near 0.
  expect(logGamma(1e-6)).toBeCloseTo(Math.log(1e6 - 0.5772156649), 9)
  expect(logBeta(2, 3)).toBeCloseTo(Math.log(1 / 12), 12)
})

test.each([
  // Beta(1, n): 1 − (1 − x)^n. Beta(n, 1): x^n. Beta(2, 2): 3x² − 2x³. Arcsine law: (2/π)·asin(√x).
  [0.5, 1, 5, 1 - 0.5 ** 5],
  [0.2, 1, 5, 1 - 0.8 ** 5],
  [0.7, 4, 1, 0.7 ** 4],
  [0.3, 2, 2, 3 * 0.09 - 2 * 0.027],
  [0.1, 0.5, 0.5, (2 / Math.PI) * Math.asin(Math.sqrt(0.1))],
  [0.5, 400, 400, 0.5],
  [0, 2, 3, 0],
  [1, 2, 3, 1],
])('a pass rate is below %d with the probability that Beta(%d, %d) gives', (x, alpha, beta, expected) => {
  expect(betaBelow(x, { alpha, beta })).toBeCloseTo(expected, 11)
})

test('draws have the mean and the variance of their distribution', () => {
  const [believed, rng, n] = [{ alpha: 0.5, beta: 1.5 }, createRng('draws'), 20_000]
  const draws = Array.from({ length: n }, () => drawBeta(believed, rng))
  const mean = draws.reduce((sum, p) => sum + p, 0) / n
  const variance = draws.reduce((sum, p) => sum + (p - mean) ** 2, 0) / n
  expect(mean).toBeCloseTo(betaMean(believed), 2)
  // ab / ((a + b)² (a + b + 1)) = 0.75 / 12.
  expect(variance).toBeCloseTo(0.0625, 2)
  expect(draws.every((p) => p >= 0 && p <= 1)).toBe(true)
})
