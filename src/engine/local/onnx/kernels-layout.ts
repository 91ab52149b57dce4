/** Float64 meanings of the operators that only move elements. */
import { ShapeError } from '../../../core/errors.ts'
import {
  axisOf,
  broadcastShape,
  coordinates,
  type DenseTensor,
  flatIndex,
  input,
  int,
  type KernelContext,
  sizeOf,
  tensor,
} from './dense.ts'

/** The tensor with its axes in another order. */
export function permute({ shape, data }: DenseTensor, permutation: readonly number[]): DenseTensor {
  const moved = permutation.map((axis) => shape[axis]!)
  return tensor(moved, (index) => {
    const at = coordinates(moved, index)
    return data[
      flatIndex(
        shape,
        shape.map((_, axis) => at[permutation.indexOf(axis)]!),
      )
    ]!
  })
}

/** Rows of a tensor by index. */
export function gather(context: KernelContext): readonly DenseTensor[] {
  const [data, indices] = [input(context, 0), input(context, 1)]
  if (axisOf(context, data.shape.length, 0) !== 0) throw new ShapeError('the interpreter gathers rows only')
  const width = sizeOf(data.shape.slice(1))
  const shape = [...indices.shape, ...data.shape.slice(1)]
  return [tensor(shape, (index) => data.data[indices.data[Math.floor(index / width)]! * width + (index % width)]!)]
}

function along(axis: number, at: readonly number[], position: number): number[] {
  return at.map((coordinate, i) => (i === axis ? position : coordinate))
}

/** One element along the axis for each index. */
export function gatherElements(context: KernelContext): readonly DenseTensor[] {
  const [data, indices] = [input(context, 0), input(context, 1)]
  const axis = axisOf(context, data.shape.length, 0)
  return [
    tensor(indices.shape, (index) => {
      const at = along(axis, coordinates(indices.shape, index), indices.data[index]!)
      return data.data[flatIndex(data.shape, at)]!
    }),
  ]
}

/** The tensor with updates added; an index may repeat. */
export function scatterElements(context: KernelContext): readonly DenseTensor[] {
  const [data, indices, updates] = [input(context, 0), input(context, 1), input(context, 2)]
  const axis = axisOf(context, data.shape.length, 0)
  const result = data.data.slice()
  updates.data.forEach((update, index) => {
    const slot = flatIndex(data.shape, along(axis, coordinates(indices.shape, index), indices.data[index]!))
    result[slot] = result[slot]! + update
  })
  return [{ shape: data.shape, data: result }]
}

/** The same elements in another shape; 0 keeps an axis, -1 is inferred. */
export function reshape(context: KernelContext): readonly DenseTensor[] {
  const { shape, data } = input(context, 0)
  const target = Array.from(input(context, 1).data, (dim, axis) => (dim === 0 ? shape[axis]! : dim))
  const known = sizeOf(target.filter((dim) => dim !== -1))
  return [{ shape: target.map((dim) => (dim === -1 ? data.length / known : dim)), data }]
}

/** The sizes of the axes from `start` up to `end`. */
export function shapeOf(context: KernelContext): readonly DenseTensor[] {
  const { shape } = input(context, 0)
  const sizes = shape.slice(int(context, 'start', 0), int(context, 'end', shape.length))
  return [{ shape: [sizes.length], data: Float64Array.from(sizes) }]
}

/** A range of each listed axis, step 1. */
export function slice(context: KernelContext): readonly DenseTensor[] {
  const { shape, data } = input(context, 0)
  const [starts, ends, axes] = [1, 2, 3].map((index) => Array.from(input(context, index).data))
  const bounds = shape.map((dim, axis) => {
    const at = axes!.indexOf(axis)
    const clamp = (position: number) => Math.min(Math.max(position < 0 ? position + dim : position, 0), dim)
    return at < 0 ? { start: 0, end: dim } : { start: clamp(starts![at]!), end: clamp(ends![at]!) }
  })
  const sliced = bounds.map(({ start, end }) => Math.max(end - start, 0))
  return [
    tensor(sliced, (index) => {
      const at = coordinates(sliced, index).map((coordinate, axis) => coordinate + bounds[axis]!.start)
      return data[flatIndex(shape, at)]!
    }),
  ]
}

/** The inputs one behind the other along an axis. */
export function concat(context: KernelContext): readonly DenseTensor[] {
  const parts = context.inputs.map((_, index) => input(context, index))
  const first = parts[0]!.shape
  const axis = axisOf(context, first.length, 0)
  const shape = first.map((dim, at) => (at === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : dim))
  return [
    tensor(shape, (index) => {
      const at = coordinates(shape, index)
      let position = at[axis]!
      const part = parts.find((candidate) => {
        if (position < candidate.shape[axis]!) return true
        position -= candidate.shape[axis]!
        return false
      })!
      return part.data[flatIndex(part.shape, along(axis, at, position))]!
    }),
  ]
}

/** The tensor repeated to a shape. */
export function expand(context: KernelContext): readonly DenseTensor[] {
  const value = input(context, 0)
  const shape = broadcastShape(value.shape, Array.from(input(context, 1).data))
  return [tensor(shape, (index) => value.data[flatIndex(value.shape, coordinates(shape, index))]!)]
}

/** The tensor with its axes in the order of `perm`. */
export function transpose(context: KernelContext): readonly DenseTensor[] {
  const { perm } = context.attributes
  return [permute(input(context, 0), perm && 'ints' in perm ? perm.ints : [])]
}
