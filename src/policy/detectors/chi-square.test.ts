import { expect, test } from 'vitest'
import { chiSquareTail, homogeneity } from './chi-square.ts'

test.each([
  // Quantiles of the χ² distribution as in printed tables: freedom, x, probability above.
  [1, 3.841458820694124, 0.05],
  [2, 5.991464547107979, 0.05],
  [3, 7.814727903251179, 0.05],
  [4, 9.487729036781154, 0.05],
  [20, 31.410432844230918, 0.05],
  [1, 15.136705226623606, 1e-4],
  [3, 21.10751346649366, 1e-4],
])('with %i degrees of freedom %d is exceeded with probability %d', (freedom, x, probability) => {
  expect(chiSquareTail(x, freedom) / probability).toBeCloseTo(1, 5)
})

test('nothing is exceeded with certainty, and a huge statistic never', () => {
  expect(chiSquareTail(0, 3)).toBe(1)
  expect(chiSquareTail(1e6, 3)).toBe(0)
})

test('equal distributions have statistic 0, whatever the totals', () => {
  expect(homogeneity([10, 20, 30], [1, 2, 3]).statistic).toBeCloseTo(0, 12)
})

test('a table worked out by hand', () => {
  // 30 and 10 against 10 and 30: the expected counts are 20 each, so 4 × 10² / 20.
  expect(homogeneity([30, 10], [10, 30])).toEqual({ statistic: expect.closeTo(20, 12), freedom: 1 })
})

test('categories that neither list has do not count, and an empty list says nothing', () => {
  expect(homogeneity([5, 5, 0, 0], [5, 5, 0, 0]).freedom).toBe(1)
  expect(homogeneity([0, 0], [3, 4])).toEqual({ statistic: 0, freedom: 1 })
})
