import type { Graph } from './graph.ts'
import type { Entity, Triple } from './types.ts'

/** What a graph must hold to be worth asking questions about; shares lie in [0, 1]. */
export type Bars = {
  readonly diseases: number
  readonly rareDiseases: number
  readonly triples: number
  readonly relations: number
  readonly discriminatingTriples: number
  readonly maxTaxonomicShare: number
  /** Relations asked from their tail too, so a tail may belong to one disease only. */
  readonly uniqueTails: readonly string[]
}

/** The bars of the bundled starter graph (chosen by us: enough to split, to mask and to tell diseases apart). */
export const starterBars: Bars = {
  diseases: 150,
  rareDiseases: 50,
  triples: 2_500,
  relations: 12,
  discriminatingTriples: 3,
  maxTaxonomicShare: 0.3,
  uniqueTails: ['has_hallmark', 'shows'],
}

/** How often each entity type occurs, most frequent first. */
export function countTypes(graph: Graph): ReadonlyMap<string, number> {
  return countBy(graph.entities, (entity) => entity.type)
}

/** How often each relation occurs, most frequent first. */
export function countRelations(graph: Graph): ReadonlyMap<string, number> {
  return countBy(graph.triples, (triple) => triple.relation)
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return new Map([...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1)))
}

/** The share of triples that only say of what kind a thing is, in [0, 1]; 0 for a graph without triples. */
export function taxonomicShare(graph: Graph): number {
  const taxonomic = graph.triples.filter((triple) => graph.schema.relation(triple.relation).taxonomic === true)
  return graph.triples.length === 0 ? 0 : taxonomic.length / graph.triples.length
}

/** For each disease, its triples whose (relation, tail) no other disease has: what tells it from the others. */
export function discriminatingTriples(graph: Graph): ReadonlyMap<Entity, readonly Triple[]> {
  const holders = countBy(graph.triples, (triple) => `${triple.relation} ${triple.tail}`)
  const byDisease = new Map<Entity, Triple[]>(graph.ofType('disease').map((disease) => [disease, []]))
  for (const triple of graph.triples) {
    if (holders.get(`${triple.relation} ${triple.tail}`) === 1) byDisease.get(graph.entity(triple.head))?.push(triple)
  }
  return byDisease
}

/** Tails of a relation that more than one head has, or that another relation leads to as well. */
export function sharedTails(graph: Graph, relation: string): readonly Entity[] {
  const tails = new Set(graph.triples.filter((triple) => triple.relation === relation).map(({ tail }) => tail))
  const arrivals = countBy(graph.triples, (triple) => triple.tail)
  return [...tails].filter((tail) => arrivals.get(tail) !== 1).map((tail) => graph.entity(tail))
}

/**
 * Pairs of entities of which a reader could not say whether they are two: a name of one is a name of the other but for
 * letter case, hyphens, possessives, plurals, articles, spelling or the order of the words ("MRI of brain").
 */
export function nearDuplicates(graph: Graph): readonly (readonly [Entity, Entity])[] {
  const firstOf = new Map<string, Entity>()
  const pairs: (readonly [Entity, Entity])[] = []
  for (const entity of graph.entities) {
    for (const key of new Set([entity.label, ...entity.synonyms].map((name) => looseKey(name)))) {
      const other = firstOf.get(key)
      if (other === undefined) firstOf.set(key, entity)
      else if (other.id !== entity.id) pairs.push([other, entity])
    }
  }
  return pairs
}

const fillers = new Set(['and', 'by', 'from', 'in', 'of', 'on', 'the', 'to', 'with'])

function looseKey(name: string): string {
  const words = name
    .toLowerCase()
    .replace(/^an? /, '')
    .replace(/'s\b|'/g, '')
    .replace(/oe|ae/g, 'e')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .split(' ')
  const bare = words.filter((word) => !fillers.has(word)).map((word) => singular(word))
  return bare.sort().join(' ')
}

function singular(word: string): string {
  if (word.length < 4 || /[siu]s$/.test(word)) return word
  return word.replace(/ies$/, 'y').replace(/s$/, '')
}

/** One sentence for each bar that the graph misses; none when it is good enough. */
export function missedBars(graph: Graph, bars: Bars): readonly string[] {
  const diseases = graph.ofType('disease')
  const share = taxonomicShare(graph)
  const atLeast = (name: string, found: number, wanted: number): string[] =>
    found >= wanted ? [] : [`${name}: ${found}, at least ${wanted} are needed`]
  const weak = [...discriminatingTriples(graph)].filter(([, triples]) => triples.length < bars.discriminatingTriples)
  return [
    ...atLeast('diseases', diseases.length, bars.diseases),
    ...atLeast('rare diseases', diseases.filter(({ rarity }) => rarity === 'rare').length, bars.rareDiseases),
    ...atLeast('triples', graph.triples.length, bars.triples),
    ...atLeast('relations', countRelations(graph).size, bars.relations),
    ...(share <= bars.maxTaxonomicShare
      ? []
      : [`taxonomic share: ${share}, at most ${bars.maxTaxonomicShare} is allowed`]),
    ...weak.map(
      ([disease, triples]) =>
        `discriminating triples: "${disease.label}" has ${triples.length}, at least ${bars.discriminatingTriples} are needed`,
    ),
    ...bars.uniqueTails.flatMap((relation) =>
      sharedTails(graph, relation).map(
        (tail) => `unique tails: "${tail.label}" is not the "${relation}" of one disease only`,
      ),
    ),
    ...nearDuplicates(graph).map(
      ([a, b]) => `near-duplicates: ${a.type} "${a.label}" and ${b.type} "${b.label}" may be one thing`,
    ),
  ]
}
