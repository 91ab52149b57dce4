import type { Rows } from './columns.ts'
import { entityTypes, type PackedParts, rarities } from './parts.ts'

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array

/**
 * The first thing that is wrong with columns read from a file, or null: offsets that do not ascend, numbers that point at
 * nothing, triples out of order. A graph over columns that pass never reads outside them.
 */
export function checkParts(parts: PackedParts): string | null {
  const { texts, entities, heads, relations, tails, schema, sources, files, names } = parts
  const textCount = texts.offsets.length - 1
  const entityCount = entities.labels.length
  const originCount = parts.originSources.length
  const sameLength = (name: string, count: number, columns: readonly { readonly length: number }[]): string | null =>
    columns.every(({ length }) => length === count) ? null : `the columns of ${name} differ in length`
  return (
    offsetFault('texts', texts.offsets, textCount, texts.bytes.length) ??
    (textCount > 0 && texts.offsets[1] === 0 ? null : 'text 0 is not the empty text') ??
    sameLength('entities', entityCount, [entities.types, entities.rarities, entities.labelsZh]) ??
    sameLength('triples', heads.length, [relations, tails]) ??
    sameLength('origins', originCount, [parts.originFiles, parts.originLines, parts.originQuotes, parts.originUrls]) ??
    sameLength('names', names.hashes.length, [names.entities]) ??
    rangeFault('entities.types', entities.types, entityTypes.length) ??
    rangeFault('entities.rarities', entities.rarities, rarities.length) ??
    rangeFault('entities.labels', entities.labels, textCount) ??
    rangeFault('entities.labelsZh', entities.labelsZh, textCount) ??
    rowsFault('entities.synonyms', entities.synonyms, entityCount, textCount) ??
    rowsFault('entities.keys', entities.keys, entityCount, textCount) ??
    rangeFault('heads', heads, entityCount) ??
    rangeFault('relations', relations, schema.relations.length) ??
    rangeFault('tails', tails, entityCount) ??
    orderFault(parts) ??
    offsetFault('originOffsets', parts.originOffsets, heads.length, originCount) ??
    rangeFault('originSources', parts.originSources, sources.length) ??
    rangeFault('originFiles', parts.originFiles, files.length) ??
    rangeFault('originQuotes', parts.originQuotes, textCount) ??
    rangeFault('originUrls', parts.originUrls, textCount) ??
    rowsFault('qualifiers', parts.qualifiers, heads.length, textCount) ??
    (parts.qualifiers.offsets.every((offset) => offset % 2 === 0) ? null : 'a qualifier has no value') ??
    rangeFault('names.entities', names.entities, entityCount) ??
    nameFault(names.hashes)
  )
}

function rangeFault(name: string, numbers: Numbers, count: number): string | null {
  for (const number of numbers) {
    if (!(number >= 0 && number < count)) return `column "${name}" holds ${number}, but there are ${count}`
  }
  return null
}

function offsetFault(name: string, offsets: Uint32Array, rowCount: number, end: number): string | null {
  if (offsets.length !== rowCount + 1 || offsets[0] !== 0) return `column "${name}" does not start every row`
  for (let row = 0; row < rowCount; row++) {
    if (offsets[row + 1]! < offsets[row]!) return `column "${name}" goes back at row ${row}`
  }
  return offsets[rowCount] === end ? null : `column "${name}" ends at ${offsets[rowCount]}, not at ${end}`
}

function rowsFault(name: string, rows: Rows, rowCount: number, valueCount: number): string | null {
  return (
    offsetFault(`${name}.offsets`, rows.offsets, rowCount, rows.values.length) ??
    rangeFault(`${name}.values`, rows.values, valueCount)
  )
}

function orderFault({ heads, relations, tails }: PackedParts): string | null {
  for (let triple = 1; triple < heads.length; triple++) {
    const before = triple - 1
    const step =
      heads[triple]! - heads[before]! || relations[triple]! - relations[before]! || tails[triple]! - tails[before]!
    if (step <= 0) return `triple ${triple} is out of order`
  }
  return null
}

function nameFault(hashes: Float64Array): string | null {
  for (let index = 0; index < hashes.length; index++) {
    const hash = hashes[index]!
    if (!Number.isSafeInteger(hash) || hash < 0 || (index > 0 && hash < hashes[index - 1]!)) {
      return `name ${index} is out of order`
    }
  }
  return null
}
