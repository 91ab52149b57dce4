import { afterAll, describe, expect, test } from 'vitest'
import { createSessionPool } from '../session.ts'
import { backward } from './autodiff.ts'
import { GraphBuilder } from './builder.ts'
import type { DenseTensor } from './dense.ts'
import { type DenseFeeds, normalTensor, numericalGradient, oracleErrors, relativeError } from './gradient-check.ts'
import type { Graph, Value } from './graph.ts'
import { interpret } from './interpreter.ts'
import { apply, type OpName, operations } from './ops.ts'

type Integers = { readonly shape: readonly number[]; readonly values: readonly number[] }

type OpCase = {
  readonly title: string
  /** Differentiable inputs: shapes, filled with normal deviates. */
  readonly floats: { readonly [name: string]: readonly number[] }
  readonly integers?: { readonly [name: string]: Integers }
  readonly build: (graph: GraphBuilder, value: (name: string) => Value) => Value
}

const unary = (name: 'exp' | 'negate' | 'sum' | 'detach'): OpCase => ({
  title: 'a matrix',
  floats: { x: [3, 4] },
  build: (graph, value) => apply(graph, name, { x: value('x') }),
})

const binary = (name: 'minimum' | 'multiply' | 'subtract'): OpCase[] =>
  [
    { title: 'equal shapes', floats: { a: [3, 4], b: [3, 4] } },
    { title: 'b broadcast over rows', floats: { a: [3, 4], b: [4] } },
    { title: 'a broadcast over columns, b over rows', floats: { a: [3, 1], b: [2, 1, 4] } },
  ].map(({ title, floats }) => ({
    title,
    floats,
    build: (graph, value) => apply(graph, name, { a: value('a'), b: value('b') }),
  }))

const bias = Float32Array.from({ length: 6 * 3 }, (_, index) => (index % 3 > Math.floor(index / 3) % 3 ? -1e9 : 0))

const cases: { readonly [Name in OpName]: readonly OpCase[] } = {
  attention: [
    {
      title: 'two heads share a key, causal',
      floats: { q: [2, 2, 6, 4], k: [2, 2, 3, 4], v: [2, 2, 3, 4] },
      build: (graph, value) =>
        apply(
          graph,
          'attention',
          { q: value('q'), k: value('k'), v: value('v'), bias: graph.constant(bias, [1, 1, 6, 3]) },
          { scale: 0.5 },
        ),
    },
  ],
  clip: [
    {
      title: 'values below, between and above the bounds',
      floats: { x: [5, 5] },
      build: (graph, value) => apply(graph, 'clip', { x: value('x') }, { low: -0.4, high: 0.7 }),
    },
  ],
  detach: [unary('detach')],
  exp: [unary('exp')],
  gatherRows: [
    {
      title: 'rows that repeat and rows that are not named',
      floats: { table: [5, 3] },
      integers: { rows: { shape: [6], values: [4, 0, 4, 4, 1, 0] } },
      build: (graph, value) => apply(graph, 'gatherRows', { table: value('table'), rows: value('rows') }),
    },
  ],
  linear: [
    {
      title: 'without residual',
      floats: { x: [5, 3], weight: [4, 3] },
      build: (graph, value) => apply(graph, 'linear', { x: value('x'), weight: value('weight') }),
    },
    {
      title: 'with residual',
      floats: { x: [5, 3], weight: [4, 3], residual: [5, 4] },
      build: (graph, value) =>
        apply(graph, 'linear', { x: value('x'), weight: value('weight'), residual: value('residual') }),
    },
    {
      title: 'with bias',
      floats: { x: [5, 3], weight: [4, 3], bias: [4] },
      build: (graph, value) => apply(graph, 'linear', { x: value('x'), weight: value('weight'), bias: value('bias') }),
    },
    {
      title: 'with scale, bias and residual',
      floats: { x: [5, 3], weight: [4, 3], bias: [4], residual: [5, 4] },
      build: (graph, value) =>
        apply(
          graph,
          'linear',
          { x: value('x'), weight: value('weight'), bias: value('bias'), residual: value('residual') },
          { scale: 0.5 },
        ),
    },
    {
      title: 'its own input as residual',
      floats: { x: [5, 3], weight: [3, 3] },
      build: (graph, value) => apply(graph, 'linear', { x: value('x'), weight: value('weight'), residual: value('x') }),
    },
  ],
  logprob: [
    {
      title: 'targets that repeat',
      floats: { hidden: [4, 3], head: [6, 3] },
      integers: { targets: { shape: [4], values: [5, 2, 5, 0] } },
      build: (graph, value) =>
        apply(graph, 'logprob', { hidden: value('hidden'), head: value('head'), targets: value('targets') }),
    },
    {
      title: 'with a low-rank addend',
      floats: { hidden: [4, 3], head: [6, 3], lowRank: [4, 2], lowRankHead: [6, 2] },
      integers: { targets: { shape: [4], values: [5, 2, 5, 0] } },
      build: (graph, value) =>
        apply(graph, 'logprob', {
          hidden: value('hidden'),
          head: value('head'),
          targets: value('targets'),
          lowRank: value('lowRank'),
          lowRankHead: value('lowRankHead'),
        }),
    },
  ],
  minimum: binary('minimum'),
  multiply: [
    ...binary('multiply'),
    {
      title: 'a value by itself',
      floats: { x: [3, 4] },
      build: (graph, value) => apply(graph, 'multiply', { a: value('x'), b: value('x') }),
    },
  ],
  negate: [unary('negate')],
  reshape: [
    {
      title: 'a matrix to three axes',
      floats: { x: [4, 6] },
      build: (graph, value) => apply(graph, 'reshape', { x: value('x') }, { shape: [2, 4, 3] }),
    },
  ],
  rmsNorm: [
    {
      title: 'an epsilon that matters',
      floats: { x: [5, 6], weight: [6] },
      build: (graph, value) => apply(graph, 'rmsNorm', { x: value('x'), weight: value('weight') }, { epsilon: 0.1 }),
    },
  ],
  rope: [
    {
      title: 'two heads, positions in any order',
      floats: { x: [2, 3, 8] },
      integers: { positions: { shape: [2, 3], values: [0, 1, 2, 4, 3, 1] } },
      build: (graph, value) => {
        const angles = Float32Array.from({ length: 10 }, (_, index) => 0.3 * index)
        const table = (apply: (x: number) => number) => graph.constant(angles.map(apply), [5, 2])
        const [cos, sin, negatedSin] = [table(Math.cos), table(Math.sin), table((x) => -Math.sin(x))]
        return apply(
          graph,
          'rope',
          { x: value('x'), positions: value('positions'), cos, sin, negatedSin },
          { heads: 2 },
        )
      },
    },
  ],
  subtract: binary('subtract'),
  sum: [unary('sum')],
  swiglu: [
    {
      title: 'gate and up',
      floats: { gate: [4, 5], up: [4, 5] },
      build: (graph, value) => apply(graph, 'swiglu', { gate: value('gate'), up: value('up') }),
    },
  ],
  transpose: [
    {
      title: 'a permutation that is not its own inverse',
      floats: { x: [2, 3, 4] },
      build: (graph, value) => apply(graph, 'transpose', { x: value('x') }, { permutation: [2, 0, 1] }),
    },
  ],
}

/** The case as a graph with output, a weighted sum of it as `loss`, and a gradient for each float input. */
function buildCase({ floats, integers = {}, build }: OpCase): { graph: Graph; isTracked: boolean } {
  const builder = new GraphBuilder()
  const values = new Map([
    ...Object.entries(floats).map(([name, shape]) => [name, builder.parameter(name, shape)] as const),
    ...Object.entries(integers).map(([name, { shape }]) => [name, builder.input(name, shape, 'int64')] as const),
  ])
  const output = build(builder, (name) => values.get(name)!)
  const weights = normalTensor('weights', output.shape.map(Number))
  const weighted = apply(builder, 'multiply', {
    a: output,
    b: builder.constant(Float32Array.from(weights.data), weights.shape),
  })
  const loss = apply(builder, 'sum', { x: weighted })
  builder.output('output', output)
  builder.output('loss', loss)
  const isTracked = builder.isTracked(output)
  const names = isTracked ? Object.keys(floats) : []
  backward(
    builder,
    loss,
    names.map((name) => values.get(name)!),
  ).forEach((gradient, index) => {
    builder.output(`gradient/${names[index]}`, gradient)
  })
  return { graph: builder.graph(), isTracked }
}

function feedsOf(title: string, { floats, integers = {} }: OpCase): DenseFeeds {
  const filled = Object.entries(floats).map(([name, shape]): [string, DenseTensor] => [
    name,
    normalTensor(`${title}/${name}`, shape),
  ])
  const given = Object.entries(integers).map(([name, { shape, values }]): [string, DenseTensor] => [
    name,
    { shape, data: Float64Array.from(values) },
  ])
  return Object.fromEntries([...filled, ...given])
}

const pool = createSessionPool({ threads: 2, capacity: 2 })
afterAll(() => pool.close())

const named = Object.entries(cases).flatMap(([name, list]) => list.map((item) => ({ name, item, title: item.title })))

test('every row of the operation table has a case here', () => {
  const covered = Object.entries(cases).flatMap(([name, list]) => (list.length > 0 ? [name] : []))
  expect(covered.toSorted()).toEqual(Object.keys(operations).toSorted())
})

describe.each(named)('$name, $title', ({ name, item, title }) => {
  const feeds = feedsOf(`${name}/${title}`, item)
  const { graph, isTracked } = buildCase(item)

  test('the gradient equals central differences in float64', () => {
    const outputs = interpret(graph, feeds)
    const wanted = isTracked ? Object.keys(item.floats) : []
    for (const input of wanted) {
      const numerical = numericalGradient(graph, feeds, input)
      // Constants such as 1 / width are float32 in the graph: 6e-8 is the most their rounding explains.
      expect(relativeError(outputs[`gradient/${input}`]!.data, numerical), input).toBeLessThan(6e-8)
      expect(Math.max(...numerical.map(Math.abs)), input).toBeGreaterThan(0.1)
    }
    expect(isTracked).toBe(name !== 'detach')
  })

  test('onnxruntime in float32 agrees with the interpreter', async () => {
    for (const [output, error] of await oracleErrors(pool, `${name}/${title}`, graph, feeds)) {
      expect(error, output).toBeLessThan(1e-5)
    }
  })
})

test('an operation without gradient says why', () => {
  const reasons = Object.values(operations).flatMap(({ gradient }) =>
    typeof gradient === 'function' ? [] : [gradient.none],
  )
  expect(reasons).toEqual(['because stopping the gradient is what it is for'])
})
