import { DataError } from '../../core/errors.ts'

/**
 * The structures in a Parquet file are Thrift in its compact form. The library that reads them trusts their lengths: one that
 * is negative takes it back to where it was, for ever. Here they are walked once, and lengths that lead out are refused.
 */

const MAX_DEPTH = 64
const MAX_VARINT_BYTES = 10
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]

/** A structure that was walked: where it ends, and its own whole numbers by field. */
export type Walked = { readonly end: number; readonly numbers: ReadonlyMap<number, number> }

/**
 * Walks the structure that starts at `start`.
 *
 * @throws {DataError} when it leads out of the bytes, nests deeper than 64, or holds what no Parquet file holds
 */
export function walkThrift(bytes: Uint8Array, start: number): Walked {
  let offset = start
  const refuse = (what: string): never => {
    throw new DataError(`broken Parquet: ${what}`, { hint: 'fetch the file again; if you got it so, do not trust it' })
  }
  const next = (): number => bytes[offset++] ?? refuse('a structure has no end')
  const varint = (): number => {
    let result = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = next()
      result += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return result
    }
    return refuse('a number has no end')
  }
  const zigzag = (): number => {
    const number = varint()
    return number % 2 === 0 ? number / 2 : -(number + 1) / 2
  }
  const skip = (count: number): void => {
    if (count > bytes.length - offset) refuse('a length leads out of it')
    offset += count
  }
  const element = (type: number, depth: number): void => {
    if (type === BYTE) skip(1)
    else if (type === I16 || type === I32 || type === I64) varint()
    else if (type === DOUBLE) skip(8)
    else if (type === BINARY) skip(varint())
    else if (type === LIST) list(depth)
    else if (type === STRUCT) struct(depth + 1)
    else if (type !== TRUE && type !== FALSE) refuse(`a value of type ${type}`)
  }
  const list = (depth: number): void => {
    const head = next()
    const type = head & 0x0f
    const count = head >> 4 === 15 ? varint() : head >> 4
    // Every element takes a byte at least.
    if (count > bytes.length - offset) refuse('a list is longer than the file')
    for (let index = 0; index < count; index++) {
      if (type === TRUE || type === FALSE) skip(1)
      else element(type, depth)
    }
  }
  const numbers = new Map<number, number>()
  const struct = (depth: number): void => {
    if (depth > MAX_DEPTH) refuse('structures nest too deeply')
    let field = 0
    for (let head = next(); (head & 0x0f) !== STOP; head = next()) {
      field = head >> 4 === 0 ? zigzag() : field + (head >> 4)
      const type = head & 0x0f
      if (depth === 0 && (type === I32 || type === I64)) numbers.set(field, zigzag())
      else element(type, depth)
    }
  }
  struct(0)
  return { end: offset, numbers }
}

/** Fields of a page header: bytes of the page as stored, and unpacked. */
const [UNPACKED_BYTES, STORED_BYTES] = [2, 3]
/** Longest head of a page; chosen by us: it holds two values of the column as statistics. */
const MAX_PAGE_HEAD_BYTES = 1 << 20
/** Bytes read at once while heads are short, as they are; chosen by us. */
const WINDOW_BYTES = 1 << 16
/** Unpacked bytes per stored byte beyond which a page is taken for a bomb; small pages aside. */
const MAX_RATIO = 1000
const SMALL_BYTES = 16 << 20

/**
 * Walks the heads of the pages of a column chunk.
 *
 * @param read bytes of the file by their place
 * @throws {DataError} as `walkThrift`, and when a page is larger than its chunk or unpacks to over 1,000 times its size
 */
export function walkPages(read: (start: number, end: number) => Uint8Array, start: number, end: number): void {
  const walkHead = headWalker(read, end)
  for (let offset = start; offset < end; ) {
    const head = walkHead(offset)
    const stored = head.numbers.get(STORED_BYTES) ?? -1
    const unpacked = head.numbers.get(UNPACKED_BYTES) ?? -1
    const next = head.end + stored
    if (stored < 0 || unpacked < 0 || next > end) throw new DataError('broken Parquet: a page leads out of its column')
    if (unpacked > SMALL_BYTES && unpacked > stored * MAX_RATIO)
      throw new DataError(`broken Parquet: a page of ${stored} bytes that unpacks to ${unpacked}`)
    offset = next
  }
}

/**
 * Walks the head of a page at a place of the file, and says where in the file it ends. Bytes are kept from one page to the
 * next: a column of many small pages is read once, not once a page.
 */
function headWalker(read: (start: number, end: number) => Uint8Array, end: number): (offset: number) => Walked {
  let from = 0
  let window = new Uint8Array(0)
  const load = (offset: number, sizeBytes: number): void => {
    window = new Uint8Array(read(offset, Math.min(end, offset + sizeBytes)))
    from = offset
  }
  const walk = (offset: number): Walked => {
    const { end: headEnd, numbers } = walkThrift(window, offset - from)
    return { end: from + headEnd, numbers }
  }
  return (offset) => {
    if (offset < from || offset >= from + window.length) load(offset, WINDOW_BYTES)
    try {
      return walk(offset)
    } catch (cause) {
      // The head may go on behind the window.
      if (from + window.length >= Math.min(end, offset + MAX_PAGE_HEAD_BYTES)) throw cause
      load(offset, MAX_PAGE_HEAD_BYTES)
      return walk(offset)
    }
  }
}
