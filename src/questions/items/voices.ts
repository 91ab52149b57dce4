import { canonicalJson } from '../../core/json.ts'
import type { PackedGraph } from '../../graph/types.ts'

/** Bits of voices, `words` to an entity, [entity × words]. */
type Voices = {
  readonly words: number
  /** The voices that list enough tails of the head. */
  readonly listing: Uint32Array
  /** The voices that give this tail to enough heads for it to be a word of theirs. */
  readonly using: Uint32Array
}

const voicesOf = new WeakMap<PackedGraph, Map<string, Voices>>()

/** How many tails a voice must list of a head, and to how many heads it must give a tail, for its silence to say something. */
export type LeastSaid = { readonly tails: number; readonly heads: number }

/**
 * True when one voice, a file of a source, lists enough tails of the head and gives this tail to enough other heads: it
 * knows the word, it speaks at length of the head, and it does not put them together. Where the head is listed by one voice
 * and the tail is a word of another ("trouble walking" beside terms of an ontology), their silence is no one's denial.
 */
export function isUnsaidByOneVoice(
  graph: PackedGraph,
  relation: number,
  head: number,
  tail: number,
  least: LeastSaid,
): boolean {
  const { words, listing, using } = voicesOfRelation(graph, relation, least)
  for (let word = 0; word < words; word++) {
    if ((listing[head * words + word]! & using[tail * words + word]!) !== 0) return true
  }
  return false
}

/** True when any voice lists enough tails of the head. */
export function isListedByOneVoice(graph: PackedGraph, relation: number, head: number, least: LeastSaid): boolean {
  const { words, listing } = voicesOfRelation(graph, relation, least)
  for (let word = 0; word < words; word++) if (listing[head * words + word] !== 0) return true
  return false
}

function voicesOfRelation(graph: PackedGraph, relation: number, least: LeastSaid): Voices {
  const known = voicesOf.get(graph) ?? new Map<string, Voices>()
  voicesOf.set(graph, known)
  const key = `${relation} ${least.tails} ${least.heads}`
  const made = known.get(key) ?? makeVoices(graph, relation, least)
  known.set(key, made)
  return made
}

function makeVoices(graph: PackedGraph, relation: number, least: LeastSaid): Voices {
  const bits = new Map<string, number>()
  const said: { readonly triple: number; readonly voices: readonly number[] }[] = []
  for (let head = 0; head < graph.entityCount; head++) {
    for (const triple of graph.triplesTo(head, relation, false)) {
      const names = new Set(graph.originsOf(triple).map(({ source, file }) => canonicalJson([source, file])))
      const voices = [...names].map((name) => bits.get(name) ?? bits.set(name, bits.size).size - 1)
      said.push({ triple, voices })
    }
  }
  const words = Math.max(1, Math.ceil(bits.size / 32))
  const listing = new Uint32Array(graph.entityCount * words)
  const using = new Uint32Array(graph.entityCount * words)
  const mark = (rows: Uint32Array, entity: number, voice: number): void => {
    rows[entity * words + (voice >>> 5)]! |= 1 << (voice & 31)
  }
  const uses = new Map<number, number>()
  const lists = new Map<number, number>()
  const countOf = (counts: Map<number, number>, entity: number, voice: number): number => {
    const key = entity * bits.size + voice
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count
  }
  for (const { triple, voices } of said) {
    const [head, tail] = [graph.headOf(triple), graph.tailOf(triple)]
    for (const voice of voices) {
      if (countOf(lists, head, voice) >= least.tails) mark(listing, head, voice)
      if (countOf(uses, tail, voice) >= least.heads) mark(using, tail, voice)
    }
  }
  return { words, listing, using }
}
