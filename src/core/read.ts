import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DataError, StorageError } from './errors.ts'

/** Block of a streamed read; chosen by us: large enough to be fast, small enough not to matter. */
const BLOCK_BYTES = 1 << 20
const NEWLINE = 0x0a

export type RawLine = {
  /** Without the newline. */
  readonly bytes: Buffer
  /** Counted from 1. */
  readonly line: number
  /** Where the line starts in the file. */
  readonly offsetBytes: number
  /** False for a last line without a newline. */
  readonly isEnded: boolean
}

/**
 * The bytes of a file from an offset on, in blocks, so that a file may be larger than memory.
 *
 * @throws {DataError} when there is no such file
 * @throws {StorageError} E_IO when it cannot be read
 */
export function* readBlocks(file: string, offsetBytes = 0): Generator<Buffer> {
  const fd = named(file, () => openSync(file, 'r'))
  try {
    for (let offset = offsetBytes; ; ) {
      const buffer = Buffer.allocUnsafe(BLOCK_BYTES)
      const count = named(file, () => readSync(fd, buffer, 0, BLOCK_BYTES, offset))
      if (count === 0) return
      offset += count
      yield buffer.subarray(0, count)
    }
  } finally {
    closeSync(fd)
  }
}

/** A file open for reading at any place. */
export type FileReader = {
  /** When it was opened. */
  readonly sizeBytes: number
  /** Fills `target` from `offsetBytes` on. @throws {DataError} when the file ends before */
  read(target: Uint8Array, offsetBytes: number): void
  close(): void
}

/**
 * A file opened for reading byte ranges into memory that the caller owns.
 *
 * @throws {DataError} when there is no such file
 * @throws {StorageError} E_IO when it cannot be read
 */
export function openReader(file: string): FileReader {
  const fd = named(file, () => openSync(file, 'r'))
  return {
    sizeBytes: named(file, () => fstatSync(fd).size),
    read: (target, offsetBytes) => {
      for (let done = 0; done < target.length; ) {
        const length = Math.min(target.length - done, BLOCK_BYTES)
        const count = named(file, () => readSync(fd, target, done, length, offsetBytes + done))
        if (count === 0) throw new DataError(`ends at byte ${offsetBytes + done}, while it is read`, { file })
        done += count
      }
    },
    close: () => closeSync(fd),
  }
}

/**
 * The text of a UTF-8 file, without a byte-order mark.
 *
 * @throws {DataError} when there is no such file or it is not UTF-8
 * @throws {StorageError} E_IO when it cannot be read
 */
export function readText(file: string): string {
  const text = decodeUtf8(Buffer.concat([...readBlocks(file)]))
  if (text === null) throw new DataError('not UTF-8', { file, hint: 'convert the file to UTF-8' })
  return text
}

/** The lines of a file one by one, as bytes: a line may not be UTF-8. */
export function* readLines(file: string): Generator<RawLine> {
  let line = 1
  let offsetBytes = 0
  // Blocks of a line that has not ended yet; joined once, so that a long line costs linear time.
  let pending: Buffer[] = []
  for (const block of readBlocks(file)) {
    let start = 0
    for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, start)) {
      const tail = block.subarray(start, end)
      const bytes = pending.length === 0 ? tail : Buffer.concat([...pending, tail])
      pending = []
      yield { bytes, line, offsetBytes, isEnded: true }
      line++
      offsetBytes += bytes.length + 1
      start = end + 1
    }
    if (start < block.length) pending.push(block.subarray(start))
  }
  if (pending.length > 0) yield { bytes: Buffer.concat(pending), line, offsetBytes, isEnded: false }
}

/** The text of UTF-8 bytes without a byte-order mark, or null when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) return null
    throw cause
  }
}

/** The result of a call of node:fs, whose error is turned into one that names the file. */
function named<T>(file: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code
    if (errno === undefined) throw cause
    if (errno === 'ENOENT') throw new DataError('no such file', { file, cause })
    throw new StorageError(`${file}: cannot read (${errno})`, { code: 'E_IO', file, cause })
  }
}
