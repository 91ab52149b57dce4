import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import type { EntityId } from '../graph/types.ts'
import { type Asked, drawDistractors } from './distractors.ts'
import type { Question } from './types.ts'

/**
 * A question with wrong options drawn at random in the place of its own, in a new order: the control that tells what it is
 * worth to make them from competing diagnoses.
 *
 * @param knowledge everything known, which must refute what is drawn from `graph`
 * @param asked the last step of the question, as its own options were made from
 * @returns null when too few entities are refuted
 */
export function withRandomOptions(graph: Graph, knowledge: Graph, question: Question, asked: Asked): Question | null {
  const wanted = question.options.length - 1
  const refutations = drawDistractors(graph, knowledge, asked, question.answerType, wanted)
  if (refutations.length < wanted) return null
  const gold = question.path.maskedEntity
  const shown: EntityId[] = [gold, ...refutations.map(({ entityId }) => entityId)]
  const options = createRng('random-options', question.id)
    .shuffle(shown)
    .map((entityId) => ({ entityId, label: graph.entity(entityId).label }))
  return { ...question, options, gold: options.findIndex(({ entityId }) => entityId === gold), refutations }
}
