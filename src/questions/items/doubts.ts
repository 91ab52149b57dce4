import { relationFacts } from './entailment.ts'
import type { GraphReader, Hop } from './reader.ts'
import { meanHeads } from './relation-counts.ts'

/**
 * True when silence about a candidate is doubtful all the same: it is an odd wording, or likely by analogy. Doubts pass a
 * candidate over; they never prove anything, and the certificate does without them.
 */
export const isDoubtful = (reader: GraphReader, from: number, hop: Hop, candidate: number): boolean =>
  isOddWording(reader, hop, candidate) || isLikelyByAnalogy(reader, from, hop, candidate)

/**
 * True when the option is a wording that hardly any head has: silence about it says little. In a graph whose tails have few
 * heads on the whole, fewer are asked for.
 */
export function isOddWording({ graph }: GraphReader, { number, relation, backward }: Hop, option: number): boolean {
  const wanted = relationFacts[relation].inUseFrom
  if (backward || wanted === 1) return false
  return graph.neighbours(option, number, true).length < Math.min(wanted, Math.floor(meanHeads(graph, number)))
}

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
