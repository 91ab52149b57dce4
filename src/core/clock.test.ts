import { expect, test } from 'vitest'
import { clock } from './clock.ts'

test('now is the wall clock', () => {
  const before = Date.now()
  const now = clock.now().getTime()
  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(Date.now())
})

test('the monotonic clock runs in milliseconds and never goes back', async () => {
  const start = clock.monotonicMs()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const elapsedMs = clock.monotonicMs() - start
  expect(elapsedMs).toBeGreaterThan(15)
  expect(elapsedMs).toBeLessThan(5000)
})
