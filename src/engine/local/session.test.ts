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
