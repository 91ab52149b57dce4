import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { groupAdvantages, isLive } from './advantage.ts'

test('one hit among three misses is worth three quarters', () => {
  expect(groupAdvantages([1, 0, 0, 0])).toEqual([0.75, -0.25, -0.25, -0.25])
})

test('all-right, all-wrong and all-0.1 groups have no advantage, exactly', () => {
  for (const reward of [1, 0, 0.1]) {
    expect(groupAdvantages(new Array<number>(6).fill(reward))).toEqual([0, 0, 0, 0, 0, 0])
    expect(isLive(new Array<number>(6).fill(reward))).toBe(false)
  }
})

test('a lone rollout is an error, never its raw reward', () => {
  expect(() => groupAdvantages([1])).toThrow(DataError)
})

test('an infinite reward is refused', () => {
  expect(() => groupAdvantages([1, Number.POSITIVE_INFINITY])).toThrow(/not finite/)
})

test('a crashed verifier (NaN) is left out of the mean and has advantage 0', () => {
  expect(groupAdvantages([1, Number.NaN, 0, 0.5])).toEqual([0.5, 0, -0.5, 0])
  expect(isLive([1, Number.NaN])).toBe(false)
  expect(groupAdvantages([1, Number.NaN])).toEqual([0, 0])
  expect(isLive([Number.NaN, Number.NaN])).toBe(false)
})

test('a list of lengths must fit the rewards', () => {
  expect(() => groupAdvantages([1, 0], { lengths_G: [3] })).toThrow(/1 lengths for 2 rewards/)
})

test('advantages sum to zero and keep the order of the rewards', () => {
  const rewards = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 64 })
  fc.assert(
    fc.property(rewards, (rewards_G) => {
      const advantages_G = groupAdvantages(rewards_G)
      expect(Math.abs(advantages_G.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-9)
      const best = rewards_G.indexOf(Math.max(...rewards_G))
      expect(advantages_G[best]).toBe(Math.max(...advantages_G))
    }),
  )
})

test('for 0/1 rewards the expected gradient weight is (k − 1)/k at every pass rate (exact enumeration)', () => {
  // E[1/k Σ A_i ∇log π(y_i)] = w(p)·∇p with w = (k − 1)/k: centring weighs all prompts the same.
  const k = 8
  for (const p of [0.01, 0.1, 0.5, 0.95]) {
    let weight = 0
    for (let right = 0; right <= k; right++) {
      const probability = binomial(k, right) * p ** right * (1 - p) ** (k - right)
      const rewards_G = Array.from({ length: k }, (_, index) => (index < right ? 1 : 0))
      const sum = groupAdvantages(rewards_G).reduce(
        (total, advantage, index) => total + advantage * (index < right ? 1 / p : -1 / (1 - p)),
        0,
      )
      weight += (probability * sum) / k
    }
    expect(weight).toBeCloseTo((k - 1) / k, 12)
  }
})

function binomial(n: number, k: number): number {
  let value = 1
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i
  return value
}
