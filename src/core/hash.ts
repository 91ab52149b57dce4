import { createHash } from 'node:crypto'
import { canonicalJson } from './json.ts'
import { readBlocks } from './read.ts'

/** Hex digits of the hash that an id keeps: 96 bits, so that a billion ids collide with probability 1e-11. */
const ID_DIGITS = 24

/** The SHA-256 of bytes, or of the UTF-8 of a text, as 64 hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * The id of whatever has these identifying fields: `<kind>_` and 24 hex digits. Key order does not matter.
 *
 * @throws {DataError} when the fields have no canonical JSON
 */
export function contentId(kind: string, fields: unknown): string {
  return `${kind}_${sha256Hex(canonicalJson(fields)).slice(0, ID_DIGITS)}`
}

/** The SHA-256 and the size of a file, read in blocks so that weights larger than memory can be hashed. */
export function hashFile(file: string): { readonly sha256: string; readonly sizeBytes: number } {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for (const block of readBlocks(file)) {
    hash.update(block)
    sizeBytes += block.length
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}
