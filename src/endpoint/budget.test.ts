import { expect, test } from 'vitest'
import { createBudgetKeeper, estimateCalls, estimateTokens } from './budget.ts'
import type { ChatRequest } from './types.ts'

const request = (content: string): ChatRequest => ({
  messages: [{ role: 'user', content }],
  maxTokens: 100,
  temperature: 0,
})
const nothing = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }

test('an estimate errs on the safe side in English and Chinese', () => {
  // 44 letters are some 10 tokens; 12 Chinese characters at most 12 or so.
  expect(estimateTokens(request('The quick brown fox jumps over the lazy dog.')).promptTokens).toBe(8 + 15)
  expect(estimateTokens(request('糖尿病患者应首选哪种药物')).promptTokens).toBe(8 + 12)
})

test('a plan is estimated as if each call took all it may', () => {
  const prices = { promptPerMillion: 1_000_000, completionPerMillion: 2_000_000 }
  expect(estimateCalls([request('abc'), request('abcdef')], prices)).toEqual({
    calls: 2,
    promptTokens: 9 + 10,
    completionTokens: 200,
    money: 19 + 400,
  })
  expect(estimateCalls([])).toEqual(nothing)
})

test('whoever might fit waits for those under way; whoever cannot is refused, and all after it', async () => {
  const keeper = createBudgetKeeper({ calls: null, tokens: 100, money: null }, undefined, nothing)
  const need = { promptTokens: 0, completionTokens: 60 }
  const log: string[] = []
  const ask = (name: string, tokens = need): Promise<void> =>
    keeper.reserve(tokens).then((isGranted) => void log.push(`${name} ${isGranted}`))
  const all = [ask('a'), ask('b'), ask('c'), ask('small', { promptTokens: 0, completionTokens: 1 })]
  await Promise.all([all[0]])
  expect(log).toEqual(['a true'])
  keeper.settle(need, { promptTokens: 0, completionTokens: 30 })
  await all[1]
  expect(log).toEqual(['a true', 'b true'])
  keeper.settle(need, { promptTokens: 0, completionTokens: 55 })
  await Promise.all(all)
  expect(log).toEqual(['a true', 'b true', 'c false', 'small false'])
  expect(keeper.spending).toEqual({ calls: 2, promptTokens: 0, completionTokens: 85, money: 0 })
})

test('a reservation that came to nothing costs nothing', async () => {
  const keeper = createBudgetKeeper({ calls: 1, tokens: null, money: null }, undefined, nothing)
  const need = { promptTokens: 1, completionTokens: 1 }
  expect(await keeper.reserve(need)).toBe(true)
  keeper.settle(need, null)
  expect(await keeper.reserve(need)).toBe(true)
  expect(keeper.spending.calls).toBe(0)
})
