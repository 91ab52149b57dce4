import { readdirSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { DataError } from '../../../core/errors.ts'
import { readBlocks } from '../../../core/read.ts'

const BLOCK_BYTES = 512
const MAX_NAME_BYTES = 100
/** Octal digits of the size field: files up to 8 GiB. */
const MAX_FILE_BYTES = 8 ** 11 - 1

/**
 * A tar archive (POSIX ustar) of the files in a folder, in the order of their names, in blocks. Owner, time and mode are
 * the same for all, so that equal files give equal bytes.
 *
 * @throws {DataError} when a name or a file is too long for the format
 */
export function* tarBlocks(dir: string): Generator<Uint8Array> {
  for (const file of filesIn(dir)) {
    const sizeBytes = statSync(file).size
    yield header(relative(dir, file).split(sep).join('/'), sizeBytes)
    yield* readBlocks(file)
    yield Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES)
  }
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

/** The files in a folder and below, sorted. */
export function filesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Bytes of all files in a folder and below. */
export function folderBytes(dir: string): number {
  return filesIn(dir).reduce((sum, file) => sum + statSync(file).size, 0)
}

function header(name: string, sizeBytes: number): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new DataError('the name is too long for a tar archive', { file: name })
  if (sizeBytes > MAX_FILE_BYTES) throw new DataError('the file is too large for a tar archive', { file: name })
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  block.write(name, 0, 'utf8')
  block.write(octal(0o644, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(sizeBytes, 11), 124)
  block.write(octal(0, 11), 136)
  // The checksum counts its own field as spaces.
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)} `, 148)
  return block
}
