import { DataError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import type { Schema, Step } from './schema.ts'
import type { Entity, EntityId, EntityType, Triple, TripleId } from './types.ts'

/** One triple met while walking: `triple` read in the direction of `step`, arriving at `entity`. */
type Arrival = { readonly entity: EntityId; readonly triple: Triple }

export type Graph = {
  readonly schema: Schema
  readonly entities: readonly Entity[]
  readonly triples: readonly Triple[]
  /** Content hash over entities and triples without their places: the same knowledge, the same hash. */
  readonly hash: string
  entity(id: EntityId): Entity
  triple(id: TripleId): Triple
  /** The entity with this label or synonym, letter case aside. */
  find(name: string): Entity | undefined
  ofType(type: EntityType): readonly Entity[]
  /** Everything one step away, in the order of the triples' file. */
  follow(from: EntityId, step: Step): readonly Arrival[]
  has(head: EntityId, relation: string, tail: EntityId): boolean
  /** True when any triple joins the two, in either direction. */
  touches(a: EntityId, b: EntityId): boolean
  /** Triples of which the entity is head or tail. */
  degree(id: EntityId): number
}

/** The id of an entity: its type and label, nothing that may be edited without meaning another thing. */
export const entityId = (type: EntityType, label: string): EntityId => contentId('entity', { type, label }) as EntityId

/** The id of a triple: head, relation and tail. */
export const tripleId = (head: EntityId, relation: string, tail: EntityId): TripleId =>
  contentId('triple', { head, relation, tail }) as TripleId

/**
 * A graph over entities and triples, held as compressed rows (one sorted index array per direction), so that a walk
 * touches only the triples of the entity it stands on.
 *
 * @throws {DataError} naming file and line for a triple whose end is unknown, and for names that mean two entities
 */
export function createGraph(schema: Schema, entities: readonly Entity[], triples: readonly Triple[]): Graph {
  const indexOf = new Map(entities.map((entity, index) => [entity.id, index]))
  const byName = nameIndex(entities)
  const tripleById = new Map(triples.map((triple) => [triple.id, triple]))
  const outgoing = compressedRows(entities.length, triples, (triple) => indexOf.get(triple.head))
  const incoming = compressedRows(entities.length, triples, (triple) => indexOf.get(triple.tail))
  const tripleIds = new Set<string>(triples.map((triple) => `${triple.head} ${triple.relation} ${triple.tail}`))
  const neighbours = new Set<string>()
  for (const { head, tail } of triples) neighbours.add(`${head} ${tail}`).add(`${tail} ${head}`)

  const indexFor = (id: EntityId): number => {
    const index = indexOf.get(id)
    if (index === undefined) throw new DataError(`entity ${id} is not in the graph`)
    return index
  }
  return {
    schema,
    entities,
    triples,
    hash: contentId('graph', {
      entities: entities.map(({ id, synonyms, rarity }) => ({ id, synonyms, rarity: rarity ?? null })),
      triples: triples.map(({ id }) => id),
    }),
    entity: (id) => entities[indexFor(id)]!,
    triple: (id) => {
      const triple = tripleById.get(id)
      if (triple === undefined) throw new DataError(`triple ${id} is not in the graph`)
      return triple
    },
    find: (name) => byName.get(name.trim().toLowerCase()),
    ofType: (type) => entities.filter((entity) => entity.type === type),
    follow: (from, step) => {
      const arrivals: Arrival[] = []
      for (const position of (step.backward ? incoming : outgoing)(indexFor(from))) {
        const triple = triples[position]!
        if (triple.relation === step.relation) {
          arrivals.push({ triple, entity: step.backward ? triple.head : triple.tail })
        }
      }
      return arrivals
    },
    has: (head, relation, tail) => tripleIds.has(`${head} ${relation} ${tail}`),
    touches: (a, b) => neighbours.has(`${a} ${b}`),
    degree: (id) => outgoing(indexFor(id)).length + incoming(indexFor(id)).length,
  }
}

function nameIndex(entities: readonly Entity[]): Map<string, Entity> {
  const byName = new Map<string, Entity>()
  for (const entity of entities) {
    for (const name of [entity.label, ...entity.synonyms]) {
      const key = name.toLowerCase()
      const other = byName.get(key)
      if (other !== undefined && other.id !== entity.id) {
        throw new DataError(
          `"${name}" names both ${other.type} "${other.label}" and ${entity.type} "${entity.label}"`,
          {
            file: entity.origin.file,
            line: entity.origin.line,
            hint: 'rename one of the two, or drop the synonym',
          },
        )
      }
      byName.set(key, entity)
    }
  }
  return byName
}

/** Rows of triple positions by entity: offsets [entities + 1] into one array [triples], file order inside a row. */
function compressedRows(
  count: number,
  triples: readonly Triple[],
  rowOf: (triple: Triple) => number | undefined,
): (row: number) => Int32Array {
  const rows = triples.map((triple) => {
    const row = rowOf(triple)
    if (row === undefined) {
      throw new DataError(`triple names an entity that is not declared`, {
        file: triple.origin.file,
        line: triple.origin.line,
      })
    }
    return row
  })
  const offsets = new Int32Array(count + 1)
  for (const row of rows) offsets[row + 1]! += 1
  for (let row = 0; row < count; row++) offsets[row + 1]! += offsets[row]!
  const next = offsets.slice()
  const positions = new Int32Array(triples.length)
  rows.forEach((row, position) => {
    positions[next[row]!++] = position
  })
  return (row) => positions.subarray(offsets[row]!, offsets[row + 1]!)
}
