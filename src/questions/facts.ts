import { createRng, type Rng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import type { Step } from '../graph/schema.ts'
import type { EntityId } from '../graph/types.ts'
import { wordStatement, wordStem } from './wording.ts'

/** A triple as one reads it in one direction: the subject, the step, and everything that step reaches from it. */
export type Fact = {
  readonly head: EntityId
  readonly step: Step
  readonly tails: readonly EntityId[]
}

/** Every (entity, step) pair of the graph with what it reaches, in graph order. */
export function factsOf(graph: Graph): Fact[] {
  const facts: Fact[] = []
  for (const { id } of graph.entities) {
    for (const step of graph.schema.steps) {
      const tails = graph.follow(id, step).map(({ entity }) => entity)
      if (tails.length > 0) facts.push({ head: id, step, tails })
    }
  }
  return facts
}

/** What a part of a sentence is to the learner: noise around it, a word it should learn to say, or the knowledge. */
export type PartRole = 'context' | 'echo' | 'object'

/** A verbalised fact, in parts with their roles. */
export type Sentence = readonly { readonly text: string; readonly role: PartRole }[]

/**
 * The wordings of a fact: as the statement that reasoning uses, as noun phrases the way questions speak, and as a
 * question that is answered by restating it. Facts seen in several phrasings become usable, not only recitable
 *; the last form teaches to carry a subject from a question into a statement.
 */
export const factForms: readonly ((graph: Graph, fact: Fact, tail: EntityId) => Sentence)[] = [
  (graph, { head, step }, tail) => [
    { text: wordStatement(step, graph.entity(head).label, '').trimEnd(), role: 'context' },
    { text: ` ${graph.entity(tail).label}`, role: 'object' },
    { text: ';', role: 'context' },
  ],
  (graph, { head, step }, tail) => [
    { text: `The${step.phrase} ${graph.entity(head).label} is`, role: 'context' },
    { text: ` ${graph.entity(tail).label}`, role: 'object' },
    { text: '.', role: 'context' },
  ],
  (graph, { head, step }, tail) => [
    { text: `${wordStem([step], ` ${graph.entity(head).label}`, `${head} ${step.name}`)}`, role: 'context' },
    { text: wordStatement(step, graph.entity(head).label, '').trimEnd(), role: 'echo' },
    { text: ` ${graph.entity(tail).label}`, role: 'object' },
    { text: ';', role: 'context' },
  ],
]

/** Share of sentences in each form of `factForms`; chosen by us. */
const formShares = [0.45, 0.2, 0.35]

/**
 * `count` sentences for one training document: facts in an order that visits each once an epoch, forms and objects
 * drawn at random.
 *
 * @param position how many sentences came before; position and seed alone decide what is drawn
 */
export function drawSentences(
  graph: Graph,
  facts: readonly Fact[],
  options: { readonly seed: number | string; readonly position: number; readonly count: number },
): Sentence[] {
  return Array.from({ length: options.count }, (_, offset) => {
    const at = options.position + offset
    const epoch = Math.floor(at / facts.length)
    const fact = facts[epochOrder(facts.length, options.seed, epoch)[at % facts.length]!]!
    const rng = createRng(options.seed, 'sentence', at)
    return drawForm(rng)(graph, fact, rng.pick(fact.tails))
  })
}

const drawForm = (rng: Rng) => factForms[rng.weightedIndex(formShares)]!

let cachedOrder: { readonly key: string; readonly order: readonly number[] } | undefined

/** The order in which an epoch visits the facts; the last one asked for is kept, since documents ask in sequence. */
function epochOrder(size: number, seed: number | string, epoch: number): readonly number[] {
  const key = `${size} ${seed} ${epoch}`
  if (cachedOrder?.key !== key) {
    const indices = Array.from({ length: size }, (_, index) => index)
    cachedOrder = { key, order: createRng(seed, 'fact-order', epoch).shuffle(indices) }
  }
  return cachedOrder.order
}
