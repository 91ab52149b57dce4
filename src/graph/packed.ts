import { ConfigError, DataError } from '../core/errors.ts'
import { tripleId } from './graph.ts'
import { createRows } from './packed/columns.ts'
import { packParts } from './packed/pack.ts'
import { entityTypes, type GraphParts, type PackedParts, rarities } from './packed/parts.ts'
import { createTextPool, createTextReader, type TextPool } from './packed/texts.ts'
import { entityViews, tripleViews } from './packed/views.ts'
import { walksOver } from './packed/walks.ts'
import type { Schema } from './schema.ts'
import type { EntityType, GraphSource, PackedGraph, Rarity } from './types.ts'

const partsOfGraph = new WeakMap<PackedGraph, PackedParts>()

/**
 * The graph of entities and of what sources said of them: the same triple said twice is one triple with two origins.
 *
 * @throws {ConfigError} when the schema has more relations than a packed graph can number
 */
export function packGraph(parts: GraphParts): PackedGraph {
  if (parts.schema.relations.length > 0xffff) throw new ConfigError('a packed graph has at most 65,535 relations')
  return openGraph(packParts(parts))
}

/**
 * The columns that a graph stands in.
 *
 * @throws {DataError} when the graph was not made by this module
 */
export function partsOf(graph: PackedGraph): PackedParts {
  const parts = partsOfGraph.get(graph)
  if (parts === undefined)
    throw new DataError('the graph does not stand in columns', { hint: 'build it with packGraph' })
  return parts
}

/** The graph over packed columns, which are taken to be whole: `readPacked` checks those of a file. */
export function openGraph(parts: PackedParts): PackedGraph {
  const { schema, sources, hash, entities, heads } = parts
  const textOf = createTextReader(parts.texts)
  const numberOf = new Map(schema.relations.map(({ name }, index) => [name, index]))
  const views = entityViews(parts, textOf)
  const graph: PackedGraph = {
    schema,
    sources,
    hash,
    entityCount: entities.labels.length,
    tripleCount: heads.length,
    // The schema knows what to say of an unknown name.
    relationOf: (name) => numberOf.get(name) ?? numberOf.get(schema.relation(name).name)!,
    ...views,
    ...tripleViews(parts, textOf),
    tripleIdOf: (triple) => {
      const [head, tail] = [graph.headOf(triple), graph.tailOf(triple)]
      return tripleId(views.entityIdOf(head), schema.relations[parts.relations[triple]!]!.name, views.entityIdOf(tail))
    },
    ...walksOver(parts),
  }
  partsOfGraph.set(graph, parts)
  return graph
}

/** An entity as {@link packTriples} takes it. */
export type EntitySketch = {
  readonly label: string
  readonly type: EntityType
  readonly synonyms?: readonly string[]
  readonly keys?: readonly string[]
  readonly rarity?: Rarity
  readonly labelZh?: string
}

/** Head label, relation, tail label and, where several sources are given, the name of the one that says it. */
export type TripleSketch = readonly [head: string, relation: string, tail: string, source?: string]

const sketchSource: GraphSource = {
  name: 'sketch',
  revision: '1',
  license: 'CC0-1.0',
  isPublishable: true,
  closedRelations: [],
  files: [],
}

/**
 * A small graph written by hand: entities are numbered in the order given, triples are by label, each cites its place
 * in the list as a line.
 *
 * @param sources the first one says what names no source
 * @throws {DataError} for a label that is unknown or given twice, and for an unknown source
 * @throws {ConfigError} for an unknown relation
 */
export function packTriples(
  schema: Schema,
  entities: readonly EntitySketch[],
  triples: readonly TripleSketch[],
  sources: readonly GraphSource[] = [sketchSource],
): PackedGraph {
  const pool = createTextPool()
  const numbers = new Map(entities.map(({ label }, index) => [label, index]))
  if (numbers.size < entities.length) throw new DataError('two entities of the sketch have one label')
  const numberOf = (label: string): number => {
    const number = numbers.get(label)
    if (number === undefined) throw new DataError(`the sketch has no entity "${label}"`)
    return number
  }
  const sourceOf = (name: string | undefined): number => {
    const index = name === undefined ? 0 : sources.findIndex((source) => source.name === name)
    if (sources[index] === undefined) throw new DataError(`the sketch has no source "${name ?? ''}"`)
    return index
  }
  const { synonyms, keys } = sketchRows(entities, pool)
  const qualifiers = createRows()
  for (const _ of triples) qualifiers.push([])
  const count = triples.length
  return packGraph({
    schema,
    sources,
    files: ['sketch'],
    entities: {
      types: Uint8Array.from(entities, ({ type }) => entityTypes.indexOf(type)),
      rarities: Uint8Array.from(entities, ({ rarity }) => rarities.indexOf(rarity)),
      labels: Uint32Array.from(entities, ({ label }) => pool.number(label)),
      labelsZh: Uint32Array.from(entities, ({ labelZh }) => pool.number(labelZh ?? '')),
      synonyms,
      keys,
    },
    statements: {
      heads: Int32Array.from(triples, ([head]) => numberOf(head)),
      relations: Uint16Array.from(triples, ([, relation]) => schema.relations.indexOf(schema.relation(relation))),
      tails: Int32Array.from(triples, ([, , tail]) => numberOf(tail)),
      sources: Uint16Array.from(triples, ([, , , source]) => sourceOf(source)),
      files: new Uint32Array(count),
      lines: Uint32Array.from({ length: count }, (_, index) => index + 1),
      quotes: new Uint32Array(count),
      urls: new Uint32Array(count),
      qualifiers: qualifiers.finish(),
    },
    texts: pool.finish(),
  })
}

function sketchRows(entities: readonly EntitySketch[], pool: TextPool) {
  const [synonyms, keys] = [createRows(), createRows()]
  for (const entity of entities) {
    synonyms.push((entity.synonyms ?? []).map(pool.number))
    keys.push((entity.keys ?? []).map(pool.number))
  }
  return { synonyms: synonyms.finish(), keys: keys.finish() }
}
