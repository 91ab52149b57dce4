import { expect, test } from 'vitest'
import { readGolden } from './fixtures/golden.ts'
import { overlongPenalty } from './overlong.ts'

test.each(readGolden().dapo_overlong)('$len of $Lmax tokens cost what DAPO says', ({ len, Lmax, Lcache, penalty }) => {
  expect(overlongPenalty(len, { maxTokens: Lmax, cacheTokens: Lcache })).toBe(penalty)
})

test('beyond the budget the penalty is 1, an empty completion has none', () => {
  expect(overlongPenalty(30, { maxTokens: 20, cacheTokens: 5 })).toBe(-1)
  expect(overlongPenalty(0, { maxTokens: 20, cacheTokens: 20 })).toBe(0)
})

test('a cache outside of the budget is refused', () => {
  for (const cacheTokens of [0, 21, Number.NaN]) {
    expect(() => overlongPenalty(3, { maxTokens: 20, cacheTokens })).toThrow(/0 < cacheTokens <= maxTokens/)
  }
})
