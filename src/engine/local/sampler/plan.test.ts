import { describe, expect, test } from 'vitest'
import type { SampleRequest } from '../../types.ts'
import { distinctPrompts, groupSize, orderRows, rowsToStart, rowsWithRoom } from './plan.ts'

const request = (promptTokens: readonly number[], numSamples: number): SampleRequest => ({
  promptTokens,
  numSamples,
  key: `${promptTokens.join()}/${numSamples}`,
})

test('every sample of every request is planned once', () => {
  const requests = [request([5, 6, 7], 3), request([1], 2), request([2, 2], 0), request([1], 4)]
  const seen = orderRows(requests).map(({ request, sample }) => `${request}.${sample}`)
  expect(seen.sort()).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '3.0', '3.1', '3.2', '3.3'])
  expect(orderRows([])).toEqual([])
})

test('short prompts come first and equal prompts stand side by side', () => {
  const requests = [request([9, 9], 1), request([1, 2], 1), request([3], 1), request([1, 2], 1)]
  const rows = orderRows(requests)
  expect(rows.map(({ request }) => request)).toEqual([2, 1, 3, 0])
  const { prompts, promptOfRow } = distinctPrompts(rows)
  expect(prompts).toEqual([[3], [1, 2], [9, 9]])
  expect([...promptOfRow]).toEqual([0, 1, 1, 2])
})

test.each([
  [11, 10, 6],
  [10, 10, 10],
  [1000, 128, 125],
  [3, 100, 3],
  [3, 0, 1],
])('%i rows of which %i fit are decoded in groups of %i', (rows, limit, expected) => {
  expect(groupSize(rows, limit)).toBe(expected)
})

describe('room for rows', () => {
  const room = { groupSize: 8, capacity: 120, maxTime: 60 }

  test.each([
    [0, 8],
    [1, 8],
    [10, 8],
    [20, 4],
    [39, 2],
    [59, 2],
    [60, 2],
  ])('of %i steps, half as long again but never beyond their limit, is for %i', (time, rows) => {
    expect(rowsWithRoom(room, time)).toBe(rows)
  })

  test('is for one row at least, and with room for every row at its limit for a whole group', () => {
    expect(rowsWithRoom({ ...room, capacity: 60 }, 50)).toBe(1)
    for (const time of [1, 30, 60]) expect(rowsWithRoom({ ...room, capacity: 8 * 60 }, time)).toBe(8)
  })

  test('is given to prompts in their order until the longest of them fills it', () => {
    const rows = [2, 2, 10, 20, 20, 20].map((length) => ({ prompt: Array<number>(length).fill(1) }))
    expect(rowsToStart(rows, room)).toBe(4)
    expect(rowsToStart(rows.slice(0, 3), room)).toBe(3)
    expect(rowsToStart(rows.slice(3), { ...room, capacity: 60 })).toBe(2)
  })
})
