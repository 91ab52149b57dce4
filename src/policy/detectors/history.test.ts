import { expect, test } from 'vitest'
import { ewma, gainOver, lastStep, median, recentMean, shareError, slopeOf, startMean } from './history.ts'

const history = [1, 2, 3, 4, 5, 6].map((value) => ({ x: value }))

test('means of the start, of the present and of a while ago', () => {
  expect(startMean(history, 'x', 2)).toBe(1.5)
  expect(recentMean(history, 'x', 2)).toBe(5.5)
  expect(recentMean(history, 'x', 2, 3)).toBe(2.5)
  expect(gainOver(history, 'x', { steps: 2, over: 4 })).toBe(4)
})

test('what the history does not reach is unknown, not 0', () => {
  expect(startMean(history, 'x', 7)).toBeUndefined()
  expect(recentMean(history, 'x', 2, 5)).toBeUndefined()
  expect(recentMean([...history, {}], 'x', 2)).toBeUndefined()
  expect(gainOver(history, 'x', { steps: 2, over: 5 })).toBeUndefined()
})

test('the step is the one logged, or counted', () => {
  expect(lastStep(history)).toBe(6)
  expect(lastStep([{ step: 31 }])).toBe(31)
  expect(lastStep([])).toBe(0)
})

test('an average that forgets moves 2 / 21 of the way each step', () => {
  expect(ewma([1, 0], 20)).toBeCloseTo(19 / 21, 12)
  expect(ewma([0.5, 0.5, 0.5], 20)).toBe(0.5)
  expect(ewma([], 20)).toBe(0)
})

test('the median of an even number of values lies between the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
})

test('a line has its slope without error, noise around a constant has none within its error', () => {
  expect(slopeOf([1, 3, 5, 7])).toEqual({ slope: 2, error: 0 })
  expect(slopeOf([1, 2])).toEqual({ slope: 0, error: 0 })
  // By hand: centred x −1.5 … 1.5, Σxx = 5, Σxy = −1; residuals squared 0.8, over 2 · 5.
  const { slope, error } = slopeOf([1, 0, 1, 0])
  expect(slope).toBeCloseTo(-0.2, 12)
  expect(error).toBeCloseTo(Math.sqrt(0.8 / 2 / 5), 12)
})

test('a share of 1 is not known without error', () => {
  expect(shareError(0.5, 100)).toBeCloseTo(0.05, 12)
  expect(shareError(1, 100)).toBeCloseTo(Math.sqrt((0.995 * 0.005) / 100), 12)
})
