import type { Constraint, Query } from './answers.ts'
import type { Draft } from './draft.ts'
import type { GraphReader, Hop } from './reader.ts'

/** What a draft asks of the graph. */
export function queryOf(reader: GraphReader, { shape, given, pair, last }: Draft): Query {
  const onward = (steps: readonly Hop['name'][]): Hop[] => steps.map((step) => reader.hop(step))
  if (shape.kind === 'walk') return { kind: 'chain', starts: given, onward: onward(shape.steps.slice(1)) }
  if (shape.kind === 'contrast' && pair !== null) {
    return { kind: 'contrast', favoured: pair[0], other: pair[1], hop: last }
  }
  if (shape.kind === 'comparison' && pair !== null) {
    return { kind: 'choice', pair, feature: given[1]!, onward: onward(shape.onward) }
  }
  return { kind: 'chain', starts: given, onward: 'onward' in shape ? onward(shape.onward) : [] }
}

/** The triples that entail one right answer of a query: one way from what is given to it, or null when there is none. */
export function proofOf(reader: GraphReader, query: Query, answer: number): number[] | null {
  if (query.kind === 'contrast') return tripleList(reader, [{ entity: query.favoured, hop: query.hop }], answer)
  if (query.kind === 'choice') {
    const { feature, pair, onward } = query
    return firstProof(reader, [feature], pair, onward, answer)
  }
  const [first, ...rest] = query.starts
  if (first === undefined) return null
  if (query.onward.length === 0) return tripleList(reader, query.starts, answer)
  const centers = [...reader.targets(first.entity, first.hop)].filter((center) =>
    rest.every(({ entity, hop }) => reader.leadsTo(entity, hop, center)),
  )
  return firstProof(reader, query.starts, centers, query.onward, answer)
}

/** The proof through the first of the centers that leads to the answer. */
function firstProof(
  reader: GraphReader,
  starts: readonly Constraint[],
  centers: readonly number[],
  onward: readonly Hop[],
  answer: number,
): number[] | null {
  for (const center of centers) {
    const before = tripleList(reader, starts, center)
    const after = before === null ? null : walkTo(reader, center, onward, answer)
    if (before !== null && after !== null) return [...before, ...after]
  }
  return null
}

function walkTo(reader: GraphReader, from: number, hops: readonly Hop[], answer: number): number[] | null {
  const [hop, ...rest] = hops
  if (hop === undefined) return null
  if (rest.length === 0) return tripleList(reader, [{ entity: from, hop }], answer)
  for (const next of reader.targets(from, hop)) {
    const after = walkTo(reader, next, rest, answer)
    if (after !== null) return [tripleOf(reader, from, hop, next), ...after]
  }
  return null
}

function tripleList(reader: GraphReader, constraints: readonly Constraint[], to: number): number[] | null {
  const triples = constraints.map(({ entity, hop }) => tripleOf(reader, entity, hop, to))
  return triples.includes(-1) ? null : triples
}

/** The triple behind a step, by its relation or a narrower one, or -1. */
export function tripleOf(reader: GraphReader, from: number, hop: Hop, to: number): number {
  const [head, tail] = hop.backward ? [to, from] : [from, to]
  for (const relation of [hop.number, ...hop.narrower]) {
    const triple = relation < 0 ? -1 : reader.graph.findTriple(head, relation, tail)
    if (triple >= 0) return triple
  }
  return -1
}
