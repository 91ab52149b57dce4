import type { Rng } from '../../core/rng.ts'
import type { Answers } from './answers.ts'
import type { Draft } from './draft.ts'
import { somePlaces } from './draw-case.ts'
import type { GraphReader } from './reader.ts'
import { mayBeRefutedUnsaid } from './refutation.ts'

/** An entity that may become a wrong option, and by which road it was found. */
export type Candidate = { readonly entity: number; readonly why: string }

/** How many neighbours of each kind are looked at, how many entities at random. Chosen by us. */
const WIDTH = 6
const RANDOM_DRAWS = 80

/**
 * Candidates for wrong options, the most telling first: explicit negatives, what competing diagnoses reach, what
 * entities with shared features reach, what siblings in the taxonomy reach, and at last anything that the step reaches.
 */
export function* candidatesFor(reader: GraphReader, draft: Draft, answers: Answers, rng: Rng): Generator<Candidate> {
  yield* deniedCandidates(reader, answers, rng)
  if (isDenialNeeded(reader, draft, answers)) return
  const hops = answers.demand === 'all' ? answers.sources.map(({ hop }) => hop) : [draft.last]
  for (const candidate of reachedCandidates(reader, draft, answers, rng)) {
    // What the steps reach from nowhere is a thing of another kind or level: "respiratory disease" beside "croup".
    const isReached = hops.some(
      ({ number, backward }) => reader.graph.neighbours(candidate.entity, number, !backward).length > 0,
    )
    if (isReached) yield candidate
  }
}

function* reachedCandidates(reader: GraphReader, draft: Draft, answers: Answers, rng: Rng): Generator<Candidate> {
  const asksCenter = answers.demand === 'all'
  const expand = function* (siblings: Iterable<number>, why: string): Generator<Candidate> {
    for (const sibling of siblings) {
      if (asksCenter) yield { entity: sibling, why }
      else if (sibling !== draft.anchor) {
        const label = reader.graph.labelOf(sibling)
        for (const entity of some(reader.targets(sibling, draft.last), rng)) yield { entity, why: `${why}: ${label}` }
      }
    }
  }
  if (draft.pair !== null) {
    const [first, second] = draft.pair
    const other = first === draft.anchor ? second : first
    yield* expand([other], 'the other disease')
  }
  yield* expand(rivalsOf(reader, draft.anchor, rng), 'a competing diagnosis')
  if (asksCenter) yield* expand(sharing(reader, draft, rng), 'shares what is given')
  yield* expand(siblingsByFeature(reader, draft, rng), 'shares a feature')
  yield* expand(siblingsByKind(reader, draft.anchor, rng), 'of the same kind')
  if (!asksCenter) {
    for (const entity of siblingsByKind(reader, draft.gold, rng)) yield { entity, why: 'of the kind of the answer' }
  }
  yield* randomCandidates(reader, draft, rng)
}

/** True when silence refutes no option here, so that only what sources deny is worth a look. */
const isDenialNeeded = (reader: GraphReader, draft: Draft, { demand, sources }: Answers): boolean =>
  demand === 'any' &&
  draft.shape.kind !== 'contrast' &&
  sources.some(({ entity, hop }) => !mayBeRefutedUnsaid(reader, entity, hop, reader.graph.typeOf(draft.gold)))

function* deniedCandidates(reader: GraphReader, { sources }: Answers, rng: Rng): Generator<Candidate> {
  for (const { entity, hop } of sources) {
    for (const relation of hop.denials) {
      const denied = reader.graph.neighbours(entity, relation, hop.backward)
      for (const candidate of some(denied, rng, WIDTH * 3)) yield { entity: candidate, why: 'denied by a source' }
    }
  }
}

const rivalRelations = ['mimicked_by', 'co_occurs_with'] as const

function* rivalsOf(reader: GraphReader, entity: number, rng: Rng): Generator<number> {
  for (const name of rivalRelations) {
    const number = reader.relationNumber(name)
    if (number < 0) continue
    for (const backward of [false, true]) yield* some(reader.graph.neighbours(entity, number, backward), rng)
  }
}

/** Entities to which some of what is given leads as well: competing diagnoses. */
function* sharing(reader: GraphReader, draft: Draft, rng: Rng): Generator<number> {
  for (const { entity, hop } of rng.shuffle(draft.given)) yield* some(reader.targets(entity, hop), rng)
}

/** Entities of the type of the anchor that share a neighbour with it, by any relation in the same direction. */
function* siblingsByFeature(reader: GraphReader, { anchor }: Draft, rng: Rng): Generator<number> {
  const { graph } = reader
  const type = graph.typeOf(anchor)
  for (const backward of [false, true]) {
    for (const relation of rng.shuffle(graph.relationsAt(anchor, backward))) {
      if (graph.schema.relations[relation]?.taxonomic === true) continue
      for (const feature of some(graph.neighbours(anchor, relation, backward), rng)) {
        for (const sibling of some(graph.neighbours(feature, relation, !backward), rng)) {
          if (sibling !== anchor && graph.typeOf(sibling) === type) yield sibling
        }
      }
    }
  }
}

function* siblingsByKind(reader: GraphReader, anchor: number, rng: Rng): Generator<number> {
  const { graph } = reader
  const type = graph.typeOf(anchor)
  for (const parent of some(reader.parents(anchor), rng)) {
    for (const sibling of some(reader.kin(parent), rng)) {
      if (sibling !== anchor && graph.typeOf(sibling) === type) yield sibling
    }
  }
}

function* randomCandidates(reader: GraphReader, draft: Draft, rng: Rng): Generator<Candidate> {
  const { graph } = reader
  const pool = graph.ofType(graph.typeOf(draft.gold))
  const why = 'reached by the same step'
  if (pool.length <= RANDOM_DRAWS) {
    for (const entity of rng.shuffle([...pool])) yield { entity, why }
    return
  }
  // Drawn one at a time, as few are needed: one that comes again is turned away once more.
  for (let drawn = 0; drawn < RANDOM_DRAWS; drawn++) yield { entity: pool[rng.int(pool.length)]!, why }
}

function some(row: ArrayLike<number>, rng: Rng, wanted: number = WIDTH): number[] {
  return somePlaces(row.length, wanted, rng).map((place) => row[place]!)
}
