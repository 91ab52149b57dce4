import { describe, expect, test, vi } from 'vitest'
import { tinyDecoder } from '../../src/engine/local/fixtures/tiny-decoder.ts'
import { buildTrainingGraph } from '../../src/engine/local/model/decoder.ts'
import { GraphBuilder } from '../../src/engine/local/onnx/builder.ts'
import type { Dim, Value } from '../../src/engine/local/onnx/graph.ts'
import { resolveSize, type Sizes } from '../../src/engine/local/onnx/sizes.ts'
import { buildStepGraph } from '../../src/engine/local/sampler/decode-graph.ts'
import { models } from './cases.ts'
import {
  countedGenerationFlops,
  countedTrainingFlops,
  nominalGenerationFlops,
  nominalTrainingFlops,
  parameterCount,
  productFlops,
  products,
} from './flops.ts'

const tiny = tinyDecoder

/** Operations of the matrix products that a graph is built from; matrix times vector (the norms' gradients) left out. */
function flopsOfProducts(build: () => unknown, sizes: Sizes): number {
  const spy = vi.spyOn(GraphBuilder.prototype, 'nodes')
  build()
  const size = (dim: Dim | undefined): number => (dim === undefined ? Number.NaN : resolveSize(dim, sizes))
  let total = 0
  spy.mock.calls.forEach(([op, [left], attributes], index) => {
    if (op !== 'Gemm' && op !== 'FusedMatMul') return
    const [{ shape }] = spy.mock.results[index]!.value as [Value]
    if (shape.slice(-2).some((dim) => dim === 1)) return
    const isTransposed = attributes?.transA !== undefined && 'int' in attributes.transA && attributes.transA.int === 1
    total +=
      2 * shape.reduce<number>((product, dim) => product * size(dim), size(left?.shape.at(isTransposed ? -2 : -1)))
  })
  spy.mockRestore()
  return total
}

test('a matrix product is a multiplication and an addition for each of its triples', () => {
  expect(productFlops([2, 3, 5])).toBe(60)
  expect(productFlops(products.square)).toBe(2 ** 31)
  expect(productFlops(products.tall)).toBe(2 ** 31)
})

test('the models have the sizes they are known by, 1.07 and 5.48 million', () => {
  expect((parameterCount(models.a.decoder) / 1e6).toFixed(2)).toBe('1.07')
  expect((parameterCount(models.b.decoder) / 1e6).toFixed(2)).toBe('5.48')
})

test.each([
  ['a', 14_724, 94.2],
  ['b', 3466, 113.9],
  ['b', 3120, 102.5],
] as const)('%s: %i tokens a second are the GFLOP/s that the prototype printed, %f', (name, tokens, gflops) => {
  expect(nominalTrainingFlops(models[name].decoder, tokens) / 1e9).toBeCloseTo(gflops, 0)
})

test('generation counts a third of a training step', () => {
  expect(nominalGenerationFlops(tiny, 6)).toBe(nominalTrainingFlops(tiny, 2))
})

describe('what is counted is what the graphs multiply', () => {
  test.each([
    ['every row in the head', 48],
    ['half of them', 24],
  ])('training, %s', (_, rows) => {
    const build = () => buildTrainingGraph({ config: tiny }, 'cross_entropy', { low: 0.8, high: 1.2 })
    const counted = countedTrainingFlops(tiny, { sequences: 4, length: 12, rows })
    expect(counted).toBe(flopsOfProducts(build, { batch: 4, length: 12, rows }))
    expect(counted).toBeGreaterThan(1e6)
  })

  test('generation, over two steps', () => {
    const step = (past: number) => flopsOfProducts(() => buildStepGraph({ config: tiny }), { B: 3, BK: 6, past })
    // The graph scores a row's own token by a product of matrix and vector, which is left out above.
    expect(countedGenerationFlops(tiny, 3, [9, 10])).toBe(step(9) + step(10))
    expect(step(9)).toBeGreaterThan(3e4)
  })
})
