import { ShapeError } from '../../../core/errors.ts'
import type { Attributes, DataType, Dim, GraphNode, NodeOp, Shape, TensorType, Value } from './graph.ts'
import { elementTypes } from './proto.ts'

/** What a shape rule may look at. */
export type ShapeContext = {
  readonly op: NodeOp
  readonly inputs: readonly (Value | undefined)[]
  readonly attributes: Attributes
  /** The integers of a constant input. */
  readonly constant: (value: Value) => readonly number[]
  /** The shape that an input holds: a constant, or one read at run time. */
  readonly shape: (value: Value) => Shape
}

const dataTypes: readonly DataType[] = ['float32', 'float64', 'int64', 'bool']

type NodeKind = {
  readonly domain: GraphNode['domain']
  readonly infer: (context: ShapeContext) => readonly TensorType[]
}

function fail(context: ShapeContext, problem: string): never {
  const shapes = context.inputs
    .map((input) => (input ? `${input.name} [${input.shape.join(', ')}]` : 'none'))
    .join('; ')
  throw new ShapeError(`${context.op}: ${problem}; inputs: ${shapes}`)
}

function input(context: ShapeContext, index: number): Value {
  return context.inputs[index] ?? fail(context, `input ${index} is missing`)
}

function intAttribute(context: ShapeContext, name: string, fallback: number): number {
  const attribute = context.attributes[name]
  return attribute && 'int' in attribute ? attribute.int : fallback
}

function dim(context: ShapeContext, shape: Shape, axis: number): Dim {
  return shape.at(axis) ?? fail(context, `no axis ${axis}`)
}

/** Two sizes that must agree. A symbol agrees with anything: ORT compares it when the graph runs. */
function unify(context: ShapeContext, a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) fail(context, `sizes ${a} and ${b} differ`)
  return typeof a === 'number' ? a : b
}

function broadcast(context: ShapeContext, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1
    const right = b[b.length - rank + i] ?? 1
    if (left === 1) return right
    return right === 1 ? left : unify(context, left, right)
  })
}

function axisOf(context: ShapeContext, rank: number, fallback: number): number {
  const axis = intAttribute(context, 'axis', fallback)
  return axis < 0 ? axis + rank : axis
}

function like(value: Value): readonly TensorType[] {
  return [{ shape: value.shape, dtype: value.dtype }]
}

const unary: NodeKind = { domain: '', infer: (context) => like(input(context, 0)) }

const binary: NodeKind = {
  domain: '',
  infer: (context) => {
    const [a, b] = [input(context, 0), input(context, 1)]
    if (a.dtype !== b.dtype) fail(context, `types ${a.dtype} and ${b.dtype} differ`)
    return [{ shape: broadcast(context, a.shape, b.shape), dtype: a.dtype }]
  },
}

const comparison: NodeKind = {
  domain: '',
  infer: (context) => binary.infer(context).map(({ shape }) => ({ shape, dtype: 'bool' })),
}

const reduction: NodeKind = {
  domain: '',
  infer: (context) => {
    const { shape, dtype } = input(context, 0)
    const axes = context.inputs[1] ? context.constant(context.inputs[1]) : shape.map((_, axis) => axis)
    const keeps = intAttribute(context, 'keepdims', 1) === 1
    const isReduced = (axis: number) => axes.includes(axis) || axes.includes(axis - shape.length)
    const kept = shape.map((size, axis): Dim => (isReduced(axis) ? 1 : size))
    return [{ shape: keeps ? kept : shape.filter((_, axis) => !isReduced(axis)), dtype }]
  },
}

function inferGemm(context: ShapeContext): readonly TensorType[] {
  const [a, b] = [input(context, 0), input(context, 1)]
  if (a.shape.length !== 2 || b.shape.length !== 2) fail(context, 'Gemm multiplies matrices')
  const transA = intAttribute(context, 'transA', 0)
  const transB = intAttribute(context, 'transB', 0)
  unify(context, dim(context, a.shape, 1 - transA), dim(context, b.shape, transB))
  const shape = [dim(context, a.shape, transA), dim(context, b.shape, 1 - transB)]
  const addend = context.inputs[2]
  if (addend) broadcast(context, shape, addend.shape)
  return [{ shape, dtype: a.dtype }]
}

/** `transBatch`: the row axis stands first, `[rows, ...batch, columns]`, and is moved behind the batch axes. */
function matrixShape(context: ShapeContext, value: Value, side: 'A' | 'B'): Shape {
  const { shape } = value
  const moved =
    intAttribute(context, `transBatch${side}`, 0) === 1
      ? [...shape.slice(1, -1), dim(context, shape, 0), dim(context, shape, -1)]
      : shape
  if (intAttribute(context, `trans${side}`, 0) === 0) return moved
  return [...moved.slice(0, -2), dim(context, moved, -1), dim(context, moved, -2)]
}

function inferMatMul(context: ShapeContext): readonly TensorType[] {
  const a = matrixShape(context, input(context, 0), 'A')
  const b = matrixShape(context, input(context, 1), 'B')
  unify(context, dim(context, a, -1), dim(context, b, -2))
  const batch = broadcast(context, a.slice(0, -2), b.slice(0, -2))
  return [{ shape: [...batch, dim(context, a, -2), dim(context, b, -1)], dtype: input(context, 0).dtype }]
}

function inferReshape(context: ShapeContext): readonly TensorType[] {
  const { shape, dtype } = input(context, 0)
  const target = context
    .shape(input(context, 1))
    .map((size, axis): Dim => (size === 0 ? dim(context, shape, axis) : size))
  const known = (dims: Shape) =>
    dims.reduce<number>((size, item) => (typeof item === 'number' && item > 0 ? size * item : size), 1)
  const isStatic = [...shape, ...target].every((item) => typeof item === 'number')
  if (!isStatic) return [{ shape: target.map((size) => (size === -1 ? 'inferred' : size)), dtype }]
  const rest = known(shape) / known(target)
  if (!Number.isInteger(rest) || (rest !== 1 && !target.includes(-1)))
    fail(context, `cannot become [${target.join(', ')}]`)
  return [{ shape: target.map((size) => (size === -1 ? rest : size)), dtype }]
}

function inferSlice(context: ShapeContext): readonly TensorType[] {
  const { shape, dtype } = input(context, 0)
  const [starts, ends, axes] = [1, 2, 3].map((index) => context.constant(input(context, index)))
  const sliced = shape.map((size, axis): Dim => {
    const at = axes?.indexOf(axis) ?? -1
    if (at < 0) return size
    if (typeof size === 'string') return `${size}[${starts?.[at]}:${ends?.[at]}]`
    const clamp = (position: number) => Math.min(Math.max(position < 0 ? position + size : position, 0), size)
    return Math.max(clamp(ends?.[at] ?? size) - clamp(starts?.[at] ?? 0), 0)
  })
  return [{ shape: sliced, dtype }]
}

function inferConcat(context: ShapeContext): readonly TensorType[] {
  const first = input(context, 0)
  const axis = axisOf(context, first.shape.length, 0)
  const parts = context.inputs.map((_, index) => input(context, index).shape)
  const sizes = parts.map((shape) => dim(context, shape, axis))
  const total = sizes.every((size) => typeof size === 'number')
    ? sizes.reduce((sum, size) => sum + size, 0)
    : sizes.join('+')
  const shape = first.shape.map((size, at) =>
    at === axis ? total : parts.reduce<Dim>((known, part) => unify(context, known, dim(context, part, at)), size),
  )
  return [{ shape, dtype: first.dtype }]
}

function inferGather(context: ShapeContext): readonly TensorType[] {
  const [data, indices] = [input(context, 0), input(context, 1)]
  const axis = axisOf(context, data.shape.length, 0)
  return [{ shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)], dtype: data.dtype }]
}

function inferScatter(context: ShapeContext): readonly TensorType[] {
  const [data, indices, updates] = [input(context, 0), input(context, 1), input(context, 2)]
  indices.shape.forEach((size, axis) => {
    unify(context, size, dim(context, updates.shape, axis))
  })
  return like(data)
}

function inferTranspose(context: ShapeContext): readonly TensorType[] {
  const { shape, dtype } = input(context, 0)
  const permutation = context.attributes.perm
  if (!permutation || !('ints' in permutation)) fail(context, 'Transpose needs perm')
  return [{ shape: permutation.ints.map((axis) => dim(context, shape, axis)), dtype }]
}

function inferNorm(context: ShapeContext): readonly TensorType[] {
  const [x, weight] = [input(context, 0), input(context, 1)]
  unify(context, dim(context, x.shape, -1), dim(context, weight.shape, 0))
  return [...like(x), { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }]
}

function inferCast(context: ShapeContext): readonly TensorType[] {
  const target = intAttribute(context, 'to', 0)
  const dtype = dataTypes.find((type) => elementTypes[type] === target)
  return [{ shape: input(context, 0).shape, dtype: dtype ?? fail(context, `unknown element type ${target}`) }]
}

function inferExpand(context: ShapeContext): readonly TensorType[] {
  const { shape, dtype } = input(context, 0)
  return [{ shape: broadcast(context, shape, context.shape(input(context, 1))), dtype }]
}

function inferShape(context: ShapeContext): readonly TensorType[] {
  const rank = input(context, 0).shape.length
  const [start, end] = [intAttribute(context, 'start', 0), intAttribute(context, 'end', rank)]
  if (!(0 <= start && start < end && end <= rank)) fail(context, `no axes ${start} to ${end}`)
  return [{ shape: [end - start], dtype: 'int64' }]
}

/** The whitelist: each operator's domain and the types of its outputs. */
export const nodeKinds: { readonly [Op in NodeOp]: NodeKind } = {
  Add: binary,
  Cast: { domain: '', infer: inferCast },
  Clip: unary,
  Concat: { domain: '', infer: inferConcat },
  Equal: comparison,
  Exp: unary,
  Expand: { domain: '', infer: inferExpand },
  FusedMatMul: { domain: 'com.microsoft', infer: inferMatMul },
  Gather: { domain: '', infer: inferGather },
  GatherElements: {
    domain: '',
    infer: (context) => [{ shape: input(context, 1).shape, dtype: input(context, 0).dtype }],
  },
  Gemm: { domain: '', infer: inferGemm },
  Identity: unary,
  LessOrEqual: comparison,
  Log: unary,
  Min: binary,
  Mul: binary,
  Neg: unary,
  QuickGelu: { domain: 'com.microsoft', infer: unary.infer },
  ReduceMax: reduction,
  ReduceSum: reduction,
  Reshape: { domain: '', infer: inferReshape },
  RotaryEmbedding: { domain: 'com.microsoft', infer: unary.infer },
  ScatterElements: { domain: '', infer: inferScatter },
  Shape: { domain: '', infer: inferShape },
  Sigmoid: unary,
  SimplifiedLayerNormalization: { domain: '', infer: inferNorm },
  Slice: { domain: '', infer: inferSlice },
  Softmax: unary,
  Sub: binary,
  Transpose: { domain: '', infer: inferTranspose },
}
