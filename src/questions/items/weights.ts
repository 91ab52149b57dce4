import { DataError } from '../../core/errors.ts'
import type { Rng } from '../../core/rng.ts'
import type { PackedGraph } from '../../graph/types.ts'

const rarityFactor = { common: 1, uncommon: 1.5, rare: 2.5, none: 1 } as const

/**
 * How much each entity is preferred as what a question is about: rarity × 1 / sqrt(1 + degree), as for paths of the starter
 * graph, times how seldom exam sets mention it.
 *
 * @paper Fleming-R1 §3.1: under-represented diseases and drugs are preferred
 * @deviation the paper gives neither measure nor weights; these are chosen by us
 * @param gap one weight per entity, 1 where exam questions never mention it and less where they do; null: none were counted
 * @returns [entity], each above 0
 * @throws {DataError} when the gap weights are of another graph, or one is not a finite number above 0
 */
export function startWeights(graph: PackedGraph, gap: Float64Array | null): Float64Array {
  if (gap !== null && gap.length !== graph.entityCount) {
    throw new DataError(`${gap.length} gap weights for a graph of ${graph.entityCount} entities`, {
      hint: 'count the coverage on the graph that questions are made from',
    })
  }
  const weights = new Float64Array(graph.entityCount)
  for (let entity = 0; entity < weights.length; entity++) {
    const factor = gap === null ? 1 : gap[entity]!
    if (!(factor > 0 && Number.isFinite(factor))) {
      throw new DataError(`gap weight ${factor} of entity ${entity} is not a finite number above 0`)
    }
    weights[entity] = (rarityFactor[graph.rarityOf(entity) ?? 'none'] * factor) / Math.sqrt(1 + graph.degree(entity))
  }
  return weights
}

/** Draws from a list of entities in proportion to weights. */
export type WeightedDraw = { readonly size: number; draw(rng: Rng): number }

/** A draw from the entities with a weight above 0, by binary search in the running sum. */
export function weightedDraw(entityCount: number, weightOf: (entity: number) => number): WeightedDraw {
  const entities: number[] = []
  const sums: number[] = []
  let total = 0
  for (let entity = 0; entity < entityCount; entity++) {
    const weight = weightOf(entity)
    if (!(weight > 0)) continue
    total += weight
    entities.push(entity)
    sums.push(total)
  }
  const ids = Int32Array.from(entities)
  const ends = Float64Array.from(sums)
  return {
    size: ids.length,
    draw: (rng) => {
      // 53 bits: among a million entities a draw of 24 bits would never reach some.
      const at = ((rng.uint32() >>> 5) * 2 ** 26 + (rng.uint32() >>> 6)) * 2 ** -53 * total
      let [low, high] = [0, ends.length - 1]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (ends[middle]! <= at) low = middle + 1
        else high = middle
      }
      return ids[low]!
    },
  }
}
