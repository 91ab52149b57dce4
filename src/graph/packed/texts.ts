import { DataError } from '../../core/errors.ts'

/** All texts of a graph behind each other in UTF-8; text `i` is the bytes from `offsets[i]` to `offsets[i + 1]`. */
export type TextTable = { readonly bytes: Uint8Array; readonly offsets: Uint32Array }

/** The number of the empty text in every table: where there is no text, 0 stands. */
export const NO_TEXT = 0

const MAX_TABLE_BYTES = 2 ** 32 - 1
/** Decoded texts that a reader remembers; chosen by us: a few MB, enough for the names around one walk. */
const CACHE_SLOTS = 1 << 14

/** Gives each text one number, in the order of first use; number 0 is the empty text. */
export type TextPool = {
  readonly count: number
  /** @throws {DataError} when all texts together pass 4 GiB */
  number(text: string): number
  textOf(number: number): string
  finish(): TextTable
}

/** A pool with the empty text only. It holds bytes, not strings: a million names cost their letters and 12 bytes each. */
export function createTextPool(): TextPool {
  let bytes = Buffer.allocUnsafe(1 << 16)
  let offsets = new Uint32Array(1 << 10)
  let hashes = new Uint32Array(1 << 10)
  let slots = new Int32Array(1 << 11).fill(-1)
  let scratch = Buffer.allocUnsafe(1 << 10)
  let count = 0

  const add = (sizeBytes: number, hash: number, slot: number): number => {
    const start = offsets[count]!
    const end = start + sizeBytes
    if (end > MAX_TABLE_BYTES) {
      throw new DataError('the texts of the graph are larger than 4 GiB', { hint: 'read fewer sources into one graph' })
    }
    if (end > bytes.length) bytes = wider(bytes, end)
    scratch.copy(bytes, start, 0, sizeBytes)
    if (count + 2 > offsets.length) {
      offsets = widerNumbers(offsets)
      hashes = widerNumbers(hashes)
    }
    offsets[count + 1] = end
    hashes[count] = hash
    slots[slot] = count
    count += 1
    if (count * 2 > slots.length) rehash()
    return count - 1
  }
  const rehash = (): void => {
    slots = new Int32Array(slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let text = 0; text < count; text++) {
      let slot = hashes[text]! & mask
      while (slots[slot] !== -1) slot = (slot + 1) & mask
      slots[slot] = text
    }
  }
  const number = (text: string): number => {
    if (scratch.length < text.length * 3) scratch = Buffer.allocUnsafe(text.length * 6)
    const sizeBytes = scratch.write(text, 0, 'utf8')
    const hash = hashBytes(scratch, sizeBytes)
    const mask = slots.length - 1
    let slot = hash & mask
    for (let found = slots[slot]!; found !== -1; found = slots[slot]!) {
      const [start, end] = [offsets[found]!, offsets[found + 1]!]
      if (
        hashes[found] === hash &&
        end - start === sizeBytes &&
        bytes.compare(scratch, 0, sizeBytes, start, end) === 0
      ) {
        return found
      }
      slot = (slot + 1) & mask
    }
    return add(sizeBytes, hash, slot)
  }
  number('')
  return {
    get count() {
      return count
    },
    number,
    textOf: (text) => bytes.toString('utf8', offsets[text], offsets[text + 1]),
    finish: () => {
      const whole = new Uint8Array(offsets[count]!)
      whole.set(bytes.subarray(0, whole.length))
      return { bytes: whole, offsets: offsets.slice(0, count + 1) }
    },
  }
}

/** Decodes texts of a table, remembering some thousands of them. */
export function createTextReader(table: TextTable): (text: number) => string {
  const bytes = Buffer.from(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength)
  const cachedNumbers = new Int32Array(CACHE_SLOTS).fill(-1)
  const cachedTexts = new Array<string>(CACHE_SLOTS).fill('')
  return (text) => {
    const slot = text & (CACHE_SLOTS - 1)
    if (cachedNumbers[slot] !== text) {
      cachedTexts[slot] = bytes.toString('utf8', table.offsets[text], table.offsets[text + 1])
      cachedNumbers[slot] = text
    }
    return cachedTexts[slot]!
  }
}

/** A hash of 53 bits of a text, for tables that check what they find. */
export function hash53(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}

/** FNV-1a with a last mix, so that the low bits depend on all. */
function hashBytes(bytes: Uint8Array, sizeBytes: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < sizeBytes; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

function wider(bytes: Buffer, atLeast: number): Buffer<ArrayBuffer> {
  const copy = Buffer.allocUnsafe(Math.min(MAX_TABLE_BYTES, Math.max(atLeast, bytes.length * 2)))
  bytes.copy(copy)
  return copy
}

function widerNumbers(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(numbers.length * 2)
  copy.set(numbers)
  return copy
}
