import { formatJson } from '../json.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { openPart } from './part.ts'

/** Text that is gathered before it is written; chosen by us: few calls, little memory. */
const BLOCK_CHARACTERS = 1 << 20

/** A JSONL file in the making, of any length: it gets its name when it is whole. */
export type JsonlWriter = {
  /** Records written so far. */
  readonly count: number
  /** @throws {DataError} when the record has no JSON @throws {StorageError} E_NOSPACE, E_IO or E_POISONED */
  write(record: unknown): void
  /** Adds a line that is JSON already, its newline included. @throws {StorageError} as `write` */
  writeLine(line: Uint8Array): void
  /** Makes the file durable and gives it its name. @throws {StorageError} as `write` */
  finish(): void
  /** Ends without a file; does nothing after `finish`. */
  close(): void
}

/**
 * A writer of `file`, under the name `<file>.part` until it is whole. What an earlier attempt left there is thrown away.
 *
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
 */
export function openJsonlWriter(file: string, fileSystem: FileSystem = nodeFileSystem): JsonlWriter {
  const part = openPart(`${file}.part`, fileSystem)
  if (part.sizeBytes > 0) part.restart()
  let pending: string[] = []
  let characters = 0
  let count = 0
  const flush = (): void => {
    if (pending.length === 0) return
    part.append(Buffer.from(pending.join(''), 'utf8'))
    pending = []
    characters = 0
  }
  return {
    get count() {
      return count
    },
    write: (record) => {
      const line = `${formatJson(record)}\n`
      pending.push(line)
      characters += line.length
      count += 1
      if (characters >= BLOCK_CHARACTERS) flush()
    },
    writeLine: (line) => {
      const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8')
      pending.push(text)
      characters += text.length
      count += 1
      if (characters >= BLOCK_CHARACTERS) flush()
    },
    finish: () => {
      flush()
      part.finish(file)
    },
    close: () => part.close(),
  }
}
