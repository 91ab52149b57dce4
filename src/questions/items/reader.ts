import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { EntityType, PackedGraph, TripleId } from '../../graph/types.ts'
import { foldedNameKey } from '../../text/entity-name.ts'
import { tablesOf } from './certificate-tables.ts'
import { relationsAnswering, relationsImplied } from './entailment.ts'
import { readStep, type StepName } from './shapes.ts'
import { isVague, roughStems, tellingStems } from './words.ts'

/** A step in the numbers of one graph. */
export type Hop = {
  readonly name: StepName
  readonly relation: ClinicalRelationName
  readonly backward: boolean
  /** Number of the relation, or -1 where the schema of the graph lacks it. */
  readonly number: number
  /** Numbers of the narrower relations that answer it too. */
  readonly narrower: readonly number[]
  /** Numbers of the relations that deny it, or what it implies. */
  readonly denials: readonly number[]
}

/** A graph with what the making of items asks of it again and again, remembered. */
export type GraphReader = {
  readonly graph: PackedGraph
  hop(step: StepName): Hop
  /** The same relation walked the other way. */
  reverse(hop: Hop): Hop
  /** Number of a relation, or -1. */
  relationNumber(name: string): number
  /** What the step reaches, by its relation or a narrower one, ascending. */
  targets(entity: number, hop: Hop): Int32Array
  /** True when the step leads from one to the other, by its relation or a narrower one. */
  leadsTo(from: number, hop: Hop, to: number): boolean
  /** Key under which two labels are one. */
  nameKey(entity: number): string
  /** Stems of the telling words of its label. */
  stems(entity: number): readonly string[]
  /** True for a finding such as "bronchitis", which is a disease under the same name as well. */
  isNamedLikeDisease(entity: number): boolean
  /** False for names of nothing in particular, such as "disease" or "infection". */
  isSpecific(entity: number): boolean
  /** Parents and children by is-a and class membership. */
  kin(entity: number): readonly number[]
  /** What it is a kind of, one level up. */
  parents(entity: number): readonly number[]
  /** What is a kind of it, one level down; parts and members of classes are none. */
  kinds(entity: number): readonly number[]
  /** What it is a kind of, all the way up. */
  ancestors(entity: number): readonly number[]
  /** True when they are one, or one is a kind of the other. */
  isKin(a: number, b: number): boolean
  tripleId(triple: number): TripleId
}

/** Entries that a memo keeps before it starts anew; chosen by us, a few tens of MB in all. */
const MEMO_ENTRIES = 200_000
/** Ancestors looked at; taxonomies of diseases are some ten levels deep. */
const MAX_ANCESTORS = 256
/** Types whose names may be those of a whole class; "fetal Hb" and gene symbols are always specific. */
const classTypes: readonly EntityType[] = ['disease', 'group', 'finding', 'complication', 'condition', 'drug-class']
const NOTHING = new Int32Array(0)

const readers = new WeakMap<PackedGraph, GraphReader>()

/** The reader of a graph; the same one each time, so that what it remembers serves every shard. */
export function readerOf(graph: PackedGraph): GraphReader {
  const known = readers.get(graph)
  if (known !== undefined) return known
  const reader = createReader(graph)
  readers.set(graph, reader)
  return reader
}

function createReader(graph: PackedGraph): GraphReader {
  const numbers = new Map(graph.schema.relations.map(({ name }, index) => [name, index]))
  const relationNumber = (name: string): number => numbers.get(name) ?? -1
  const taxonomic = graph.schema.relations.flatMap(({ taxonomic: isTaxonomic }, index) => (isTaxonomic ? [index] : []))
  const neighbours = (entity: number, relation: number, backward: boolean): Int32Array =>
    relation < 0 ? NOTHING : graph.neighbours(entity, relation, backward)
  const parents = (entity: number): number[] =>
    taxonomic.flatMap((relation) => [...neighbours(entity, relation, false)])
  const isA = relationNumber('is_a')
  const children = (entity: number): number[] =>
    taxonomic.flatMap((relation) => [...neighbours(entity, relation, true)])
  const hops = new Map<StepName, Hop>()
  const hop = (step: StepName): Hop => {
    const known = hops.get(step)
    if (known !== undefined) return known
    const { relation, backward } = readStep(step)
    const [number, ...narrower] = relationsAnswering(relation).map(relationNumber)
    const made: Hop = {
      name: step,
      relation,
      backward,
      number: number ?? -1,
      narrower: narrower.filter((one) => one >= 0),
      denials: denialsOf(graph, relation),
    }
    hops.set(step, made)
    return made
  }
  const common = commonStems(graph)
  const nameKey = memo((entity) => foldedNameKey(graph.labelOf(entity)))
  const stems = memo((entity) => {
    const generic = common.get(graph.typeOf(entity))
    return tellingStems(nameKey(entity)).filter((stem) => generic?.has(stem) !== true)
  })
  let diseaseNames: ReadonlySet<string> | null = null
  const ancestors = memo((entity) => ancestorsOf(entity, parents))
  return {
    graph,
    hop,
    reverse: ({ relation, backward }) => hop(backward ? relation : `~${relation}`),
    relationNumber,
    targets: (entity, { number, narrower, backward }) => {
      const main = neighbours(entity, number, backward)
      if (narrower.length === 0) return main
      const rows = [main]
      for (const relation of narrower) {
        const row = neighbours(entity, relation, backward)
        if (row.length > 0) rows.push(row)
      }
      return rows.length === 1 ? main : unite(rows)
    },
    leadsTo: (from, { number, narrower, backward }, to) => {
      const [head, tail] = backward ? [to, from] : [from, to]
      const isSaid = (relation: number): boolean => relation >= 0 && graph.findTriple(head, relation, tail) >= 0
      return isSaid(number) || narrower.some(isSaid)
    },
    nameKey,
    stems,
    isNamedLikeDisease: (entity) => {
      diseaseNames ??= new Set(Array.from(graph.ofType('disease'), (disease) => nameKey(disease)))
      return diseaseNames.has(nameKey(entity))
    },
    isSpecific: memo((entity) => {
      // Ontologies give a tick as the cause of what it carries.
      if (graph.typeOf(entity) === 'organism')
        return neighbours(entity, relationNumber('transmitted_by'), true).length === 0
      if (!classTypes.includes(graph.typeOf(entity))) return true
      return stems(entity).length > 0 && !isVague(graph.labelOf(entity))
    }),
    parents,
    kinds: (entity) => [...neighbours(entity, isA, true)],
    kin: memo((entity) => [...parents(entity), ...children(entity)]),
    ancestors,
    isKin: (a, b) => a === b || ancestors(a).includes(b) || ancestors(b).includes(a),
    tripleId: tablesOf(graph).tripleId,
  }
}

/** A stem in more than this share of the names of a type tells nobody which one is meant; types below the count have none. */
const COMMON_STEM_SHARE = 0.1
const LEAST_NAMES = 50

/** The stems that the graph itself shows to be generic, by type: "organism" where every organism is called so. */
function commonStems(graph: PackedGraph): ReadonlyMap<EntityType, ReadonlySet<string>> {
  const counts = new Map<EntityType, Map<string, number>>()
  for (let entity = 0; entity < graph.entityCount; entity++) {
    const type = graph.typeOf(entity)
    const ofType = counts.get(type) ?? new Map<string, number>()
    counts.set(type, ofType)
    for (const stem of new Set(roughStems(graph.labelOf(entity)))) ofType.set(stem, (ofType.get(stem) ?? 0) + 1)
  }
  return new Map(
    [...counts].map(([type, ofType]) => {
      const least = Math.max(LEAST_NAMES, graph.ofType(type).length) * COMMON_STEM_SHARE
      return [type, new Set([...ofType].filter(([, count]) => count > least).map(([stem]) => stem))]
    }),
  )
}

function denialsOf(graph: PackedGraph, relation: ClinicalRelationName): number[] {
  const implied: readonly string[] = relationsImplied(relation)
  return graph.schema.relations.flatMap(({ denies }, index) =>
    denies !== undefined && implied.includes(denies) ? [index] : [],
  )
}

/** Remembers what was computed of each entity; the array grows with what is asked. */
function memo<Value>(compute: (index: number) => Value): (index: number) => Value {
  let values: (Value | undefined)[] = []
  let size = 0
  return (index) => {
    const known = values[index]
    if (known !== undefined) return known
    const value = compute(index)
    if (size >= MEMO_ENTRIES) {
      values = []
      size = 0
    }
    values[index] = value
    size += 1
    return value
  }
}

function ancestorsOf(entity: number, parents: (entity: number) => number[]): number[] {
  const found = new Set<number>()
  const open = [entity]
  for (let next = open.pop(); next !== undefined && found.size < MAX_ANCESTORS; next = open.pop()) {
    for (const parent of parents(next)) {
      // A cycle of is-a would lead back to where the climb began.
      if (parent === entity || found.has(parent)) continue
      found.add(parent)
      open.push(parent)
    }
  }
  return [...found]
}

/** Ascending rows as one, each entity once. */
function unite(rows: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(rows.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const row of rows) {
    all.set(row, at)
    at += row.length
  }
  all.sort()
  let kept = 0
  for (const entity of all) if (kept === 0 || all[kept - 1] !== entity) all[kept++] = entity
  return all.subarray(0, kept)
}
