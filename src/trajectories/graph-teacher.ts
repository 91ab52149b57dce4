import { createRng, type Rng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import { reasoningWords, type Step } from '../graph/schema.ts'
import type { EntityId, EntityType } from '../graph/types.ts'
import type { Comparison, Question } from '../questions/types.ts'
import { wordStatement } from '../questions/wording.ts'
import type { Draft } from './types.ts'

/** What the graph teacher writes with. */
export type GraphTeaching = {
  readonly seed: number
  /** Share of the places with a competing diagnosis where it is raised and ruled out. */
  readonly backtrackShare: number
  /** Diseases that are never raised: those held out of training. */
  readonly avoid?: ReadonlySet<EntityId>
}

/**
 * The embedded teacher: it knows the path a question was made from and writes the reasoning that walks it, one triple
 * a step. In a share of the questions where a competing diagnosis exists it first raises that one and rules it out.
 *
 * @paper Fleming-R1 §3.2: chains connect question and gold answer in essential steps; refinement shows backtracking
 * @deviation the paper's teacher is a language model that is given the gold; ours is given the path, so every step is
 *   a triple of the graph by construction
 * @returns what follows the prompt's `<think>`: reasoning, `</think>`, `<answer> … </answer>`
 */
export function teachFromGraph(graph: Graph, question: Question, options: GraphTeaching): Draft {
  const rng = createRng(options.seed, 'teacher', question.id)
  const write = writerOf(graph)
  const { comparison } = question.path
  const sentences = comparison === undefined ? [] : choose(graph, comparison)
  let backtracks = comparison !== undefined
  for (const hop of walkOf(graph, question)) {
    const { from, to } = hop
    const competitor = comparison === undefined ? competitorOf(graph, from, to, options.avoid, rng) : undefined
    if (competitor !== undefined && rng.uniform() < options.backtrackShare) {
      backtracks = true
      sentences.push(write.perhaps(competitor), write.lacks(competitor, from))
    }
    sentences.push(write.states(hop))
  }
  return { completion: write.completion(sentences, question.path.maskedEntity), backtracks }
}

/** The sentences of the graph teacher, in the words that the student's vocabulary has. */
export function writerOf(graph: Graph) {
  const label = (id: EntityId): string => graph.entity(id).label
  return {
    states: ({ step, from, to }: Hop): string => wordStatement(step, label(from), label(to)),
    perhaps: (id: EntityId): string => `${reasoningWords.perhaps} ${label(id)}`,
    lacks: (id: EntityId, what: EntityId): string => ` ${label(id)}${reasoningWords.lacks} ${label(what)}`,
    completion: (sentences: readonly string[], answer: EntityId): string =>
      `${sentences.map((sentence) => `${sentence};`).join('')}</think><answer> ${label(answer)}</answer>`,
  }
}

/** The sentences that choose one of two diseases by the feature that only one has. */
export function choose(graph: Graph, { chosen, rejected, feature, step }: Comparison): string[] {
  const { lacks, states } = writerOf(graph)
  return [lacks(rejected, feature), states({ step: graph.schema.step(step), from: chosen, to: feature })]
}

/** One step of a walk, in the direction it is read. */
export type Hop = { readonly step: Step; readonly from: EntityId; readonly to: EntityId }

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
export function competitorOf(
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
