import { expect, test } from 'vitest'
import { createSessionPool, type Feed } from '../../src/engine/local/session.ts'
import { buildProductGraph } from './yardstick.ts'

test('the yardstick is one matrix product whose first element comes back', async () => {
  const graph = buildProductGraph([2, 3, 2])
  expect(graph.nodes.map(({ op }) => op)).toEqual(['Gemm', 'Slice', 'Identity'])
  const matrix = (shape: number[], values: number[]): Feed => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from(values),
  })
  const pool = createSessionPool({ threads: 1 })
  const feeds = { left: matrix([2, 3], [1, 2, 3, 9, 9, 9]), right: matrix([3, 2], [4, 0, 5, 0, 6, 0]) }
  const corner = (await pool.run('product', () => graph, feeds, ['corner'])).get('corner')
  await pool.close()
  expect(corner?.shape).toEqual([1, 1])
  expect([...(corner?.data ?? [])]).toEqual([1 * 4 + 2 * 5 + 3 * 6])
})
