/**
 * Numbers of safetensors files as float32 and back. Bytes are little-endian, and so is every computer the engine runs
 * on (x64 and arm64), so typed arrays are laid over them.
 */

/** Number formats that are read; integers occur as counters beside weights. */
export type DtypeName = 'F32' | 'F16' | 'BF16' | 'I64'

/** Number formats that are written. */
export type FloatDtype = 'F32' | 'F16' | 'BF16'

type Dtype = {
  readonly bytesPerItem: number
  /**
   * Widens as many items as the target holds.
   *
   * @param source the items, from byte 0 of the buffer on
   * @returns the first value that float32 cannot hold, or null
   */
  readonly decode: (source: ArrayBuffer, target: Float32Array) => bigint | null
}

export const dtypes: { readonly [Name in DtypeName]: Dtype } = {
  F32: { bytesPerItem: 4, decode: decodeFloat32 },
  F16: { bytesPerItem: 2, decode: decodeFloat16 },
  BF16: { bytesPerItem: 2, decode: decodeBfloat16 },
  I64: { bytesPerItem: 8, decode: decodeInt64 },
}

/** The bits of the float32 nearest to each value that the narrow format holds, rounded half to even. */
const encoders: { readonly [Name in 'F16' | 'BF16']: (bits: number) => number } = {
  F16: floatToHalfBits,
  BF16: floatToBfloatBits,
}
const infinityBits = { F16: 0x7c00, BF16: 0x7f80 } as const

/** Whether a text names a number format that is read. */
export function isDtype(value: unknown): value is DtypeName {
  return typeof value === 'string' && Object.hasOwn(dtypes, value)
}

/** The bytes of an array, where they lie. */
export function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** The index of the first NaN or infinity, or -1. */
export function firstNonFinite(values: Float32Array): number {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    // False for NaN and infinities alone, and faster than Number.isFinite.
    if (value - value !== 0) return index
  }
  return -1
}

/**
 * The values in a narrower format.
 *
 * @returns the items, or the index of the first value that is not finite or too large for the format
 */
export function narrow(values: Float32Array, dtype: 'F16' | 'BF16'): Uint16Array | number {
  const encode = encoders[dtype]
  const infinity = infinityBits[dtype]
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const items = new Uint16Array(values.length)
  for (let index = 0; index < bits.length; index++) {
    const item = encode(bits[index]!)
    if ((item & infinity) === infinity || (bits[index]! & 0x7f800000) === 0x7f800000) return index
    items[index] = item
  }
  return items
}

function bitsOf(target: Float32Array): Uint32Array {
  return new Uint32Array(target.buffer, target.byteOffset, target.length)
}

function decodeFloat32(source: ArrayBuffer, target: Float32Array): null {
  // As bits: a NaN keeps its payload.
  bitsOf(target).set(new Uint32Array(source, 0, target.length))
  return null
}

let halfTable: Uint32Array | undefined

function decodeFloat16(source: ArrayBuffer, target: Float32Array): null {
  halfTable ??= Uint32Array.from({ length: 0x10000 }, (_, half) => halfToFloatBits(half))
  const halves = new Uint16Array(source, 0, target.length)
  const bits = bitsOf(target)
  for (let index = 0; index < bits.length; index++) bits[index] = halfTable[halves[index]!]!
  return null
}

/** Widens the bit fields; subnormal halves are normal floats, so their value is computed instead. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign | new Uint32Array(Float32Array.of(fraction / 0x1000000).buffer)[0]!
  return sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13)
}

function decodeBfloat16(source: ArrayBuffer, target: Float32Array): null {
  const halves = new Uint16Array(source, 0, target.length)
  const bits = bitsOf(target)
  for (let index = 0; index < bits.length; index++) bits[index] = halves[index]! << 16
  return null
}

function decodeInt64(source: ArrayBuffer, target: Float32Array): bigint | null {
  const integers = new BigInt64Array(source, 0, target.length)
  for (const [index, value] of integers.entries()) {
    const number = Number(value)
    if (BigInt(number) !== value || Math.fround(number) !== number) return value
    target[index] = number
  }
  return null
}

function floatToBfloatBits(bits: number): number {
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

function floatToHalfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112
  const fraction = bits & 0x7fffff
  if (exponent >= 31) return sign | 0x7c00
  if (exponent >= 1) return sign | roundBits((exponent << 23) | fraction, 13)
  // Below the normal halves the leading one moves into the fraction; below half of the smallest all is 0.
  return exponent < -10 ? sign : sign | roundBits(fraction | 0x800000, 14 - exponent)
}

/** Drops low bits, rounding half to even; a carry runs into the exponent, as it should. */
function roundBits(value: number, dropped: number): number {
  const kept = value >>> dropped
  const rest = value & ((1 << dropped) - 1)
  const half = 1 << (dropped - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}
