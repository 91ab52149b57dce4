import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCache, type KeyValueCache, withoutFirst } from './cache.ts'

/** The number that stands for prompt `prompt`, step `time`, element `i`, so that a misplaced one is recognised. */
const stamp = (prompt: number, time: number, i: number) => prompt * 1000 + time * 10 + i

test('each row ends with the steps of its own prompt, time-major, after zeros', () => {
  const cache = createCache({ layers: 2, width: 2 })
  const prompt = (p: number, steps: number) =>
    Float32Array.from(Array.from({ length: steps }, (_, t) => [0, 1].map((i) => stamp(p, t, i))).flat())
  cache.reserve(3 * 5)
  cache.reset(3, 3)
  cache.writePrompts(1, 'value', prompt(1, 2), { row: 0, rows: Int32Array.of(0, 0), time: 2 })
  cache.writePrompts(1, 'value', prompt(2, 3), { row: 2, rows: Int32Array.of(0), time: 3 })
  const expected = [0, 1, 2].flatMap((t) =>
    [1, 1, 2].flatMap((p) => [0, 1].map((i) => (p === 2 ? stamp(2, t, i) : t === 0 ? 0 : stamp(1, t - 1, i)))),
  )
  expect([...cache.prefix(1, 'value')]).toEqual(expected)
  expect([...cache.prefix(1, 'key')]).toEqual(expected.map(() => 0))
})

test('appended steps extend the prefix without moving it', () => {
  const cache = createCache({ layers: 1, width: 1 })
  cache.reserve(2 * 3)
  cache.reset(2, 0)
  for (const step of [1, 2, 3]) {
    cache.append(0, 'key', Float32Array.of(step, -step))
    cache.advance()
  }
  expect([...cache.prefix(0, 'key')]).toEqual([1, -1, 2, -2, 3, -3])
  expect(cache.prefix(0, 'key').byteOffset).toBe(0)
})

test('keeping any rows leaves exactly their numbers, and later steps go behind them', () => {
  const kept = fc.uniqueArray(fc.nat(7), { minLength: 1 }).map((rows) => rows.sort((a, b) => a - b))
  fc.assert(
    fc.property(kept, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (rows, time, width) => {
      const cache = createCache({ layers: 1, width })
      cache.reserve(8 * (time + 1))
      cache.reset(8, 0)
      const step = (t: number, slots: readonly number[]) =>
        Float32Array.from(slots.flatMap((row) => Array.from({ length: width }, (_, i) => stamp(row, t, i))))
      const all = [0, 1, 2, 3, 4, 5, 6, 7]
      for (let t = 0; t < time; t += 1) {
        cache.append(0, 'key', step(t, all))
        cache.advance()
      }
      cache.keepRows(rows)
      cache.append(0, 'key', step(time, rows))
      cache.advance()
      const expected = Array.from({ length: time + 1 }, (_, t) => [...step(t, rows)]).flat()
      expect([...cache.prefix(0, 'key')]).toEqual(expected)
      expect([cache.rows, cache.time]).toEqual([rows.length, time + 1])
    }),
    { seed: 5, numRuns: 200 },
  )
})

test('a reset keeps no steps of the batch before, not even behind the ones it makes room for', () => {
  const cache = createCache({ layers: 1, width: 1 })
  cache.reserve(4 * 4)
  cache.reset(4, 0)
  cache.append(0, 'key', Float32Array.of(1, Number.NaN, 3, 4))
  cache.advance()
  cache.reset(2, 1)
  expect([...cache.prefix(0, 'key')]).toEqual([0, 0])
  cache.append(0, 'key', Float32Array.of(5, 6))
  cache.advance()
  expect([...cache.prefix(0, 'key')]).toEqual([0, 0, 5, 6])
})

/** A cache of layers 2 and width 2 with numbers that tell where they belong. */
function filled(rows: number, time: number, name: number, capacity = rows * time): KeyValueCache {
  const cache = createCache({ layers: 2, width: 2 })
  cache.reserve(capacity)
  cache.reset(rows, 0)
  for (let t = 0; t < time; t += 1) {
    for (const [layer, kind, sign] of [[0, 'key', 1] as const, [1, 'value', -1] as const])
      cache.append(
        layer,
        kind,
        Float32Array.from({ length: 2 * rows }, (_, i) => sign * stamp(name + i, t, 0)),
      )
    cache.advance()
  }
  return cache
}

/** Columns of rows of `filled`: of `count` from `name` on the last `steps`, which end at step `last`, at time `t` of `end`. */
function columns(name: number, count: number, steps: number, last: number, t: number, end: number): readonly number[] {
  return Array.from({ length: 2 * count }, (_, i) => (t < end - steps ? 0 : stamp(name + i, last - (end - t), 0)))
}

test('some of the parked rows come back behind the others, everybody aligned at the end, and later the rest', () => {
  const size = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(fc.nat(3), size, size, size, size, (rows, time, parkedRows, parkedTime, some) => {
      const count = Math.min(some, parkedRows)
      const end = Math.max(rows === 0 ? 0 : time, parkedTime)
      const cache = filled(rows, rows === 0 ? 0 : time, 0, (rows + parkedRows) * end)
      const parked = filled(parkedRows, parkedTime, 100).park(0, parkedTime)
      const expected = (back: number) =>
        Array.from({ length: end }, (_, t) => {
          const own = columns(0, rows, time, time, t, end)
          const others = columns(100, parkedRows, parkedTime, parkedTime, t, end)
          return [...own, ...others.slice(0, 2 * back)]
        }).flat()
      cache.unpark(parked, count)
      expect([...cache.prefix(0, 'key')]).toEqual(expected(count))
      expect([cache.rows, cache.time]).toEqual([rows + count, end])
      if (count < parkedRows) cache.unpark(withoutFirst(parked, count), parkedRows - count)
      expect([...cache.prefix(0, 'key')]).toEqual(expected(parkedRows))
      expect([...cache.prefix(1, 'value')].map((value) => 0 - value)).toEqual(expected(parkedRows))
    }),
    { seed: 6, numRuns: 200 },
  )
})

test('rows that are parked are gone from the cache, with their last steps, and leave room', () => {
  const cache = filled(3, 4, 0)
  const parked = cache.park(1, 2)
  expect([parked.rows, parked.time]).toEqual([2, 2])
  expect([...parked.steps[0]!]).toEqual([2, 3].flatMap((t) => [2, 3, 4, 5].map((i) => stamp(i, t, 0))))
  expect([...cache.prefix(0, 'key')]).toEqual([0, 1, 2, 3].flatMap((t) => [0, 1].map((i) => stamp(i, t, 0))))
  expect([cache.rows, cache.time, cache.maxTime]).toEqual([1, 4, 12])
  cache.park(0, 4)
  expect([cache.rows, cache.time]).toEqual([0, 0])
})

test('memory is taken once, and what is missing is known before', () => {
  const cache = createCache({ layers: 2, width: 3 })
  expect([cache.rowStepSize, cache.missingBytes(10)]).toEqual([12, 480])
  cache.reserve(10)
  expect([cache.missingBytes(10), cache.missingBytes(4), cache.missingBytes(15)]).toEqual([0, 0, 240])
  cache.reserve(4)
  cache.reset(2, 1)
  expect([cache.maxTime, cache.missingBytes(10)]).toEqual([2, 0])
})

test('the oldest steps are forgotten', () => {
  const cache = filled(2, 4, 0)
  cache.dropSteps(3)
  expect([...cache.prefix(0, 'key')]).toEqual([0, 1, 2, 3].map((i) => stamp(i, 3, 0)))
  expect(cache.time).toBe(1)
})
