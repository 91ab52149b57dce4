import { countUp, createColumn, createRows, type Rows, rowOf, sortByKey } from './columns.ts'
import { hashParts } from './hash.ts'
import { indexNames } from './names.ts'
import type { EntityColumns, GraphParts, PackedParts, StatementColumns } from './parts.ts'
import { createTextReader, type TextTable } from './texts.ts'

/**
 * Statements sorted and joined to triples, texts numbered in the order of use, names indexed, content hashed: the same
 * knowledge gives the same columns, in whatever order it was said.
 */
export function packParts(parts: GraphParts): PackedParts {
  const textOf = createTextReader(parts.texts)
  const renumber = createRenumbering(parts.texts)
  const entities = renumberEntities(parts.entities, renumber.number)
  const { schema, sources, files, statements } = parts
  const order = sortStatements(statements, parts.entities.labels.length, schema.relations.length, sources.length)
  const triples = joinStatements(statements, order, renumber.number, textOf)
  const texts = renumber.finish()
  const body = { schema, sources, files, texts, entities, ...triples }
  return { ...body, names: indexNames(texts, entities), hash: hashParts(body) }
}

type Numbering = (text: number) => number

/** Gives old text numbers new ones in the order in which they are asked for; what nobody asks for is dropped. */
function createRenumbering(texts: TextTable): { readonly number: Numbering; finish(): TextTable } {
  const newNumbers = new Int32Array(texts.offsets.length - 1).fill(-1)
  const olds = createColumn(Uint32Array)
  const number: Numbering = (text) => {
    if (newNumbers[text] === -1) {
      newNumbers[text] = olds.length
      olds.push(text)
    }
    return newNumbers[text]!
  }
  number(0)
  const finish = (): TextTable => {
    const offsets = new Uint32Array(olds.length + 1)
    for (let text = 0; text < olds.length; text++) {
      const old = olds.at(text)
      offsets[text + 1] = offsets[text]! + texts.offsets[old + 1]! - texts.offsets[old]!
    }
    const bytes = new Uint8Array(offsets[olds.length]!)
    for (let text = 0; text < olds.length; text++) {
      const old = olds.at(text)
      bytes.set(texts.bytes.subarray(texts.offsets[old], texts.offsets[old + 1]), offsets[text])
    }
    return { bytes, offsets }
  }
  return { number, finish }
}

function renumberEntities(entities: EntityColumns, number: Numbering): EntityColumns {
  const count = entities.labels.length
  const labels = new Uint32Array(count)
  const labelsZh = new Uint32Array(count)
  const [synonyms, keys] = [createRows(), createRows()]
  for (let entity = 0; entity < count; entity++) {
    labels[entity] = number(entities.labels[entity]!)
    labelsZh[entity] = number(entities.labelsZh[entity]!)
    synonyms.push(Array.from(rowOf(entities.synonyms, entity), number))
    keys.push(Array.from(rowOf(entities.keys, entity), number))
  }
  return {
    types: entities.types,
    rarities: entities.rarities,
    labels,
    labelsZh,
    synonyms: synonyms.finish(),
    keys: keys.finish(),
  }
}

/** By head, relation, tail, source, file and line. */
function sortStatements(
  statements: StatementColumns,
  entityCount: number,
  relationCount: number,
  sourceCount: number,
): Int32Array {
  const { heads, relations, tails, sources, files, lines } = statements
  // The least important key first: each pass keeps the order of the passes before.
  let order = countUp(heads.length).sort((a, b) => files[a]! - files[b]! || lines[a]! - lines[b]! || a - b)
  order = sortByKey(order, sources, sourceCount)
  order = sortByKey(order, tails, entityCount)
  order = sortByKey(order, relations, relationCount)
  return sortByKey(order, heads, entityCount)
}

type JoinedTriples = Omit<PackedParts, 'schema' | 'sources' | 'files' | 'texts' | 'entities' | 'names' | 'hash'>

function joinStatements(
  statements: StatementColumns,
  order: Int32Array,
  number: Numbering,
  textOf: (text: number) => string,
): JoinedTriples {
  const heads = createColumn(Int32Array)
  const relations = createColumn(Uint16Array)
  const tails = createColumn(Int32Array)
  const originOffsets = createColumn(Uint32Array)
  const origins = createOrigins(statements, number)
  const qualifiers = createRows()
  originOffsets.push(0)
  for (let start = 0; start < order.length; ) {
    const first = order[start]!
    let end = start + 1
    while (end < order.length && isSameTriple(statements, first, order[end]!)) end += 1
    const group = order.subarray(start, end)
    heads.push(statements.heads[first]!)
    relations.push(statements.relations[first]!)
    tails.push(statements.tails[first]!)
    qualifiers.push(joinQualifiers(statements.qualifiers, group, textOf).map(number))
    origins.push(group)
    originOffsets.push(origins.length)
    start = end
  }
  return {
    heads: heads.finish(),
    relations: relations.finish(),
    tails: tails.finish(),
    originOffsets: originOffsets.finish(),
    ...origins.finish(),
    qualifiers: qualifiers.finish(),
  }
}

function isSameTriple({ heads, relations, tails }: StatementColumns, a: number, b: number): boolean {
  return heads[a] === heads[b] && relations[a] === relations[b] && tails[a] === tails[b]
}

function createOrigins(statements: StatementColumns, number: Numbering) {
  const sources = createColumn(Uint16Array)
  const files = createColumn(Uint32Array)
  const lines = createColumn(Uint32Array)
  const quotes = createColumn(Uint32Array)
  const urls = createColumn(Uint32Array)
  const isSamePlace = (a: number, b: number): boolean =>
    statements.sources[a] === statements.sources[b] &&
    statements.files[a] === statements.files[b] &&
    statements.lines[a] === statements.lines[b] &&
    statements.quotes[a] === statements.quotes[b]
  return {
    get length() {
      return sources.length
    },
    push: (group: Int32Array): void => {
      group.forEach((statement, index) => {
        // Two rows that became one triple by resolution may stand at one place.
        if (index > 0 && isSamePlace(statement, group[index - 1]!)) return
        sources.push(statements.sources[statement]!)
        files.push(statements.files[statement]!)
        lines.push(statements.lines[statement]!)
        quotes.push(number(statements.quotes[statement]!))
        urls.push(number(statements.urls[statement]!))
      })
    },
    finish: () => ({
      originSources: sources.finish(),
      originFiles: files.finish(),
      originLines: lines.finish(),
      originQuotes: quotes.finish(),
      originUrls: urls.finish(),
    }),
  }
}

/** Names and values in turn, each pair once: the name of a second value comes twice. */
function joinQualifiers(qualifiers: Rows, group: Int32Array, textOf: (text: number) => string): number[] {
  const pairs: (readonly [number, number])[] = []
  for (const statement of group) {
    const row = rowOf(qualifiers, statement)
    for (let index = 0; index < row.length; index += 2) {
      const [name, value] = [row[index]!, row[index + 1]!]
      if (!pairs.some((pair) => pair[0] === name && pair[1] === value)) pairs.push([name, value])
    }
  }
  if (pairs.length < 2) return pairs.flat()
  const nameOrder = new Map(pairs.map(([name]) => [name, textOf(name)]))
  return pairs.sort((a, b) => (a[0] === b[0] ? 0 : nameOrder.get(a[0])! < nameOrder.get(b[0])! ? -1 : 1)).flat()
}
