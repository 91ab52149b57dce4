import { createRng } from '../core/rng.ts'
import type { Graph } from './graph.ts'
import type { Step } from './schema.ts'
import type { EntityId, Rarity, Triple } from './types.ts'

/** A start entity and the steps to walk from it, with everything that walk reaches. */
export type RelationPath = {
  readonly start: EntityId
  readonly steps: readonly Step[]
  /** Entities after each step, [step][entity]; the last row is what the path asks for. */
  readonly frontiers: readonly (readonly EntityId[])[]
  /** One walk from the start to each answer, [answer][step]. */
  readonly walks: readonly (readonly Triple[])[]
}

type PathLimits = {
  readonly minHops: number
  readonly maxHops: number
  /** A path that reaches more entities than this after any step is not asked: too vague. */
  readonly maxBranch: number
}

type PathCensus = { readonly paths: readonly RelationPath[]; readonly dropped: Readonly<Record<string, number>> }

/**
 * Every relation path of the graph between two hop counts, in a fixed order, with the count of those dropped and why.
 *
 * A path never walks the same relation twice in a row (back and forth asks nothing, and the mimic of a mimic is no
 * clinical question), never meets an entity twice, and walks is-a or class membership only as its last step (what lies
 * behind a class is true of every member and asks nothing of this start).
 */
export function enumeratePaths(graph: Graph, limits: PathLimits): PathCensus {
  const paths: RelationPath[] = []
  const dropped: Record<string, number> = {}
  const drop = (reason: string): void => {
    dropped[reason] = (dropped[reason] ?? 0) + 1
  }
  const extend = (path: RelationPath): void => {
    const lastStep = path.steps.at(-1)
    if (path.steps.length >= limits.minHops) paths.push(path)
    if (path.steps.length === limits.maxHops || lastStep?.taxonomic === true) return
    for (const step of graph.schema.steps) {
      if (step.relation === lastStep?.relation) continue
      const next = walkStep(graph, path, step)
      if (next === 'nothing') continue
      if (next === 'revisits') drop('meets an entity twice')
      else if (next.frontiers.at(-1)!.length > limits.maxBranch) drop(`reaches more than ${limits.maxBranch} entities`)
      else extend(next)
    }
  }
  for (const { id } of graph.entities) extend({ start: id, steps: [], frontiers: [[id]], walks: [[]] })
  return { paths: paths.map(withoutStart), dropped }
}

/** While walking, frontier 0 is the start itself; a finished path lists only what the steps reached. */
const withoutStart = (path: RelationPath): RelationPath => ({ ...path, frontiers: path.frontiers.slice(1) })

function walkStep(graph: Graph, path: RelationPath, step: Step): RelationPath | 'nothing' | 'revisits' {
  const visited = new Set(path.frontiers.flat())
  const walkTo = new Map<EntityId, readonly Triple[]>()
  path.frontiers.at(-1)!.forEach((from, index) => {
    for (const { entity, triple } of graph.follow(from, step)) {
      if (!walkTo.has(entity)) walkTo.set(entity, [...path.walks[index]!, triple])
    }
  })
  if (walkTo.size === 0) return 'nothing'
  const reached = [...walkTo.keys()]
  if (reached.some((entity) => visited.has(entity))) return 'revisits'
  return {
    start: path.start,
    steps: [...path.steps, step],
    frontiers: [...path.frontiers, reached],
    walks: reached.map((entity) => walkTo.get(entity)!),
  }
}

/** Every walk along a path, [walk][step]: more than one may lead to the same answer. */
export function walksOf(graph: Graph, path: RelationPath): readonly (readonly Triple[])[] {
  let walks: { readonly at: EntityId; readonly triples: readonly Triple[] }[] = [{ at: path.start, triples: [] }]
  for (const step of path.steps) {
    walks = walks.flatMap(({ at, triples }) =>
      graph.follow(at, step).map(({ entity, triple }) => ({ at: entity, triples: [...triples, triple] })),
    )
  }
  return walks.map(({ triples }) => triples)
}

/** The entities a path touches, start and answers included. */
export function entitiesOf(path: RelationPath): readonly EntityId[] {
  return [path.start, ...path.frontiers.flat()]
}

/**
 * How much more often a path of each rarity is drawn than a common one. Fleming-R1 prefers under-represented diseases
 * and drugs without a number; these weights are chosen by us.
 */
export const rarityWeights: Readonly<Record<Rarity | 'none', number>> = { common: 1, uncommon: 1.5, rare: 2.5, none: 1 }

/** The rarest class among the diseases on a path, or `none` when it meets no disease. */
export function rarityOf(graph: Graph, ids: readonly EntityId[]): Rarity | 'none' {
  const found = new Set(ids.map((id) => graph.entity(id).rarity))
  if (found.has('rare')) return 'rare'
  if (found.has('uncommon')) return 'uncommon'
  return found.has('common') ? 'common' : 'none'
}

/** What is drawn of each hop count, and how. */
export type PathDraw = {
  readonly seed: number
  readonly perHop: Readonly<Record<number, number>>
  readonly weighted?: boolean
}

/**
 * The paths to ask, `perHop` of each hop count at most: a weighted draw without replacement that favours rare diseases
 * and entities of low degree, so that what the graph says little about is asked as often as what it says much about.
 *
 * Each path's draw depends on the path alone and its weight on the degrees along it, so a path that is added elsewhere in
 * the graph does not move the others.
 *
 * @paper Fleming-R1 §3.1: subgraph sampling prefers under-represented diseases and drugs
 * @deviation the paper gives neither measure nor weights: rarityWeights / sqrt(mean degree) is chosen by us
 * @param options.weighted false: every path alike, whatever it meets; true unless told
 */
export function samplePaths(graph: Graph, paths: readonly RelationPath[], options: PathDraw): RelationPath[] {
  const keyed = paths.map((path) => {
    const ids = entitiesOf(path)
    const meanDegree = ids.reduce((sum, id) => sum + graph.degree(id), 0) / ids.length
    const weight = options.weighted === false ? 1 : rarityWeights[rarityOf(graph, ids)] / Math.sqrt(meanDegree)
    // Efraimidis and Spirakis: the k smallest -ln(u)/w are a weighted sample of k without replacement.
    const u = createRng(options.seed, 'path', path.start, ...path.steps.map((step) => step.name)).uniform()
    return { path, hop: path.steps.length, key: -Math.log(u + 2 ** -25) / weight }
  })
  const chosen = new Set<RelationPath>()
  for (const [hop, count] of Object.entries(options.perHop)) {
    const candidates = keyed.filter((item) => item.hop === Number(hop)).sort((a, b) => a.key - b.key)
    for (const { path } of candidates.slice(0, count)) chosen.add(path)
  }
  return paths.filter((path) => chosen.has(path))
}
