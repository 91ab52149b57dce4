import type { FileMetaData } from 'hyparquet'
import { DataError, FlemingError } from '../../core/errors.ts'
import { type FileReader, openReader } from '../../core/read.ts'
import { walkPages, walkThrift } from './parquet-guard.ts'
import type { Row } from './rows.ts'

/** `PAR1` */
const MARK = 0x31524150

/**
 * The rows of a Parquet file, a row group at a time. Whole numbers are numbers, moments ISO 8601 text.
 *
 * @throws {DataError} when it is broken, packed in an unknown way, or a whole number does not fit a double
 */
export async function* readParquetRows(file: string): AsyncGenerator<Row> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const reader = openReader(file)
  const refuse = (cause: unknown): FlemingError =>
    cause instanceof FlemingError && !(cause instanceof DataError)
      ? cause
      : new DataError((cause as Error).message.replace(/^(?!broken Parquet)/, 'broken Parquet: '), {
          ...{ file, cause, hint: 'fetch the file again; if you got it so, do not trust it' },
        })
  try {
    const slice = slicer(file, reader)
    const buffer = { byteLength: reader.sizeBytes, slice }
    let metadata: FileMetaData
    try {
      const footer = footerOf(slice, reader.sizeBytes)
      walkThrift(footer, 0)
      metadata = await parquetMetadataAsync(buffer, { geoparquet: false })
      const chunks = [...chunksOf(metadata)]
      const chunkBytes = chunks.reduce((sum, [start, end]) => sum + end - start, 0)
      // Columns that share their bytes would let a small file be read for hours.
      if (chunkBytes > reader.sizeBytes) throw new DataError('broken Parquet: its columns are longer than the file')
      for (const chunk of chunks) walkPages((start, end) => new Uint8Array(slice(start, end)), ...chunk)
    } catch (cause) {
      throw refuse(cause)
    }
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      const rows = await parquetReadObjects({ file: buffer, metadata, compressors, rowStart, rowEnd }).catch(
        (cause: unknown) => {
          throw refuse(cause)
        },
      )
      for (const [index, row] of rows.entries()) {
        const line = rowStart + index + 1
        yield { value: plain(row, { file, line }), key: null, line }
      }
      rowStart = rowEnd
    }
  } finally {
    reader.close()
  }
}

/** The structure that describes the file, which stands before its length and its mark at the end. */
function footerOf(slice: (start: number, end: number) => ArrayBuffer, sizeBytes: number): Uint8Array {
  const tail = sizeBytes < 12 ? null : new DataView(slice(sizeBytes - 8, sizeBytes))
  const length = tail === null || tail.getUint32(4, true) !== MARK ? -1 : tail.getUint32(0, true)
  if (length < 0 || length > sizeBytes - 12) throw new DataError('broken Parquet: it ends in the middle')
  return new Uint8Array(slice(sizeBytes - 8 - length, sizeBytes - 8))
}

/** Where each column chunk starts and ends, in bytes of the file. */
function* chunksOf({ row_groups: groups }: FileMetaData): Generator<[number, number]> {
  for (const { columns } of groups) {
    for (const { meta_data: column } of columns) {
      if (column === undefined) throw new DataError('broken Parquet: a column is described nowhere')
      const start = Number(column.dictionary_page_offset ?? column.data_page_offset)
      const sizeBytes = Number(column.total_compressed_size)
      if (!(sizeBytes >= 0)) throw new DataError('broken Parquet: a column of negative length')
      yield [start, start + sizeBytes]
    }
  }
}

function slicer(file: string, reader: FileReader): (start: number, end?: number) => ArrayBuffer {
  return (start, end = reader.sizeBytes) => {
    const isInside = Number.isSafeInteger(start) && start >= 0 && end >= start && end <= reader.sizeBytes
    if (!isInside) throw new DataError(`broken Parquet: it speaks of bytes ${start} to ${end}`, { file })
    const bytes = new Uint8Array(end - start)
    reader.read(bytes, start)
    return bytes.buffer
  }
}

/** A value as JSON would have it. */
function plain(value: unknown, place: { readonly file: string; readonly line: number }): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    throw new DataError(`the whole number ${value} does not fit a double`, place)
  }
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (Array.isArray(value)) return value.map((item) => plain(item, place))
  if (ArrayBuffer.isView(value) || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, place)]))
}
