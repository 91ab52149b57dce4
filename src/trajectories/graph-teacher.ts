import { createRng, type Rng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import { reasoningWords, type Step } from '../graph/schema.ts'
import type { EntityId, EntityType } from '../graph/types.ts'
import type { Question } from '../questions/types.ts'
import { wordStatement } from '../questions/wording.ts'
import type { Draft } from './types.ts'

/**
 * The embedded teacher: it knows the path a question was made from and writes the reasoning that walks it, one triple
 * a step. In a share of the questions where a competing diagnosis exists it first raises that one and rules it out.
 *
 * @paper Fleming-R1 §3.2: chains connect question and gold answer in essential steps; refinement shows backtracking
 * @deviation the paper's teacher is a language model that is given the gold; ours is given the path, so every step is
 *   a triple of the graph by construction
 * @param options.avoid diseases that are never raised: those held out of training
 * @returns what follows the prompt's `<think>`: reasoning, `</think>`, `<answer> … </answer>`
 */
export function teachFromGraph(
  graph: Graph,
  question: Question,
  options: { readonly seed: number; readonly backtrackShare: number; readonly avoid?: ReadonlySet<EntityId> },
): Draft {
  const rng = createRng(options.seed, 'teacher', question.id)
  const label = (id: EntityId): string => graph.entity(id).label
  const { comparison } = question.path
  const sentences: string[] = []
  let backtracks = false
  if (comparison !== undefined) {
    const step = graph.schema.step(comparison.step)
    backtracks = true
    sentences.push(` ${label(comparison.rejected)}${reasoningWords.lacks} ${label(comparison.feature)}`)
    sentences.push(wordStatement(step, label(comparison.chosen), label(comparison.feature)))
  }
  const walk = walkOf(graph, question)
  for (const { step, from, to } of walk) {
    const competitor = comparison === undefined ? competitorOf(graph, from, to, options.avoid, rng) : undefined
    if (competitor !== undefined && rng.uniform() < options.backtrackShare) {
      backtracks = true
      sentences.push(`${reasoningWords.perhaps} ${label(competitor)}`)
      sentences.push(` ${label(competitor)}${reasoningWords.lacks} ${label(from)}`)
    }
    sentences.push(wordStatement(step, label(from), label(to)))
  }
  const thinking = sentences.map((sentence) => `${sentence};`).join('')
  return { completion: `${thinking}</think><answer> ${label(question.path.maskedEntity)}</answer>`, backtracks }
}

type Hop = { readonly step: Step; readonly from: EntityId; readonly to: EntityId }

/** The walk to the gold entity in the direction it is read, without the triple of the comparison. */
export function walkOf(graph: Graph, question: Question): Hop[] {
  const { path } = question
  const skip = path.comparison === undefined ? 0 : 1
  const triples = path.triples.slice(skip).map((id) => graph.triple(id))
  return path.steps.map((name, index) => {
    const step = graph.schema.step(name)
    const { head, tail } = triples[index]!
    return step.backward ? { step, from: tail, to: head } : { step, from: head, to: tail }
  })
}

/** What a patient or a report shows; an organism or a gene is a cause, not a clue to weigh diagnoses by. */
const clueTypes: readonly EntityType[] = ['finding', 'result']

/** A disease that could be mistaken for `to` but is not joined to `from`; none unless the hop arrives at a disease from a clue. */
function competitorOf(
  graph: Graph,
  from: EntityId,
  to: EntityId,
  avoid: ReadonlySet<EntityId> | undefined,
  rng: Rng,
): EntityId | undefined {
  if (graph.entity(to).type !== 'disease' || !clueTypes.includes(graph.entity(from).type)) return undefined
  const mimicked = graph.schema.step('mimicked_by')
  const near = [...graph.follow(to, mimicked), ...graph.follow(to, { ...mimicked, backward: true })]
  const candidates = near
    .map(({ entity }) => entity)
    .filter((id) => !graph.touches(id, from) && avoid?.has(id) !== true)
  return candidates.length === 0 ? undefined : rng.pick(candidates)
}
