import { ConfigError } from '../core/errors.ts'
import { sha256Hex } from '../core/hash.ts'
import { hashInputs } from './build-inputs.ts'
import { type BuildReport, createRejections, type RejectionCounter } from './build-report.ts'
import { createStatements, type Kept, type StatementsBuilder } from './build-statements.ts'
import { clinicalSchema } from './clinical.ts'
import { type EntityColumns, entityTypes } from './packed/parts.ts'
import { createTextPool, type TextPool } from './packed/texts.ts'
import { packGraph } from './packed.ts'
import { type Resolution, resolveEntities } from './resolve.ts'
import { createRecords, type RecordsBuilder } from './resolve-records.ts'
import type { Schema } from './schema.ts'
import type { EntityType, GraphSource, KnowledgeSource, PackedGraph, SourceInput } from './types.ts'

export type { BuildReport, Rejections, SourceReport } from './build-report.ts'

/** A source to build from: its reader, what to read, and what is known of it. */
export type SourcePlan = {
  readonly source: KnowledgeSource
  /** As origins name it; no two plans of a graph have one name. */
  readonly name: string
  /** Null: what the file says of itself, else the beginning of its SHA-256. */
  readonly revision: string | null
  /** Null: what the file says of itself, else what the reader knows. */
  readonly license: string | null
  readonly input: SourceInput
  /** SHA-256 by file, as `input` names it: other bytes are refused. */
  readonly sha256?: Readonly<Record<string, string>>
}

type BuildOptions = {
  /** The clinical schema unless given. */
  readonly schema?: Schema
  /** Ends the build between two records. */
  readonly signal?: AbortSignal
}

/**
 * One graph from several sources: their records read once as a stream, entities resolved, triples checked against the
 * schema and joined; and the report of what became of every record.
 *
 * A triple is rejected, and counted by reason, when an end is unknown, its relation is not in the schema, an end has a
 * type that the relation does not take, its ends turn out to be one entity, or an `is_a` joins things of different
 * kinds.
 * Memory holds numbers and one copy of each text, so its size is that of the graph, not of the files.
 *
 * @param plans in order of trust: the first source that names an entity gives it its label and type
 * @throws {ConfigError} when two plans share a name, or pins name no file
 * @throws {AuditError} when a file is not the one that is pinned
 * @throws {DataError} from a source, when a file is not of its form
 */
export async function buildGraph(
  plans: readonly SourcePlan[],
  options: BuildOptions = {},
): Promise<{ readonly graph: PackedGraph; readonly report: BuildReport }> {
  const { schema = clinicalSchema, signal } = options
  const names = new Set<string>()
  for (const { name } of plans) {
    if (names.has(name)) throw new ConfigError(`two sources are named "${name}"`, { hint: 'give one another name' })
    names.add(name)
  }
  const pool = createTextPool()
  const reading: Reading = {
    pool,
    records: createRecords(pool),
    statements: createStatements(pool),
    files: createNumbering(),
  }
  const read: ReadSource[] = []
  for (const [index, plan] of plans.entries()) read.push(await readSource(plan, index, reading, signal))
  const resolution = resolveEntities(reading.records.finish(), pool)
  const keptCounts = new Array<number>(plans.length).fill(0)
  const kept = checkStatements(schema, reading, resolution, read, keptCounts)
  const statements = reading.statements.finish(kept)
  const graph = packGraph({
    schema,
    sources: read.map(({ described }) => described),
    files: reading.files.names,
    texts: pool.finish(),
    entities: resolution.entities,
    statements,
  })
  return {
    graph,
    report: {
      hash: graph.hash,
      entities: graph.entityCount,
      triples: graph.tripleCount,
      sources: read.map(({ described, entityRecords, tripleRecords, rejections }, index) => ({
        ...described,
        entityRecords,
        tripleRecords,
        keptTriples: keptCounts[index]!,
        rejected: rejections.finish(),
      })),
      resolution: resolution.report,
    },
  }
}

type Reading = {
  readonly pool: TextPool
  readonly records: RecordsBuilder
  readonly statements: StatementsBuilder
  readonly files: Numbering
}

type Numbering = { readonly names: readonly string[]; number(name: string): number }

function createNumbering(): Numbering {
  const names: string[] = []
  const numbers = new Map<string, number>()
  return {
    names,
    number: (name) => {
      let number = numbers.get(name)
      if (number === undefined) {
        number = names.push(name) - 1
        numbers.set(name, number)
      }
      return number
    },
  }
}

type ReadSource = {
  readonly described: GraphSource & { readonly reader: string }
  readonly entityRecords: number
  readonly tripleRecords: number
  readonly rejections: RejectionCounter
}

async function readSource(
  plan: SourcePlan,
  index: number,
  { records, statements, files }: Reading,
  signal: AbortSignal | undefined,
): Promise<ReadSource> {
  const hashed = hashInputs(plan.input, plan.sha256)
  const rejections = createRejections()
  const [recordsBefore, statementsBefore] = [records.length, statements.length]
  let about: { readonly revision?: string; readonly license?: string } = {}
  let { isPublishable } = plan.source
  const families = new Set(plan.source.families)
  for await (const record of plan.source.read(plan.input)) {
    signal?.throwIfAborted()
    if (record.kind === 'about') {
      about = { ...about, ...record }
      if (record.isPublishable === false) isPublishable = false
      for (const family of record.families ?? []) families.add(family)
    } else if (record.kind === 'rejected') rejections.add(record.reason, record.file, record.line, record.detail)
    else if (record.kind === 'triple') statements.push(record, index, files.number(record.file))
    else if (record.label.trim() === '') rejections.add('entity without a label', record.file, record.line, record.key)
    else if (!entityTypes.includes(record.type)) {
      rejections.add('unknown entity type', record.file, record.line, record.type)
    } else records.push(record, index)
  }
  return {
    described: {
      name: plan.name,
      reader: plan.source.name,
      ...(families.size === 0 ? {} : { families: [...families] }),
      revision: plan.revision ?? about.revision ?? contentRevision(hashed),
      license: plan.license ?? about.license ?? plan.source.license,
      isPublishable,
      closedRelations: plan.source.closedRelations,
      files: hashed,
    },
    entityRecords: records.length - recordsBefore,
    tripleRecords: statements.length - statementsBefore,
    rejections,
  }
}

/** A source that names no revision is known by what it holds. */
function contentRevision(files: GraphSource['files']): string {
  const [only, ...others] = files
  const hash =
    only !== undefined && others.length === 0 ? only.sha256 : sha256Hex(files.map((f) => f.sha256).join('\n'))
  return `sha256:${hash.slice(0, 12)}`
}

function* checkStatements(
  schema: Schema,
  { pool, statements, files }: Reading,
  resolution: Resolution,
  read: readonly ReadSource[],
  keptCounts: number[],
): Generator<Kept> {
  const check = createCheck(schema, resolution.entities)
  const relationNumbers = new Map(schema.relations.map(({ name }, number) => [pool.number(name), number]))
  for (let index = 0; index < statements.length; index++) {
    const said = statements.at(index)
    const relation = relationNumbers.get(said.relation) ?? -1
    const head = resolution.entityOf(said.head)
    const tail = resolution.entityOf(said.tail)
    const fault = check(head, relation, tail)
    if (fault === null) {
      keptCounts[said.source]! += 1
      yield { index, head, relation, tail }
      continue
    }
    const detail = [said.head, said.relation, said.tail].map(pool.textOf).join(' ')
    read[said.source]!.rejections.add(fault, files.names[said.file]!, said.line, detail)
  }
}

/** Why a triple cannot stand in the graph, in few fixed words, or null when it can. */
function createCheck(schema: Schema, { types }: EntityColumns) {
  const ends = schema.relations.map(({ name, domain, range }) => ({
    isTaxonomy: name === 'is_a',
    domain: new Set(domain),
    range: new Set(range),
  }))
  return (head: number, relation: number, tail: number): string | null => {
    const allowed = ends[relation]
    if (allowed === undefined) return 'unknown relation'
    if (head === -1) return 'unknown head'
    if (tail === -1) return 'unknown tail'
    if (head === tail) return 'ends are one entity'
    const [headType, tailType] = [entityTypes[types[head]!]!, entityTypes[types[tail]!]!]
    if (!allowed.domain.has(headType)) return `head is a ${headType}`
    if (!allowed.range.has(tailType)) return `tail is a ${tailType}`
    return allowed.isTaxonomy && kindOf(headType) !== kindOf(tailType) ? 'is_a of another kind' : null
  }
}

function kindOf(type: EntityType): EntityType {
  if (type === 'group') return 'disease'
  return type === 'drug-class' ? 'drug' : type
}
