import type { PackedGraph } from '../../graph/types.ts'

/** Tails of a relation per head that has any. */
export const meanTails = (graph: PackedGraph, relation: number): number =>
  tripleCounts(graph)[relation]! / Math.max(1, headCounts(graph)[relation]!)

/** Heads of a relation per tail that has any. */
export const meanHeads = (graph: PackedGraph, relation: number): number =>
  tripleCounts(graph)[relation]! / Math.max(1, tailCounts(graph)[relation]!)

/** How many triples each relation has, and how many different heads and tails. */
type RelationCounts = { readonly triples: Uint32Array; readonly heads: Uint32Array; readonly tails: Uint32Array }

const countsOf = new WeakMap<PackedGraph, RelationCounts>()

const tripleCounts = (graph: PackedGraph): Uint32Array => relationCounts(graph).triples
export const headCounts = (graph: PackedGraph): Uint32Array => relationCounts(graph).heads
const tailCounts = (graph: PackedGraph): Uint32Array => relationCounts(graph).tails

function relationCounts(graph: PackedGraph): RelationCounts {
  const known = countsOf.get(graph)
  if (known !== undefined) return known
  const relations = graph.schema.relations.length
  const triples = new Uint32Array(relations)
  const heads = new Uint32Array(relations)
  const tails = new Uint32Array(relations)
  for (let triple = 0; triple < graph.tripleCount; triple++) triples[graph.relationAt(triple)]! += 1
  for (let entity = 0; entity < graph.entityCount; entity++) {
    for (const relation of graph.relationsAt(entity, false)) heads[relation]! += 1
    for (const relation of graph.relationsAt(entity, true)) tails[relation]! += 1
  }
  const counts = { triples, heads, tails }
  countsOf.set(graph, counts)
  return counts
}
