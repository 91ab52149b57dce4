/** Byte-level BPE: the GPT-2 alphabet and pre-tokenizer, and a trainer whose every choice is determined by its input. */

import { DataError } from '../core/errors.ts'

/** Printable stand-in of each byte, as GPT-2 has it: printable bytes stand for themselves, the others follow from U+0100. */
export const byteAlphabet: readonly string[] = buildByteAlphabet()

/**
 * The pre-tokenizer of Hugging Face's ByteLevel with `use_regex`: contractions, words, numbers, signs, white space. White
 * space is Unicode's: JavaScript's own `\s` has U+FEFF and lacks U+0085.
 */
const wordPattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** A pair must occur twice to be worth a token (chosen by us). */
const minPairCount = 2
const maxTokens = 2 ** 20

export type BpeModel = {
  /** Token in the byte alphabet to id: the bytes are 0 to 255, each merge has the next id. */
  readonly vocab: ReadonlyMap<string, number>
  /** What was merged, in the byte alphabet, first merge first. */
  readonly merges: readonly (readonly [string, string])[]
  /** The tokens of every word that was trained on, by word. */
  readonly segments: ReadonlyMap<string, readonly number[]>
}

type Word = { ids: number[]; readonly count: number }
type Pair = { readonly left: number; readonly right: number; count: number; readonly words: Set<number> }

function buildByteAlphabet(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++))
}

/** The words of a text that holds no added token: merges never reach over their edges. */
export function splitWords(text: string): string[] {
  return text.match(wordPattern) ?? []
}

/**
 * Byte-level BPE merges learnt from counted words.
 *
 * Each step merges the pair with the highest count; among equals the one whose left token, then right token, has the
 * lowest bytes. Every pair is merged in all words at once, so a stretch of bytes that no token crosses is cut alike
 * everywhere: every token has one derivation, and merging by rank gives each training word the segments that training
 * ended with.
 *
 * @param wordCounts words as `splitWords` gives them, with how often each occurs; the order does not matter
 * @param mergeCount the most merges to make; fewer are made when no pair occurs twice any more
 * @throws {DataError} when mergeCount is not a whole number that fits
 */
export function trainBpe(wordCounts: ReadonlyMap<string, number>, mergeCount: number): BpeModel {
  if (!Number.isInteger(mergeCount) || mergeCount < 0 || mergeCount > maxTokens - 256) {
    throw new DataError(`the number of merges must be a whole number from 0 to ${maxTokens - 256}, found ${mergeCount}`)
  }
  // One UTF-16 unit per byte, so that comparing strings compares bytes.
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  const words: Word[] = Array.from(wordCounts, ([word, count]) => ({ ids: [...Buffer.from(word, 'utf8')], count }))
  const pairs = new Map<number, Pair>()
  words.forEach((word, index) => {
    countPairs(pairs, word, index, word.count)
  })

  const merges: [string, string][] = []
  while (merges.length < mergeCount) {
    const best = bestPair(pairs, tokens)
    if (best === null) break
    const id = tokens.length
    tokens.push(tokens[best.left]! + tokens[best.right]!)
    merges.push([toAlphabet(tokens[best.left]!), toAlphabet(tokens[best.right]!)])
    for (const index of best.words) {
      const word = words[index]!
      countPairs(pairs, word, index, -word.count)
      word.ids = mergePair(word.ids, best, id)
      countPairs(pairs, word, index, word.count)
    }
    pairs.delete(pairKey(best.left, best.right))
  }
  return {
    vocab: new Map(tokens.map((token, id) => [toAlphabet(token), id])),
    merges,
    segments: new Map(Array.from(wordCounts.keys(), (word, index) => [word, words[index]!.ids])),
  }
}

function pairKey(left: number, right: number): number {
  return left * maxTokens + right
}

/** Adds `count` for every pair of the word; negative takes it away again. */
function countPairs(pairs: Map<number, Pair>, word: Word, index: number, count: number): void {
  for (let at = 0; at + 1 < word.ids.length; at += 1) {
    const left = word.ids[at]!
    const right = word.ids[at + 1]!
    let pair = pairs.get(pairKey(left, right))
    if (pair === undefined) {
      pair = { left, right, count: 0, words: new Set() }
      pairs.set(pairKey(left, right), pair)
    }
    pair.count += count
    if (count > 0) pair.words.add(index)
  }
}

function bestPair(pairs: Map<number, Pair>, tokens: readonly string[]): Pair | null {
  let best: Pair | null = null
  for (const [key, pair] of pairs) {
    if (pair.count <= 0) pairs.delete(key)
    if (pair.count < minPairCount) continue
    if (best === null || isBetter(pair, best, tokens)) best = pair
  }
  return best
}

function isBetter(pair: Pair, best: Pair, tokens: readonly string[]): boolean {
  if (pair.count !== best.count) return pair.count > best.count
  if (pair.left !== best.left) return tokens[pair.left]! < tokens[best.left]!
  return tokens[pair.right]! < tokens[best.right]!
}

function mergePair(ids: readonly number[], { left, right }: Pair, id: number): number[] {
  const merged: number[] = []
  for (let at = 0; at < ids.length; at += 1) {
    const isPair = ids[at] === left && ids[at + 1] === right
    merged.push(isPair ? id : ids[at]!)
    if (isPair) at += 1
  }
  return merged
}

function toAlphabet(bytes: string): string {
  return Array.from(bytes, (byte) => byteAlphabet[byte.charCodeAt(0)]!).join('')
}
