import type { PackedGraph } from '../types.ts'
import { countUp, lowerBound, rowStarts, sortByKey } from './columns.ts'
import type { PackedParts } from './parts.ts'
import { checkIndex } from './views.ts'

/** Rows up to this length are looked through; longer ones are searched. Chosen by us. */
const SHORT_ROW = 32

/** Triples of each entity in one direction: sorted by relation, then by neighbour. */
type Side = {
  readonly starts: Uint32Array
  readonly relations: Uint16Array
  readonly neighbours: Int32Array
  readonly triples: Int32Array
}

type Walks = Pick<PackedGraph, 'neighbours' | 'triplesTo' | 'relationsAt' | 'findTriple' | 'touches' | 'degree'>

/** How one gets from entity to entity: compressed rows for both directions. */
export function walksOver(parts: PackedParts): Walks {
  const entityCount = parts.entities.labels.length
  const check = checkIndex('entity', entityCount)
  const [forward, backward] = sidesOf(parts, entityCount)
  let locatedSide = forward
  let locatedEntity = -1
  let locatedRelation = -1
  let from = 0
  let to = 0
  /** Sets [from, to) to the triples of an entity by one relation; neighbours and triples of one row are asked in turn. */
  const locate = (side: Side, entity: number, relation: number): void => {
    if (locatedEntity === entity && locatedRelation === relation && locatedSide === side) return
    const [start, end] = [side.starts[check(entity)]!, side.starts[entity + 1]!]
    from = lowerBound(side.relations, start, end, relation)
    to = lowerBound(side.relations, from, end, relation + 1)
    locatedSide = side
    locatedEntity = entity
    locatedRelation = relation
  }
  const findTriple = (head: number, relation: number, tail: number): number => {
    locate(forward, head, relation)
    const at = lowerBound(forward.neighbours, from, to, tail)
    return at < to && forward.neighbours[at] === tail ? forward.triples[at]! : -1
  }
  const rowLength = (side: Side, entity: number): number => side.starts[entity + 1]! - side.starts[check(entity)]!
  const relationsAt = (entity: number, isBackward: boolean): number[] =>
    relationsOf(isBackward ? backward : forward, check(entity))
  const leadsTo = (from: number, to: number): boolean => {
    const [start, end] = [forward.starts[from]!, forward.starts[from + 1]!]
    if (end - start <= SHORT_ROW) return forward.neighbours.subarray(start, end).includes(to)
    if (rowLength(backward, to) <= SHORT_ROW) {
      return backward.neighbours.subarray(backward.starts[to], backward.starts[to + 1]).includes(from)
    }
    return relationsAt(from, false).some((relation) => findTriple(from, relation, to) !== -1)
  }
  return {
    neighbours: (entity, relation, isBackward) => {
      const side = isBackward ? backward : forward
      locate(side, entity, relation)
      return side.neighbours.subarray(from, to)
    },
    triplesTo: (entity, relation, isBackward) => {
      const side = isBackward ? backward : forward
      locate(side, entity, relation)
      return side.triples.subarray(from, to)
    },
    relationsAt,
    findTriple,
    touches: (a, b) => leadsTo(check(a), check(b)) || leadsTo(b, a),
    degree: (entity) => rowLength(forward, entity) + rowLength(backward, entity),
  }
}

function relationsOf(side: Side, entity: number): number[] {
  const end = side.starts[entity + 1]!
  const found: number[] = []
  for (let at = side.starts[entity]!; at < end; ) {
    const relation = side.relations[at]!
    found.push(relation)
    at = lowerBound(side.relations, at, end, relation + 1)
  }
  return found
}

function sidesOf({ heads, relations, tails, schema }: PackedParts, entityCount: number): readonly [Side, Side] {
  const all = countUp(heads.length)
  // Triples come by head: sorted by relation, then by tail, they stay by head inside.
  const order = sortByKey(sortByKey(all, relations, schema.relations.length), tails, entityCount)
  return [
    { starts: rowStarts(heads, entityCount), relations, neighbours: tails, triples: all },
    {
      starts: rowStarts(tails, entityCount),
      relations: new Uint16Array(order.length).map((_, at) => relations[order[at]!]!),
      neighbours: new Int32Array(order.length).map((_, at) => heads[order[at]!]!),
      triples: order,
    },
  ]
}
