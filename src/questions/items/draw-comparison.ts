import type { Rng } from '../../core/rng.ts'
import type { Constraint } from './answers.ts'
import { isDoubtful } from './doubts.ts'
import type { DraftResult } from './draft.ts'
import { drawFeatures, drawTail, somePlaces } from './draw-case.ts'
import type { GraphReader, Hop } from './reader.ts'
import { refutePair } from './refutation.ts'
import type { Shape } from './shapes.ts'
import type { WalkCounts } from './walks.ts'

/** How many shared findings, diseases and features are tried before a draft is given up. Chosen by us. */
const TRIES = 6

type Rival = { readonly other: number; readonly shared: number; readonly triples: readonly number[] }

/** Two diseases in a patient with what they share, and a feature that only the chosen one has. */
export function drawComparison(
  reader: GraphReader,
  shape: Shape & { readonly kind: 'comparison' },
  onward: WalkCounts | null,
  chosen: number,
  rng: Rng,
): DraftResult {
  const sharedHop = reader.hop(shape.shared)
  const rival = findRival(reader, chosen, sharedHop, rng)
  if (rival === null) return { kind: 'failed', reason: 'no second disease shares a finding' }
  const hops = shape.features.map((step) => reader.hop(step)).filter(({ number }) => number >= 0)
  const features = drawFeatures(reader, chosen, hops, rng).filter(({ entity }) => entity !== rival.shared)
  const telling = features.slice(0, TRIES).find((feature) => tells(reader, feature, rival.other))
  if (telling === undefined) return { kind: 'failed', reason: 'no feature tells the two diseases apart' }
  const tail = drawTail(reader, onward, chosen, telling.hop, rng)
  const named = [rival.shared, rival.other, telling.entity]
  if (tail === null || named.includes(tail.gold) || tail.hidden.some((entity) => named.includes(entity))) {
    return { kind: 'failed', reason: 'the walk came back to where it had been' }
  }
  const pair: readonly [number, number] = rng.int(2) === 0 ? [chosen, rival.other] : [rival.other, chosen]
  return {
    kind: 'draft',
    draft: {
      shape,
      ...tail,
      given: [
        { entity: rival.shared, hop: sharedHop },
        { entity: telling.entity, hop: telling.hop },
      ],
      pair,
      // The chosen disease is named beside the other one; only the choice is withheld.
      hidden: tail.hidden.filter((entity) => entity !== chosen),
      triples: [...rival.triples, telling.triple, ...tail.triples],
      proof: [telling.triple, ...tail.triples],
    },
  }
}

/** A finding of the first disease that the second, which shares another one, is not known to have. */
export function drawContrast(
  reader: GraphReader,
  shape: Shape & { readonly kind: 'contrast' },
  favoured: number,
  rng: Rng,
): DraftResult {
  const sharedHop = reader.hop(shape.shared)
  const hop = reader.hop(shape.step)
  const rival = findRival(reader, favoured, sharedHop, rng)
  if (rival === null) return { kind: 'failed', reason: 'no second disease shares a finding' }
  const features = drawFeatures(reader, favoured, [reader.reverse(hop)], rng)
  const telling = features.slice(0, TRIES).find((feature) => tells(reader, feature, rival.other))
  if (telling === undefined) return { kind: 'failed', reason: 'no feature tells the two diseases apart' }
  return {
    kind: 'draft',
    draft: {
      shape,
      given: [],
      pair: [favoured, rival.other],
      hidden: [],
      path: [],
      gold: telling.entity,
      triples: [telling.triple],
      proof: [telling.triple],
      last: hop,
      anchor: favoured,
    },
  }
}

/** True when the other disease is refuted to have the feature, beyond doubt where only silence says so. */
function tells(reader: GraphReader, { entity, hop }: Constraint, other: number): boolean {
  const back = reader.reverse(hop)
  const refuted = refutePair(reader, other, back, entity)
  return refuted !== null && (refuted.world !== 'open' || !isDoubtful(reader, other, back, entity))
}

/** A disease that shares a finding and is neither a kind of the first nor the other way round. */
function findRival(reader: GraphReader, disease: number, hop: Hop, rng: Rng): Rival | null {
  const { graph } = reader
  const findings = graph.neighbours(disease, hop.number, !hop.backward)
  for (const place of somePlaces(findings.length, TRIES, rng)) {
    const shared = findings[place]!
    if (!reader.isSpecific(shared)) continue
    const diseases = graph.neighbours(shared, hop.number, hop.backward)
    for (const index of somePlaces(diseases.length, TRIES, rng)) {
      const other = diseases[index]!
      if (graph.typeOf(other) !== 'disease' || reader.isKin(disease, other)) continue
      const triples = [
        graph.triplesTo(disease, hop.number, !hop.backward)[place]!,
        graph.triplesTo(shared, hop.number, hop.backward)[index]!,
      ]
      return { other, shared, triples }
    }
  }
  return null
}
