/** Any table whose columns are declared: each row an entity, or two entities and a triple. */

import { ConfigError } from '../../core/errors.ts'
import type { EntityRecord, EntityType, KnowledgeSource, RejectedRecord, SourceRecord } from '../types.ts'
import {
  type ColumnEntity,
  type ColumnKey,
  type ColumnMany,
  type ColumnMapping,
  type ColumnRule,
  columnsOf,
  readMapping,
} from './column-mapping.ts'
import { nameKey, normaliseCurie } from './curie.ts'
import { readDelimited } from './delimited.ts'
import { createFirsts, entityRecord, fileOf, joins, type Place, rejected, tripleRecord } from './source-kit.ts'

/** A cell of the row, by the name of its column. */
type Cells = (column: string) => string

/**
 * The records of a table under a mapping. Every row gives something or is rejected.
 *
 * @throws {DataError} when the file has no header with the columns of the mapping
 */
async function* readColumns(file: string, mapping: ColumnMapping): AsyncGenerator<SourceRecord> {
  const { license, revision } = mapping
  if (license !== undefined || revision !== undefined) {
    yield {
      kind: 'about',
      ...(revision === undefined ? {} : { revision }),
      ...(license === undefined ? {} : { license }),
    }
  }
  const isFirst = createFirsts()
  const rules = mapping.rules?.map(readyRule)
  let indexOf: ReadonlyMap<string, number> | null = null
  for await (const row of readDelimited(file, mapping.format, columnsOf(mapping))) {
    const place = { file, line: row.line }
    if (row.kind === 'malformed') {
      yield rejected(place, 'malformed row', row.detail)
    } else if (indexOf === null) {
      indexOf = new Map(row.fields.map((name, index) => [name, index]))
    } else {
      const columns: ReadonlyMap<string, number> = indexOf
      const cell: Cells = (name) => row.fields[columns.get(name)!]!.trim()
      yield* rules === undefined ? entityRow(place, cell, mapping) : tripleRow(place, cell, mapping, rules, isFirst)
    }
  }
}

function* entityRow(place: Place, cell: Cells, mapping: ColumnMapping): Generator<SourceRecord> {
  for (const spec of Object.values(mapping.entities)) {
    const entity = readEntity(place, cell, spec)
    if ('reason' in entity) yield entity
    else if (entity.record !== null) yield entity.record
  }
}

function* tripleRow(
  place: Place,
  cell: Cells,
  mapping: ColumnMapping,
  rules: readonly ReadyRule[],
  isFirst: (key: string) => boolean,
): Generator<SourceRecord> {
  const rule = rules.find(({ tests }) => tests.every((test) => test(cell)))?.rule
  if (rule === undefined) {
    const value = mapping.otherwise === undefined ? '' : cell(mapping.otherwise)
    const reason =
      mapping.otherwise === undefined ? 'no rule fits' : `${mapping.otherwise} without counterpart: ${value}`
    yield rejected(place, reason.slice(0, 60), value)
    return
  }
  if (rule.reject !== undefined) {
    yield rejected(place, rule.reject, '')
    return
  }
  const head = readEntity(place, cell, mapping.entities[rule.head!]!)
  const tail = readEntity(place, cell, mapping.entities[rule.tail!]!)
  const relation = typeof rule.relation === 'string' ? rule.relation : lookUp(cell, rule.relation!)
  const qualifiers = Object.fromEntries(Object.entries(rule.qualifiers ?? {}).map(([name, of]) => [name, cell(of)]))
  if ('reason' in head) yield head
  else if ('reason' in tail) yield tail
  else if (relation === undefined) {
    const { column } = rule.relation as { column: string }
    yield rejected(place, `${column} without counterpart: ${cell(column)}`.slice(0, 60), cell(column))
  } else if (head.key === tail.key) yield rejected(place, 'joined to itself', head.key)
  else if (!joins(relation, head.type, tail.type)) {
    yield rejected(place, 'ends do not fit the relation', `${head.type} ${relation} ${tail.type}`)
  } else {
    for (const end of [head, tail]) if (end.record !== null && isFirst(end.key)) yield end.record
    yield tripleRecord(place, head.key, relation, tail.key, { qualifiers })
  }
}

type Test = (cell: Cells) => boolean
/** A rule with its conditions made ready: a table has millions of rows and tries twenty rules on each. */
type ReadyRule = { readonly rule: ColumnRule; readonly tests: readonly Test[] }

function readyRule(rule: ColumnRule): ReadyRule {
  const tests: Test[] = []
  for (const [column, values] of Object.entries(rule.when ?? {})) {
    const accepted = new Set(values)
    tests.push((cell) => accepted.has(cell(column)))
  }
  for (const [column, { above = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY }] of Object.entries(
    rule.within ?? {},
  )) {
    tests.push((cell) => {
      const text = cell(column)
      const value = text === '' ? Number.NaN : Number(text)
      // A cell without a number is NaN, which lies between no bounds.
      return value > above && value < below
    })
  }
  const { isOrdered } = rule
  if (isOrdered !== undefined) tests.push((cell) => cell(isOrdered[0]) < cell(isOrdered[1]))
  return { rule, tests }
}

type ReadEntity = { readonly key: string; readonly type: EntityType; readonly record: EntityRecord }
/** Only referred to: another file names it. */
type Reference = { readonly key: string; readonly type: EntityType; readonly record: null }

function readEntity(place: Place, cell: Cells, spec: ColumnEntity): ReadEntity | Reference | RejectedRecord {
  const type = typeof spec.type === 'string' ? spec.type : lookUp(cell, spec.type)
  if (type === undefined) {
    const { column, until } = spec.type as { column: string; until?: string }
    return rejected(place, `type without counterpart: ${before(cell(column), until)}`.slice(0, 60), cell(column))
  }
  const key = readKey(cell, spec.key)
  if (key === null) {
    const column = typeof spec.key === 'string' ? spec.key : spec.key.column
    return rejected(place, `no identifier in ${column}`, cell(column))
  }
  if (spec.label === undefined) return { key, type, record: null }
  const heading = cell(spec.label)
  if (heading === '') return rejected(place, `no name in ${spec.label}`, key)
  const label = spec.isInverted === true ? heading.split(', ').reverse().join(' ') : heading
  const synonyms = (spec.synonyms ?? []).flatMap((many) => readMany(cell, many))
  const xrefs = (spec.xrefs ?? []).flatMap((many) => readMany(cell, many).map(normaliseCurie))
  const record = entityRecord(place, {
    key,
    label,
    type,
    synonyms: [heading, ...synonyms],
    xrefs: xrefs.filter((xref) => xref !== null),
    labelZh: spec.labelZh === undefined ? undefined : cell(spec.labelZh),
  })
  return { key, type, record }
}

function readKey(cell: Cells, spec: ColumnKey): string | null {
  if (typeof spec === 'string') return normaliseCurie(cell(spec))
  let text = cell(spec.column)
  if (spec.after !== undefined) {
    const at = text.indexOf(spec.after)
    if (at === -1) return null
    text = text.slice(at + spec.after.length)
  }
  if (text === '') return null
  const prefix = typeof spec.prefix === 'object' ? lookUp(cell, spec.prefix) : spec.prefix
  if (prefix === undefined && spec.prefix !== undefined) return null
  if (prefix === undefined || prefix === '') return normaliseCurie(text)
  return spec.isName === true ? nameKey(prefix, text) : normaliseCurie(`${prefix}:${text}`)
}

function readMany(cell: Cells, { column, separator, prefix }: ColumnMany): string[] {
  const text = cell(column)
  const parts = separator === undefined ? [text] : text.split(separator)
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (prefix === undefined ? part : `${prefix}:${part}`))
}

function lookUp<Value>(
  cell: Cells,
  spec: {
    readonly column: string
    readonly until?: string | undefined
    readonly values: Readonly<Record<string, Value>>
  },
): Value | undefined {
  const text = before(cell(spec.column), spec.until)
  return Object.hasOwn(spec.values, text) ? spec.values[text] : undefined
}

function before(text: string, separator: string | undefined): string {
  const at = separator === undefined ? -1 : text.indexOf(separator)
  return at === -1 ? text : text.slice(0, at)
}

/** A source that reads one file under a mapping built in. */
export function columnSource(
  about: Omit<KnowledgeSource, 'read' | 'files'> & { readonly file: string; readonly mapping: ColumnMapping },
): KnowledgeSource {
  const { file, mapping, ...rest } = about
  return { ...rest, files: [file], read: (input) => readColumns(fileOf(input, about.name, file), mapping) }
}

/** Any CSV or TSV file with a mapping in YAML; its licence is the one the mapping names. */
export const columns: KnowledgeSource = {
  name: 'columns',
  title: 'CSV or TSV with a declared mapping',
  files: ['a table'],
  license: 'as the mapping says',
  isPublishable: true,
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => {
    if (input.mapping === undefined) {
      throw new ConfigError('source "columns" needs a mapping', { hint: 'add mapping: file.yaml; see docs/formats.md' })
    }
    return readColumns(fileOf(input, 'columns', 'a table'), readMapping(input.mapping))
  },
}
