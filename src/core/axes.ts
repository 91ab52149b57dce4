import { ShapeError } from './errors.ts'

/** A shape, or anything that carries one: our tensors have `shape`, those of onnxruntime `dims`. */
export type HasShape = readonly number[] | { readonly shape: readonly number[] } | { readonly dims: readonly number[] }

type AxisName<Axes extends string> = Axes extends `${infer First} ${infer Rest}` ? First | AxisName<Rest> : Axes

type Bindings = { readonly [tensor: string]: readonly [HasShape, string] }

/**
 * The size of each named axis, after checking that every tensor has its axes and agrees with the others on their sizes:
 * `const { batch, seq } = bindAxes({ logits: [logits, 'batch seq vocab'], targets: [targets, 'batch seq'] })`.
 *
 * @param tensors name of a tensor → [tensor or shape, its axes in order, separated by one space; '' for a scalar]
 * @throws {ShapeError} naming the tensor, the axis and both sizes
 */
export function bindAxes<const T extends Bindings>(tensors: T): Record<AxisName<T[keyof T][1]>, number> {
  const sizes = new Map<string, { readonly size: number; readonly tensor: string }>()
  for (const [tensor, [value, axes]] of Object.entries(tensors)) {
    const shape = shapeOf(value)
    const names = axes === '' ? [] : axes.split(' ')
    if (names.length !== shape.length) {
      throw new ShapeError(
        `${tensor}: expected ${names.length} axes [${names.join(', ')}], found ${shape.length} [${shape.join(', ')}]`,
        { tensor, expected: names.length, found: shape.length },
      )
    }
    for (const [position, axis] of names.entries()) {
      const size = shape[position]!
      const bound = sizes.get(axis)
      if (bound === undefined) sizes.set(axis, { size, tensor })
      else if (bound.size !== size) {
        throw new ShapeError(`${tensor}: axis ${axis} is ${size}, but ${bound.size} in ${bound.tensor}`, {
          tensor,
          axis,
          expected: bound.size,
          found: size,
        })
      }
    }
  }
  return Object.fromEntries([...sizes].map(([axis, { size }]) => [axis, size])) as Record<
    AxisName<T[keyof T][1]>,
    number
  >
}

function shapeOf(value: HasShape): readonly number[] {
  if ('shape' in value) return value.shape
  return 'dims' in value ? value.dims : value
}
