import type { Rng } from '../../core/rng.ts'
import type { Constraint } from './answers.ts'
import type { Draft, DraftResult } from './draft.ts'
import type { GraphReader, Hop } from './reader.ts'
import type { Shape } from './shapes.ts'
import { drawWalk, type WalkCounts } from './walks.ts'

/** Features of a disease from which a case can be made: three are shown, one is withheld. */
export const MIN_FEATURES = 4
const MIN_SHOWN = 3
/** Chosen by us: a stem with more reads like a list. */
const MAX_SHOWN = 7
/** Features that make up the subgraph of one case. */
const MAX_FEATURES = 12
/** Of one relation but findings, so many are shown: a case with four genes is none. */
const MAX_OF_KIND = 2

type Feature = Constraint & { readonly triple: number }

/** How many features lead to the entity by these steps. */
export function featuresOf({ graph }: GraphReader, center: number, hops: readonly Hop[]): number {
  let count = 0
  for (const { number, backward } of hops) count += graph.neighbours(center, number, !backward).length
  return count
}

/** What the chain walked from a center adds to a draft; nothing for a shape that asks for the center itself. */
export type Tail = Pick<Draft, 'hidden' | 'gold' | 'path' | 'last' | 'anchor'> & { readonly triples: readonly number[] }

/** The end of a draft around `center`: the center where nothing follows, else a walk from it. Null when it turns back. */
export function drawTail(
  reader: GraphReader,
  onward: WalkCounts | null,
  center: number,
  given: Hop,
  rng: Rng,
): Tail | null {
  const last = onward?.hops.at(-1)
  if (onward === null || last === undefined) {
    return { hidden: [], path: [], gold: center, triples: [], last: given, anchor: center }
  }
  const walk = drawWalk(reader, onward, center, rng)
  if (walk === null) return null
  const { entities, triples } = walk
  const hidden = [center, ...entities.slice(0, -1)]
  return { hidden, path: hidden, gold: entities.at(-1)!, triples, last, anchor: hidden.at(-1)! }
}

const turnedBack: DraftResult = { kind: 'failed', reason: 'the walk came back to where it had been' }
/** Fever, cough and fatigue are shared by so many diseases that no list of them is whole. Chosen by us. */
const MAX_TELLING = 4

/**
 * True when half of the features, and two at least, are those of few diseases: silence about one common finding more
 * rules no disease out, and a list of common findings describes a hundred.
 */
function pointsSomewhere(reader: GraphReader, features: readonly Feature[]): boolean {
  const telling = features.filter(({ entity, hop }) => reader.targets(entity, hop).length <= MAX_TELLING).length
  return telling >= Math.max(2, features.length / 2)
}

const untelling: DraftResult = { kind: 'failed', reason: 'nothing that is shown points at few diseases' }
const tooFew: DraftResult = { kind: 'failed', reason: 'too few features to withhold one' }

/** Two or three entities that all lead to the center. */
export function drawCommon(
  reader: GraphReader,
  shape: Shape & { readonly kind: 'common' },
  onward: WalkCounts | null,
  center: number,
  rng: Rng,
): DraftResult {
  const hop = reader.hop(shape.given)
  const wanted = 2 + rng.int(2)
  const shown = chooseApart(reader, drawFeatures(reader, center, [hop], rng), wanted)
  const tail = drawTail(reader, onward, center, hop, rng)
  if (tail === null || shown.some(({ entity }) => tail.hidden.includes(entity) || entity === tail.gold)) {
    return turnedBack
  }
  if (shown.length < 2) return tooFew
  if (!pointsSomewhere(reader, shown)) return untelling
  const proof = [...shown.map(({ triple }) => triple), ...tail.triples]
  return { kind: 'draft', draft: { shape, pair: null, ...tail, given: shown, triples: proof, proof } }
}

/** A disease with some of its features shown and some withheld, each withheld with probability `maskRate`. */
export function drawCase(
  reader: GraphReader,
  shape: Shape & { readonly kind: 'case' },
  onward: WalkCounts | null,
  center: number,
  { features, maskRate }: { readonly features: readonly Hop[]; readonly maskRate: number },
  rng: Rng,
): DraftResult {
  const tail = drawTail(reader, onward, center, features[0]!, rng)
  if (tail === null) return turnedBack
  const named = [tail.gold, ...tail.hidden]
  const known = drawFeatures(reader, center, features, rng).filter(({ entity }) => !named.includes(entity))
  const all = chooseApart(reader, known, MAX_FEATURES)
  if (all.length < MIN_FEATURES) return tooFew
  const open = all.filter(() => rng.uniform() >= maskRate).slice(0, MAX_SHOWN)
  const shownAtLeast = open.length >= MIN_SHOWN ? open : all.slice(0, MIN_SHOWN)
  const chosen = withoutCrowding(shownAtLeast.length < all.length ? shownAtLeast : all.slice(0, -1))
  if (chosen.length < MIN_SHOWN) return tooFew
  if (!pointsSomewhere(reader, chosen)) return untelling
  const order = new Map(features.map((hop, index) => [hop, index]))
  const shown = [...chosen].sort((a, b) => order.get(a.hop)! - order.get(b.hop)!)
  const withheld = all.filter((feature) => !shown.includes(feature))
  const shownTriples = shown.map(({ triple }) => triple)
  return {
    kind: 'draft',
    draft: {
      shape,
      pair: null,
      ...tail,
      given: shown,
      hidden: [...tail.hidden, ...withheld.map(({ entity }) => entity)],
      triples: [...shownTriples, ...withheld.map(({ triple }) => triple), ...tail.triples],
      proof: [...shownTriples, ...tail.triples],
    },
  }
}

/** The features of a center in random order, each entity once, some of each relation where there are very many. */
export function drawFeatures(reader: GraphReader, center: number, hops: readonly Hop[], rng: Rng): Feature[] {
  const taken = new Set<number>()
  const features: Feature[] = []
  for (const hop of hops) {
    const row = reader.graph.neighbours(center, hop.number, !hop.backward)
    const triples = reader.graph.triplesTo(center, hop.number, !hop.backward)
    for (const place of somePlaces(row.length, MAX_FEATURES * 2, rng)) {
      const entity = row[place]!
      if (taken.has(entity) || !reader.isSpecific(entity)) continue
      taken.add(entity)
      features.push({ entity, hop, triple: triples[place]! })
    }
  }
  return rng.shuffle(features)
}

/** Up to `wanted` different places of a row, in random order. */
export function somePlaces(length: number, wanted: number, rng: Rng): number[] {
  if (length <= wanted * 2) return rng.shuffle(Array.from({ length }, (_, place) => place)).slice(0, wanted)
  const places = new Set<number>()
  while (places.size < wanted) places.add(rng.int(length))
  return [...places]
}

/** The first features of which none is a kind of another: "pain" beside "chest pain" says nothing new. */
function chooseApart(reader: GraphReader, features: readonly Feature[], wanted: number): Feature[] {
  const chosen: Feature[] = []
  for (const feature of features) {
    if (chosen.length === wanted) break
    const name = reader.nameKey(feature.entity)
    const isNew = chosen.every(({ entity }) => !reader.isKin(entity, feature.entity) && reader.nameKey(entity) !== name)
    if (isNew) chosen.push(feature)
  }
  return chosen
}

function withoutCrowding(features: readonly Feature[]): Feature[] {
  const counts = new Map<string, number>()
  return features.filter(({ hop }) => {
    const count = (counts.get(hop.name) ?? 0) + 1
    counts.set(hop.name, count)
    return hop.relation === 'has_finding' || count <= MAX_OF_KIND
  })
}
