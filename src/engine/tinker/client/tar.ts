import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DataError } from '../../../core/errors.ts'
import { createByteSource } from './byte-source.ts'

const BLOCK_BYTES = 512
const GZIP_MAGIC = [0x1f, 0x8b] as const

/** Kinds of entries, by the letter of their header. */
const FILE_KINDS = new Set(['0', '\0'])
const DIRECTORY = '5'
/** Extended headers of POSIX and GNU, for long names and large files; `g` holds nothing that matters here. */
const PAX = 'x'
const PAX_GLOBAL = 'g'
const GNU_LONG_NAME = 'L'

/** Chosen by us: an extended header holds a name and some numbers. */
const MAX_HEADER_BYTES = 2 ** 20
/** Chosen by us: a model of a thousand shards, ten times over. */
const MAX_ENTRIES = 10_000
/** Zeros that fill an archive up behind its end; chosen by us, 100 times what tar writes. */
const MAX_FILLING_BYTES = 2 ** 20

/** Where the files of an archive go, one after the other. */
export type TarTarget = {
  /** A file begins. @param name relative, of safe parts, not seen before */
  begin(name: string, sizeBytes: number): void
  write(block: Uint8Array): void
  /** The file is whole. */
  end(): void
}

/**
 * Hands the files of a tar archive, gzipped or not, to `target` while it comes.
 *
 * @throws {DataError} when it is no archive, is cut off, or holds a link, a device, a repeated name, or a name that leaves the folder
 */
export async function unpackTar(archive: AsyncIterable<Uint8Array>, target: TarTarget): Promise<void> {
  const source = createByteSource(archive)
  try {
    const magic = await source.peek(GZIP_MAGIC.length)
    if (!GZIP_MAGIC.every((byte, index) => magic[index] === byte)) return await readEntries(source, target)
    await pipeline(Readable.from(source.rest()), createGunzip(), (blocks) =>
      readEntries(createByteSource(blocks), target),
    )
  } catch (cause) {
    if (!(cause instanceof Error && /^Z_/.test((cause as NodeJS.ErrnoException).code ?? ''))) throw cause
    throw new DataError(`the archive cannot be unpacked: ${cause.message}`, { cause })
  } finally {
    await source.close()
  }
}

type Source = ReturnType<typeof createByteSource>

/** What extended headers say of the entry behind them. */
type Extension = { readonly name?: string | undefined; readonly sizeBytes?: number | undefined }

async function readEntries(source: Source, target: TarTarget): Promise<void> {
  const names = new Set<string>()
  let extension: Extension = {}
  for (let entries = 0; ; entries += 1) {
    const header = await source.take(BLOCK_BYTES)
    if (header.length < BLOCK_BYTES) {
      throw new DataError(entries === 0 ? 'not a tar archive' : 'the archive ends without its last block')
    }
    if (header.every((byte) => byte === 0)) return endOf(source)
    checkSum(header)
    if (entries >= MAX_ENTRIES) throw new DataError(`the archive holds more than ${MAX_ENTRIES} entries`)
    const kind = String.fromCharCode(header[156]!)
    if (kind === PAX || kind === GNU_LONG_NAME || kind === PAX_GLOBAL) {
      const content = await readHeader(source, sizeOf(header))
      if (kind === PAX) extension = { ...extension, ...readPax(content) }
      else if (kind === GNU_LONG_NAME) extension = { ...extension, name: text(content, 0, content.length) }
      continue
    }
    // Folders are made as files need them, so their names are never used: SkyRL's archives begin with one called "/".
    if (kind === DIRECTORY) {
      extension = {}
      continue
    }
    const name = safeName(extension.name ?? headerName(header))
    const sizeBytes = extension.sizeBytes ?? sizeOf(header)
    extension = {}
    if (!FILE_KINDS.has(kind)) throw new DataError(`the archive holds "${name}", which is neither file nor folder`)
    if (name === '.' || names.has(name)) throw new DataError(`the archive holds "${name}" twice`)
    names.add(name)
    target.begin(name, sizeBytes)
    await copy(source, sizeBytes, (block) => target.write(block))
    target.end()
  }
}

/** Reads on to the last byte, so that the checksum of a gzip is checked. */
async function endOf(source: Source): Promise<void> {
  let sizeBytes = 0
  for await (const block of source.rest()) {
    sizeBytes += block.length
    if (sizeBytes > MAX_FILLING_BYTES) throw new DataError('the archive goes on behind its end')
  }
}

async function readHeader(source: Source, sizeBytes: number): Promise<Uint8Array> {
  if (sizeBytes > MAX_HEADER_BYTES) throw new DataError('an extended header of the archive is too long')
  const blocks: Uint8Array[] = []
  await copy(source, sizeBytes, (block) => blocks.push(block))
  return Buffer.concat(blocks)
}

/** The content of an entry, and the filling of its last block. */
async function copy(source: Source, sizeBytes: number, write: (block: Uint8Array) => void): Promise<void> {
  for (let left = sizeBytes; left > 0; ) {
    const block = await source.next(left)
    if (block === undefined) throw new DataError('the archive ends in the middle of a file')
    left -= block.length
    write(block)
  }
  const filling = (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES
  if ((await source.take(filling)).length < filling) throw new DataError('the archive ends in the middle of a file')
}

/** The sum of all bytes of a header, its own field counted as spaces. */
function checkSum(header: Uint8Array): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0)
  if (sum !== octal(header, 148, 8)) throw new DataError('not a tar archive: the checksum of a header is wrong')
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8')
}

function octal(header: Uint8Array, start: number, length: number): number {
  const digits = text(header, start, length).trim()
  if (!/^[0-7]{0,11}$/.test(digits)) throw new DataError('not a tar archive: a number in a header is not octal')
  return Number.parseInt(digits || '0', 8)
}

/** Size of an entry: octal up to 8 GiB, and beyond, after a first bit that is set, in base 256. */
function sizeOf(header: Uint8Array): number {
  const field = header.subarray(124, 136)
  if ((field[0]! & 0x80) === 0) return octal(header, 124, 12)
  const size = field.reduce((total, byte, index) => total * 256 + (index === 0 ? byte & 0x7f : byte), 0)
  return checkedSize(size)
}

function checkedSize(size: number): number {
  if (Number.isSafeInteger(size)) return size
  throw new DataError('not a tar archive: the size of a file is beyond all measure')
}

function headerName(header: Uint8Array): string {
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : ''
  const name = text(header, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

/** An extended header: records of the form `<length> path=<value>\n`. */
function readPax(content: Uint8Array): Extension {
  const records = Buffer.from(content).toString('utf8')
  const name = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records)?.[1]
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(records)?.[1]
  return {
    ...(name !== undefined && { name }),
    ...(size !== undefined && { sizeBytes: checkedSize(Number(size)) }),
  }
}

/** @throws {DataError} when the name would lead out of the folder it is unpacked into */
function safeName(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  const isSafe = !name.startsWith('/') && !/[\\\0:]/.test(name) && !parts.includes('..')
  if (isSafe && parts.length > 0) return parts.join('/')
  // The folder itself, as `tar -C dir .` writes it.
  if (isSafe && /^[./]*$/.test(name)) return '.'
  throw new DataError(`the archive holds "${name.slice(0, 200)}", which leads out of its folder`)
}
