import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCache } from './cache.ts'

/** The number that stands for prompt `prompt`, step `time`, element `i`, so that a misplaced one is recognised. */
const stamp = (prompt: number, time: number, i: number) => prompt * 1000 + time * 10 + i

test('each row starts with the steps of its own prompt, time-major', () => {
  const cache = createCache({ layers: 2, width: 2 })
  const source = Float32Array.from([0, 1].flatMap((p) => [0, 1, 2].flatMap((t) => [0, 1].map((i) => stamp(p, t, i)))))
  cache.reset(3, 5)
  cache.writePrompts(1, 'value', source, { row: 0, rows: Int32Array.of(0, 1), time: 3 })
  cache.writePrompts(1, 'value', source.subarray(6), { row: 2, rows: Int32Array.of(0), time: 3 })
  cache.advance(3)
  const expected = [0, 1, 2].flatMap((t) => [0, 1, 1].flatMap((p) => [0, 1].map((i) => stamp(p, t, i))))
  expect([...cache.prefix(1, 'value')]).toEqual(expected)
  expect([...cache.prefix(1, 'key')]).toEqual(expected.map(() => 0))
})

test('appended steps extend the prefix without moving it', () => {
  const cache = createCache({ layers: 1, width: 1 })
  cache.reset(2, 3)
  for (const step of [1, 2, 3]) {
    cache.append(0, 'key', Float32Array.of(step, -step))
    cache.advance(1)
  }
  expect([...cache.prefix(0, 'key')]).toEqual([1, -1, 2, -2, 3, -3])
  expect(cache.prefix(0, 'key').byteOffset).toBe(0)
})

test('keeping any rows leaves exactly their numbers, and later steps go behind them', () => {
  const kept = fc.uniqueArray(fc.nat(7), { minLength: 1 }).map((rows) => rows.sort((a, b) => a - b))
  fc.assert(
    fc.property(kept, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (rows, time, width) => {
      const cache = createCache({ layers: 1, width })
      cache.reset(8, time + 1)
      const step = (t: number, slots: readonly number[]) =>
        Float32Array.from(slots.flatMap((row) => Array.from({ length: width }, (_, i) => stamp(row, t, i))))
      const all = [0, 1, 2, 3, 4, 5, 6, 7]
      for (let t = 0; t < time; t += 1) {
        cache.append(0, 'key', step(t, all))
        cache.advance(1)
      }
      cache.keepRows(rows)
      cache.append(0, 'key', step(time, rows))
      cache.advance(1)
      const expected = Array.from({ length: time + 1 }, (_, t) => [...step(t, rows)]).flat()
      expect([...cache.prefix(0, 'key')]).toEqual(expected)
      expect([cache.rows, cache.time]).toEqual([rows.length, time + 1])
    }),
    { seed: 5, numRuns: 200 },
  )
})

test('a reset keeps no steps of the batch before', () => {
  const cache = createCache({ layers: 1, width: 1 })
  cache.reset(4, 4)
  cache.append(0, 'key', Float32Array.of(1, 2, 3, 4))
  cache.advance(1)
  cache.reset(2, 2)
  expect(cache.prefix(0, 'key').length).toBe(0)
  cache.append(0, 'key', Float32Array.of(5, 6))
  cache.advance(1)
  expect([...cache.prefix(0, 'key')]).toEqual([5, 6])
})
