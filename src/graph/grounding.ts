import type { Graph } from './graph.ts'
import { reasoningWords, type Step } from './schema.ts'
import type { EntityId, Triple } from './types.ts'

/**
 * One step of a chain of thought, judged against the graph. The graph is read as an open world except for `lacks`:
 * a step that it does not hold is `unsupported`, not false.
 */
export type GroundedStep =
  | {
      readonly kind: 'supported'
      readonly text: string
      readonly from: EntityId
      readonly to: EntityId
      readonly triple: Triple
    }
  | { readonly kind: 'ruled-out'; readonly text: string; readonly from: EntityId; readonly to: EntityId }
  | { readonly kind: 'unsupported'; readonly text: string; readonly from: EntityId; readonly to: EntityId }
  | { readonly kind: 'hypothesis'; readonly text: string; readonly entity: EntityId }
  | { readonly kind: 'unreadable'; readonly text: string }

type Grounding = {
  readonly steps: readonly GroundedStep[]
  /** Steps that are triples of the graph. */
  readonly grounded: number
  /**
   * Steps that a triple could bear out: all but hypotheses and pairs rightly ruled out. Any two things that have nothing
   * to do with each other can be ruled out, so counting those would let padding raise the rate.
   */
  readonly checkable: number
}

export type Grounder = (thinking: string) => Grounding

/** White space that a step may hold beyond its one space between words; chosen by us. */
const spareSpaces = 64

/**
 * A reader of reasoning for one graph: splits a text at `;`, finds "<entity><statement><entity>" in each part by exact
 * labels and synonyms, and looks the triple up.
 */
export function createGrounder(graph: Graph): Grounder {
  const statements = [...graph.schema.steps].sort((a, b) => b.statement.length - a.statement.length)
  const names = graph.entities.flatMap(({ label, synonyms }) => [label, ...synonyms])
  const longestName = names.reduce((longest, name) => Math.max(longest, name.length), 0)
  // Reasoning is hostile input: a part too long to be two names and a statement is not searched, so time stays linear.
  const longestStep = 2 * longestName + (statements[0]?.statement.length ?? 0) + spareSpaces
  return (thinking) => {
    const steps = thinking
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part): GroundedStep => {
        return part.length > longestStep ? { kind: 'unreadable', text: part } : groundStep(graph, statements, part)
      })
    return {
      steps,
      grounded: steps.filter((step) => step.kind === 'supported').length,
      checkable: steps.filter((step) => step.kind !== 'hypothesis' && step.kind !== 'ruled-out').length,
    }
  }
}

function groundStep(graph: Graph, statements: readonly Step[], text: string): GroundedStep {
  const perhaps = reasoningWords.perhaps.trim()
  if (text.startsWith(`${perhaps} `)) {
    const entity = graph.find(text.slice(perhaps.length))
    return entity === undefined ? { kind: 'unreadable', text } : { kind: 'hypothesis', text, entity: entity.id }
  }
  for (const ends of splits(graph, text, reasoningWords.lacks)) {
    const [from, to] = ends
    return { kind: graph.touches(from, to) ? 'unsupported' : 'ruled-out', text, from, to }
  }
  let unsupported: GroundedStep | undefined
  for (const step of statements) {
    for (const [from, to] of splits(graph, text, step.statement)) {
      const arrival = graph.follow(from, step).find(({ entity }) => entity === to)
      if (arrival !== undefined) return { kind: 'supported', text, from, to, triple: arrival.triple }
      unsupported ??= { kind: 'unsupported', text, from, to }
    }
  }
  return unsupported ?? { kind: 'unreadable', text }
}

/** Every way to cut `text` at the statement so that both sides name an entity; nearly always none or one. */
function* splits(graph: Graph, text: string, statement: string): Generator<readonly [EntityId, EntityId]> {
  for (let at = text.indexOf(`${statement} `); at >= 0; at = text.indexOf(`${statement} `, at + 1)) {
    const from = graph.find(text.slice(0, at))
    const to = graph.find(text.slice(at + statement.length))
    if (from !== undefined && to !== undefined) yield [from.id, to.id]
  }
}

/**
 * True when the supported steps hold a connected chain from one of `starts` to one of `answers`: the reasoning could
 * have led to the answer, as opposed to standing beside it.
 */
export function connects(grounding: Grounding, starts: readonly EntityId[], answers: readonly EntityId[]): boolean {
  const reached = new Set(starts)
  let grew = true
  while (grew) {
    grew = false
    for (const step of grounding.steps) {
      if (step.kind === 'supported' && reached.has(step.from) && !reached.has(step.to)) {
        reached.add(step.to)
        grew = true
      }
    }
  }
  return answers.some((answer) => reached.has(answer))
}
