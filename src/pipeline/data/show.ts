import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../core/errors.ts'
import { graphFile, readPacked } from '../../graph/packed-file.ts'
import type { EntityType, Origin, PackedGraph, Rarity } from '../../graph/types.ts'
import { nearestNames } from './show-near.ts'

/** An entity as an end of a triple. */
export type EndView = { readonly id: string; readonly label: string; readonly type: EntityType }

/** A triple with everything that the graph knows of it. */
export type TripleView = {
  readonly id: string
  readonly head: EndView
  readonly relation: string
  readonly tail: EndView
  /** It in words: "Examplosis is eased by rest". */
  readonly sentence: string
  readonly qualifiers: Readonly<Record<string, string>>
  readonly origins: readonly Origin[]
}

/** The triples of one relation at an entity, in one direction. */
export type RelationView = {
  readonly relation: string
  /** `forward`: the entity is the head. */
  readonly direction: 'forward' | 'backward'
  readonly total: number
  /** The first of them, by neighbour. */
  readonly triples: readonly TripleView[]
}

export type EntityView = EndView & {
  readonly labelZh: string | null
  readonly rarity: Rarity | null
  readonly synonyms: readonly string[]
  readonly keys: readonly string[]
  readonly triples: number
  readonly relations: readonly RelationView[]
}

/** What a name means in a graph: entities, or the one triple that an id names. */
export type Shown = {
  readonly hash: string
  readonly entities: readonly EntityView[]
  readonly triple: TripleView | null
}

/** Triples of one relation that are shown unless told. */
export const shownTriples = 20

const entityIdForm = /^entity_[0-9a-f]{24}$/
const tripleIdForm = /^triple_[0-9a-f]{24}$/

/**
 * The graph of a data run.
 *
 * @param dir the folder of the run, or that of its graph
 * @throws {ConfigError} when there is no graph in it
 * @throws {AuditError} when the file is not what its hashes say, as `readPacked`
 */
export function openDataGraph(dir: string): PackedGraph {
  const found = [dir, join(dir, 'graph')].find((folder) => existsSync(join(folder, graphFile)))
  if (found === undefined) {
    throw new ConfigError(`there is no graph in ${dir}`, {
      hint: `expected ${graphFile} there or in its folder graph: give the folder of a data run, which \`fleming data\` makes`,
    })
  }
  return readPacked(found)
}

/**
 * What a graph says of whatever has this name, with the places where it was said: every entity that has it as label,
 * synonym or key, or the entity or triple of an id, as questions cite them.
 *
 * @param options.limit triples of one relation and direction at most; {@link shownTriples} unless told
 * @throws {ConfigError} when nothing has the name; the hint lists near names
 */
export function showNamed(graph: PackedGraph, name: string, options: { readonly limit?: number } = {}): Shown {
  const { limit = shownTriples } = options
  if (tripleIdForm.test(name)) {
    const triple = findIndex(graph.tripleCount, (index) => graph.tripleIdOf(index) === name)
    if (triple !== null) return { hash: graph.hash, entities: [], triple: viewTriple(graph, triple) }
  }
  const byId = entityIdForm.test(name)
    ? findIndex(graph.entityCount, (index) => graph.entityIdOf(index) === name)
    : null
  const entities = byId === null ? graph.find(name) : [byId]
  if (entities.length === 0) throw unknownName(graph, name)
  return { hash: graph.hash, entities: entities.map((entity) => viewEntity(graph, entity, limit)), triple: null }
}

function unknownName(graph: PackedGraph, name: string): ConfigError {
  const near = nearestNames(graph, name)
  return new ConfigError(`the graph has nothing named "${name}"`, {
    hint:
      near.length === 0
        ? 'give a label, a synonym, a key such as DOID:1205, or the id of an entity or a triple'
        : `near names: ${near.map((other) => `"${other}"`).join(', ')}`,
  })
}

function findIndex(count: number, fits: (index: number) => boolean): number | null {
  for (let index = 0; index < count; index++) if (fits(index)) return index
  return null
}

function viewEntity(graph: PackedGraph, entity: number, limit: number): EntityView {
  const directions = [
    ['forward', false],
    ['backward', true],
  ] as const
  return {
    ...viewEnd(graph, entity),
    labelZh: graph.labelZhOf(entity) ?? null,
    rarity: graph.rarityOf(entity) ?? null,
    synonyms: graph.synonymsOf(entity),
    keys: graph.keysOf(entity),
    triples: graph.degree(entity),
    relations: directions.flatMap(([direction, isBackward]) =>
      graph.relationsAt(entity, isBackward).map((relation): RelationView => {
        const triples = graph.triplesTo(entity, relation, isBackward)
        return {
          relation: nameOf(graph, relation),
          direction,
          total: triples.length,
          triples: Array.from(triples.subarray(0, limit), (triple) => viewTriple(graph, triple)),
        }
      }),
    ),
  }
}

function viewTriple(graph: PackedGraph, triple: number): TripleView {
  const head = viewEnd(graph, graph.headOf(triple))
  const tail = viewEnd(graph, graph.tailOf(triple))
  const relation = graph.relationAt(triple)
  return {
    id: graph.tripleIdOf(triple),
    head,
    relation: nameOf(graph, relation),
    tail,
    sentence: `${head.label}${graph.schema.relations[relation]?.statement ?? ''} ${tail.label}`,
    qualifiers: graph.qualifiersOf(triple),
    origins: graph.originsOf(triple),
  }
}

const viewEnd = (graph: PackedGraph, entity: number): EndView => ({
  id: graph.entityIdOf(entity),
  label: graph.labelOf(entity),
  type: graph.typeOf(entity),
})

const nameOf = (graph: PackedGraph, relation: number): string =>
  graph.schema.relations[relation]?.name ?? String(relation)
