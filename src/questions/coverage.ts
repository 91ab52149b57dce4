import type { EntityType, PackedGraph, Rarity } from '../graph/types.ts'
import type { Item } from './types.ts'

/** Finds entities of the graph in text: `linkGraph` of graph/linking.ts. */
export type GraphLinker = { find(text: string): readonly { readonly entity: number }[] }

export type Share = { readonly all: number; readonly covered: number }

/** What a set of questions asks about, against everything that the graph knows. */
export type Coverage = {
  readonly items: number
  /** Items that name at least one entity. */
  readonly linkedItems: number
  readonly byType: Readonly<Record<string, Share>>
  /** Diseases by rarity; `none` where the graph does not say. */
  readonly diseasesByRarity: Readonly<Record<string, Share>>
  /** Triples whose two ends stand in one question, by relation. */
  readonly byRelation: Readonly<Record<string, Share>>
}

/** Counts mentions as items pass; one counter for what came before synthesis, and on top of it for what came after. */
export type CoverageCounter = {
  /** A question of an exam set: its stem, context and right answers are read for names. */
  addText(item: Item): void
  /** A question made from the graph: its own record says what its stem and answers name. */
  addSynthetic(item: Item): void
  readonly coverage: Coverage
  /** Items that mention each entity, [entities]. */
  readonly mentions: Uint32Array
}

/**
 * A counter of what questions ask about, for one graph.
 *
 * @paper Fleming-R1 §3.1: under-represented diseases and drugs are preferred; here measured, against the exam sets
 */
export function createCoverageCounter(graph: PackedGraph, linker: GraphLinker): CoverageCounter {
  const mentions = new Uint32Array(graph.entityCount)
  const asked = new Uint8Array(graph.tripleCount)
  const entityById = new Map<string, number>()
  let items = 0
  let linkedItems = 0
  const count = (entities: ReadonlySet<number>): void => {
    items += 1
    if (entities.size > 0) linkedItems += 1
    for (const entity of entities) mentions[entity]! += 1
  }
  return {
    addText: (item) => {
      const text = [item.context ?? '', item.stem, ...item.answers].join('\n')
      const found = new Set(linker.find(text).map(({ entity }) => entity))
      count(found)
      markPairs(graph, [...found], asked)
    },
    addSynthetic: (item) => {
      if (item.origin.kind !== 'graph') return
      if (entityById.size === 0) {
        for (let entity = 0; entity < graph.entityCount; entity++) entityById.set(graph.entityIdOf(entity), entity)
      }
      const { given, asked: answers } = item.origin
      const named = new Set([...given, ...answers].flatMap((id) => entityById.get(id) ?? []))
      count(named)
      markPairs(graph, [...named], asked)
    },
    get coverage() {
      return summarise(graph, mentions, asked, items, linkedItems)
    },
    mentions,
  }
}

/**
 * How much more often an entity is asked about that exam questions rarely mention: (1 + mentions) to the power of
 * −strength, 1 for what they never mention.
 *
 * @deviation the paper gives no measure of under-representation; this one is chosen by us
 * @returns weights in (0, 1], [entities]
 */
export function gapWeights(mentions: Uint32Array, strength: number): Float64Array {
  return Float64Array.from(mentions, (count) => (1 + count) ** -strength)
}

/** Triples between entities that stand in one question. */
function markPairs(graph: PackedGraph, entities: readonly number[], asked: Uint8Array): void {
  const present = new Set(entities)
  for (const head of entities) {
    for (const relation of graph.relationsAt(head, false)) {
      const tails = graph.neighbours(head, relation, false)
      const triples = graph.triplesTo(head, relation, false)
      for (let index = 0; index < tails.length; index++) if (present.has(tails[index]!)) asked[triples[index]!] = 1
    }
  }
}

function summarise(
  graph: PackedGraph,
  mentions: Uint32Array,
  asked: Uint8Array,
  items: number,
  linkedItems: number,
): Coverage {
  const byType = new Map<EntityType, { all: number; covered: number }>()
  const byRarity = new Map<Rarity | 'none', { all: number; covered: number }>()
  const byRelation = new Map<string, { all: number; covered: number }>()
  for (let entity = 0; entity < graph.entityCount; entity++) {
    const type = graph.typeOf(entity)
    const isCovered = mentions[entity]! > 0
    add(byType, type, isCovered)
    if (type === 'disease') add(byRarity, graph.rarityOf(entity) ?? 'none', isCovered)
  }
  for (let triple = 0; triple < graph.tripleCount; triple++) {
    add(byRelation, graph.schema.relations[graph.relationAt(triple)]!.name, asked[triple] === 1)
  }
  return {
    items,
    linkedItems,
    byType: sorted(byType),
    diseasesByRarity: sorted(byRarity),
    byRelation: sorted(byRelation),
  }
}

function add<Key>(shares: Map<Key, { all: number; covered: number }>, key: Key, isCovered: boolean): void {
  const share = shares.get(key) ?? { all: 0, covered: 0 }
  share.all += 1
  if (isCovered) share.covered += 1
  shares.set(key, share)
}

const sorted = <Key extends string>(shares: ReadonlyMap<Key, Share>): Record<string, Share> =>
  Object.fromEntries([...shares].sort(([a, x], [b, y]) => y.all - x.all || (a < b ? -1 : 1)))
