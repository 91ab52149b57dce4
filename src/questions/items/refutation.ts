import type { EntityType, PackedGraph } from '../../graph/types.ts'
import { relationFacts, relationsImplied } from './entailment.ts'
import type { GraphReader, Hop } from './reader.ts'
import { headCounts, meanTails } from './relation-counts.ts'
import { isListedByOneVoice, isUnsaidByOneVoice, type LeastSaid } from './voices.ts'
import { isPartOf } from './words.ts'

/** Why a step does not lead from one entity to another, with the triples that say so. */
export type Refuted = {
  readonly world: 'explicit' | 'closed' | 'open'
  readonly triples: readonly number[]
  /** For `closed`: the source that lists the relation whole. */
  readonly source: string | null
}

/** Surgery, antibiotics and blood tests are used in so much that no list of uses is whole. */
const broadMeans: readonly EntityType[] = ['procedure', 'drug-class', 'test', 'specimen']

/** What more than this share of all heads have could be true of nearly any of them. Chosen by us. */
const COMMON_SHARE = 0.005
/** In small graphs a share says little: up to so many are never common. Chosen by us. */
const COMMON_COUNT = 8

/**
 * The refutation of "the step leads from `from` to `candidate`", or null where the graph cannot be trusted to deny it:
 * it says so, it joins the two by any other relation, or it joins one of them to a parent or child of the other.
 * In the open world, what is true of very many is never refuted by silence.
 */
export function refutePair(reader: GraphReader, from: number, hop: Hop, candidate: number): Refuted | null {
  if (hop.number < 0 || reader.leadsTo(from, hop, candidate)) return null
  const [head, tail] = hop.backward ? [candidate, from] : [from, candidate]
  const denial = findDenial(reader, head, hop, tail)
  const { graph } = reader
  if (denial >= 0) {
    // A drug that is no treatment but eases the symptoms is no clear wrong answer.
    return isJoined(graph, head, tail) ? null : { world: 'explicit', triples: [denial], source: null }
  }
  // Judged before kin are looked through, which costs the most: most candidates fall here.
  const refuted = refuteUnsaid(reader, head, hop, tail)
  if (refuted === null || from === candidate || graph.touches(from, candidate)) return null
  if (reader.kin(from).some((kin) => graph.touches(kin, candidate))) return null
  return reader.kin(candidate).some((kin) => graph.touches(kin, from)) ? null : refuted
}

/** The refutation of what no source says: by the one value of the head, by a list that is whole, or by silence. */
function refuteUnsaid(reader: GraphReader, head: number, hop: Hop, tail: number): Refuted | null {
  const { graph } = reader
  if (relationFacts[hop.relation].isSingleValued) {
    const values = graph.triplesTo(head, hop.number, false)
    const [only] = graph.neighbours(head, hop.number, false)
    // "X-linked dominant inheritance" does not exclude "X-linked inheritance": one is a kind of the other.
    if (only !== undefined && isPartOf(reader.stems(only), reader.stems(tail))) return null
    if (values.length === 1) return { world: 'explicit', triples: [values[0]!], source: null }
  }
  const source = closedSource(reader, head, hop, tail)
  if (source !== null) return { world: 'closed', triples: [], source }
  const least = leastSaid(reader, hop)
  if (least === null || broadMeans.includes(graph.typeOf(tail)) || isCommon(reader, hop, tail)) return null
  return isUnsaidByOneVoice(graph, hop.number, head, tail, least) ? { world: 'open', triples: [], source: null } : null
}

/**
 * False when nothing but a denial could refute a step from here, whatever the candidate of this type: no head has one value,
 * no source lists the relation whole, and silence says nothing of the relation, of such tails or of this head.
 */
export function mayBeRefutedUnsaid(reader: GraphReader, from: number, hop: Hop, type: EntityType): boolean {
  if (hop.number < 0) return false
  const { graph } = reader
  if (relationFacts[hop.relation].isSingleValued) return true
  const least = leastSaid(reader, hop)
  const isSilenceHeard = least !== null && !broadMeans.includes(hop.backward ? graph.typeOf(from) : type)
  // Where the candidates are the heads, how well they are listed depends on each of them.
  if (isSilenceHeard && (hop.backward || isListedByOneVoice(graph, hop.number, from, least))) return true
  const implied: readonly string[] = relationsImplied(hop.relation)
  const role = hop.backward ? AS_TAIL : AS_HEAD
  return closedListsOf(graph).some(({ relation, roles }) => implied.includes(relation) && (roles[from]! & role) !== 0)
}

const strength: { readonly [World in Refuted['world']]: number } = { explicit: 2, closed: 1, open: 0 }

/** The stronger of two refutations. */
export function strongerOf(a: Refuted, b: Refuted): Refuted {
  return strength[b.world] > strength[a.world] ? b : a
}

/** The weaker of two refutations. */
export function weakerOf(a: Refuted, b: Refuted): Refuted {
  return strength[b.world] < strength[a.world] ? b : a
}

function findDenial({ graph }: GraphReader, head: number, hop: Hop, tail: number): number {
  for (const relation of hop.denials) {
    const triple = graph.findTriple(head, relation, tail)
    if (triple >= 0) return triple
  }
  return -1
}

/** True when any relation but a denial leads from head to tail. */
function isJoined(graph: PackedGraph, head: number, tail: number): boolean {
  return graph
    .relationsAt(head, false)
    .some(
      (relation) =>
        graph.schema.relations[relation]?.denies === undefined && graph.findTriple(head, relation, tail) >= 0,
    )
}

/** Bits: this source says the relation of the entity as head; names the entity as tail. */
const AS_HEAD = 1
const AS_TAIL = 2

type ClosedList = { readonly relation: string; readonly source: string; readonly roles: Uint8Array }

const closedLists = new WeakMap<PackedGraph, readonly ClosedList[]>()

/** The source that lists the relation whole for this head and knows this tail, so that its silence is a denial. */
function closedSource({ graph }: GraphReader, head: number, hop: Hop, tail: number): string | null {
  const implied: readonly string[] = relationsImplied(hop.relation)
  for (const { relation, source, roles } of closedListsOf(graph)) {
    // A source that never speaks of the tail may not know it, and its silence would mean nothing.
    if (implied.includes(relation) && (roles[head]! & AS_HEAD) !== 0 && (roles[tail]! & AS_TAIL) !== 0) return source
  }
  return null
}

function closedListsOf(graph: PackedGraph): readonly ClosedList[] {
  const known = closedLists.get(graph)
  if (known !== undefined) return known
  const lists = graph.sources.flatMap(({ name, closedRelations }) =>
    closedRelations.map((relation) => ({ relation, source: name, roles: new Uint8Array(graph.entityCount) })),
  )
  const byRelation = graph.schema.relations.map(({ name }) => lists.filter(({ relation }) => relation === name))
  if (lists.length > 0) {
    for (let triple = 0; triple < graph.tripleCount; triple++) {
      const relevant = byRelation[graph.relationAt(triple)]!
      if (relevant.length === 0) continue
      const said = graph.originsOf(triple)
      for (const { source, roles } of relevant) {
        if (!said.some((origin) => origin.source === source)) continue
        roles[graph.headOf(triple)]! |= AS_HEAD
        roles[graph.tailOf(triple)]! |= AS_TAIL
      }
    }
  }
  closedLists.set(graph, lists)
  return lists
}

/** True when so many heads have this tail that silence about one more proves nothing: fever, prednisone, nausea. */
function isCommon({ graph }: GraphReader, { number }: Hop, tail: number): boolean {
  const limit = Math.max(COMMON_COUNT, COMMON_SHARE * headCounts(graph)[number]!)
  return graph.neighbours(tail, number, true).length > limit
}

/** What one voice must have said before its silence about one more tail tells something; null: it never does. */
export function leastSaid({ graph }: GraphReader, { number, relation }: Hop): LeastSaid | null {
  const { silenceFrom } = relationFacts[relation]
  if (silenceFrom === Number.POSITIVE_INFINITY) return null
  // Where heads have few tails on the whole, fewer are asked for.
  return { tails: Math.max(1, Math.min(silenceFrom, Math.floor(meanTails(graph, number)))), heads: 1 }
}
