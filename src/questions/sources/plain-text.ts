import { isAscii, isUtf8 } from 'node:buffer'
import { DataError } from '../../core/errors.ts'
import { readPlainBlocks } from '../../core/text-lines.ts'

export type Encoding = 'utf-8' | 'gb18030'

const NEWLINE = 0x0a

/**
 * The encoding of a text file: UTF-8 when all of it is, GB 18030, in which Chinese data sets are written too, when nothing
 * in it speaks for UTF-8: what stands before the first fault is ASCII alone. A UTF-8 file with one broken byte would else
 * be read as other Chinese words, which nobody would notice.
 *
 * @throws {DataError} naming the line of the first fault when it is neither, and as `readPlainBlocks`
 */
export async function encodingOf(file: string): Promise<Encoding> {
  const fault = await utf8Fault(file)
  if (fault === null) return 'utf-8'
  const { line, isAfterAscii } = fault
  if (isAfterAscii && (await isGb18030(file))) return 'gb18030'
  throw new DataError(isAfterAscii ? 'neither UTF-8 nor GB 18030' : 'not UTF-8, though what stands before it is', {
    ...{ file, line },
    hint: 'fetch the file again; if it is of another encoding, convert it to UTF-8 with iconv',
  })
}

type Utf8Fault = { readonly line: number; readonly isAfterAscii: boolean }

/** Where a file stops being UTF-8; null when it never does. */
async function utf8Fault(file: string): Promise<Utf8Fault | null> {
  let line = 1
  let isAllAscii = true
  // A character whose rest is in the next block.
  let held: Buffer = Buffer.alloc(0)
  for await (const block of readPlainBlocks(file)) {
    const bytes = held.length === 0 ? block : Buffer.concat([held, block])
    const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes))
    if (!isUtf8(whole)) {
      const start = faultyLineStart(whole)
      return { line: line + newlinesIn(whole.subarray(0, start)), isAfterAscii: isAllAscii && !beginsAsUtf8(whole) }
    }
    isAllAscii &&= isAscii(whole)
    line += newlinesIn(whole)
    held = bytes.subarray(whole.length)
  }
  return held.length === 0 ? null : { line, isAfterAscii: isAllAscii }
}

/** Bytes of a character at the end that is not all there, as its first byte announces it: 0 to 3. */
function unfinishedBytes(bytes: Buffer): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return charBytes(byte) > count ? count : 0
  }
  return 0
}

/** Bytes of the UTF-8 character that starts with this byte. */
function charBytes(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
}

function faultyLineStart(bytes: Buffer): number {
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, start)
    const end = found === -1 ? bytes.length : found
    if (!isUtf8(bytes.subarray(start, end))) return start
    start = end + 1
  }
  return bytes.length
}

/** Whether the first byte beyond ASCII starts a character of UTF-8. */
function beginsAsUtf8(bytes: Buffer): boolean {
  const first = bytes.findIndex((byte) => byte >= 0x80)
  return first !== -1 && isUtf8(bytes.subarray(first, first + charBytes(bytes[first] ?? 0)))
}

function newlinesIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1
  return count
}

async function isGb18030(file: string): Promise<boolean> {
  try {
    for await (const text of readDecoded(file, 'gb18030')) if (text.includes('\ufffd')) return false
    return true
  } catch (cause) {
    // What the decoder refuses; a file that cannot be read is another matter.
    if (cause instanceof DataError && cause.cause instanceof TypeError) return false
    throw cause
  }
}

/**
 * The text of a file in pieces, unpacked when it is gzip, without a byte-order mark.
 *
 * @throws {DataError} when it is not of that encoding, and as `readPlainBlocks`
 */
export async function* readDecoded(file: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (block?: Buffer): string => {
    try {
      return block === undefined ? decoder.decode() : decoder.decode(block, { stream: true })
    } catch (cause) {
      throw new DataError(`not ${encoding === 'utf-8' ? 'UTF-8' : 'UTF-8 or GB 18030'}`, {
        file,
        cause,
        hint: 'convert the file to UTF-8; is it a file of text at all?',
      })
    }
  }
  for await (const block of readPlainBlocks(file)) {
    const text = decode(block)
    if (text !== '') yield text
  }
  const rest = decode()
  if (rest !== '') yield rest
}
