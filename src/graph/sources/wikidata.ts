import { z } from 'zod'
import { ConfigError, DataError } from '../../core/errors.ts'
import { entityTypes } from '../packed/parts.ts'
import type { EntityType, KnowledgeSource, SourceInput, SourceRecord } from '../types.ts'
import { curieOfIri, normaliseCurie } from './curie.ts'
import { streamObjects } from './json-stream.ts'
import { createFirsts, entityRecord, joins, type Place, rejected, tripleRecord } from './source-kit.ts'
import { wikidataIdentifiers, wikidataProperties } from './wikidata-properties.ts'

/**
 * Answers of the Wikidata query service, as JSON, any number of pages: `fetchWikidata` writes them. Each row has
 * `item`, `property` and `value`, with `itemLabel`, `itemLabelZh`, `valueLabel` and `valueLabelZh` where there are any.
 */
export const wikidata: KnowledgeSource = {
  name: 'wikidata',
  title: 'Wikidata query results',
  files: ['pages of SPARQL results as JSON, one or more'],
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['wikidata'],
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => readPages(input),
}

const termSchema = z.looseObject({ type: z.string(), value: z.string(), 'xml:lang': z.string().optional() })
const bindingSchema = z.record(z.string(), termSchema)
type Binding = z.infer<typeof bindingSchema>

const relationOf = new Map(wikidataProperties.map((row) => [row.property, row]))
const prefixOf = new Map(wikidataIdentifiers.map(({ property, prefix }) => [property, prefix]))

async function* readPages(input: SourceInput): AsyncGenerator<SourceRecord> {
  if (input.files.length === 0) {
    throw new ConfigError('source "wikidata" takes at least one file', { hint: 'name the pages that were fetched' })
  }
  const typeOf = await settleTypes(input.files)
  const isFirst = createFirsts()
  for (const file of input.files) {
    let isHead = false
    for await (const { path, value, line } of streamObjects(file, ['head', 'results.bindings'])) {
      if (path === 'head') isHead = true
      else yield* readBinding({ file, line }, value, typeOf, isFirst)
    }
    if (!isHead) {
      throw new DataError('these are no SPARQL results: there is no "head"', {
        file,
        hint: 'ask the query service with Accept: application/sparql-results+json',
      })
    }
  }
}

type TypeOf = (key: string, type: EntityType) => EntityType

/**
 * The type of each item: an item of the class of diseases is one, whatever else points at it as a finding or a factor; any
 * other has the first of the types in which properties name it, in the order of the schema.
 */
async function settleTypes(files: readonly string[]): Promise<TypeOf> {
  const types = new Map<string, EntityType>()
  const note = (key: string | null, type: EntityType): void => {
    const known = key === null ? undefined : types.get(key)
    if (key !== null && (known === undefined || entityTypes.indexOf(type) < entityTypes.indexOf(known))) {
      types.set(key, type)
    }
  }
  for (const file of files) {
    for await (const { path, value } of streamObjects(file, ['head', 'results.bindings'])) {
      const parsed = path === 'head' ? null : bindingSchema.safeParse(value)
      if (parsed?.success !== true) continue
      const property = text(parsed.data, 'property').split('/').at(-1) ?? ''
      const known = relationOf.get(property)
      if (known === undefined && !prefixOf.has(property)) continue
      note(keyOf(parsed.data, 'item'), known?.head ?? 'disease')
      if (known !== undefined) note(keyOf(parsed.data, 'value'), known.tail)
    }
  }
  return (key, type) => types.get(key) ?? type
}

function* readBinding(
  place: Place,
  value: unknown,
  typeOf: TypeOf,
  isFirst: (key: string) => boolean,
): Generator<SourceRecord> {
  const parsed = bindingSchema.safeParse(value)
  if (!parsed.success) return yield rejected(place, 'malformed row', z.prettifyError(parsed.error))
  const row = parsed.data
  const item = keyOf(row, 'item')
  const property = text(row, 'property').split('/').at(-1)!
  const known = relationOf.get(property)
  const prefix = prefixOf.get(property)
  if (item === null) return yield rejected(place, 'item is no Wikidata item', text(row, 'item'))
  if (known === undefined && prefix === undefined) {
    return yield rejected(place, `property without counterpart: ${property}`.slice(0, 60), text(row, 'value'))
  }
  if (known === undefined) return yield* readIdentifier(place, row, item, prefix!, typeOf)
  const other = keyOf(row, 'value')
  if (other === null) return yield rejected(place, 'value is no Wikidata item', text(row, 'value'))
  if (item === other) return yield rejected(place, 'joined to itself', item)
  const head = readItem(place, row, 'item', item, typeOf(item, known.head))
  const tail = readItem(place, row, 'value', other, typeOf(other, known.tail))
  if (head === null || tail === null) return yield rejected(place, 'no English name', head === null ? item : other)
  for (const end of [head, tail]) if (isFirst(end.key)) yield end
  const [from, to] = known.isBackward === true ? [tail, head] : [head, tail]
  if (!joins(known.relation, from.type, to.type)) {
    return yield rejected(place, 'type does not fit the relation', `${from.type} ${known.relation} ${to.type}`)
  }
  const id = item.slice(item.indexOf(':') + 1)
  yield tripleRecord(place, from.key, known.relation, to.key, {
    qualifiers: { property },
    url: `https://www.wikidata.org/wiki/${id}#${property}`,
  })
}

function* readIdentifier(
  place: Place,
  row: Binding,
  key: string,
  prefix: string,
  typeOf: TypeOf,
): Generator<SourceRecord> {
  const given = text(row, 'value')
  const xref = normaliseCurie(prefix === '' ? given : `${prefix}:${given}`)
  if (xref === null) return yield rejected(place, 'identifier of no known form', given)
  const entity = readItem(place, row, 'item', key, typeOf(key, 'disease'))
  if (entity === null) return yield rejected(place, 'no English name', key)
  yield entityRecord(place, { ...entity, xrefs: [xref] })
}

function readItem(place: Place, row: Binding, name: 'item' | 'value', key: string, type: EntityType) {
  const label = text(row, `${name}Label`)
  // The label service gives the item's number where there is no name.
  if (label === '' || /^Q\d+$/.test(label)) return null
  const labelZh = text(row, `${name}LabelZh`)
  return entityRecord(place, { key, label, type, labelZh: /^Q\d+$/.test(labelZh) ? '' : labelZh })
}

function keyOf(row: Binding, name: string): string | null {
  const term = row[name]
  const key = term?.type === 'uri' ? curieOfIri(term.value) : null
  return key !== null && /^WIKIDATA:Q\d+$/.test(key) ? key : null
}

function text(row: Binding, name: string): string {
  return row[name]?.value.trim() ?? ''
}
