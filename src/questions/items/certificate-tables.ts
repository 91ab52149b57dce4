import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { EntityId, PackedGraph, TripleId } from '../../graph/types.ts'
import { foldedNameKey } from '../../text/entity-name.ts'
import { relationsAnswering, relationsImplied } from './entailment.ts'

/** What the checker of certificates asks of a graph for every item, looked up once. */
export type CertificateTables = {
  readonly graph: PackedGraph
  /** Number of the entity of an id, or -1. */
  entity(id: EntityId): number
  tripleId(triple: number): TripleId
  /** Numbers of the relation and of those by which it is true as well, as far as the schema has them. */
  answering(relation: ClinicalRelationName): readonly number[]
  /** Numbers of the relations that deny it. */
  denials(relation: ClinicalRelationName): readonly number[]
  /** Number of the relation itself, or -1. */
  relation(name: string): number
  readonly taxonomic: readonly number[]
}

/** Ids that are remembered before the memory is emptied; chosen by us. */
const MEMO_ENTRIES = 200_000

const tablesOfGraph = new WeakMap<PackedGraph, CertificateTables>()

/** The tables of a graph; the same ones each time. */
export function tablesOf(graph: PackedGraph): CertificateTables {
  const known = tablesOfGraph.get(graph)
  if (known !== undefined) return known
  const tables = makeTables(graph)
  tablesOfGraph.set(graph, tables)
  return tables
}

function makeTables(graph: PackedGraph): CertificateTables {
  const { relations } = graph.schema
  const numbers = new Map(relations.map(({ name }, index) => [name, index]))
  const entities = new Map<EntityId, number>()
  for (let entity = 0; entity < graph.entityCount; entity++) entities.set(graph.entityIdOf(entity), entity)
  const answering = new Map<ClinicalRelationName, readonly number[]>()
  const denials = new Map<ClinicalRelationName, readonly number[]>()
  const tripleIds = new Map<number, TripleId>()
  const isThere = (number: number | undefined): number is number => number !== undefined
  return {
    graph,
    entity: (id) => entities.get(id) ?? -1,
    tripleId: (triple) => remember(tripleIds, triple, () => graph.tripleIdOf(triple)),
    answering: (relation) =>
      remember(answering, relation, () =>
        relationsAnswering(relation)
          .map((name) => numbers.get(name))
          .filter(isThere),
      ),
    denials: (relation) =>
      remember(denials, relation, () => {
        const implied: readonly string[] = relationsImplied(relation)
        const isDenial = (denies: string | undefined): boolean => denies !== undefined && implied.includes(denies)
        return relations.flatMap(({ denies }, index) => (isDenial(denies) ? [index] : []))
      }),
    relation: (name) => numbers.get(name) ?? -1,
    taxonomic: relations.flatMap((relation, index) => (relation.taxonomic === true ? [index] : [])),
  }
}

const nameKeys = new Map<string, string>()

/** The key under which two names are one, remembered: the same names stand in many items. */
export function nameKey(name: string): string {
  // Options are labels with a capital: one entry for both.
  const lower = name.toLowerCase()
  return remember(nameKeys, lower, () => foldedNameKey(lower))
}

function remember<Key, Value>(memo: Map<Key, Value>, key: Key, compute: () => Value): Value {
  const known = memo.get(key)
  if (known !== undefined) return known
  const value = compute()
  if (memo.size >= MEMO_ENTRIES) memo.clear()
  memo.set(key, value)
  return value
}
