import { afterEach, describe, expect, test } from 'vitest'
import { EngineError } from '../../core/errors.ts'
import { GraphBuilder } from './onnx/builder.ts'
import type { Graph } from './onnx/graph.ts'
import { createSessionPool, type Feeds, type SessionPool } from './session.ts'

const open: SessionPool[] = []
function poolOf(threads: number, capacity?: number): SessionPool {
  const pool = createSessionPool(capacity === undefined ? { threads } : { threads, capacity })
  open.push(pool)
  return pool
}
afterEach(async () => {
  for (const pool of open.splice(0)) await pool.close()
})

/** y = -x */
function negation(size: number): Graph {
  const builder = new GraphBuilder()
  builder.output('y', builder.node('Neg', [builder.input('x', [size])]))
  return builder.graph()
}

const feed = (data: Float32Array): Feeds => ({ x: { dtype: 'float32', shape: [data.length], data } })

describe('the session pool', () => {
  test('reads a view where it lies and sees what is written into it between runs', async () => {
    const flat = Float32Array.of(0, 1, 2, 3, 4)
    const feeds = feed(flat.subarray(2, 4))
    const pool = poolOf(1)
    const run = async () => Array.from((await pool.run('neg', () => negation(2), feeds, ['y'])).get('y')!.data)
    expect(await run()).toEqual([-2, -3])
    flat[3] = 7
    expect(await run()).toEqual([-2, -7])
  })

  test('keeps the sessions used last and builds the others anew', async () => {
    const pool = poolOf(1, 2)
    const built: string[] = []
    const use = (key: string) =>
      pool.run(
        key,
        () => {
          built.push(key)
          return negation(1)
        },
        feed(Float32Array.of(1)),
        ['y'],
      )
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await use(key)
    expect(built).toEqual(['a', 'b', 'c', 'b'])
    expect(pool.keys).toEqual(['a', 'b'])
    await pool.close()
    expect(pool.keys).toEqual([])
  })

  test('a run onnxruntime refuses is an EngineError that names the graph', async () => {
    const pool = poolOf(1)
    const run = pool.run('neg of 2', () => negation(2), feed(Float32Array.of(1, 2, 3)), ['y'])
    await expect(run).rejects.toThrow(EngineError)
    await expect(run).rejects.toThrow(/^onnxruntime failed to run neg of 2: /)
  })

  test('a model onnxruntime refuses is an EngineError that names the graph', async () => {
    const broken: Graph = { ...negation(1), nodes: [] }
    const run = poolOf(1).run('broken', () => broken, feed(Float32Array.of(1)), ['y'])
    await expect(run).rejects.toThrow(/^onnxruntime failed to load broken: /)
  })
})

describe('memory that sessions keep', () => {
  const GIGABYTE = 2 ** 30

  /** A pool, the keys of the sessions it built, and a run that is said to need so many bytes. */
  function kept(keepsMemory: boolean) {
    const pool = createSessionPool({ threads: 1, keepsMemory })
    open.push(pool)
    const built: string[] = []
    const build = (key: string) => () => {
      built.push(key)
      return negation(1)
    }
    const use = (key: string, needBytes?: number, from = pool) =>
      from.run(key, build(key), feed(Float32Array.of(1)), ['y'], needBytes)
    return { pool, built, use }
  }

  test('is that of the largest run, until the session is released', async () => {
    const { pool, use } = kept(true)
    await use('a', 5000)
    await use('a', 3000)
    await use('b')
    expect(['a', 'b', 'c'].map((key) => pool.heldBytes(key))).toEqual([5000, 0, 0])
    await pool.close()
    expect(pool.heldBytes('a')).toBe(0)
  })

  test('can be had back from all sessions but one, of whatever scope', async () => {
    const { pool, use } = kept(true)
    for (const key of ['a', 'b']) await use(key, 5000)
    const scope = pool.scope('other')
    for (const key of ['a', 'c']) await use(key, 5000, scope)
    await scope.releaseOthers('a')
    expect(pool.keys).toEqual(['other/a'])
  })

  test('is nothing where sessions keep none, so there is nothing to release', async () => {
    const { pool, use } = kept(false)
    for (const key of ['a', 'b']) await use(key, GIGABYTE)
    expect(pool.heldBytes('a')).toBe(0)
    await pool.releaseOthers('a')
    expect(pool.keys).toEqual(['a', 'b'])
  })

  test('goes back after 64 runs in a row that left most of it unused', async () => {
    const { pool, built, use } = kept(true)
    const small = async (runs: number) => {
      for (let run = 0; run < runs; run++) await use('a', 1000)
    }
    await use('a', GIGABYTE)
    await small(63)
    await use('a', GIGABYTE / 2)
    await small(64)
    expect([built, pool.heldBytes('a')]).toEqual([['a'], GIGABYTE])
    await small(1)
    expect([built, pool.heldBytes('a')]).toEqual([['a', 'a'], 1000])
  })

  test('stays where it is little', async () => {
    const { built, use } = kept(true)
    await use('a', 2 ** 27)
    for (let run = 0; run < 100; run++) await use('a', 1000)
    expect(built).toEqual(['a'])
  })
})

test('ScatterElements loses no update: 8,192 x 128 ones into 7 rows, 20 runs at 2 threads', async () => {
  const [rows, width, targets] = [8192, 128, 7]
  const builder = new GraphBuilder()
  const index = builder.input('index', [rows, 1], 'int64')
  const expanded = builder.node('Expand', [index, builder.integers([rows, width])])
  const ones = builder.node('Expand', [builder.scalar(1), builder.integers([rows, width])])
  const base = builder.node('Expand', [builder.scalar(0), builder.integers([targets, width])])
  builder.output(
    'sums',
    builder.node('ScatterElements', [base, expanded, ones], { axis: { int: 0 }, reduction: { string: 'add' } }),
  )
  const data = BigInt64Array.from({ length: rows }, (_, row) => BigInt((row * row) % targets))
  const expected = Array.from({ length: targets }, (_, target) => data.filter((row) => Number(row) === target).length)
  const pool = poolOf(2)
  for (let run = 0; run < 20; run++) {
    const sums = (
      await pool.run('race', () => builder.graph(), { index: { dtype: 'int64', shape: [rows, 1], data } }, ['sums'])
    ).get('sums')!
    const wrong = sums.data.reduce((count, sum, at) => count + Number(sum !== expected[Math.floor(at / width)]), 0)
    expect(wrong).toBe(0)
  }
})
