import type { Item } from '../types.ts'
import type { RuleHit } from './contamination.ts'
import { MAX_EVIDENCE } from './contamination-exact.ts'
import { createOverlapBuilder, type OverlapBuilder } from './contamination-overlap.ts'
import { bareStem, isShort } from './contamination-text.ts'
import { differInMeaning } from './duplicates-record.ts'
import { addWords, clearWords, createWordList, plainText, shinglesOf, wordsOf } from './shingles.ts'
import { hasContent, plainOption } from './shingles-keys.ts'
import { createShingleSet } from './shingles-set.ts'

/**
 * Questions of up to so many words (characters, of Chinese) are compared by letters too. data.md §6 asks it of those
 * below 13 words; one changed word in the middle of 20 breaks 8 of their 13 8-grams, so we go on a little.
 */
const MAX_NEAR_WORDS = 30

const ANY = 1

type Near = {
  readonly sizeBytes: number
  readonly longest: number
  /** Numbers of the benchmark questions whose text is like this one, with the similarity. */
  find(text: string): { readonly index: number; readonly score: number }[]
}

/**
 * An index of short questions by character 5-grams.
 *
 * @param items benchmark questions; hits name them by number
 * @param similarity Jaccard similarity, in (0, 1]
 */
export function createNearStemIndex(
  items: readonly Item[],
  similarity: number,
): { readonly sizeBytes: number; check(item: Item): RuleHit[] } {
  const words = createWordList()
  const stems: [number, string][] = []
  const wholes: [number, string][] = []
  for (const [index, item] of items.entries()) {
    const stem = bareStem(item)
    clearWords(words)
    addWords(words, stem)
    if (words.length > MAX_NEAR_WORDS) continue
    // "Which of the following is true?" is like itself in thousands of different questions.
    if (hasContent(wordsOf(stem))) stems.push([index, plainText(stem)])
    if (isShort(words) && item.options.length > 0) wholes.push([index, wholeText(stem, item.options)])
  }
  const nearStems = createNear(stems, similarity)
  const nearWholes = createNear(wholes, similarity)
  const evidenceOf = (index: number): string => items[index]!.stem.slice(0, MAX_EVIDENCE)
  return {
    sizeBytes: nearStems.sizeBytes + nearWholes.sizeBytes,
    check: (item) => {
      const hits: RuleHit[] = []
      const stem = bareStem(item)
      for (const { index, score } of nearStems.find(plainText(stem))) {
        const other = items[index]!
        // "type 1" and "type 2", "true" and "false" are near in letters only, unless the answer is the same.
        if (differInMeaning(stem, bareStem(other)) && !shareAnswer(item, other)) continue
        hits.push({ index, rule: 'near short question', score, evidence: evidenceOf(index) })
      }
      if (item.options.length > 0) {
        for (const { index, score } of nearWholes.find(wholeText(stem, item.options))) {
          // Questions of one block share their options: with another answer it is another question.
          if (!shareAnswer(item, items[index]!)) continue
          hits.push({ index, rule: 'near short question and options', score, evidence: evidenceOf(index) })
        }
      }
      return hits
    },
  }
}

function wholeText(stem: string, options: readonly string[]): string {
  return [plainText(stem), ...options.map(plainOption).sort()].join('\n')
}

function shareAnswer(left: Item, right: Item): boolean {
  const answers = new Set(left.answers.map(plainOption))
  return right.answers.some((answer) => answers.has(plainOption(answer)))
}

function createNear(texts: readonly (readonly [number, string])[], similarity: number): Near {
  // Jaccard similarity s needs the share s of the benchmark's shingles, at least.
  const builder: OverlapBuilder = createOverlapBuilder(similarity)
  const own = createShingleSet()
  let longest = 0
  let shingles = new Uint32Array(1024)
  const shingle = (text: string): number => {
    if (text.length > shingles.length) shingles = new Uint32Array(text.length * 2)
    return shinglesOf(text, shingles)
  }
  for (const [, text] of texts) {
    builder.startSet()
    longest = Math.max(longest, text.length)
    const count = shingle(text)
    for (let i = 0; i < count; i++) builder.add(shingles[i]!, 0)
  }
  const overlaps = builder.build()
  return {
    longest,
    sizeBytes: overlaps.sizeBytes,
    find: (text) => {
      // A text with more shingles than that cannot be similar; repeats in it are what the factor 2 allows for.
      if (texts.length === 0 || text.length * similarity > 2 * longest) return []
      const count = shingle(text)
      const distinct = own.load(shingles, count)
      overlaps.begin()
      for (let i = 0; i < count; i++) overlaps.see(shingles[i]!, 0, ANY)
      return overlaps
        .hits(() => ANY)
        .map(({ set, matched, size }) => ({ index: texts[set]![0], score: matched / (size + distinct - matched) }))
        .filter(({ score }) => score >= similarity)
    },
  }
}
