import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import type { Step } from '../graph/schema.ts'
import type { EntityId, EntityType } from '../graph/types.ts'
import type { Refutation } from './types.ts'

/** What the last step of a question walks from and to, and what else may be no option of it. */
export type Asked = {
  readonly heads: readonly EntityId[]
  readonly step: Step
  readonly accepted: readonly EntityId[]
  readonly named: readonly EntityId[]
  readonly key: string
}

/**
 * Wrong options by relation-preserving perturbation: first what the same last step reaches from siblings of the
 * entities it should start from (competing diagnoses that share features, drugs of the same class), nearest sibling
 * first; then other entities that the step reaches anywhere. Each is refuted by the graph before it is used.
 *
 * @paper Fleming-R1 §1 (introduction): distractors by relation-preserving perturbation
 * @returns up to `count` refutations; fewer when the graph cannot refute enough candidates
 */
export function findDistractors(graph: Graph, question: Asked, count: number): Refutation[] {
  const { heads, step } = question
  const { distractors, consider } = collectRefuted(graph, question, count)
  const siblings = heads.flatMap((head) => siblingsOf(graph, head)).sort((a, b) => b.shared - a.shared)
  for (const { id, shared } of siblings) {
    for (const { entity } of graph.follow(id, step)) {
      consider(entity, `reached from "${graph.entity(id).label}", which shares ${shared} features`)
    }
  }
  const rng = createRng('distractors', question.key)
  for (const id of rng.shuffle(reachable(graph, step))) {
    consider(id, 'same relation, other subject')
  }
  return distractors
}

/**
 * The control to {@link findDistractors}: wrong options drawn from everything of a type, from everything else when those
 * are too few; refuted by the graph all the same.
 *
 * @param knowledge everything known, of which `graph` may be a part: it must be silent about what is drawn
 * @param type of the right option
 * @returns up to `count` refutations; fewer when too few entities are refuted
 */
export function drawDistractors(
  graph: Graph,
  knowledge: Graph,
  question: Asked,
  type: EntityType,
  count: number,
): Refutation[] {
  const { distractors, consider } = collectRefuted(knowledge, question, count)
  const rng = createRng('random-distractors', question.key)
  for (const { id } of rng.shuffle(graph.ofType(type))) consider(id, 'drawn at random')
  if (distractors.length === count) return distractors
  for (const { id } of rng.shuffle(graph.entities)) consider(id, 'drawn at random, of any type')
  return distractors
}

/** Takes candidates one by one until there are enough; an answer, what is named and what the graph cannot refute is none. */
function collectRefuted(graph: Graph, { heads, accepted, named }: Asked, count: number) {
  const taken = new Set<EntityId>([...accepted, ...named])
  const distractors: Refutation[] = []
  const consider = (candidate: EntityId, why: string): void => {
    if (distractors.length >= count || taken.has(candidate)) return
    taken.add(candidate)
    // The whole graph must be silent about the pair, not only this relation: an "other drug for" is no wrong first line.
    if (heads.some((head) => graph.touches(head, candidate))) return
    distractors.push({ entityId: candidate, reason: why })
  }
  return { distractors, consider }
}

const siblingCaches = new WeakMap<Graph, Map<EntityId, { id: EntityId; shared: number }[]>>()

/** Entities of the same type that share (relation, neighbour) pairs with `id`, with how many. */
function siblingsOf(graph: Graph, id: EntityId): readonly { readonly id: EntityId; readonly shared: number }[] {
  const cache = siblingCaches.get(graph) ?? new Map<EntityId, { id: EntityId; shared: number }[]>()
  siblingCaches.set(graph, cache)
  const known = cache.get(id)
  if (known !== undefined) return known
  const shared = new Map<EntityId, number>()
  const { type } = graph.entity(id)
  for (const step of graph.schema.steps) {
    for (const { entity } of graph.follow(id, step)) {
      for (const { entity: other } of graph.follow(entity, { ...step, backward: !step.backward })) {
        if (other !== id && graph.entity(other).type === type) shared.set(other, (shared.get(other) ?? 0) + 1)
      }
    }
  }
  const siblings = [...shared].map(([other, count]) => ({ id: other, shared: count }))
  siblings.sort((a, b) => b.shared - a.shared || (a.id < b.id ? -1 : 1))
  cache.set(id, siblings)
  return siblings
}

const reachableCaches = new WeakMap<Graph, Map<string, EntityId[]>>()

/** Everything that the step reaches from anywhere in the graph. */
function reachable(graph: Graph, step: Step): readonly EntityId[] {
  const cache = reachableCaches.get(graph) ?? new Map<string, EntityId[]>()
  reachableCaches.set(graph, cache)
  const known = cache.get(step.name)
  if (known !== undefined) return known
  const found = graph.triples
    .filter(({ relation }) => relation === step.relation)
    .map(({ head, tail }) => (step.backward ? head : tail))
  const unique = [...new Set(found)]
  cache.set(step.name, unique)
  return unique
}
