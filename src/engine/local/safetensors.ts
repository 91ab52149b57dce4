/**
 * The safetensors file format, read strictly (`readHeader` says how) and tensor by tensor, so that a file may be far
 * larger than the memory beside the weights.
 *
 * Layout: header length as u64 little-endian, JSON header, tensor bytes little-endian.
 */
import { DataError } from '../../core/errors.ts'
import { openReader } from '../../core/read.ts'
import { dtypes } from './safetensors-dtypes.ts'
import { type ByteSource, readHeader, type SafetensorsHeader, type TensorEntry } from './safetensors-header.ts'
import { layOutSafetensors } from './safetensors-write.ts'

/** A tensor in memory; `values` is row-major and holds the product of `shape` numbers. */
export type Tensor = { readonly shape: readonly number[]; readonly values: Float32Array }

export type SafetensorsFile = {
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: Readonly<Record<string, string>>
}

/** An open safetensors file. */
export type SafetensorsReader = {
  readonly file: string
  /** In the order of their bytes in the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
  /**
   * Fills an array with the values of a tensor, widened or narrowed to float32.
   *
   * @throws {DataError} when an integer has no exact float32, or the file has become shorter
   */
  readInto(entry: TensorEntry, target: Float32Array): void
  /** The values of a tensor in blocks; each is overwritten by the next. @throws {DataError} as `readInto` */
  blocks(entry: TensorEntry): Iterable<Float32Array>
  close(): void
}

/** Items of a block; chosen by us: 4 MB of float32. */
const BLOCK_ITEMS = 1 << 20

/**
 * A safetensors file, its header checked, its tensors still on disk.
 *
 * @throws {DataError} when there is no such file or it is malformed
 * @throws {StorageError} E_IO when it cannot be read
 */
export function openSafetensors(file: string): SafetensorsReader {
  const { sizeBytes, read, close } = openReader(file)
  try {
    return createReader({ file, sizeBytes, read }, close)
  } catch (cause) {
    close()
    throw cause
  }
}

/**
 * The tensors of a safetensors file in memory, every dtype widened or narrowed to float32.
 *
 * @param bytes the whole file
 * @param file its name, for error messages
 * @throws {DataError} naming the file, when the header is malformed, the tensors do not tile the data section, a dtype is
 *   not F32, F16, BF16 or I64, or an integer has no exact float32
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const read = (target: Uint8Array, offset: number) => target.set(bytes.subarray(offset, offset + target.length))
  const reader = createReader({ file, sizeBytes: bytes.length, read }, () => undefined)
  const tensors = new Map<string, Tensor>()
  for (const entry of reader.entries.values()) {
    const values = new Float32Array(entry.size)
    reader.readInto(entry, values)
    tensors.set(entry.name, { shape: entry.shape, values })
  }
  return { tensors, metadata: reader.metadata }
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
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const sources = [...tensors].map(([name, { shape, values }]) => ({ name, shape, values: () => values }))
  const { sizeBytes, blocks } = layOutSafetensors(sources, { metadata })
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const block of blocks()) {
    bytes.set(block, at)
    at += block.length
  }
  return bytes
}

function createReader(source: ByteSource, close: () => void): SafetensorsReader {
  const { entries, metadata }: SafetensorsHeader = readHeader(source)
  /** Calls back with each stretch of a tensor: its first item, and the number of items. */
  const forEachStretch = (size: number, call: (at: number, count: number) => void): void => {
    for (let at = 0; at < size; at += BLOCK_ITEMS) call(at, Math.min(BLOCK_ITEMS, size - at))
  }
  const fill = (entry: TensorEntry, at: number, target: Float32Array): void => {
    const { bytesPerItem, decode } = dtypes[entry.dtype]
    const offset = entry.offsetBytes + at * bytesPerItem
    if (entry.dtype === 'F32') {
      source.read(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), offset)
      return
    }
    const scratch = new ArrayBuffer(target.length * bytesPerItem)
    source.read(new Uint8Array(scratch), offset)
    const inexact = decode(scratch, target)
    if (inexact !== null)
      throw new DataError(`tensor "${entry.name}" holds ${inexact}, which has no exact float32`, {
        file: source.file,
        field: entry.name,
      })
  }
  return {
    file: source.file,
    entries: new Map(entries.map((entry) => [entry.name, entry])),
    metadata,
    readInto: (entry, target) =>
      forEachStretch(entry.size, (at, count) => fill(entry, at, target.subarray(at, at + count))),
    *blocks(entry) {
      const block = new Float32Array(Math.min(BLOCK_ITEMS, entry.size))
      for (let at = 0; at < entry.size; at += block.length) {
        const part = block.subarray(0, Math.min(block.length, entry.size - at))
        fill(entry, at, part)
        yield part
      }
    },
    close,
  }
}
