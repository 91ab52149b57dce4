import { expect, test } from 'vitest'
import type { SampleRequest } from '../../types.ts'
import { distinctPrompts, planBatches } from './plan.ts'

const request = (promptTokens: readonly number[], numSamples: number): SampleRequest => ({
  promptTokens,
  numSamples,
  key: `${promptTokens.join()}/${numSamples}`,
})

test('every sample of every request is planned once, whatever the limit', () => {
  const requests = [request([5, 6, 7], 3), request([1], 2), request([2, 2], 0), request([1], 4)]
  for (const limit of [1, 2, 4, 100]) {
    const batches = planBatches(requests, () => limit)
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(limit)
    const seen = batches.flat().map(({ request, sample }) => `${request}.${sample}`)
    expect(seen.sort()).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '3.0', '3.1', '3.2', '3.3'])
  }
})

test('short prompts come first and equal prompts stand side by side', () => {
  const requests = [request([9, 9], 1), request([1, 2], 1), request([3], 1), request([1, 2], 1)]
  const rows = planBatches(requests, () => 10)[0]!
  expect(rows.map(({ request }) => request)).toEqual([2, 1, 3, 0])
  const { prompts, promptOfRow } = distinctPrompts(rows)
  expect(prompts).toEqual([[3], [1, 2], [9, 9]])
  expect([...promptOfRow]).toEqual([0, 1, 1, 2])
})

test('batches are of nearly equal size instead of one full and one crumb', () => {
  const sizes = planBatches([request([1], 11)], () => 10).map((batch) => batch.length)
  expect(sizes).toEqual([5, 6])
})

test('the limit is asked for the longest prompt, and at least one row runs at a time', () => {
  const requests = [request([1], 2), request([1, 2, 3], 2)]
  const asked: number[] = []
  const batches = planBatches(requests, (promptLength) => {
    asked.push(promptLength)
    return 0
  })
  expect(asked).toEqual([3])
  expect(batches.map((batch) => batch.length)).toEqual([1, 1, 1, 1])
})

test('no requests need no batch', () => {
  expect(planBatches([], () => 10)).toEqual([])
})
