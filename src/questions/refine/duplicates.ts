import type { Item, QuestionId } from '../types.ts'
import { createChains } from './duplicates-chains.ts'
import { createNearIndex } from './duplicates-near.ts'
import {
  comparedText,
  differInMeaning,
  type Entry,
  entryOf,
  isOwnAnswer,
  isOwnQuestion,
  packEntry,
  relateAnswers,
  unpackEntry,
} from './duplicates-record.ts'
import { createTextStore } from './duplicates-store.ts'
import { plainItem, shingleSimilarity, textKey } from './shingles-keys.ts'

/**
 * What becomes of an item, given those before it.
 *
 * - `kept`: like none of them.
 * - `duplicate`: the same question as `of`. `exact`: stem, options and answers alike but for order, case, punctuation;
 *   `same answer`: stem and answer alike, other wrong options; `near`: Jaccard similarity at or above the threshold, and
 *   the same answer.
 * - `review`: curated, the question of `of` with another answer: one of the two labels may be wrong. Kept apart for label
 *   review.
 * - `dropped`: synthetic, and its stem has another answer already.
 */
export type Verdict =
  | { readonly kind: 'kept' }
  | (Match & { readonly kind: 'duplicate'; readonly how: 'exact' | 'same answer' | 'near' })
  | (Match & { readonly kind: 'review'; readonly reason: 'same stem, other gold' | 'near duplicate, other gold' })
  | (Match & { readonly kind: 'dropped'; readonly reason: 'two answers to one stem' })

type Match = { readonly of: QuestionId /** In [0, 1]; 1 for equal texts. */; readonly jaccard: number }

/** What has been seen so far. */
export type DeduplicationReport = {
  readonly items: number
  readonly kept: number
  readonly exact: number
  readonly sameAnswer: number
  readonly near: number
  readonly review: number
  readonly twoAnswers: number
  /** Pairs whose similarity was computed in full. */
  readonly comparisons: number
  /** Items that shared bands with more others than are compared: near duplicates of theirs may have been missed. */
  readonly cut: number
  /** Memory of the index. */
  readonly sizeBytes: number
}

export type Deduplicator = {
  /** The verdict of the next item. What is a duplicate or dropped is forgotten; what is under review is compared with. */
  add(item: Item): Verdict
  report(): DeduplicationReport
}

/** Items with one stem that are compared; chosen by us: only stems without content have more. */
const MAX_SAME_STEM = 64

/**
 * Similarity of the stems alone that near duplicates need. Chinese exams ask blocks of different questions over the same
 * five options, which are most of the text; their stems reach 0.5 in the sample rows. Chosen by us.
 */
const MIN_STEM_SIMILARITY = 0.6

/**
 * A stream of verdicts: the first occurrence wins, so cutting the input into batches changes nothing. Verdicts name the
 * oldest match.
 *
 * Near duplicates by MinHash: 128 permutations of the character 5-grams of stem and sorted options, in bands, each
 * pair then measured. Synthetic items are near duplicates only of those with the same answer: another answer is another
 * fact, however alike the template makes the texts.
 *
 * @param config.threshold Jaccard similarity from which two items are near duplicates, in (0, 1]
 * @deviation Fleming-R1 does not mention duplicates; data.md §6 gives what others do, and these are its values.
 * @throws {ConfigError} when the threshold is not in (0, 1]
 */
export function createDeduplicator(config: { readonly threshold?: number } = {}): Deduplicator {
  const texts = createTextStore()
  const exactKeys = createChains(53)
  const stemKeys = createChains(53)
  const read = (index: number): Entry => unpackEntry(texts.read(index))
  const threshold = config.threshold ?? 0.8
  const nearIndex = createNearIndex(threshold, (index) => comparedText(read(index)))
  const counts = { items: 0, kept: 0, exact: 0, sameAnswer: 0, near: 0, review: 0, twoAnswers: 0 }

  const judge = (entry: Entry, exactKey: number, stemKey: number): Verdict => {
    const twin = exactKeys.first(exactKey)
    if (twin !== -1) return { kind: 'duplicate', how: 'exact', of: read(twin).id, jaccard: 1 }
    const candidates = oldestFirst(stemKeys, stemKey)
    return judgeSameStem(entry, candidates, read, nearIndex) ?? judgeNear(entry, read, nearIndex, threshold)
  }
  const add = (item: Item): Verdict => {
    const plain = plainItem(item)
    const entry = entryOf(item, plain)
    const exactKey = textKey([plain.context, plain.text, ...plain.golds].join('\n\n'))
    const stemKey = textKey(`${plain.context}\n\n${plain.stem}`)
    nearIndex.load(plain.text, textKey(plain.golds.join('\n')), entry.isCurated)
    const verdict = judge(entry, exactKey, stemKey)
    if (verdict.kind === 'kept' || verdict.kind === 'review') {
      texts.add(packEntry(entry))
      exactKeys.add(exactKey)
      stemKeys.add(stemKey)
      nearIndex.addLoaded()
    }
    counts.items += 1
    counts[counterOf(verdict)] += 1
    return verdict
  }
  return {
    add,
    report: () => ({
      ...counts,
      comparisons: nearIndex.comparisons,
      cut: nearIndex.cut,
      sizeBytes: texts.sizeBytes + exactKeys.sizeBytes + stemKeys.sizeBytes + nearIndex.sizeBytes,
    }),
  }
}

function counterOf(verdict: Verdict): 'kept' | 'exact' | 'sameAnswer' | 'near' | 'review' | 'twoAnswers' {
  if (verdict.kind === 'dropped') return 'twoAnswers'
  if (verdict.kind !== 'duplicate') return verdict.kind
  return verdict.how === 'same answer' ? 'sameAnswer' : verdict.how
}

function oldestFirst(chains: ReturnType<typeof createChains>, key: number): number[] {
  const found: number[] = []
  for (let entry = chains.first(key); entry !== -1 && found.length < MAX_SAME_STEM; entry = chains.older(entry)) {
    found.push(entry)
  }
  return found.reverse()
}

/** The verdict over an item by those that have its stem; null when they say nothing. */
function judgeSameStem(
  entry: Entry,
  candidates: readonly number[],
  read: (index: number) => Entry,
  near: { similarityTo(index: number): number },
): Verdict | null {
  if (candidates.length === 0) return null
  let rival: { readonly other: Entry; readonly index: number } | null = null
  const isOwn = isOwnQuestion(entry)
  for (const index of candidates) {
    const other = read(index)
    const relation = relateAnswers(entry, other)
    if (relation === 'same' && (isOwn || isOwnAnswer(entry))) {
      return { kind: 'duplicate', how: 'same answer', of: other.id, jaccard: near.similarityTo(index) }
    }
    // Under "Which is true?" another answer is another question, unless the answers exclude each other.
    // Two synthetic items may ask for two of several right answers: each has its own proof.
    const isProved = !entry.isCurated && !other.isCurated
    if (relation === 'contradiction' || (relation === 'other' && isOwn && !isProved)) rival ??= { other, index }
  }
  if (rival === null) return null
  const match = { of: rival.other.id, jaccard: near.similarityTo(rival.index) }
  return entry.isCurated && rival.other.isCurated
    ? { kind: 'review', reason: 'same stem, other gold', ...match }
    : { kind: 'dropped', reason: 'two answers to one stem', ...match }
}

/** The verdict over an item by those whose texts are like its own. */
function judgeNear(
  entry: Entry,
  read: (index: number) => Entry,
  near: { matches(): readonly { readonly index: number; readonly jaccard: number }[] },
  threshold: number,
): Verdict {
  let rival: (Match & { readonly kind: 'review'; readonly reason: 'near duplicate, other gold' }) | null = null
  for (const { index, jaccard } of near.matches()) {
    const other = read(index)
    if (entry.context !== other.context) continue
    const match = { of: other.id, jaccard }
    const stems = shingleSimilarity(entry.stem, other.stem)
    if (relateAnswers(entry, other) === 'same') {
      if (stems >= MIN_STEM_SIMILARITY && isSameFact(entry, other)) return { kind: 'duplicate', how: 'near', ...match }
    } else if (isSameQuestion(entry, other, stems >= threshold)) {
      rival ??= { kind: 'review', reason: 'near duplicate, other gold', ...match }
    }
  }
  return rival ?? { kind: 'kept' }
}

/** Whether two labels are given to one question, as far as letters tell: only curated items have labels to review. */
function isSameQuestion(entry: Entry, other: Entry, areStemsNear: boolean): boolean {
  return areStemsNear && entry.isCurated && other.isCurated && !differInMeaning(entry.stem, other.stem)
}

/** Synthetic items that name different entities state different facts, whatever the template around them. */
function isSameFact(left: Entry, right: Entry): boolean {
  if (left.given.length === 0 || right.given.length === 0) return true
  return left.given.some((entity) => right.given.includes(entity))
}
