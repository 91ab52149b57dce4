import { expect, test } from 'vitest'
import { sparkline } from './sparkline.ts'

test('a rising series rises from the lowest to the highest level', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 16)).toBe('▁▂▃▄▅▆▇█')
})

test('a constant series is flat, and an empty one is nothing', () => {
  expect(sparkline([2, 2, 2], 16)).toBe('▃▃▃')
  expect(sparkline([], 16)).toBe('')
})

test('a long series is averaged into the width, its end included', () => {
  const steps = Array.from({ length: 100 }, (_, index) => (index < 50 ? 0 : 1))
  expect(sparkline(steps, 4)).toBe('▁▁██')
  expect(sparkline([...Array(99).fill(0), 50], 4)).toBe('▁▁▁█')
})
