import { relationFacts } from './entailment.ts'
import type { GraphReader, Hop } from './reader.ts'
import { leastSaid } from './refutation.ts'
import { meanHeads } from './relation-counts.ts'
import { isUnsaidByOneVoice } from './voices.ts'

/**
 * True when silence about a candidate is doubtful all the same: it is a whole system of organs, or likely by analogy. Doubts
 * pass a candidate over; they never prove anything, and the certificate does without them.
 */
export const isDoubtful = (reader: GraphReader, from: number, hop: Hop, candidate: number): boolean =>
  isWholeSystem(reader, hop.backward ? from : candidate) || isLikelyByAnalogy(reader, from, hop, candidate)

/**
 * True when the voice that speaks of the head hardly ever uses the option: its silence about a wording that is not its own
 * says little. In a graph whose tails have few heads on the whole, fewer uses are asked for.
 */
export function isOddWording(reader: GraphReader, from: number, hop: Hop, option: number): boolean {
  const { number, relation, backward } = hop
  const wanted = Math.min(relationFacts[relation].inUseFrom, Math.floor(meanHeads(reader.graph, number)))
  if (backward || wanted <= 1) return false
  const least = leastSaid(reader, hop)
  return least === null || !isUnsaidByOneVoice(reader.graph, number, from, option, { ...least, heads: wanted })
}

/** What an organ has, its system has, and no source says so twice. */
const isWholeSystem = ({ graph }: GraphReader, entity: number): boolean =>
  graph.typeOf(entity) === 'anatomy' &&
  /(?:^|\s)(?:system|tract|viscus|organ|endocrine gland)$/i.test(graph.labelOf(entity))

/** Heads that share so many tails are alike, and what one has the other may have. Chosen by us. */
const ALIKE = 3
/** Heads of a tail that are compared; of more, every n-th. */
const MAX_COMPARED = 16

/**
 * True when a head that is like this one has the tail: another hemorrhagic fever with shock makes shock no safe wrong
 * finding of this one. It is likelihood, not truth: used to pass a candidate over, never to prove one.
 */
function isLikelyByAnalogy({ graph }: GraphReader, from: number, { number, backward }: Hop, to: number): boolean {
  const [head, tail] = backward ? [to, from] : [from, to]
  const own = graph.neighbours(head, number, false)
  if (own.length < ALIKE) return false
  const heads = graph.neighbours(tail, number, true)
  const step = Math.max(1, Math.ceil(heads.length / MAX_COMPARED))
  for (let place = 0; place < heads.length; place += step) {
    if (countShared(own, graph.neighbours(heads[place]!, number, false)) >= ALIKE) return true
  }
  return false
}

/** How many numbers two ascending rows share, up to what makes them alike. */
function countShared(a: Int32Array, b: Int32Array): number {
  let [i, j, shared] = [0, 0, 0]
  while (i < a.length && j < b.length && shared < ALIKE) {
    const [left, right] = [a[i]!, b[j]!]
    if (left === right) shared += 1
    if (left <= right) i += 1
    if (right <= left) j += 1
  }
  return shared
}
