import { createRng, type Rng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import type { Grounder } from '../graph/grounding.ts'
import type { EntityId } from '../graph/types.ts'
import { findDistractors } from '../questions/distractors.ts'
import type { Question } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import {
  choose,
  competitorOf,
  type GraphTeaching,
  type Hop,
  teachFromGraph,
  walkOf,
  writerOf,
} from './graph-teacher.ts'
import type { Ask, Draft, Revision, StrategyName } from './types.ts'

/** What a graph teacher that makes mistakes writes with. */
export type FallibleTeaching = GraphTeaching & {
  /** Share of the hops at which it takes a wrong turn, in [0, 1]; the choice between two diseases counts as one. */
  readonly mistakes: number
}

/**
 * How likely a revision is to go wrong again at a hop, as a share of `mistakes`. Chosen by us: less than a first draft, and
 * the less the more of the chain is written anew, as if the writer looked harder each time.
 */
export const relapses: { readonly [Name in StrategyName]: number } = {
  backtracking: 0.5,
  'path-exploration': 0.4,
  'self-correction': 0.3,
}

/** Wrong turns that a hop has at most (chosen by us). */
const maxTurns = 6

/**
 * A chain by a graph teacher that errs: it stands in for a language model where refinement is measured without one.
 *
 * Without a mistake a first draft is that of `teachFromGraph`. At a wrong turn it states a triple that the graph does not
 * hold, to an entity that the same step reaches from somewhere else, and walks on from there as far as there are steps; the
 * answer is where it ends. Attempts differ, and each is the same in every run.
 *
 * A revision finds the first false step of the failed chain. `backtracking` keeps the wrong turn with the step after it as a
 * guess, says what the graph denies, and goes back; `path-exploration` weighs another candidate at that place and rules it
 * out; `self-correction` writes the chain anew, plainly.
 *
 * @paper Fleming-R1 §3.2: backtracking, path exploration and self-correction revise what failed
 * @deviation the paper's teacher is a language model. Ours knows the path all the time: its mistakes are drawn, not made, so
 *   what is measured is the worth of rescued chains, not how well a model revises
 * @returns null when there is nothing to revise: no false step stands in the failed chain
 */
export function teachFallibly(
  graph: Graph,
  ground: Grounder,
  question: Question,
  { mode, attempt, revision }: Pick<Ask, 'mode' | 'attempt' | 'revision'>,
  options: FallibleTeaching,
): Draft | null {
  const { strategy = 'draft', depth = 0 } = revision ?? {}
  const rng = createRng(options.seed, 'mistakes', question.id, mode, strategy, depth, attempt)
  const scene: Scene = { graph, question, avoid: options.avoid ?? new Set(), places: placesOf(graph, question), rng }
  if (revision !== null) return revise(scene, ground, revision, options.mistakes)
  const chain = walkFrom(scene, 0, options.mistakes)
  if (!chain.isLost) return teachFromGraph(graph, question, options)
  return draftOf(scene, chain.sentences, chain.end, question.path.comparison !== undefined)
}

/** A place of a chain where one can go wrong: a hop, or before it the choice between two diseases by their feature. */
type Place = Hop & { readonly isChoice: boolean; readonly sentences: readonly string[] }

type Scene = {
  readonly graph: Graph
  readonly question: Question
  readonly avoid: ReadonlySet<EntityId>
  readonly places: readonly Place[]
  readonly rng: Rng
}

function placesOf(graph: Graph, question: Question): Place[] {
  const { comparison } = question.path
  const { states } = writerOf(graph)
  const hops = walkOf(graph, question).map((hop) => ({ ...hop, isChoice: false, sentences: [states(hop)] }))
  if (comparison === undefined) return hops
  const { step, feature, chosen } = comparison
  const choice = { step: graph.schema.step(step), from: feature, to: chosen, isChoice: true }
  return [{ ...choice, sentences: choose(graph, comparison) }, ...hops]
}

type Chain = { readonly sentences: readonly string[]; readonly end: EntityId; readonly isLost: boolean }

/** The chain from a place on; `chance` is that of a wrong turn at each. */
function walkFrom(scene: Scene, start: number, chance: number): Chain {
  const { graph, question, places, rng } = scene
  const sentences: string[] = []
  for (const [index, place] of places.entries()) {
    if (index < start) continue
    const turn = rng.uniform() < chance ? wrongTurn(scene, place) : null
    if (turn !== null) {
      const { sentences: astray, end } = walkOn(scene, turn, places.slice(index + 1))
      return { sentences: [...sentences, ...claim(graph, question, place, turn), ...astray], end, isLost: true }
    }
    sentences.push(...place.sentences)
  }
  return { sentences, end: question.path.maskedEntity, isLost: false }
}

/** An entity that the step of a place could lead to and does not; null where the graph has none. */
function wrongTurn(scene: Scene, place: Place, except?: EntityId): EntityId | null {
  const { graph, question, avoid, places, rng } = scene
  const { comparison } = question.path
  if (place.isChoice && comparison !== undefined) return comparison.rejected
  const { step, from } = place
  const named = [...places.flatMap((one) => [one.from, one.to]), ...avoid]
  if (comparison !== undefined) named.push(comparison.rejected)
  if (except !== undefined) named.push(except)
  const accepted = graph.follow(from, step).map(({ entity }) => entity)
  const found = findDistractors(
    graph,
    { heads: [from], step, accepted, named, key: `${question.id} ${from}` },
    maxTurns,
  )
  return found.length === 0 ? null : rng.pick(found).entityId
}

/** What a wrong turn says: a triple that is none. */
function claim(graph: Graph, { path }: Question, { isChoice, step, from }: Place, turn: EntityId): string[] {
  const { lacks, states } = writerOf(graph)
  const { comparison } = path
  if (!isChoice || comparison === undefined) return [states({ step, from, to: turn })]
  return [lacks(comparison.chosen, from), states({ step, from: turn, to: from })]
}

/** True steps from where a wrong turn led, as far as there are any. */
function walkOn({ graph, avoid, rng }: Scene, start: EntityId, places: readonly Place[]) {
  const { states } = writerOf(graph)
  const sentences: string[] = []
  let end = start
  for (const { step } of places) {
    const arrivals = graph.follow(end, step).filter(({ entity }) => !avoid.has(entity))
    if (arrivals.length === 0) break
    const { entity } = rng.pick(arrivals)
    sentences.push(states({ step, from: end, to: entity }))
    end = entity
  }
  return { sentences, end }
}

function revise(scene: Scene, ground: Grounder, { strategy, previous }: Revision, mistakes: number): Draft | null {
  const fault = faultOf(scene, ground, previous)
  if (fault === null) return null
  const { at, place } = fault
  const chance = mistakes * relapses[strategy]
  const isCompared = scene.question.path.comparison !== undefined
  if (strategy === 'self-correction') {
    const { sentences, end } = walkFrom(scene, 0, chance)
    return draftOf(scene, sentences, end, isCompared)
  }
  const { perhaps, lacks } = writerOf(scene.graph)
  const weighed =
    strategy === 'backtracking'
      ? { candidate: fault.turn, after: fault.after }
      : { candidate: alternativeTo(scene, place, fault.turn), after: [] }
  // The choice between two diseases says itself what the rejected one lacks.
  const isSaid = place.isChoice && weighed.candidate === scene.question.path.comparison?.rejected
  const before = scene.places.slice(0, at).flatMap(({ sentences }) => sentences)
  const denial = isSaid ? [] : [lacks(weighed.candidate, place.from)]
  const { sentences, end } = walkFrom(scene, at, chance)
  return draftOf(scene, [...before, perhaps(weighed.candidate), ...weighed.after, ...denial, ...sentences], end, true)
}

/** Another candidate than a wrong turn: a competing diagnosis where there is one. The turn itself where nothing else is. */
function alternativeTo(scene: Scene, place: Place, turn: EntityId): EntityId {
  const { graph, avoid, rng } = scene
  const competitor = competitorOf(graph, place.from, place.to, new Set([...avoid, turn]), rng)
  return competitor ?? (place.isChoice ? null : wrongTurn(scene, place, turn)) ?? turn
}

type Fault = {
  readonly at: number
  readonly place: Place
  readonly turn: EntityId
  /** The true step that was taken from there, if any. */
  readonly after: readonly string[]
}

/** The first false step of a failed chain. */
function faultOf({ question, places }: Scene, ground: Grounder, previous: string): Fault | null {
  const { comparison } = question.path
  const { thinking } = readCompletion(previous, { thinkPrefilled: true })
  const { steps } = ground(thinking ?? '')
  const wrong = steps.findIndex(({ kind }) => kind === 'unsupported')
  const step = steps[wrong]
  if (step?.kind !== 'unsupported') return null
  const isChoice = comparison !== undefined && step.from === comparison.chosen && step.to === comparison.feature
  const at = places.findIndex((place) => (isChoice ? place.isChoice : !place.isChoice && place.from === step.from))
  const place = places[at]
  if (place === undefined) return null
  const turn = isChoice ? comparison.rejected : step.to
  const next = steps.slice(wrong + 1).find((one) => one.kind === 'supported' && one.from === turn)
  return { at, place, turn, after: next === undefined ? [] : [` ${next.text}`] }
}

function draftOf({ graph }: Scene, sentences: readonly string[], answer: EntityId, backtracks: boolean): Draft {
  return { completion: writerOf(graph).completion(sentences, answer), backtracks }
}
