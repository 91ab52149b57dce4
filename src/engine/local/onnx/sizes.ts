/**
 * Sizes that a graph leaves open are names, and products of names where axes are merged: `batch*length` is the axis of
 * all tokens. So every size of a graph follows from a few that a run brings along.
 */
import { ShapeError } from '../../../core/errors.ts'
import type { Dim } from './graph.ts'

/** The open sizes of one run by their names. */
export type Sizes = { readonly [name: string]: number }

const SIGN = '*'

/** The product of sizes, as a number if all are known, else as a name: equal products, equal name. */
export function multiplySizes(...dims: readonly Dim[]): Dim {
  const factors = dims.flatMap((dim): readonly Dim[] => (typeof dim === 'string' ? dim.split(SIGN) : [dim]))
  const isName = (factor: Dim) => Number.isNaN(Number(factor))
  const known = factors.filter((factor) => !isName(factor)).reduce<number>((product, x) => product * Number(x), 1)
  const names = factors.filter(isName).sort()
  if (names.length === 0) return known
  return [...(known === 1 ? [] : [known]), ...names].join(SIGN)
}

/**
 * A size as a number.
 *
 * @throws {ShapeError} when it depends on a size that is not given
 */
export function resolveSize(dim: Dim, sizes: Sizes): number {
  if (typeof dim === 'number') return dim
  return dim.split(SIGN).reduce((product, factor) => {
    const size = sizes[factor] ?? Number(factor)
    if (Number.isNaN(size)) throw new ShapeError(`the size "${dim}" depends on "${factor}", which is not given`)
    return product * size
  }, 1)
}
