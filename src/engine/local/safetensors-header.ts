import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { type DtypeName, dtypes, isDtype } from './safetensors-dtypes.ts'

/** Where bytes come from: a file that stays on disk, or memory. */
export type ByteSource = {
  /** For error messages. */
  readonly file: string
  readonly sizeBytes: number
  read(target: Uint8Array, offsetBytes: number): void
}

export type TensorEntry = {
  readonly name: string
  readonly dtype: DtypeName
  readonly shape: readonly number[]
  /** Product of the shape. */
  readonly size: number
  /** Place of the first byte in the file. */
  readonly offsetBytes: number
}

export type SafetensorsHeader = {
  /** In the order of their bytes in the file. */
  readonly entries: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
}

type Range = Omit<TensorEntry, 'offsetBytes'> & { readonly begin: number; readonly end: number }

export const PREFIX_BYTES = 8
/**
 * Chosen by us: about a hundred thousand tensors, a hundred times more than a decoder has. The reference implementation
 * reads up to 100 MB, which is gigabytes of memory once parsed.
 */
const MAX_HEADER_BYTES = 10_000_000
const openBrace = 0x7b

/**
 * The header of a safetensors file, checked strictly: tensors tile the data section exactly, once each, so that nothing
 * can hide in a hole, an overlap or a tail.
 *
 * @throws {DataError} naming the file, when the header is malformed, a dtype is unknown or the tensors do not tile
 */
export function readHeader(source: ByteSource): SafetensorsHeader {
  const { file, sizeBytes } = source
  const { header, dataStart } = readHeaderJson(source)
  const ranges: Range[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value, file)
    else ranges.push(readRange(name, value, file))
  }
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkTiling(ranges, sizeBytes - dataStart, file)
  const entries = ranges.map(({ name, dtype, shape, size, begin }) => ({
    name,
    dtype,
    shape,
    size,
    offsetBytes: dataStart + begin,
  }))
  return { entries, metadata }
}

function readHeaderJson(source: ByteSource): { header: Record<string, unknown>; dataStart: number } {
  const { file, sizeBytes } = source
  if (sizeBytes < PREFIX_BYTES + 2) fail(file, `${sizeBytes} bytes are too few for a safetensors file`)
  const prefix = new Uint8Array(PREFIX_BYTES)
  source.read(prefix, 0)
  const length = new DataView(prefix.buffer).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES))
    fail(file, `header of ${length} bytes exceeds the limit of ${MAX_HEADER_BYTES}`)
  const dataStart = PREFIX_BYTES + Number(length)
  if (dataStart > sizeBytes) fail(file, `header of ${length} bytes ends after the file (${sizeBytes} bytes)`)
  const bytes = new Uint8Array(Number(length))
  source.read(bytes, PREFIX_BYTES)
  if (length > 0n && bytes[0] !== openBrace) fail(file, 'header does not start with {')
  return { header: asRecord(parseJson(decodeUtf8(bytes, file), { file }), file, 'header'), dataStart }
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

function readRange(name: string, value: unknown, file: string): Range {
  const { dtype, shape, data_offsets: offsets, ...rest } = asRecord(value, file, `tensor "${name}"`)
  const extra = Object.keys(rest)[0]
  if (extra !== undefined) fail(file, `tensor "${name}" has the unknown field "${extra}"`)
  if (!isDtype(dtype))
    fail(file, `tensor "${name}" has dtype ${String(dtype)}, known: ${Object.keys(dtypes).join(', ')}`)
  if (!isCounts(shape)) fail(file, `tensor "${name}" has a shape that is not a list of counts`)
  if (!isCounts(offsets) || offsets.length !== 2)
    fail(file, `tensor "${name}" has data_offsets that are not two counts`)
  const [begin = 0, end = 0] = offsets
  const size = shape.reduce((product, length) => product * length, 1)
  const sizeBytes = size * dtypes[dtype].bytesPerItem
  if (!Number.isSafeInteger(sizeBytes)) fail(file, `tensor "${name}" of shape [${shape.join(', ')}] is too large`)
  if (end - begin !== sizeBytes)
    fail(
      file,
      `tensor "${name}" ${dtype} [${shape.join(', ')}] needs ${sizeBytes} bytes, its offsets give ${end - begin}`,
    )
  return { name, dtype, shape, size, begin, end }
}

function checkTiling(ranges: readonly Range[], dataBytes: number, file: string): void {
  let at = 0
  for (const { name, begin, end } of ranges) {
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

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

function fail(file: string, message: string): never {
  throw new DataError(message, { file, hint: 'the file is not a whole safetensors file: fetch or export it again' })
}
