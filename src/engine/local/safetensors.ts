/**
 * The safetensors file format, read strictly: a file is accepted only if its tensors tile the data section
 * exactly, once each, so that nothing can hide in a hole, an overlap or a tail.
 *
 * Layout: header length as u64 little-endian, JSON header, tensor bytes little-endian. Tensors are copied byte for
 * byte into typed arrays, which is right on every computer the engine runs on (x64 and arm64 are little-endian).
 */
import { DataError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'

/** A tensor in memory; `values` is row-major and holds the product of `shape` numbers. */
export type Tensor = { readonly shape: readonly number[]; readonly values: Float32Array }

export type SafetensorsFile = {
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: Readonly<Record<string, string>>
}

const prefixBytes = 8
/** The limit of the reference implementation. */
const maxHeaderBytes = 100_000_000
const openBrace = 0x7b
/** The reference implementation aligns the data section to 8 bytes by padding the header with spaces. */
const alignmentBytes = 8

type Decode = (bytes: Uint8Array, place: Place) => Float32Array
type Place = { readonly file: string; readonly tensor: string }
type Entry = {
  readonly name: string
  readonly dtype: DtypeName
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}
type DtypeName = 'F32' | 'F16' | 'BF16' | 'I64'

const dtypes: { readonly [Name in DtypeName]: { readonly bytesPerItem: number; readonly decode: Decode } } = {
  F32: { bytesPerItem: 4, decode: (bytes) => new Float32Array(copyBuffer(bytes)) },
  F16: { bytesPerItem: 2, decode: decodeFloat16 },
  BF16: { bytesPerItem: 2, decode: decodeBfloat16 },
  I64: { bytesPerItem: 8, decode: decodeInt64 },
}

/**
 * The bytes of a safetensors file holding `tensors` as F32, ordered by name so that equal tensors give equal bytes.
 *
 * @param tensors by name, each [shape]
 * @param metadata string pairs of the header; PyTorch's loaders expect `format: pt`
 * @throws {DataError} when a tensor's shape does not match its number of values
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array {
  const names = [...tensors.keys()].sort((a, b) => (a < b ? -1 : 1))
  const header: [string, unknown][] = [['__metadata__', metadata]]
  let offset = 0
  for (const name of names) {
    const { shape, values } = tensors.get(name)!
    const size = shape.reduce((product, length) => product * length, 1)
    if (size !== values.length || name === '__metadata__')
      throw new DataError(
        `tensor "${name}" of shape [${shape.join(', ')}] cannot be written from ${values.length} values`,
      )
    header.push([name, { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] }])
    offset += values.byteLength
  }
  const json = new TextEncoder().encode(formatJson(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / alignmentBytes) * alignmentBytes
  const bytes = new Uint8Array(prefixBytes + headerBytes + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, prefixBytes, prefixBytes + headerBytes)
  bytes.set(json, prefixBytes)
  let at = prefixBytes + headerBytes
  for (const name of names) {
    const { values } = tensors.get(name)!
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
    at += values.byteLength
  }
  return bytes
}

/**
 * The tensors of a safetensors file, every dtype widened or narrowed to float32.
 *
 * @param bytes the whole file
 * @param file its name, for error messages
 * @throws {DataError} naming the file, when the header is malformed or the tensors do not tile the data section,
 *   a dtype is not F32, F16, BF16 or I64, or an integer has no exact float32
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes, file)
  const entries: Entry[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value, file)
    else entries.push(readEntry(name, value, file))
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkTiling(entries, bytes.length - dataStart, file)
  const tensors = new Map<string, Tensor>()
  for (const { name, dtype, shape, begin, end } of entries) {
    const values = dtypes[dtype].decode(bytes.subarray(dataStart + begin, dataStart + end), { file, tensor: name })
    tensors.set(name, { shape, values })
  }
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < prefixBytes + 2) fail(file, `${bytes.length} bytes are too few for a safetensors file`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true)
  if (length > BigInt(maxHeaderBytes)) fail(file, `header of ${length} bytes exceeds the limit of ${maxHeaderBytes}`)
  const dataStart = prefixBytes + Number(length)
  if (dataStart > bytes.length) fail(file, `header of ${length} bytes ends after the file (${bytes.length} bytes)`)
  if (bytes[prefixBytes] !== openBrace) fail(file, 'header does not start with {')
  const header = parseJson(decodeUtf8(bytes.subarray(prefixBytes, dataStart), file), { file })
  return { header: asRecord(header, file, 'header'), dataStart }
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new DataError('header is not valid UTF-8', { file, cause })
  }
}

function readMetadata(value: unknown, file: string): Record<string, string> {
  const pairs = Object.entries(asRecord(value, file, '__metadata__'))
  return Object.fromEntries(
    pairs.map(([key, text]) => [
      key,
      typeof text === 'string' ? text : fail(file, `__metadata__ "${key}" is not a string`),
    ]),
  )
}

function readEntry(name: string, value: unknown, file: string): Entry {
  const { dtype, shape, data_offsets: offsets, ...rest } = asRecord(value, file, `tensor "${name}"`)
  const extra = Object.keys(rest)[0]
  if (extra !== undefined) fail(file, `tensor "${name}" has the unknown field "${extra}"`)
  if (!isDtype(dtype))
    fail(file, `tensor "${name}" has dtype ${String(dtype)}, known: ${Object.keys(dtypes).join(', ')}`)
  if (!isCounts(shape)) fail(file, `tensor "${name}" has a shape that is not a list of counts`)
  if (!isCounts(offsets) || offsets.length !== 2)
    fail(file, `tensor "${name}" has data_offsets that are not two counts`)
  const [begin = 0, end = 0] = offsets
  const sizeBytes = shape.reduce((product, length) => product * length, dtypes[dtype].bytesPerItem)
  if (!Number.isSafeInteger(sizeBytes)) fail(file, `tensor "${name}" of shape [${shape.join(', ')}] is too large`)
  if (end - begin !== sizeBytes)
    fail(
      file,
      `tensor "${name}" ${dtype} [${shape.join(', ')}] needs ${sizeBytes} bytes, its offsets give ${end - begin}`,
    )
  return { name, dtype, shape, begin, end }
}

function checkTiling(entries: readonly Entry[], dataBytes: number, file: string): void {
  let at = 0
  for (const { name, begin, end } of entries) {
    if (begin < at) fail(file, `tensor "${name}" overlaps the tensor before it at byte ${begin}`)
    if (begin > at) fail(file, `hole of ${begin - at} bytes before tensor "${name}"`)
    if (end > dataBytes) fail(file, `tensor "${name}" ends at byte ${end} of ${dataBytes}`)
    at = end
  }
  if (at !== dataBytes) fail(file, `${dataBytes - at} bytes after the last tensor`)
}

function asRecord(value: unknown, file: string, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(file, `${what} is not an object`)
  return Object.fromEntries(Object.entries(value))
}

function isDtype(value: unknown): value is DtypeName {
  return typeof value === 'string' && Object.hasOwn(dtypes, value)
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

function fail(file: string, message: string): never {
  throw new DataError(message, { file, hint: 'the file is not a whole safetensors file: fetch or export it again' })
}

/** Tensor bytes may start at any offset; typed arrays of wider items need their own aligned buffer. */
function copyBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

function decodeFloat16(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(copyBuffer(bytes))
  return new Float32Array(Uint32Array.from(halves, halfToFloatBits).buffer)
}

/** Widens the bit fields; subnormal halves are normal floats, so their value is computed instead. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign | new Uint32Array(Float32Array.of(fraction / 0x1000000).buffer)[0]!
  return sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13)
}

function decodeBfloat16(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(copyBuffer(bytes))
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer)
}

function decodeInt64(bytes: Uint8Array, { file, tensor }: Place): Float32Array {
  return Float32Array.from(new BigInt64Array(copyBuffer(bytes)), (value) => {
    const number = Number(value)
    if (BigInt(number) !== value || Math.fround(number) !== number)
      fail(file, `tensor "${tensor}" holds ${value}, which has no exact float32`)
    return number
  })
}
