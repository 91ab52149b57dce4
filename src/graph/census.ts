import { findCycles } from './census-cycles.ts'
import { entityTypes } from './packed/parts.ts'
import type { Sampled } from './resolve-report.ts'
import { sample } from './resolve-report.ts'
import type { EntityType, PackedGraph, Rarity } from './types.ts'

/** Counts by name, most frequent first. */
export type Counts = readonly { readonly name: string; readonly count: number }[]

/** A triple in words. */
type SaidTriple = { readonly head: string; readonly relation: string; readonly tail: string }

/** One relation of a graph. */
type RelationCensus = {
  readonly name: string
  readonly triples: number
  readonly heads: number
  readonly tails: number
  /** Said by two sources or more that have no family in common. */
  readonly agreed: number
  /** Triples that each source says. */
  readonly bySource: Counts
}

/** One source of a graph. */
type SourceCensus = {
  readonly name: string
  /** What it says comes from these, joined by "and". */
  readonly family: string
  /** Triples that it says, and those that nobody else says. */
  readonly triples: number
  readonly alone: number
  readonly relations: number
  /** Triples with the words of a text. */
  readonly quoted: number
}

/** The quality of a graph as data. Shares lie in [0, 1]. */
export type GraphCensus = {
  readonly hash: string
  readonly entities: number
  readonly triples: number
  readonly entityTypes: Counts
  readonly relations: readonly RelationCensus[]
  readonly sources: readonly SourceCensus[]
  /** Triples that independent sources agree on. */
  readonly agreedTriples: number
  readonly agreedShare: number
  /** Triples that are said and denied: `treated_by` and `not_treated_by` of one pair. */
  readonly contradictions: Sampled<
    SaidTriple & { readonly saidBy: readonly string[]; readonly deniedBy: readonly string[] }
  >
  /** Heads with several tails of a relation of which one would be expected: no contradiction, but worth a look. */
  readonly severalValues: Sampled<{
    readonly head: string
    readonly relation: string
    readonly tails: readonly string[]
  }>
  /** Entities in no triple. */
  readonly orphans: Sampled<string> & { readonly byType: Counts }
  /** Triples per entity: smallest, each tenth of the entities, largest; orphans included. */
  readonly degreeDeciles: readonly number[]
  readonly meanDegree: number
  /** Rarity of diseases. */
  readonly rarity: Readonly<Record<Rarity | 'unknown', number>>
  /** Share of triples that only say of what kind a thing is. */
  readonly taxonomicShare: number
  /** Groups of entities that are each other's kind. */
  readonly cycles: Sampled<readonly string[]>
}

type CensusOptions = {
  /** Family of each source by name, in place of what its reader declares. */
  readonly families?: Readonly<Record<string, string>>
}

/** Relations of which a disease has one value as a rule. */
const singleValued = ['inherited_as']

/** The quality report of a graph: counts, agreement, contradictions, orphans, degrees, rarity, cycles. */
export function censusOf(graph: PackedGraph, options: CensusOptions = {}): GraphCensus {
  const degrees = Int32Array.from({ length: graph.entityCount }, (_, entity) => graph.degree(entity)).sort()
  const said = countStatements(graph, options)
  const taxonomic = graph.schema.relations.map((relation) => relation.taxonomic === true)
  const countWhere = (isCounted: (triple: number) => boolean): number => {
    let count = 0
    for (let triple = 0; triple < graph.tripleCount; triple++) if (isCounted(triple)) count += 1
    return count
  }
  const share = (count: number): number => (graph.tripleCount === 0 ? 0 : count / graph.tripleCount)
  const isA = graph.schema.relations.findIndex(({ name }) => name === 'is_a')
  const cycles = isA === -1 ? [] : findCycles(graph, isA)
  return {
    hash: graph.hash,
    entities: graph.entityCount,
    triples: graph.tripleCount,
    entityTypes: entityTypes
      .map((type) => ({ name: type, count: graph.ofType(type).length }))
      .filter(({ count }) => count > 0)
      .sort(byCount),
    relations: said.relations,
    sources: said.sources,
    agreedTriples: said.agreed,
    agreedShare: share(said.agreed),
    contradictions: contradictionsOf(graph),
    severalValues: severalValuesOf(graph),
    orphans: orphansOf(graph),
    degreeDeciles: decilesOf(degrees),
    meanDegree: graph.entityCount === 0 ? 0 : (2 * graph.tripleCount) / graph.entityCount,
    rarity: rarityOf(graph),
    taxonomicShare: share(countWhere((triple) => taxonomic[graph.relationAt(triple)] === true)),
    cycles: sample(cycles, (group) => group.slice(0, 10).map(graph.labelOf)),
  }
}

const byCount = (a: Counts[number], b: Counts[number]): number => b.count - a.count || (a.name < b.name ? -1 : 1)

function countStatements(graph: PackedGraph, { families = {} }: CensusOptions) {
  const familiesOf = new Map(
    graph.sources.map((source) => {
      const given = families[source.name]
      return [source.name, given === undefined ? (source.families ?? [source.name]) : [given]]
    }),
  )
  const areIndependent = createIndependence(familiesOf)
  const bySource = new Map(
    graph.sources.map(({ name }) => [
      name,
      { family: familiesOf.get(name)!.join(' and '), triples: 0, alone: 0, quoted: 0, relations: new Set<number>() },
    ]),
  )
  const byRelation = graph.schema.relations.map(() => ({
    triples: 0,
    agreed: 0,
    heads: new Set<number>(),
    tails: new Set<number>(),
    bySource: new Map<string, number>(),
  }))
  for (let triple = 0; triple < graph.tripleCount; triple++) {
    const relation = byRelation[graph.relationAt(triple)]!
    const origins = graph.originsOf(triple)
    const names = new Set(origins.map(({ source }) => source))
    relation.triples += 1
    relation.heads.add(graph.headOf(triple))
    relation.tails.add(graph.tailOf(triple))
    if (areIndependent([...names])) relation.agreed += 1
    for (const name of names) {
      const source = bySource.get(name)!
      relation.bySource.set(name, (relation.bySource.get(name) ?? 0) + 1)
      source.triples += 1
      source.relations.add(graph.relationAt(triple))
      if (names.size === 1) source.alone += 1
      if (origins.some((origin) => origin.source === name && origin.quote !== undefined)) source.quoted += 1
    }
  }
  return {
    agreed: byRelation.reduce((sum, { agreed }) => sum + agreed, 0),
    relations: byRelation
      .map(
        (relation, index): RelationCensus => ({
          name: graph.schema.relations[index]!.name,
          triples: relation.triples,
          heads: relation.heads.size,
          tails: relation.tails.size,
          agreed: relation.agreed,
          bySource: [...relation.bySource].map(([name, count]) => ({ name, count })).sort(byCount),
        }),
      )
      .filter(({ triples }) => triples > 0)
      .sort((a, b) => b.triples - a.triples || (a.name < b.name ? -1 : 1)),
    sources: [...bySource].map(
      ([name, source]): SourceCensus => ({ name, ...source, relations: source.relations.size }),
    ),
  }
}

/** Whether any two of some sources have neither name nor family in common. */
function createIndependence(familiesOf: ReadonlyMap<string, readonly string[]>): (names: readonly string[]) => boolean {
  // A family may be given by the name of the source that another was made from.
  const sets = new Map([...familiesOf].map(([name, families]) => [name, new Set([name, ...families])]))
  const known = new Map<string, boolean>()
  const isPair = (a: string, b: string): boolean => {
    const pair = `${a}\n${b}`
    const found = known.get(pair) ?? ![...sets.get(a)!].some((one) => sets.get(b)!.has(one))
    known.set(pair, found)
    return found
  }
  return (names) => names.some((a, index) => names.slice(index + 1).some((b) => isPair(a, b)))
}

function contradictionsOf(graph: PackedGraph): GraphCensus['contradictions'] {
  const denied = graph.schema.relations.map(({ denies }) => (denies === undefined ? -1 : graph.relationOf(denies)))
  const found: { readonly said: number; readonly denial: number }[] = []
  for (let denial = 0; denial < graph.tripleCount; denial++) {
    const relation = denied[graph.relationAt(denial)]!
    if (relation === -1) continue
    const said = graph.findTriple(graph.headOf(denial), relation, graph.tailOf(denial))
    if (said !== -1) found.push({ said, denial })
  }
  const sourcesOf = (triple: number): string[] => [...new Set(graph.originsOf(triple).map(({ source }) => source))]
  return sample(found, ({ said, denial }) => ({
    ...wordsOf(graph, said),
    saidBy: sourcesOf(said),
    deniedBy: sourcesOf(denial),
  }))
}

function wordsOf(graph: PackedGraph, triple: number): SaidTriple {
  return {
    head: graph.labelOf(graph.headOf(triple)),
    relation: graph.schema.relations[graph.relationAt(triple)]!.name,
    tail: graph.labelOf(graph.tailOf(triple)),
  }
}

function severalValuesOf(graph: PackedGraph): GraphCensus['severalValues'] {
  const found: { readonly head: number; readonly relation: string; readonly tails: Int32Array }[] = []
  for (const name of singleValued) {
    if (!graph.schema.relations.some((relation) => relation.name === name)) continue
    const relation = graph.relationOf(name)
    for (let head = 0; head < graph.entityCount; head++) {
      const tails = graph.neighbours(head, relation, false)
      if (tails.length > 1) found.push({ head, relation: name, tails })
    }
  }
  return sample(found, ({ head, relation, tails }) => ({
    head: graph.labelOf(head),
    relation,
    tails: Array.from(tails, graph.labelOf),
  }))
}

function orphansOf(graph: PackedGraph): GraphCensus['orphans'] {
  const orphans: number[] = []
  const byType = new Map<EntityType, number>()
  for (let entity = 0; entity < graph.entityCount; entity++) {
    if (graph.degree(entity) > 0) continue
    orphans.push(entity)
    byType.set(graph.typeOf(entity), (byType.get(graph.typeOf(entity)) ?? 0) + 1)
  }
  return {
    ...sample(orphans, graph.labelOf),
    byType: [...byType].map(([name, count]) => ({ name, count })).sort(byCount),
  }
}

function decilesOf(sorted: Int32Array): number[] {
  if (sorted.length === 0) return []
  return Array.from({ length: 11 }, (_, tenth) => sorted[Math.round((tenth / 10) * (sorted.length - 1))]!)
}

function rarityOf(graph: PackedGraph): GraphCensus['rarity'] {
  const counts = { common: 0, uncommon: 0, rare: 0, unknown: 0 }
  for (const disease of graph.ofType('disease')) counts[graph.rarityOf(disease) ?? 'unknown'] += 1
  return counts
}
