import type { Graph } from '../graph/graph.ts'
import type { EntityId } from '../graph/types.ts'
import type { Question } from './types.ts'

export type Proof = { readonly holds: true } | { readonly holds: false; readonly reason: string }

/**
 * Proves from the graph alone that a question has exactly the answers it accepts and exactly one right option. It
 * walks the path anew and knows nothing of how the question was made, so a defect of the synthesis shows here.
 */
export function proveQuestion(graph: Graph, question: Question): Proof {
  const fails = (reason: string): Proof => ({ holds: false, reason })
  const { comparison } = question.path
  if (comparison !== undefined) {
    const step = graph.schema.step(comparison.step)
    if (!graph.follow(comparison.chosen, step).some(({ entity }) => entity === comparison.feature)) {
      return fails('the chosen disease lacks the feature')
    }
    if (graph.touches(comparison.rejected, comparison.feature)) return fails('both diseases have the feature')
  }
  const { reached, heads } = walk(graph, comparison?.chosen ?? question.path.start, question.path.steps)
  const accepted = new Set(question.acceptedEntityIds)
  if (reached.size !== accepted.size || [...reached].some((id) => !accepted.has(id))) {
    return fails('the path reaches other entities than the question accepts')
  }
  if (comparison !== undefined) {
    const other = walk(graph, comparison.rejected, question.path.steps).reached
    if ([...other].some((id) => accepted.has(id))) return fails('the rejected disease leads to an accepted answer')
  }
  const right = question.options.filter(({ entityId }) => accepted.has(entityId))
  if (right.length !== 1) return fails(`${right.length} options are right`)
  if (question.options[question.gold] !== right[0]) return fails('gold does not point at the right option')
  if (right[0]!.entityId !== question.path.maskedEntity) return fails('the right option is not the masked entity')
  if (new Set(question.options.map(({ label }) => label)).size !== question.options.length)
    return fails('two options read the same')
  for (const { entityId } of question.options) {
    if (!accepted.has(entityId) && [...heads].some((head) => graph.touches(head, entityId))) {
      return fails('a distractor is joined to what the last step starts from')
    }
  }
  return { holds: true }
}

function walk(
  graph: Graph,
  start: EntityId,
  steps: readonly string[],
): { reached: Set<EntityId>; heads: Set<EntityId> } {
  let heads = new Set<EntityId>()
  let reached = new Set([start])
  for (const name of steps) {
    const step = graph.schema.step(name)
    heads = reached
    reached = new Set([...heads].flatMap((head) => graph.follow(head, step).map(({ entity }) => entity)))
  }
  return { reached, heads }
}
