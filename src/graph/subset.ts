import { ConfigError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { createGraph, type Graph } from './graph.ts'
import type { EntityId, Rarity } from './types.ts'

/**
 * The part of a graph around `diseases` diseases, rare ones in the same share as in the whole: their triples, and from
 * there everything that is said of drugs, organisms, genes and so on, but no further disease.
 *
 * @throws {ConfigError} when the graph has fewer diseases than asked
 */
export function subsetByDiseases(graph: Graph, options: { readonly diseases: number; readonly seed: number }): Graph {
  const all = graph.ofType('disease')
  if (options.diseases > all.length) {
    throw new ConfigError(`graph.diseases is ${options.diseases}, but the graph has ${all.length}`, {
      hint: `set it to ${all.length} or less, or to "all"`,
    })
  }
  const kept = new Set<EntityId>()
  const classes = (['common', 'uncommon', 'rare'] satisfies Rarity[]).map((rarity) =>
    all.filter((disease) => disease.rarity === rarity),
  )
  const shares = apportion(
    classes.map((ofClass) => ofClass.length),
    options.diseases,
  )
  for (const [index, ofClass] of classes.entries()) {
    const ranked = ofClass
      .map((disease) => ({ id: disease.id, key: createRng(options.seed, 'subset', disease.id).uniform() }))
      .sort((a, b) => a.key - b.key || (a.id < b.id ? -1 : 1))
    for (const { id } of ranked.slice(0, shares[index]!)) kept.add(id)
  }
  const isDisease = new Set(all.map((disease) => disease.id))
  let grew = true
  while (grew) {
    grew = false
    for (const { head, tail } of graph.triples) {
      if (kept.has(head) && !kept.has(tail) && !isDisease.has(tail)) {
        kept.add(tail)
        grew = true
      }
    }
  }
  const triples = graph.triples.filter(({ head, tail }) => kept.has(head) && kept.has(tail))
  const met = new Set(triples.flatMap(({ head, tail }) => [head, tail]))
  return createGraph(
    graph.schema,
    graph.entities.filter(({ id }) => met.has(id)),
    triples,
  )
}

/** `total` in parts as the sizes are to each other, by largest remainders, so that the parts add up. */
function apportion(sizes: readonly number[], total: number): number[] {
  const whole = sizes.reduce((sum, size) => sum + size, 0)
  const exact = sizes.map((size) => (size / whole) * total)
  const parts = exact.map(Math.floor)
  const missing = total - parts.reduce((sum, part) => sum + part, 0)
  const byRemainder = exact.map((value, index) => ({ index, remainder: value - parts[index]! }))
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  for (const { index } of byRemainder.slice(0, missing)) parts[index]! += 1
  return parts
}
