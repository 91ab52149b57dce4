/** Byte-pair encoding of one word: the tokens that merging by rank leaves, in time n log n even for hostile words. */

import { DataError } from '../core/errors.ts'
import { byteAlphabet } from './bpe.ts'

/** More than any id: `left * idLimit + right` names a pair, and stays a safe integer. */
const idLimit = 2 ** 20

/** More than any position in a word: `rank * positionLimit + position` orders the queue, and stays a safe integer. */
const positionLimit = 2 ** 31

/** Words remembered before the memory is emptied, and the longest that is; chosen by us: some 20 MB. */
const maxRemembered = 65_536
const maxRememberedLength = 64

/** What is merged: the vocabulary in the byte alphabet, the merges with the first one first. */
export type BpeTable = {
  readonly vocab: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
  /** A word that is a token is that token, whatever the merges say (Llama 3). */
  readonly ignoreMerges: boolean
}

/**
 * A function from a word to its token ids, as Hugging Face's BPE has them: always the pair of lowest rank, among equals
 * the leftmost.
 *
 * The function throws a {@link DataError} when a byte of the word has no token: other libraries leave it out in silence.
 */
export function createBpeEncoder({ vocab, merges, ignoreMerges }: BpeTable): (word: string) => readonly number[] {
  const byteIds = byteAlphabet.map((letter) => vocab.get(letter) ?? -1)
  const rankOf = new Map<number, number>()
  const mergedIds = merges.map(([left, right], rank) => {
    rankOf.set(vocab.get(left)! * idLimit + vocab.get(right)!, rank)
    return vocab.get(left + right)!
  })
  const remembered = new Map<string, readonly number[]>()

  const encodeWord = (word: string): readonly number[] => {
    const bytes = Buffer.from(word, 'utf8')
    if (ignoreMerges) {
      const whole = vocab.get(Array.from(bytes, (byte) => byteAlphabet[byte]!).join(''))
      if (whole !== undefined) return [whole]
    }
    return mergePairs(
      Array.from(bytes, (byte) => (byteIds[byte]! < 0 ? refuseByte(byte, word) : byteIds[byte]!)),
      rankOf,
      mergedIds,
    )
  }

  return (word) => {
    const known = remembered.get(word)
    if (known !== undefined) return known
    const ids = encodeWord(word)
    if (word.length <= maxRememberedLength) {
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(word, ids)
    }
    return ids
  }
}

function refuseByte(byte: number, word: string): never {
  const name = `0x${byte.toString(16).padStart(2, '0')}`
  throw new DataError(`the tokenizer has no token for byte ${name}, which the text holds near "${word.slice(0, 20)}"`, {
    hint: 'take the character out of the text: this model cannot read it',
  })
}

/** The ids after every merge; a linked list over the positions of `ids`, -1 where a token was taken in by its left. */
function mergePairs(ids: number[], rankOf: ReadonlyMap<number, number>, mergedIds: readonly number[]): number[] {
  if (ids.length === 1) return ids
  const next = Int32Array.from(ids, (_, at) => (at + 1 < ids.length ? at + 1 : -1))
  const previous = Int32Array.from(ids, (_, at) => at - 1)
  const queue: number[] = []
  const rankAt = (at: number): number | undefined => {
    const right = next[at]!
    return right < 0 ? undefined : rankOf.get(ids[at]! * idLimit + ids[right]!)
  }
  const offer = (at: number): void => {
    const rank = at < 0 ? undefined : rankAt(at)
    if (rank !== undefined) pushLowest(queue, rank * positionLimit + at)
  }
  for (let at = 0; at + 1 < ids.length; at += 1) offer(at)
  for (let entry = popLowest(queue); entry !== undefined; entry = popLowest(queue)) {
    const at = entry % positionLimit
    const rank = (entry - at) / positionLimit
    // An entry whose pair has changed since is out of date; the pair that is there now has an entry of its own.
    if (ids[at]! < 0 || rankAt(at) !== rank) continue
    const right = next[at]!
    ids[at] = mergedIds[rank]!
    ids[right] = -1
    next[at] = next[right]!
    if (next[at]! >= 0) previous[next[at]!] = at
    offer(previous[at]!)
    offer(at)
  }
  return ids.filter((id) => id >= 0)
}

/** Adds to a binary heap. */
function pushLowest(heap: number[], value: number): void {
  let at = heap.length
  heap.push(value)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]! <= value) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = value
}

/** Takes the lowest value off a binary heap. */
function popLowest(heap: number[]): number | undefined {
  const lowest = heap[0]
  const last = heap.pop()
  if (lowest === undefined || last === undefined || heap.length === 0) return lowest
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1
    if (heap[child]! >= last) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return lowest
}
