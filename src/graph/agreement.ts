import type { Graph } from './graph.ts'
import type { Entity, Triple } from './types.ts'

/** One line of a reference table: something said of `head` and `tail`, both by name. */
export type NamedPair = { readonly head: string; readonly tail: string }

type Agreement = {
  /** Triples whose head the reference knows and whose tail it knows for some head: what it could have said. */
  readonly comparable: readonly Triple[]
  /** Those of them that it does say. */
  readonly agreed: readonly Triple[]
}

/**
 * How far a graph and a reference table say the same, by label or synonym, letter case aside.
 *
 * A pair that the reference does not list is no error of the graph: references are incomplete. The share agreed is a
 * lower bound of what is confirmed.
 *
 * @param relations the relations whose triples are compared
 */
export function measureAgreement(
  graph: Graph,
  relations: readonly string[],
  reference: readonly NamedPair[],
): Agreement {
  const heads = new Set(reference.map(({ head }) => nameKey(head)))
  const tails = new Set(reference.map(({ tail }) => nameKey(tail)))
  const pairs = pairKeys(reference)
  const comparable = graph.triples.filter(
    (triple) =>
      relations.includes(triple.relation) &&
      namesOf(graph.entity(triple.head)).some((name) => heads.has(name)) &&
      namesOf(graph.entity(triple.tail)).some((name) => tails.has(name)),
  )
  return { comparable, agreed: comparable.filter((triple) => isListed(graph, triple, pairs)) }
}

/** Triples of the relations that a table lists by name, e.g. treatments in a list of what is no treatment. */
export function listedTriples(
  graph: Graph,
  relations: readonly string[],
  listed: readonly NamedPair[],
): readonly Triple[] {
  const pairs = pairKeys(listed)
  return graph.triples.filter((triple) => relations.includes(triple.relation) && isListed(graph, triple, pairs))
}

/** Entities none of whose names is among the names of a vocabulary, letter case aside. */
export function unresolvedEntities(entities: readonly Entity[], vocabulary: readonly string[]): readonly Entity[] {
  const known = new Set(vocabulary.map((name) => nameKey(name)))
  return entities.filter((entity) => !namesOf(entity).some((name) => known.has(name)))
}

function isListed(graph: Graph, triple: Triple, pairs: ReadonlySet<string>): boolean {
  const tailNames = namesOf(graph.entity(triple.tail))
  return namesOf(graph.entity(triple.head)).some((head) => tailNames.some((tail) => pairs.has(`${head}\t${tail}`)))
}

function pairKeys(pairs: readonly NamedPair[]): ReadonlySet<string> {
  return new Set(pairs.map(({ head, tail }) => `${nameKey(head)}\t${nameKey(tail)}`))
}

function namesOf(entity: Entity): string[] {
  return [entity.label, ...entity.synonyms].map((name) => nameKey(name))
}

function nameKey(name: string): string {
  return name.trim().toLowerCase()
}
