import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { rolloutDatum, supervisedDatum, weightedDatum } from './datum.ts'

test('in supervised training every completion token is a target, its stop token too, and no prompt token is', () => {
  expect(supervisedDatum([11, 12, 13], [21, 22, 9], 1)).toEqual({
    inputTokens: [11, 12, 13, 21, 22],
    targetTokens: [12, 13, 21, 22, 9],
    weights: [0, 0, 1, 1, 1],
  })
})

test('the weight is that of each token, not of the whole', () => {
  expect(supervisedDatum([1], [2, 3], 0.25).weights).toEqual([0.25, 0.25])
})

test('the weight of a token stands where it is predicted', () => {
  expect(weightedDatum([5, 6, 7], [0, 0.5, 1])).toEqual({
    inputTokens: [5, 6],
    targetTokens: [6, 7],
    weights: [0.5, 1],
  })
})

test('fewer than two tokens have nothing to predict', () => {
  expect(() => weightedDatum([5], [0])).toThrow(DataError)
  expect(() => supervisedDatum([], [5], 1)).toThrow(/two tokens/)
})

test('a rollout carries its logprobs and its advantage on the completion, the stop token too, and 0 on the prompt', () => {
  const completion = { tokens: [21, 22, 9], logprobs: [-0.5, -1, -0.25] }
  expect(rolloutDatum([11, 12, 13], completion, -0.75)).toEqual({
    inputTokens: [11, 12, 13, 21, 22],
    targetTokens: [12, 13, 21, 22, 9],
    logprobs: [0, 0, -0.5, -1, -0.25],
    advantages: [0, 0, -0.75, -0.75, -0.75],
  })
})

test('a prompt of one token has no masked position', () => {
  expect(rolloutDatum([1], { tokens: [9], logprobs: [-2] }, 1)).toEqual({
    inputTokens: [1],
    targetTokens: [9],
    logprobs: [-2],
    advantages: [1],
  })
})

test('a rollout without a prompt has no first prediction and is refused', () => {
  expect(() => rolloutDatum([], { tokens: [9], logprobs: [-2] }, 1)).toThrow(DataError)
})

test('a rollout may carry one advantage per token, and lists that do not fit are refused', () => {
  const completion = { tokens: [20, 21], logprobs: [-1, -2] }
  expect(rolloutDatum([7, 8], completion, [0.5, 0]).advantages).toEqual([0, 0.5, 0])
  expect(() => rolloutDatum([7, 8], completion, [0.5])).toThrow(/2 completion tokens have 2 .* and 1 advantages/)
  expect(() => rolloutDatum([7, 8], { tokens: [20, 21], logprobs: [-1] }, 1)).toThrow(/have 1 log-probabilities/)
})
