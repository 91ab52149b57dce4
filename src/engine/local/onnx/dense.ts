import { ShapeError } from '../../../core/errors.ts'
import type { Attributes } from './graph.ts'

/** A dense row-major tensor of the interpreter. */
export type DenseTensor = { readonly shape: readonly number[]; readonly data: Float64Array }

/** What a kernel reads: its inputs, absent where an optional one was left out, and its attributes. */
export type KernelContext = { readonly inputs: readonly (DenseTensor | undefined)[]; readonly attributes: Attributes }
/** All outputs of one node. */
export type Kernel = (context: KernelContext) => readonly DenseTensor[]

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1)
}

/** A tensor whose elements are a function of their flat index. */
export function tensor(shape: readonly number[], element: (index: number) => number): DenseTensor {
  const data = new Float64Array(sizeOf(shape))
  for (let index = 0; index < data.length; index++) data[index] = element(index)
  return { shape, data }
}

/** An input that must be there. @throws {ShapeError} when it is not */
export function input({ inputs }: KernelContext, index: number): DenseTensor {
  const value = inputs[index]
  if (!value) throw new ShapeError(`input ${index} is missing`)
  return value
}

/** An integer attribute, or its default. */
export function int({ attributes }: KernelContext, name: string, fallback: number): number {
  const attribute = attributes[name]
  return attribute && 'int' in attribute ? attribute.int : fallback
}

/** A floating attribute, or its default. */
export function float({ attributes }: KernelContext, name: string, fallback: number): number {
  const attribute = attributes[name]
  return attribute && 'float' in attribute ? attribute.float : fallback
}

/** The attribute `axis`, counted from the front. */
export function axisOf(context: KernelContext, rank: number, fallback: number): number {
  const axis = int(context, 'axis', fallback)
  return axis < 0 ? axis + rank : axis
}

/** The coordinates of a flat index. */
export function coordinates(shape: readonly number[], index: number): number[] {
  const result = new Array<number>(shape.length)
  let rest = index
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const dim = shape[axis] ?? 1
    result[axis] = rest % dim
    rest = Math.floor(rest / dim)
  }
  return result
}

/** The flat index of coordinates, aligned at the last axis; axes of size 1 are broadcast. */
export function flatIndex(shape: readonly number[], at: readonly number[]): number {
  const offset = at.length - shape.length
  return shape.reduce((index, dim, axis) => index * dim + (dim === 1 ? 0 : (at[axis + offset] ?? 0)), 0)
}

/** The shape two shapes broadcast to. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1]
    return left === 1 ? right : left
  })
}
