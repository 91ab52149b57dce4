import { DataError } from '../../../core/errors.ts'
import { DTYPE } from './schema.ts'

/** What is read, for messages: "ForwardBackwardRequest: data[0].weights". */
export type Where = string

const BYTES: Readonly<Record<number, number>> = {
  [DTYPE.float32]: 4,
  [DTYPE.int64]: 8,
  [DTYPE.int32]: 4,
  [DTYPE.bfloat16]: 2,
}

/**
 * Bytes of one element.
 *
 * @throws {DataError} when the number is not one of the element types
 */
export function elementBytes(dtype: number, where: Where): number {
  const bytes = BYTES[dtype]
  if (bytes === undefined) throw wireError(where, `unknown element type ${dtype}`)
  return bytes
}

/**
 * The numbers of little-endian bytes; bfloat16 is widened to float32, int32 to int64.
 *
 * @throws {DataError} when the bytes end inside an element, or an integer does not fit a double
 */
export function readNumbers(bytes: Uint8Array, dtype: number, where: Where): number[] {
  const size = elementBytes(dtype, where)
  if (bytes.length % size !== 0) throw wireError(where, `${bytes.length} bytes are not whole elements of ${size}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const numbers = new Array<number>(bytes.length / size)
  for (let i = 0; i < numbers.length; i += 1) numbers[i] = readElement(view, i * size, dtype, where)
  return numbers
}

function readElement(view: DataView, at: number, dtype: number, where: Where): number {
  if (dtype === DTYPE.float32) return view.getFloat32(at, true)
  if (dtype === DTYPE.int32) return view.getInt32(at, true)
  if (dtype === DTYPE.bfloat16) return bfloat16(view.getUint16(at, true))
  const value = Number(view.getBigInt64(at, true))
  if (!Number.isSafeInteger(value)) throw wireError(where, `integer ${value} is too large for a double`)
  return value
}

const scratch = new DataView(new ArrayBuffer(4))

/** A bfloat16 is the upper half of a float32. */
function bfloat16(half: number): number {
  scratch.setUint32(0, half << 16)
  return scratch.getFloat32(0)
}

/**
 * Little-endian float32 bytes.
 *
 * @throws {DataError} when a number is not finite in float32
 */
export function writeFloat32(numbers: readonly number[], where: Where): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  numbers.forEach((number, i) => {
    if (!Number.isFinite(Math.fround(number))) throw wireError(`${where}[${i}]`, `${number} is not a finite float32`)
    view.setFloat32(i * 4, number, true)
  })
  return new Uint8Array(view.buffer)
}

/** Little-endian float32 bytes, NaN where there is no number. */
export function writeGappedFloat32(numbers: readonly (number | null)[], where: Where): Uint8Array {
  const bytes = writeFloat32(
    numbers.map((number) => number ?? 0),
    where,
  )
  const view = new DataView(bytes.buffer)
  numbers.forEach((number, i) => {
    // The NaN that numpy writes.
    if (number === null) view.setUint32(i * 4, 0x7fc00000, true)
  })
  return bytes
}

/**
 * Little-endian int32 bytes.
 *
 * @throws {DataError} when a number is not an int32
 */
export function writeInt32(numbers: readonly number[], where: Where): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  numbers.forEach((number, i) => {
    if ((number | 0) !== number) throw wireError(`${where}[${i}]`, `${number} is not an int32`)
    view.setInt32(i * 4, number, true)
  })
  return new Uint8Array(view.buffer)
}

/**
 * Little-endian int64 bytes.
 *
 * @throws {DataError} when a number is not a safe integer
 */
export function writeInt64(numbers: readonly number[], where: Where): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 8))
  numbers.forEach((number, i) => {
    if (!Number.isSafeInteger(number)) throw wireError(`${where}[${i}]`, `${number} is not an integer`)
    view.setBigInt64(i * 8, BigInt(number), true)
  })
  return new Uint8Array(view.buffer)
}

/** A DataError that names what was read. */
export function wireError(where: Where, message: string, cause?: unknown): DataError {
  return new DataError(`${where}: ${message}`, { field: where, cause })
}
