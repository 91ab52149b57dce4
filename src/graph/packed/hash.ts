import { createHash } from 'node:crypto'
import { canonicalJson } from '../../core/json.ts'
import { entityTypes, type PackedParts } from './parts.ts'

type Hashed = Omit<PackedParts, 'hash' | 'names'>

/** Every column of a packed graph by name; the last two are places, which the hash of the content leaves out. */
export function columnsOf(parts: Hashed): readonly (readonly [string, ArrayBufferView])[] {
  const { texts, entities, qualifiers } = parts
  return [
    ['texts.bytes', texts.bytes],
    ['texts.offsets', texts.offsets],
    ['entities.types', entities.types],
    ['entities.rarities', entities.rarities],
    ['entities.labels', entities.labels],
    ['entities.labelsZh', entities.labelsZh],
    ['entities.synonyms.offsets', entities.synonyms.offsets],
    ['entities.synonyms.values', entities.synonyms.values],
    ['entities.keys.offsets', entities.keys.offsets],
    ['entities.keys.values', entities.keys.values],
    ['heads', parts.heads],
    ['relations', parts.relations],
    ['tails', parts.tails],
    ['originOffsets', parts.originOffsets],
    ['originSources', parts.originSources],
    ['originQuotes', parts.originQuotes],
    ['originUrls', parts.originUrls],
    ['qualifiers.offsets', qualifiers.offsets],
    ['qualifiers.values', qualifiers.values],
    ['originFiles', parts.originFiles],
    ['originLines', parts.originLines],
  ]
}

const places: readonly string[] = ['originFiles', 'originLines']

/**
 * The content hash of a packed graph: entities, triples, what is said about them and by which source in which revision.
 * Paths and line numbers are left out: the same sources in another folder are the same graph.
 */
export function hashParts(parts: Hashed): string {
  const hash = createHash('sha256')
  hash.update(
    canonicalJson({
      entityTypes,
      relations: parts.schema.relations,
      sources: parts.sources.map(({ files, ...source }) => ({
        ...source,
        files: files.map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes })),
      })),
    }),
  )
  for (const [name, column] of columnsOf(parts)) {
    if (places.includes(name)) continue
    hash.update(`\n${name} ${column.byteLength}\n`)
    hash.update(bytesOf(column))
  }
  return `graph_${hash.digest('hex').slice(0, 24)}`
}

/** The bytes of a column, as a view. */
export function bytesOf(column: ArrayBufferView): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}
