import type { WireTensor } from './messages.ts'
import { type Where, wireError } from './numbers.ts'

/** Elements of all tensors of one message; chosen by us: 64 Mi, 512 MB as doubles. Sparse ones could claim any number. */
export const MAX_ELEMENTS = 2 ** 26

/** Counts the elements of a message, so that a few bytes of sparse shapes cannot fill the memory. */
export type Budget = { elements: number }

/** A full budget for one message. */
export function newBudget(): Budget {
  return { elements: MAX_ELEMENTS }
}

function spend(budget: Budget, elements: number, where: Where): void {
  if (!(elements <= budget.elements)) throw wireError(where, `more than ${MAX_ELEMENTS} elements in one message`)
  budget.elements -= elements
}

function checkShape(shape: readonly number[], where: Where): number {
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw wireError(where, `shape [${shape.slice(0, 8).join(', ')}] has a size that is not a count`)
  }
  return shape.reduce((product, size) => product * size, 1)
}

function checkValues(dtype: WireTensor['dtype'], data: readonly number[], where: Where): void {
  const isGood = dtype === 'int64' ? Number.isSafeInteger : Number.isFinite
  const bad = data.findIndex((value) => !isGood(value))
  if (bad < 0) return
  const wanted = dtype === 'int64' ? 'an integer' : 'a finite number'
  throw wireError(where, `element ${bad} is ${data[bad]}, not ${wanted}`)
}

/**
 * A dense tensor; without a shape it is a list.
 *
 * @throws {DataError} when shape and data do not fit together, or an element is not a finite number
 */
export function denseTensor(
  dtype: WireTensor['dtype'],
  shape: readonly number[] | undefined,
  data: readonly number[],
  where: Where,
  budget: Budget,
): WireTensor {
  spend(budget, data.length, where)
  checkValues(dtype, data, where)
  const sizes = shape === undefined || shape.length === 0 ? [data.length] : shape
  const elements = checkShape(sizes, where)
  if (elements !== data.length) {
    throw wireError(where, `${data.length} elements do not fill the shape [${sizes.slice(0, 8).join(', ')}]`)
  }
  return { dtype, shape: sizes, data }
}

/** A matrix of mostly zeros: the values of row i stand from crowIndices[i] to crowIndices[i + 1]. */
export type Csr = {
  readonly values: readonly number[]
  readonly crowIndices: readonly number[]
  readonly colIndices: readonly number[]
}

/**
 * The dense form of a sparse matrix.
 *
 * @throws {DataError} when it is not a matrix, indices are out of place, or it would have more than MAX_ELEMENTS
 */
export function densify(
  dtype: WireTensor['dtype'],
  shape: readonly number[],
  csr: Csr,
  where: Where,
  budget: Budget,
): WireTensor {
  const { values, crowIndices, colIndices } = csr
  const [rows = 0, columns = 0] = shape
  if (shape.length !== 2) throw wireError(where, `a sparse tensor has 2 axes, found ${shape.length}`)
  const elements = checkShape(shape, where)
  // Rows without columns cost nothing above but a loop below.
  spend(budget, Math.max(elements, rows), where)
  checkValues(dtype, values, where)
  if (crowIndices.length !== rows + 1) throw wireError(where, `${crowIndices.length} row indices for ${rows} rows`)
  if (crowIndices[0] !== 0 || crowIndices[rows] !== values.length || colIndices.length !== values.length) {
    throw wireError(where, 'row indices, column indices and values do not fit together')
  }
  const data = new Array<number>(elements).fill(0)
  for (let row = 0; row < rows; row += 1) {
    const end = crowIndices[row + 1]!
    if (!(end >= crowIndices[row]! && end <= values.length)) throw wireError(where, `row ${row} ends before it starts`)
    for (let i = crowIndices[row]!; i < end; i += 1) {
      const column = colIndices[i]!
      if (!(Number.isInteger(column) && column >= 0 && column < columns)) {
        throw wireError(where, `column ${column} of ${columns}`)
      }
      data[row * columns + column] = values[i]!
    }
  }
  return { dtype, shape, data }
}
