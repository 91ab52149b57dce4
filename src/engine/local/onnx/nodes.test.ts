import { afterAll, describe, expect, test } from 'vitest'
import { ShapeError } from '../../../core/errors.ts'
import { createSessionPool } from '../session.ts'
import { GraphBuilder } from './builder.ts'
import type { DenseTensor } from './dense.ts'
import { type DenseFeeds, normalTensor, oracleErrors } from './gradient-check.ts'
import type { Attributes, DataType, Graph, NodeOp, Shape, Value } from './graph.ts'
import { interpret } from './interpreter.ts'
import { nodeKinds } from './nodes.ts'

/** An input of a node: normal deviates of a shape, or given numbers. Constants are baked in, as shape rules need. */
type Operand =
  | { readonly normal: readonly number[] }
  | { readonly values: readonly number[]; readonly shape: readonly number[]; readonly dtype: DataType }
  | { readonly constant: readonly number[] }

type NodeCase = { readonly title: string; readonly operands: readonly Operand[]; readonly attributes?: Attributes }

const normal = (...shape: readonly number[]): Operand => ({ normal: shape })
const floats = (...values: readonly number[]): Operand => ({ values, shape: [values.length], dtype: 'float32' })
const integers = (values: readonly number[], shape: readonly number[]): Operand => ({ values, shape, dtype: 'int64' })
const constant = (...values: readonly number[]): Operand => ({ constant: values })
const on = { int: 1 }

const pairs: readonly NodeCase[] = [
  { title: 'equal shapes', operands: [normal(3, 4), normal(3, 4)] },
  { title: 'both sides broadcast', operands: [normal(3, 1), normal(2, 1, 4)] },
]
const single: readonly NodeCase[] = [{ title: 'a matrix', operands: [normal(3, 4)] }]
const reductions: readonly NodeCase[] = [
  { title: 'all axes', operands: [normal(3, 4)], attributes: { keepdims: { int: 0 } } },
  { title: 'the middle axis', operands: [normal(2, 3, 4), constant(1)], attributes: { keepdims: { int: 0 } } },
  { title: 'the last axis, kept', operands: [normal(2, 3, 4), constant(-1)], attributes: { keepdims: on } },
]

const cases: { readonly [Op in NodeOp]: readonly NodeCase[] } = {
  Add: pairs,
  Cast: [{ title: 'to the same type', operands: [normal(3)], attributes: { to: { int: 1 } } }],
  Clip: [
    {
      title: 'both bounds',
      operands: [
        floats(-2, -1, 0.5, 1, 7),
        { values: [-1], shape: [], dtype: 'float32' },
        { values: [1], shape: [], dtype: 'float32' },
      ],
    },
  ],
  Concat: [
    { title: 'the last axis', operands: [normal(2, 1), normal(2, 3)], attributes: { axis: { int: -1 } } },
    { title: 'the first axis', operands: [normal(2, 3), normal(1, 3)], attributes: { axis: { int: 0 } } },
  ],
  Equal: [{ title: 'some equal', operands: [floats(1, 2, 3), floats(1, 0, 3)] }],
  Exp: single,
  Expand: [{ title: 'a column to a matrix', operands: [normal(3, 1), constant(3, 4)] }],
  FusedMatMul: [
    { title: 'batches broadcast', operands: [normal(2, 3, 4), normal(4, 5)] },
    {
      title: 'transA and alpha',
      operands: [normal(2, 4, 3), normal(2, 4, 5)],
      attributes: { transA: on, alpha: { float: 0.5 } },
    },
    { title: 'transB', operands: [normal(2, 2, 3, 4), normal(2, 2, 5, 4)], attributes: { transB: on } },
    { title: 'time-major values', operands: [normal(3, 2, 6), normal(6, 3, 4)], attributes: { transBatchB: on } },
    {
      title: 'time-major keys',
      operands: [normal(3, 2, 4), normal(6, 3, 4)],
      attributes: { transB: on, transBatchB: on },
    },
  ],
  Gather: [{ title: 'rows that repeat', operands: [normal(4, 3), integers([3, 0, 3], [3])] }],
  GatherElements: [
    { title: 'one per row', operands: [normal(3, 4), integers([3, 0, 2], [3, 1])], attributes: { axis: on } },
  ],
  Gemm: [
    { title: 'plain', operands: [normal(3, 4), normal(4, 5)] },
    { title: 'transA', operands: [normal(4, 3), normal(4, 5)], attributes: { transA: on } },
    {
      title: 'transB with an addend',
      operands: [normal(3, 4), normal(5, 4), normal(3, 5)],
      attributes: { transB: on },
    },
    {
      title: 'alpha with a row as addend',
      operands: [normal(3, 4), normal(4, 5), normal(5)],
      attributes: { alpha: { float: 0.5 } },
    },
  ],
  Identity: single,
  LessOrEqual: [{ title: 'less, equal and greater', operands: [floats(1, 2, 3), floats(2, 2, 2)] }],
  Log: [{ title: 'positive numbers', operands: [floats(0.001, 1, 42)] }],
  Min: pairs,
  Mul: pairs,
  Neg: single,
  QuickGelu: [{ title: 'alpha 1 is SiLU', operands: [normal(3, 4)], attributes: { alpha: { float: 1 } } }],
  ReduceMax: reductions,
  ReduceSum: reductions,
  Reshape: [{ title: 'a kept and an inferred axis', operands: [normal(2, 6, 2), constant(0, -1, 4)] }],
  RotaryEmbedding: [
    {
      title: 'two heads of six',
      operands: [normal(2, 3, 12), integers([0, 1, 2, 4, 2, 0], [2, 3]), normal(5, 3), normal(5, 3)],
      attributes: { num_heads: { int: 2 }, interleaved: { int: 0 }, rotary_embedding_dim: { int: 0 } },
    },
  ],
  ScatterElements: [
    {
      title: 'indices that repeat',
      operands: [normal(4, 2), integers([1, 1, 1, 1, 3, 3], [3, 2]), normal(3, 2)],
      attributes: { axis: { int: 0 }, reduction: { string: 'add' } },
    },
  ],
  Shape: [
    { title: 'one axis', operands: [normal(2, 3, 5)], attributes: { start: { int: 1 }, end: { int: 2 } } },
    { title: 'every axis', operands: [normal(2, 3, 5)] },
  ],
  Sigmoid: [{ title: 'both tails', operands: [floats(-30, -1, 0, 1, 30)] }],
  SimplifiedLayerNormalization: [
    {
      title: 'the last axis',
      operands: [normal(3, 5), normal(5)],
      attributes: { axis: { int: -1 }, epsilon: { float: 0.0625 }, stash_type: on },
    },
  ],
  Slice: [
    { title: 'an open end', operands: [normal(2, 3, 5), constant(1), constant(2 ** 30), constant(2)] },
    { title: 'from the end', operands: [normal(6), constant(-4), constant(-1), constant(0)] },
  ],
  Softmax: [
    { title: 'rows', operands: [normal(3, 4)], attributes: { axis: { int: -1 } } },
    {
      title: 'scores out of range of exp, and masked ones',
      operands: [floats(900, 890, -1e9)],
      attributes: { axis: { int: -1 } },
    },
  ],
  Sub: pairs,
  Transpose: [{ title: 'four axes', operands: [normal(2, 3, 4, 5)], attributes: { perm: { ints: [0, 2, 1, 3] } } }],
}

/** The node alone in a graph, every output fetched (booleans and integers as float32). */
function buildCase(
  op: NodeOp,
  { operands, attributes = {} }: NodeCase,
): { graph: Graph; feeds: DenseFeeds; shapes: readonly Shape[] } {
  const builder = new GraphBuilder()
  const feeds: { [name: string]: DenseTensor } = {}
  const inputs = operands.map((operand, index): Value => {
    const name = `input${index}`
    if ('constant' in operand) return builder.integers(operand.constant)
    if ('normal' in operand) {
      feeds[name] = normalTensor(`${op}/${index}`, operand.normal)
      return builder.input(name, operand.normal)
    }
    feeds[name] = { shape: operand.shape, data: Float64Array.from(operand.values, Math.fround) }
    return builder.input(name, operand.shape, operand.dtype)
  })
  const outputs = builder.nodes(op, inputs, attributes)
  outputs.forEach((output, index) => {
    const float = output.dtype !== 'float32' ? builder.node('Cast', [output], { to: { int: 1 } }) : output
    builder.output(`output${index}`, float)
  })
  return { graph: builder.graph(), feeds, shapes: outputs.map(({ shape }) => shape) }
}

const pool = createSessionPool({ threads: 2, capacity: 2 })
afterAll(() => pool.close())

test('every whitelisted operator has a case here', () => {
  const covered = Object.entries(cases).flatMap(([op, list]) => (list.length > 0 ? [op] : []))
  expect(covered.toSorted()).toEqual(Object.keys(nodeKinds).toSorted())
})

test('ScatterND, which loses updates, is not on the whitelist', () => {
  expect(Object.keys(nodeKinds)).not.toContain('ScatterND')
})

const isOp = (name: string): name is NodeOp => name in nodeKinds
const named = Object.entries(cases).flatMap(([op, list]) =>
  isOp(op) ? list.map((item) => ({ op, item, title: item.title })) : [],
)

describe.each(named)('$op, $title', ({ op, item, title }) => {
  const { graph, feeds, shapes } = buildCase(op, item)

  test('onnxruntime agrees with the interpreter', async () => {
    for (const [output, error] of await oracleErrors(pool, `${op}/${title}`, graph, feeds))
      expect(error, output).toBeLessThan(1e-5)
  })

  test('the shape rule foretells the shapes', () => {
    const found = interpret(graph, feeds)
    shapes.forEach((shape, index) => {
      expect(found[`output${index}`]!.shape).toEqual(shape)
    })
  })
})

const refused: readonly {
  readonly title: string
  readonly op: NodeOp
  readonly shapes: readonly Shape[]
  readonly says: RegExp
}[] = [
  {
    title: 'inner sizes that differ',
    op: 'Gemm',
    shapes: [
      [3, 4],
      [5, 6],
    ],
    says: /Gemm: sizes 4 and 5 differ; inputs: x0 \[3, 4\]; x1 \[5, 6\]/,
  },
  {
    title: 'a product of three axes',
    op: 'Gemm',
    shapes: [
      [2, 3, 4],
      [4, 6],
    ],
    says: /Gemm multiplies matrices/,
  },
  {
    title: 'batches that differ',
    op: 'FusedMatMul',
    shapes: [
      [2, 3, 4],
      [3, 4, 5],
    ],
    says: /sizes 2 and 3 differ/,
  },
  { title: 'shapes that do not broadcast', op: 'Add', shapes: [[3, 4], [3]], says: /Add: sizes 4 and 3 differ/ },
  {
    title: 'a norm of another width',
    op: 'SimplifiedLayerNormalization',
    shapes: [[3, 4], [5]],
    says: /sizes 4 and 5 differ/,
  },
  { title: 'axes that are not there', op: 'Shape', shapes: [[]], says: /Shape: no axes 0 to 0/ },
  { title: 'a missing input', op: 'Add', shapes: [[3]], says: /Add: input 1 is missing/ },
]

test.each(refused)('$op refuses $title', ({ op, shapes, says }) => {
  const builder = new GraphBuilder()
  const inputs = shapes.map((shape, index) => builder.input(`x${index}`, shape))
  expect(() => builder.node(op, inputs)).toThrow(ShapeError)
  expect(() => builder.node(op, inputs)).toThrow(says)
})

test('sizes known at run time only pass through the rules by name', () => {
  const builder = new GraphBuilder()
  const query = builder.input('query', ['rows', 2, 4])
  const keys = builder.input('keys', ['t', 'rows', 4])
  const scores = builder.node('FusedMatMul', [query, keys], { transB: on, transBatchB: on })
  expect(scores.shape).toEqual(['rows', 2, 't'])
  const self = builder.input('self', ['rows', 2, 1])
  const joined = builder.node('Concat', [self, scores], { axis: { int: 2 } })
  expect(joined.shape).toEqual(['rows', 2, '1+t'])
  const bounds = [1, 2 ** 30, 2].map((value) => builder.integers([value]))
  expect(builder.node('Slice', [joined, ...bounds], {}, ['rows', 2, 't']).shape).toEqual(['rows', 2, 't'])
})
