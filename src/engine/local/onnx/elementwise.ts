import type { GraphBuilder } from './builder.ts'
import type { Shape, Value } from './graph.ts'
import type { Operation, OperationTypes } from './operation.ts'
import { elementTypes } from './proto.ts'

type None = Record<never, never>
type Unary = OperationTypes<{ readonly x: Value }, None, None>
type Binary = OperationTypes<{ readonly a: Value; readonly b: Value }, None, None>

/** Types of the elementwise operations and of those that only move elements. */
export type ElementwiseTypes = {
  readonly clip: OperationTypes<{ readonly x: Value }, { readonly low: number; readonly high: number }, None>
  readonly detach: Unary
  readonly exp: Unary
  readonly minimum: Binary
  readonly multiply: Binary
  readonly negate: Unary
  readonly reshape: OperationTypes<{ readonly x: Value }, { readonly shape: Shape }, None>
  readonly subtract: Binary
  readonly sum: Unary
  readonly transpose: OperationTypes<{ readonly x: Value }, { readonly permutation: readonly number[] }, None>
}

/** Sums a gradient over the axes along which its value was broadcast. */
function sumTo(graph: GraphBuilder, gradient: Value, value: Value): Value {
  const extra = gradient.shape.length - value.shape.length
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < extra || (value.shape[axis - extra] === 1 && dim !== 1) ? [axis] : [],
  )
  if (axes.length === 0) return gradient
  const summed = graph.node('ReduceSum', [gradient, graph.integers(axes)], { keepdims: { int: 1 } })
  return extra === 0 ? summed : graph.reshape(summed, value.shape)
}

/** 1 where the comparison holds, else 0, in the type of `a`. */
function indicator(graph: GraphBuilder, comparison: 'Equal' | 'LessOrEqual', a: Value, b: Value): Value {
  return graph.node('Cast', [graph.node(comparison, [a, b])], { to: { int: elementTypes[a.dtype] } })
}

const clip: Operation<ElementwiseTypes['clip']> = {
  forward: (graph, { x }, { low, high }) => ({
    output: graph.node('Clip', [x, graph.scalar(low), graph.scalar(high)]),
    saved: {},
  }),
  // Equal lets the gradient through on the bounds themselves, as the branch rule of PPO asks.
  gradient: ({ graph, incoming, inputs, output }) => ({
    x: graph.node('Mul', [incoming, indicator(graph, 'Equal', inputs.x, output)]),
  }),
}

const detach: Operation<ElementwiseTypes['detach']> = {
  forward: (graph, { x }) => ({ output: graph.node('Identity', [x]), saved: {} }),
  gradient: { none: 'because stopping the gradient is what it is for' },
}

const exp: Operation<ElementwiseTypes['exp']> = {
  forward: (graph, { x }) => ({ output: graph.node('Exp', [x]), saved: {} }),
  gradient: ({ graph, incoming, output }) => ({ x: graph.node('Mul', [incoming, output]) }),
}

const minimum: Operation<ElementwiseTypes['minimum']> = {
  forward: (graph, { a, b }) => ({ output: graph.node('Min', [a, b]), saved: {} }),
  // Where both are equal the gradient goes to `a` alone.
  gradient: ({ graph, incoming, inputs: { a, b }, needs }) => {
    const isFirst = indicator(graph, 'LessOrEqual', a, b)
    const toFirst = graph.node('Mul', [incoming, isFirst])
    return {
      a: needs(a) ? sumTo(graph, toFirst, a) : undefined,
      b: needs(b) ? sumTo(graph, graph.node('Sub', [incoming, toFirst]), b) : undefined,
    }
  },
}

const multiply: Operation<ElementwiseTypes['multiply']> = {
  forward: (graph, { a, b }) => ({ output: graph.node('Mul', [a, b]), saved: {} }),
  gradient: ({ graph, incoming, inputs: { a, b }, needs }) => ({
    a: needs(a) ? sumTo(graph, graph.node('Mul', [incoming, b]), a) : undefined,
    b: needs(b) ? sumTo(graph, graph.node('Mul', [incoming, a]), b) : undefined,
  }),
}

const negate: Operation<ElementwiseTypes['negate']> = {
  forward: (graph, { x }) => ({ output: graph.node('Neg', [x]), saved: {} }),
  gradient: ({ graph, incoming }) => ({ x: graph.node('Neg', [incoming]) }),
}

const reshape: Operation<ElementwiseTypes['reshape']> = {
  forward: (graph, { x }, { shape }) => ({ output: graph.reshape(x, shape), saved: {} }),
  gradient: ({ graph, incoming, inputs }) => ({ x: graph.reshape(incoming, inputs.x.shape) }),
}

const subtract: Operation<ElementwiseTypes['subtract']> = {
  forward: (graph, { a, b }) => ({ output: graph.node('Sub', [a, b]), saved: {} }),
  gradient: ({ graph, incoming, inputs: { a, b }, needs }) => ({
    a: needs(a) ? sumTo(graph, incoming, a) : undefined,
    b: needs(b) ? sumTo(graph, graph.node('Neg', [incoming]), b) : undefined,
  }),
}

const sum: Operation<ElementwiseTypes['sum']> = {
  forward: (graph, { x }) => ({ output: graph.node('ReduceSum', [x], { keepdims: { int: 0 } }), saved: {} }),
  gradient: ({ graph, incoming, inputs: { x } }) => ({
    x: graph.node('Expand', [incoming, graph.shapeTensor(x.shape)]),
  }),
}

const transpose: Operation<ElementwiseTypes['transpose']> = {
  forward: (graph, { x }, { permutation }) => ({
    output: graph.node('Transpose', [x], { perm: { ints: permutation } }),
    saved: {},
  }),
  gradient: ({ graph, incoming, options: { permutation } }) => ({
    x: graph.node('Transpose', [incoming], { perm: { ints: permutation.map((_, axis) => permutation.indexOf(axis)) } }),
  }),
}

/** Rows of the operation table for elementwise work and for moving elements. */
export const elementwise: { readonly [Name in keyof ElementwiseTypes]: Operation<ElementwiseTypes[Name]> } = {
  clip,
  detach,
  exp,
  minimum,
  multiply,
  negate,
  reshape,
  subtract,
  sum,
  transpose,
}
