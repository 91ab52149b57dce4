import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import { type PathDraw, type RelationPath, rarityOf, rarityWeights } from '../graph/paths.ts'
import type { EntityId } from '../graph/types.ts'
import type { Candidate } from './types.ts'

/**
 * Steps whose tails can tell two competing diagnoses apart. Common findings are left out: that the graph does not list
 * fatigue for a disease is no proof that the disease comes without it.
 */
const discriminatingSteps = ['has_hallmark', 'shows'] as const

/**
 * Comparative candidates: two competing diagnoses (one mimics the other), a feature that only one of them has, and a
 * path to walk from that one. The choice counts as a hop, so the shortest has two.
 *
 * @paper Fleming-R1 §1 (introduction): competing diagnoses that share core features and differ on a discriminating one
 * @param options.weighted false: every candidate alike; true unless told, then rare diseases come first
 */
export function comparisons(graph: Graph, paths: readonly RelationPath[], options: PathDraw): Candidate[] {
  const pathsFrom = new Map<EntityId, RelationPath[]>()
  for (const path of paths) pathsFrom.set(path.start, [...(pathsFrom.get(path.start) ?? []), path])
  const keyed: { readonly candidate: Candidate; readonly hop: number; readonly key: number }[] = []
  for (const [chosen, rejected] of competingPairs(graph)) {
    for (const name of discriminatingSteps) {
      for (const { entity: feature } of graph.follow(chosen, graph.schema.step(name))) {
        if (!isUnique(graph, feature, name) || graph.touches(rejected, feature)) continue
        for (const path of pathsFrom.get(chosen) ?? []) {
          const touched = path.frontiers.flat()
          if (touched.includes(rejected) || touched.includes(feature)) continue
          const steps = path.steps.map((step) => step.name)
          const u = createRng(options.seed, 'comparison', chosen, rejected, feature, ...steps).uniform()
          const weight = options.weighted === false ? 1 : rarityWeights[rarityOf(graph, [chosen, ...touched])]
          keyed.push({
            candidate: { path, comparison: { chosen, rejected, feature, step: name } },
            hop: steps.length + 1,
            key: -Math.log(u + 2 ** -25) / weight,
          })
        }
      }
    }
  }
  keyed.sort((a, b) => a.key - b.key)
  return Object.entries(options.perHop).flatMap(([hop, count]) =>
    keyed
      .filter((item) => item.hop === Number(hop))
      .slice(0, count)
      .map((item) => item.candidate),
  )
}

/** True when one disease alone has the feature. */
const isUnique = (graph: Graph, feature: EntityId, step: string): boolean =>
  graph.follow(feature, { ...graph.schema.step(step), backward: true }).length === 1 && graph.degree(feature) === 1

/** Ordered pairs of diseases of which one can be mistaken for the other. */
function competingPairs(graph: Graph): (readonly [EntityId, EntityId])[] {
  const pairs = new Map<string, readonly [EntityId, EntityId]>()
  for (const { head, relation, tail } of graph.triples) {
    if (relation !== 'mimicked_by') continue
    pairs.set(`${head} ${tail}`, [head, tail])
    pairs.set(`${tail} ${head}`, [tail, head])
  }
  return [...pairs.values()]
}
