import type { Rng } from '../../core/rng.ts'
import type { GraphReader, Hop } from './reader.ts'

/** How many walks along a chain of steps leave each entity: 0 where the chain dead-ends. */
export type WalkCounts = {
  readonly hops: readonly Hop[]
  /** Counts of the chain from its i-th step on, [hops + 1][entity]; the last is 1 everywhere and left out. */
  readonly counts: readonly Float64Array[]
}

const memos = new WeakMap<GraphReader, Map<string, Float64Array>>()

/**
 * Counts the walks along the steps from every entity, from the end of the chain backwards, so that a walk drawn by them
 * never dead-ends. Chains that end alike share their counts.
 */
export function countWalks(reader: GraphReader, hops: readonly Hop[]): WalkCounts {
  const memo = memos.get(reader) ?? new Map<string, Float64Array>()
  memos.set(reader, memo)
  const counts: Float64Array[] = []
  let rest: Float64Array | null = null
  for (let first = hops.length - 1; first >= 0; first--) {
    const key = hops
      .slice(first)
      .map(({ name }) => name)
      .join(' ')
    const known: Float64Array = memo.get(key) ?? countStep(reader, hops[first]!, rest)
    memo.set(key, known)
    counts.unshift(known)
    rest = known
  }
  return { hops, counts }
}

function countStep({ graph }: GraphReader, { number, backward }: Hop, rest: Float64Array | null): Float64Array {
  const counts = new Float64Array(graph.entityCount)
  if (number < 0) return counts
  for (let entity = 0; entity < counts.length; entity++) {
    const row = graph.neighbours(entity, number, backward)
    if (rest === null) counts[entity] = row.length
    else for (const next of row) counts[entity]! += rest[next]!
  }
  return counts
}

/**
 * A walk from `start` along the steps, each entity once, or null when it cannot help coming back to one.
 *
 * @returns the entities walked through, the start aside, with the triples between them
 */
export function drawWalk(
  reader: GraphReader,
  { hops, counts }: WalkCounts,
  start: number,
  rng: Rng,
): { readonly entities: readonly number[]; readonly triples: readonly number[] } | null {
  const entities: number[] = []
  const triples: number[] = []
  let at = start
  for (const [index, { number, backward }] of hops.entries()) {
    const row = reader.graph.neighbours(at, number, backward)
    if (row.length === 0) return null
    const rest = counts[index + 1]
    const first = rng.int(row.length)
    let place = -1
    for (let tried = 0; tried < row.length && place < 0; tried++) {
      const candidate = (first + tried) % row.length
      const entity = row[candidate]!
      const isOpen = rest === undefined || rest[entity]! > 0
      if (isOpen && entity !== start && !entities.includes(entity)) place = candidate
    }
    if (place < 0) return null
    at = row[place]!
    entities.push(at)
    triples.push(reader.graph.triplesTo(entities.at(-2) ?? start, number, backward)[place]!)
  }
  return { entities, triples }
}
