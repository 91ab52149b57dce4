import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { AuditError, ConfigError } from '../core/errors.ts'
import { sha256Hex } from '../core/hash.ts'
import { canonicalJson, parseJson } from '../core/json.ts'
import { decodeUtf8, type FileReader, openReader } from '../core/read.ts'
import { ensureDir, putBlocksAtomic } from '../core/store.ts'
import { checkParts } from './packed/check.ts'
import { bytesOf, columnsOf } from './packed/hash.ts'
import { type Header, headerSchema, schemaOfHeader } from './packed/header.ts'
import { entityTypes, type PackedParts } from './packed/parts.ts'
import { openGraph, partsOf } from './packed.ts'
import type { PackedGraph } from './types.ts'

/** Name of the file in its folder. */
export const graphFile = 'graph.bin'

/** "FLMGRAPH", then the version of the layout and the size of the header, 4 bytes each, low byte first. */
const MAGIC = Buffer.from('FLMGRAPH', 'latin1')
const VERSION = 1
const PREFIX_BYTES = MAGIC.length + 8
const HASH_BYTES = 32
/** A header lists columns, relations, sources and files; a longer one is no header of ours (chosen by us). */
const MAX_HEADER_BYTES = 64 << 20

/**
 * Writes a graph as one file `graph.bin`: prefix, header (JSON), SHA-256 of both, then the columns one after the other,
 * each with its SHA-256 in the header; numbers are little-endian. What was there stays until the new file is whole.
 *
 * @param dir made when it is missing
 * @returns the names of the files written, relative to `dir`
 * @throws {ConfigError} on a computer that stores numbers big end first
 * @throws {StorageError} as `putBlocksAtomic`
 */
export function writePacked(dir: string, graph: PackedGraph): readonly string[] {
  refuseBigEndian()
  const parts = partsOf(graph)
  const columns = allColumns(parts)
  const header: Header = {
    hash: parts.hash,
    entityTypes,
    relations: parts.schema.relations,
    sources: parts.sources,
    files: parts.files,
    columns: columns.map(([name, column]) => ({
      name,
      sizeBytes: column.byteLength,
      sha256: sha256Hex(bytesOf(column)),
    })),
  }
  const headerBytes = Buffer.from(canonicalJson(header), 'utf8')
  const prefix = Buffer.alloc(PREFIX_BYTES)
  MAGIC.copy(prefix)
  prefix.writeUInt32LE(VERSION, MAGIC.length)
  prefix.writeUInt32LE(headerBytes.length, MAGIC.length + 4)
  const seal = createHash('sha256').update(prefix).update(headerBytes).digest()
  const blocks = [prefix, headerBytes, seal, ...columns.map(([, column]) => bytesOf(column))]
  ensureDir(dir)
  putBlocksAtomic(
    join(dir, graphFile),
    blocks,
    blocks.reduce((sum, block) => sum + block.length, 0),
  )
  return [graphFile]
}

/**
 * The graph in the file `graph.bin` of a folder, with every byte checked against its hash and every number against what
 * it counts.
 *
 * @throws {DataError} when there is no such file
 * @throws {AuditError} when it is cut, changed, of another version, or holds numbers that point nowhere
 * @throws {ConfigError} on a computer that stores numbers big end first
 */
export function readPacked(dir: string): PackedGraph {
  refuseBigEndian()
  const file = join(dir, graphFile)
  const reader = openReader(file)
  try {
    const { header, endBytes } = readHeader(reader, file)
    const columns = new Map<string, Uint8Array>()
    let offsetBytes = endBytes
    for (const { name, sizeBytes, sha256 } of header.columns) {
      const bytes = readExactly(reader, file, offsetBytes, sizeBytes)
      const found = sha256Hex(bytes)
      if (found !== sha256) throw damaged(file, `column "${name}" has been changed`, sha256, found)
      columns.set(name, bytes)
      offsetBytes += sizeBytes
    }
    if (offsetBytes !== reader.sizeBytes) {
      throw damaged(file, `has ${reader.sizeBytes - offsetBytes} bytes too many`)
    }
    return openGraph(assemble(header, columns, file))
  } finally {
    reader.close()
  }
}

function allColumns(parts: PackedParts): readonly (readonly [string, ArrayBufferView])[] {
  return [...columnsOf(parts), ['names.hashes', parts.names.hashes], ['names.entities', parts.names.entities]]
}

function readHeader(reader: FileReader, file: string): { readonly header: Header; readonly endBytes: number } {
  const prefix = Buffer.from(readExactly(reader, file, 0, PREFIX_BYTES))
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(file, 'does not begin like a graph file')
  const version = prefix.readUInt32LE(MAGIC.length)
  if (version !== VERSION) throw damaged(file, 'version of the layout', String(VERSION), String(version))
  const headerBytes = prefix.readUInt32LE(MAGIC.length + 4)
  if (headerBytes > MAX_HEADER_BYTES) throw damaged(file, `says that its header has ${headerBytes} bytes`)
  const bytes = readExactly(reader, file, PREFIX_BYTES, headerBytes)
  const seal = Buffer.from(readExactly(reader, file, PREFIX_BYTES + headerBytes, HASH_BYTES)).toString('hex')
  const found = createHash('sha256').update(prefix).update(bytes).digest('hex')
  if (found !== seal) throw damaged(file, 'the header has been changed', seal, found)
  const parsed = headerSchema.safeParse(parseJson(decodeUtf8(bytes) ?? '', { file, line: 1 }))
  if (!parsed.success) {
    throw damaged(file, `the header is of another form: ${parsed.error.issues[0]?.message ?? 'unknown'}`)
  }
  return { header: parsed.data, endBytes: PREFIX_BYTES + headerBytes + HASH_BYTES }
}

function readExactly(reader: FileReader, file: string, offsetBytes: number, sizeBytes: number): Uint8Array {
  // Before memory is asked for: a damaged size must not take it all.
  if (offsetBytes + sizeBytes > reader.sizeBytes) throw damaged(file, `ends at byte ${reader.sizeBytes}, too early`)
  const bytes = new Uint8Array(sizeBytes)
  reader.read(bytes, offsetBytes)
  return bytes
}

function assemble(header: Header, columns: ReadonlyMap<string, Uint8Array>, file: string): PackedParts {
  const bytes = (name: string, itemBytes: number): ArrayBuffer => {
    const column = columns.get(name)
    if (column === undefined) throw damaged(file, `has no column "${name}"`)
    if (column.length % itemBytes !== 0) throw damaged(file, `column "${name}" ends inside a number`)
    return column.buffer as ArrayBuffer
  }
  const uint8 = (name: string): Uint8Array => new Uint8Array(bytes(name, 1))
  const uint16 = (name: string): Uint16Array => new Uint16Array(bytes(name, 2))
  const uint32 = (name: string): Uint32Array => new Uint32Array(bytes(name, 4))
  const int32 = (name: string): Int32Array => new Int32Array(bytes(name, 4))
  const rows = (name: string) => ({ offsets: uint32(`${name}.offsets`), values: uint32(`${name}.values`) })
  if (header.entityTypes.join() !== entityTypes.join()) {
    throw damaged(file, 'was written with other entity types', entityTypes.join(), header.entityTypes.join())
  }
  const parts: PackedParts = {
    schema: schemaOfHeader(header),
    sources: header.sources,
    files: header.files,
    hash: header.hash,
    texts: { bytes: uint8('texts.bytes'), offsets: uint32('texts.offsets') },
    entities: {
      types: uint8('entities.types'),
      rarities: uint8('entities.rarities'),
      labels: uint32('entities.labels'),
      labelsZh: uint32('entities.labelsZh'),
      synonyms: rows('entities.synonyms'),
      keys: rows('entities.keys'),
    },
    heads: int32('heads'),
    relations: uint16('relations'),
    tails: int32('tails'),
    originOffsets: uint32('originOffsets'),
    originSources: uint16('originSources'),
    originFiles: uint32('originFiles'),
    originLines: uint32('originLines'),
    originQuotes: uint32('originQuotes'),
    originUrls: uint32('originUrls'),
    qualifiers: rows('qualifiers'),
    names: { hashes: new Float64Array(bytes('names.hashes', 8)), entities: int32('names.entities') },
  }
  const fault = checkParts(parts)
  if (fault !== null) throw damaged(file, fault)
  return parts
}

function damaged(file: string, message: string, expected?: string, found?: string): AuditError {
  const values = expected === undefined ? '' : `: expected ${expected}, found ${found ?? 'nothing'}`
  return new AuditError(`${file}: ${message}${values}`, {
    file,
    expected,
    found,
    hint: 'build the graph again, or copy the file anew',
  })
}

function refuseBigEndian(): void {
  if (endianness() === 'BE') {
    throw new ConfigError('graph files are little-endian, this computer is not', {
      hint: 'build and use graphs on x86 or ARM',
    })
  }
}
