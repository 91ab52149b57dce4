import { isUtf8 } from 'node:buffer'
import { createGunzip, type Gunzip } from 'node:zlib'
import { DataError, FlemingError } from './errors.ts'
import { readBlocks } from './read.ts'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
/** Longer lines are no data of ours; chosen by us, above the longest row of any source we know. */
const MAX_LINE_BYTES = 64 << 20
/** Unpacked bytes per packed byte beyond which a file is taken for a bomb (reliability.md §2.2). */
const MAX_RATIO = 200
const SMALL_BYTES = 1 << 20

export type TextLine = {
  /** Without the end of line. */
  readonly text: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * The lines of a UTF-8 file one by one, unpacked on the way when it is gzip, without a byte-order mark and without `\r`.
 *
 * @throws {DataError} when there is no such file, a line is not UTF-8 or longer than 64 MiB, or the gzip is broken or
 *   unpacks to more than 200 times its size
 * @throws {StorageError} E_IO when it cannot be read
 */
export async function* readTextLines(file: string): AsyncGenerator<TextLine> {
  let line = 1
  // Blocks of a line that has not ended yet; joined once, so that a long line costs linear time.
  let pending: Buffer[] = []
  let pendingBytes = 0
  for await (const block of readPlainBlocks(file)) {
    const first = block.indexOf(NEWLINE)
    if (pendingBytes + (first === -1 ? block.length : first) > MAX_LINE_BYTES) throw lineTooLong(file, line)
    if (first === -1) {
      pending.push(block)
      pendingBytes += block.length
      continue
    }
    const last = block.lastIndexOf(NEWLINE)
    const whole = pendingBytes === 0 ? block.subarray(0, last) : Buffer.concat([...pending, block.subarray(0, last)])
    for (const text of decodeLines(whole, file, line)) yield { text, line: line++ }
    pending = last + 1 === block.length ? [] : [block.subarray(last + 1)]
    pendingBytes = block.length - last - 1
  }
  if (pendingBytes > 0) for (const text of decodeLines(Buffer.concat(pending), file, line)) yield { text, line: line++ }
}

function* decodeLines(bytes: Buffer, file: string, firstLine: number): Generator<string> {
  // Asked of all lines at once, because that is fast; a fault is then looked for line by line.
  const isSound = isUtf8(bytes)
  let line = firstLine
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, start)
    const next = found === -1 ? bytes.length : found
    if (!isSound && !isUtf8(bytes.subarray(start, next))) {
      throw new DataError('not UTF-8', { file, line, hint: 'convert the file to UTF-8' })
    }
    const from = line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : start
    const end = next > from && bytes[next - 1] === CARRIAGE_RETURN ? next - 1 : next
    // A text of its own for each line: a slice of a decoded block would keep the whole block alive.
    yield bytes.toString('utf8', from, end)
    line++
    start = next + 1
  }
}

function lineTooLong(file: string, line: number): DataError {
  return new DataError(`a line of more than ${MAX_LINE_BYTES >> 20} MiB`, {
    file,
    line,
    hint: 'is this the format you named? one record a line is expected',
  })
}

/**
 * The bytes of a file in blocks, unpacked on the way when it is gzip, whatever its name says.
 *
 * @throws {DataError} as {@link readTextLines}
 */
export async function* readPlainBlocks(file: string): AsyncGenerator<Buffer> {
  const blocks = readBlocks(file)
  try {
    const first = blocks.next()
    if (first.done === true) return
    const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b
    if (isGzip) yield* unpack(file, first.value, blocks)
    else {
      yield first.value
      yield* blocks
    }
  } finally {
    blocks.return(undefined)
  }
}

async function* unpack(file: string, first: Buffer, rest: Iterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  const packed = { sizeBytes: 0 }
  const fed = feed(gunzip, first, rest, packed)
  let plainBytes = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      plainBytes += chunk.length
      if (plainBytes > SMALL_BYTES && plainBytes > packed.sizeBytes * MAX_RATIO) {
        throw new DataError(`unpacks to more than ${MAX_RATIO} times its size`, {
          file,
          hint: 'a file like this is an attack or a mistake; unpack it by hand if you trust it',
        })
      }
      yield chunk
    }
    await fed
  } catch (cause) {
    if (cause instanceof FlemingError) throw cause
    throw new DataError(`broken gzip: ${cause instanceof Error ? cause.message : String(cause)}`, {
      file,
      cause,
      hint: 'fetch the file again',
    })
  } finally {
    gunzip.destroy()
  }
}

/** Writes all blocks, and stops when the other side has ended or was destroyed: never waits for what cannot come. */
async function feed(
  gunzip: Gunzip,
  first: Buffer,
  rest: Iterable<Buffer>,
  packed: { sizeBytes: number },
): Promise<void> {
  const state = { isOver: false, wake: (): void => undefined }
  const wake = (): void => state.wake()
  const end = (): void => {
    state.isOver = true
    state.wake()
  }
  gunzip.on('drain', wake).on('end', end).on('close', end).on('error', end)
  const write = async (block: Buffer): Promise<void> => {
    packed.sizeBytes += block.length
    if (gunzip.write(block) || state.isOver) return
    await new Promise<void>((resolve) => {
      state.wake = resolve
    })
  }
  try {
    await write(first)
    for (const block of rest) {
      if (state.isOver) return
      await write(block)
    }
    gunzip.end()
  } catch (cause) {
    // The reader of the stream is told: it throws the cause at the place where the bytes are missing.
    gunzip.destroy(cause instanceof Error ? cause : new Error(String(cause)))
  }
}
