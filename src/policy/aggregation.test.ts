import { expect, test } from 'vitest'
import { aggregationNames, aggregationWeights } from './aggregation.ts'

/** Ragged groups, one masked rollout. */
const tokens_PG = [
  [5, 3, 1, 0],
  [2, 7],
]

test('each aggregation has the weights of its formula', () => {
  expect(aggregationWeights('prompt-mean', tokens_PG)).toEqual([
    [1 / 8, 1 / 8, 1 / 8, 0],
    [1 / 4, 1 / 4],
  ])
  expect(aggregationWeights('constant', tokens_PG, 8)).toEqual([
    [1 / 64, 1 / 64, 1 / 64, 0],
    [1 / 32, 1 / 32],
  ])
  expect(aggregationWeights('token-mean', tokens_PG)).toEqual([
    [1 / 18, 1 / 18, 1 / 18, 0],
    [1 / 18, 1 / 18],
  ])
  expect(aggregationWeights('sequence-mean', tokens_PG)).toEqual([
    [1 / 25, 1 / 15, 1 / 5, 0],
    [1 / 10, 1 / 35],
  ])
  expect(aggregationWeights('sum', tokens_PG)).toEqual([
    [1, 1, 1, 0],
    [1, 1],
  ])
})

test('the names are all of them, the paper’s first', () => {
  expect(aggregationNames).toEqual(['prompt-mean', 'constant', 'token-mean', 'sequence-mean', 'sum'])
})

test('the weights of all tokens of a mean add up to 1 when no rollout is masked', () => {
  const full_PG = [
    [5, 3],
    [2, 7, 4],
  ]
  for (const name of ['token-mean', 'sequence-mean'] as const) {
    const weights_PG = aggregationWeights(name, full_PG)
    const total = full_PG.flatMap((tokens_G, prompt) => tokens_G.map((n, member) => n * weights_PG[prompt]![member]!))
    expect(total.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
  }
})

test('a fully masked row counts where rollouts are counted per prompt, and only there', () => {
  const counts = (['prompt-mean', 'constant', 'token-mean', 'sequence-mean', 'sum'] as const).map(
    (name) => aggregationWeights(name, [[5, 3, 0]], 8)[0]![0]! < aggregationWeights(name, [[5, 3]], 8)[0]![0]!,
  )
  expect(counts).toEqual([true, true, false, false, false])
})

test('the order of rollouts and of prompts changes no weight', () => {
  for (const name of aggregationNames) {
    const [first, second] = aggregationWeights(name, tokens_PG, 8)
    expect(aggregationWeights(name, [[7, 2], tokens_PG[0]!], 8)).toEqual([[...second!].reverse(), first!])
  }
})

test('a batch without any token has weight 0 everywhere, not a division by zero', () => {
  for (const name of aggregationNames) expect(aggregationWeights(name, [[0, 0]], 8)).toEqual([[0, 0]])
})

test('a constant that is not a positive number is refused', () => {
  for (const constant of [0, -1, Number.NaN]) {
    expect(() => aggregationWeights('constant', tokens_PG, constant)).toThrow(/positive number of tokens/)
  }
})
