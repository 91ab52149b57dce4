import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { AuditError, type StorageError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { readBlocks, readLines } from '../read.ts'
import { putBlocksAtomic, syncDir } from './atomic.ts'
import { assertNotPoisoned, assertSize, storageError, syncOrPoison, writeFully } from './faults.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { formatLogLine, readLogLine } from './log-line.ts'

const NEWLINE = 0x0a

/** A JSONL file that grows. One writer at a time: hold the lock of its directory. */
export type Log = {
  /**
   * Add records, one line each. When this returns they survive power loss; pass many at once, one sync serves all.
   *
   * @throws {DataError} when a record is no object, has no JSON or has a `crc` of its own; nothing is written then
   * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED; the log then takes no more, and opening it again mends it. The
   *   first records of the failed group may then be found in it: resume from what the log holds, not from what was meant
   */
  append(records: readonly unknown[]): void
  /** Length up to which every line is good and durable. */
  readonly sizeBytes: number
  /** Bytes after the last good line when the log was opened, and the file they were moved to. */
  readonly tornBytes: number
  readonly tornFile: string | null
  /**
   * Forget what came after a recorded `sizeBytes`, to resume from there.
   *
   * @throws {AuditError} when the log is shorter, or that length is not the end of a line
   * @throws {StorageError} as {@link Log.append}
   */
  truncate(sizeBytes: number): void
  close(): void
}

/**
 * The log in a file, ready to grow; an empty one when there is no file.
 *
 * A killed writer leaves a last line half written. The lines up to the first bad one stay; what follows is moved to
 * `<file>.torn-<n>`, never thrown away, and reported.
 *
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
 */
export function openLog(file: string, fileSystem: FileSystem = nodeFileSystem): Log {
  assertNotPoisoned(fileSystem)
  const isNew = !existsSync(file)
  const { goodBytes, tornBytes } = isNew ? { goodBytes: 0, tornBytes: 0 } : scanLog(file, () => {})
  const tornFile = tornBytes === 0 ? null : freeTornName(file)
  if (tornFile !== null) putBlocksAtomic(tornFile, readBlocks(file, goodBytes), tornBytes, fileSystem)
  let fd: number
  try {
    fd = fileSystem.open(file, 'a')
  } catch (cause) {
    throw storageError(cause, 'open the log', file, fileSystem)
  }
  const writer = createWriter(fd, file, goodBytes, fileSystem)
  if (tornFile !== null) writer.truncate(goodBytes)
  if (isNew) syncDir(dirname(file), fileSystem)
  return {
    append: writer.append,
    get sizeBytes() {
      return writer.sizeBytes()
    },
    tornBytes,
    tornFile,
    truncate: (sizeBytes) => {
      assertLineEnd(file, sizeBytes, writer.sizeBytes())
      writer.truncate(sizeBytes)
    },
    close: () => fileSystem.close(fd),
  }
}

/**
 * The records of a log up to the first bad line, without their `crc`, and the number of bytes after it. Changes nothing,
 * so that a reader may look while the writer writes.
 *
 * @param parse takes the value of a line; without it the records are as they were appended
 */
export function readLog<T = unknown>(
  file: string,
  parse: (value: unknown) => T = (value) => value as T,
): { readonly records: T[]; readonly tornBytes: number } {
  const records: T[] = []
  const { tornBytes } = scanLog(file, (json, line) => {
    records.push(parse(parseJson(json.toString('utf8'), { file, line })))
  })
  return { records, tornBytes }
}

/** Reports the JSON of each line up to the first bad one; counts the bytes of those lines, and of the rest. */
function scanLog(
  file: string,
  onGoodLine: (json: Buffer, line: number) => void,
): { readonly goodBytes: number; readonly tornBytes: number } {
  let goodBytes = 0
  let tornBytes = 0
  for (const { bytes, line, isEnded } of readLines(file)) {
    const sizeBytes = bytes.length + (isEnded ? 1 : 0)
    const json = isEnded && tornBytes === 0 ? readLogLine(bytes) : null
    if (json === null) tornBytes += sizeBytes
    else {
      goodBytes += sizeBytes
      onGoodLine(json, line)
    }
  }
  return { goodBytes, tornBytes }
}

function freeTornName(file: string): string {
  for (let n = 1; ; n++) {
    if (!existsSync(`${file}.torn-${n}`)) return `${file}.torn-${n}`
  }
}

function assertLineEnd(file: string, sizeBytes: number, currentBytes: number): void {
  const isEnd = sizeBytes === 0 || (sizeBytes <= currentBytes && firstByte(file, sizeBytes - 1) === NEWLINE)
  if (isEnd) return
  throw new AuditError(
    `${file}: expected the end of a line at byte ${sizeBytes}, found a log of ${currentBytes} bytes`,
    {
      file,
      expected: String(sizeBytes),
      found: String(currentBytes),
      hint: 'the log was changed or lost lines since that length was recorded',
    },
  )
}

function firstByte(file: string, offsetBytes: number): number | undefined {
  for (const block of readBlocks(file, offsetBytes)) return block[0]
  return undefined
}

type Writer = { append(records: readonly unknown[]): void; truncate(sizeBytes: number): void; sizeBytes(): number }

function createWriter(fd: number, file: string, startBytes: number, fileSystem: FileSystem): Writer {
  let durableBytes = startBytes
  let failure: StorageError | null = null
  // After a failed write the end of the file is unknown; more lines after it would be lost behind a torn one.
  const guarded = (needBytes: number | undefined, change: () => number): void => {
    assertNotPoisoned(fileSystem)
    if (failure !== null) throw failure
    try {
      durableBytes = change()
    } catch (cause) {
      failure = storageError(cause, 'append', file, fileSystem, needBytes)
      throw failure
    }
  }
  return {
    append: (records) => {
      if (records.length === 0) return
      const bytes = Buffer.from(records.map(formatLogLine).join(''), 'utf8')
      guarded(bytes.length, () => {
        writeFully(fd, file, bytes, fileSystem)
        assertSize(fd, file, durableBytes + bytes.length, fileSystem)
        syncOrPoison(fd, file, fileSystem, 'dataSync')
        return durableBytes + bytes.length
      })
    },
    truncate: (sizeBytes) =>
      guarded(undefined, () => {
        fileSystem.truncate(fd, sizeBytes)
        syncOrPoison(fd, file, fileSystem, 'dataSync')
        return sizeBytes
      }),
    sizeBytes: () => durableBytes,
  }
}
