/**
 * Float64 meanings of the whitelisted operators, written to be read and not to be fast. Booleans are 0 and 1, integers
 * are exact up to 2^53.
 */
import { ShapeError } from '../../../core/errors.ts'
import {
  broadcastShape,
  coordinates,
  type DenseTensor,
  flatIndex,
  float,
  input,
  int,
  type Kernel,
  type KernelContext,
  sizeOf,
  tensor,
} from './dense.ts'
import type { NodeOp } from './graph.ts'
import {
  concat,
  expand,
  gather,
  gatherElements,
  permute,
  reshape,
  scatterElements,
  shapeOf,
  slice,
  transpose,
} from './kernels-layout.ts'

function unary(apply: (x: number, context: KernelContext) => number): Kernel {
  return (context) => {
    const { shape, data } = input(context, 0)
    return [{ shape, data: data.map((x) => apply(x, context)) }]
  }
}

function binary(apply: (a: number, b: number) => number): Kernel {
  return (context) => {
    const [a, b] = [input(context, 0), input(context, 1)]
    if (a.shape.join() === b.shape.join()) return [tensor(a.shape, (index) => apply(a.data[index]!, b.data[index]!))]
    const shape = broadcastShape(a.shape, b.shape)
    return [
      tensor(shape, (index) => {
        const at = coordinates(shape, index)
        return apply(a.data[flatIndex(a.shape, at)]!, b.data[flatIndex(b.shape, at)]!)
      }),
    ]
  }
}

function reduce(start: number, combine: (total: number, x: number) => number): Kernel {
  return (context) => {
    const { shape, data } = input(context, 0)
    const axes = context.inputs[1] ? Array.from(context.inputs[1].data) : shape.map((_, axis) => axis)
    const isReduced = (axis: number) => axes.includes(axis) || axes.includes(axis - shape.length)
    const kept = shape.map((dim, axis) => (isReduced(axis) ? 1 : dim))
    const result = new Float64Array(sizeOf(kept)).fill(start)
    data.forEach((x, index) => {
      const slot = flatIndex(kept, coordinates(shape, index))
      result[slot] = combine(result[slot]!, x)
    })
    const isKept = int(context, 'keepdims', 1) === 1
    return [{ shape: isKept ? kept : shape.filter((_, axis) => !isReduced(axis)), data: result }]
  }
}

/** Products of the last two axes; batch axes are broadcast. */
function multiplyMatrices(a: DenseTensor, b: DenseTensor, scale: number): DenseTensor {
  const [rows, inner] = [a.shape.at(-2)!, a.shape.at(-1)!]
  const columns = b.shape.at(-1)!
  if (b.shape.at(-2) !== inner) throw new ShapeError(`cannot multiply [${a.shape.join()}] by [${b.shape.join()}]`)
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const data = new Float64Array(sizeOf(batch) * rows * columns)
  for (let item = 0; item < sizeOf(batch); item++) {
    const at = coordinates(batch, item)
    const aStart = flatIndex(a.shape.slice(0, -2), at) * rows * inner
    const bStart = flatIndex(b.shape.slice(0, -2), at) * inner * columns
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0
        for (let k = 0; k < inner; k++)
          sum += a.data[aStart + row * inner + k]! * b.data[bStart + k * columns + column]!
        data[(item * rows + row) * columns + column] = scale * sum
      }
    }
  }
  return { shape: [...batch, rows, columns], data }
}

function swapLast(value: DenseTensor): DenseTensor {
  const rank = value.shape.length
  return permute(value, [...Array(rank - 2).keys(), rank - 1, rank - 2])
}

function gemm(context: KernelContext): readonly DenseTensor[] {
  const a = int(context, 'transA', 0) === 1 ? swapLast(input(context, 0)) : input(context, 0)
  const b = int(context, 'transB', 0) === 1 ? swapLast(input(context, 1)) : input(context, 1)
  const product = multiplyMatrices(a, b, float(context, 'alpha', 1))
  const addend = context.inputs[2]
  return addend ? kernels.Add({ inputs: [product, addend], attributes: {} }) : [product]
}

function fusedMatMul(context: KernelContext): readonly DenseTensor[] {
  const side = (index: number, name: 'A' | 'B') => {
    const value = input(context, index)
    const rank = value.shape.length
    const rowsFirst = int(context, `transBatch${name}`, 0) === 1
    const moved = rowsFirst
      ? permute(value, [...Array(rank - 2).keys()].map((axis) => axis + 1).concat(0, rank - 1))
      : value
    return int(context, `trans${name}`, 0) === 1 ? swapLast(moved) : moved
  }
  return [multiplyMatrices(side(0, 'A'), side(1, 'B'), float(context, 'alpha', 1))]
}

function softmax(context: KernelContext): readonly DenseTensor[] {
  const { shape, data } = input(context, 0)
  const width = shape.at(-1)!
  const result = new Float64Array(data.length)
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width)
    const largest = row.reduce((max, x) => Math.max(max, x), Number.NEGATIVE_INFINITY)
    const exponentials = row.map((x) => Math.exp(x - largest))
    const total = exponentials.reduce((sum, x) => sum + x, 0)
    result.set(
      exponentials.map((x) => x / total),
      start,
    )
  }
  return [{ shape, data: result }]
}

function rmsNorm(context: KernelContext): readonly DenseTensor[] {
  const [x, weight] = [input(context, 0), input(context, 1)]
  const width = x.shape.at(-1)!
  const inverse = tensor([...x.shape.slice(0, -1), 1], (row) => {
    const squares = x.data.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value * value, 0)
    return 1 / Math.sqrt(squares / width + float(context, 'epsilon', 0))
  })
  const scaled = tensor(x.shape, (i) => x.data[i]! * inverse.data[Math.floor(i / width)]! * weight.data[i % width]!)
  return [scaled, inverse]
}

/** Pairs element i of a head with element i + headDim / 2 (not interleaved). */
function rotaryEmbedding(context: KernelContext): readonly DenseTensor[] {
  const [x, positions, cos, sin] = [0, 1, 2, 3].map((index) => input(context, index))
  if (!x || !positions || !cos || !sin) throw new ShapeError('RotaryEmbedding has four inputs')
  const half = cos.shape.at(-1)!
  const width = x.shape.at(-1)!
  return [
    tensor(x.shape, (index) => {
      const within = (index % width) % (2 * half)
      const angle = positions.data[Math.floor(index / width)]! * half + (within % half)
      const isFirst = within < half
      const partner = x.data[isFirst ? index + half : index - half]!
      return x.data[index]! * cos.data[angle]! + (isFirst ? -partner : partner) * sin.data[angle]!
    }),
  ]
}

function clip(context: KernelContext): readonly DenseTensor[] {
  const [low, high] = [input(context, 1).data[0]!, input(context, 2).data[0]!]
  return unary((x) => Math.min(Math.max(x, low), high))(context)
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const identity = unary((x) => x)

/** What each operator computes. */
export const kernels: { readonly [Op in NodeOp]: Kernel } = {
  Add: binary((a, b) => a + b),
  // All element types are float64 here; only a cast of a boolean or to a float is used, and both keep the value.
  Cast: identity,
  Clip: clip,
  Concat: concat,
  Equal: binary((a, b) => Number(a === b)),
  Exp: unary(Math.exp),
  Expand: expand,
  FusedMatMul: fusedMatMul,
  Gather: gather,
  GatherElements: gatherElements,
  Gemm: gemm,
  Identity: identity,
  LessOrEqual: binary((a, b) => Number(a <= b)),
  Log: unary(Math.log),
  Min: binary(Math.min),
  Mul: binary((a, b) => a * b),
  Neg: unary((x) => -x),
  QuickGelu: unary((x, context) => x * sigmoid(float(context, 'alpha', 1.702) * x)),
  ReduceMax: reduce(Number.NEGATIVE_INFINITY, Math.max),
  ReduceSum: reduce(0, (total, x) => total + x),
  Reshape: reshape,
  RotaryEmbedding: rotaryEmbedding,
  ScatterElements: scatterElements,
  Shape: shapeOf,
  Sigmoid: unary(sigmoid),
  SimplifiedLayerNormalization: rmsNorm,
  Slice: slice,
  Softmax: softmax,
  Sub: binary((a, b) => a - b),
  Transpose: transpose,
}
