import type { Item } from '../types.ts'
import type { ContaminationRule, RuleHit } from './contamination.ts'
import { MAX_EVIDENCE } from './contamination-exact.ts'
import { createOverlapBuilder, type OverlapHit, type OverlapIndex } from './contamination-overlap.ts'
import { bareStem, HAN_GRAM, isHanText, isShort, WORD_GRAM } from './contamination-text.ts'
import { addWords, clearWords, createWordList, eachWordGram, type WordList, wordsOf } from './shingles.ts'
import { hasContent } from './shingles-keys.ts'

/** Parts of an item that is checked, as bits. */
const QUESTION = 1
const ANSWER = 2
const OPTIONS = 4

type Part = 'the question' | 'question and answer' | 'the context'

/** A text of a benchmark question that is looked for. */
type View = { readonly index: number; readonly part: Part; readonly isHan: boolean; readonly text: string }

/**
 * An index that finds whose n-grams an item covers to a share.
 *
 * @param items benchmark questions; hits name them by number
 * @param share of the distinct n-grams of a question, in (0, 1]
 */
export function createCoverageIndex(
  items: readonly Item[],
  share: number,
): { readonly sizeBytes: number; check(item: Item): RuleHit[] } {
  const words = createWordList()
  const builder = createOverlapBuilder(share)
  const views: View[] = []
  for (const [index, item] of items.entries()) {
    for (const [part, text] of textsOf(item)) {
      clearWords(words)
      addWords(words, text)
      if (isShort(words)) continue
      const isHan = isHanText(words)
      views.push({ index, part, isHan, text })
      builder.startSet()
      eachWordGram(words, isHan ? HAN_GRAM : WORD_GRAM, builder.add)
    }
  }
  const overlaps = builder.build()
  return {
    sizeBytes: overlaps.sizeBytes + views.reduce((sum, { text }) => sum + 64 + text.length, 0),
    check: (item) => {
      overlaps.begin()
      see(overlaps, words, `${item.context ?? ''}\n${item.stem}`, QUESTION)
      see(overlaps, words, [bareStem(item), ...item.answers].join('\n'), ANSWER)
      // An option after the other, so that options which a benchmark prints in its stem are covered too.
      see(overlaps, words, item.options.join('\n'), OPTIONS)
      return overlaps
        .hits((set) => fieldsFor(views[set]!.part))
        .flatMap((hit) => ruleHitOf(hit, views[hit.set]!, sharedWords(overlaps, words, views[hit.set]!)))
    },
  }
}

/** A right answer of a benchmark counts where an item gives it as its own answer, not as one of its wrong options. */
function fieldsFor(part: Part): number {
  return part === 'question and answer' ? QUESTION | ANSWER : QUESTION | ANSWER | OPTIONS
}

function textsOf(item: Item): (readonly [Part, string])[] {
  const bare = bareStem(item)
  const texts: (readonly [Part, string])[] = [['the question', bare]]
  // With a long question the answer adds little, and it would let a long answer alone be half of the whole.
  const answer = item.answers[0]
  if (answer !== undefined && wordsOf(bare).length < 2 * WORD_GRAM) {
    texts.push(['question and answer', `${bare}\n${answer}`])
  }
  if (item.context !== null) texts.push(['the context', item.context])
  return texts
}

function see(overlaps: OverlapIndex, words: WordList, text: string, field: number): void {
  clearWords(words)
  addWords(words, text)
  const take = (low: number, high: number): void => overlaps.see(low, high, field)
  eachWordGram(words, WORD_GRAM, take)
  if (words.han >= HAN_GRAM / 2) eachWordGram(words, HAN_GRAM, take)
}

/**
 * Nothing where what is shared is the boilerplate of exams: "which of the following statements is false in relation to" can
 * be half of a short question.
 */
function ruleHitOf({ matched, size }: OverlapHit, view: View, shared: Shared): RuleHit[] {
  if (!hasContent(shared.words)) return []
  const { index, part, isHan } = view
  const gram = isHan ? HAN_GRAM : WORD_GRAM
  const rule: ContaminationRule = `${isHan ? '13-character' : '8-gram'} coverage of ${part}`
  const passage = shared.passage.join(isHan ? '' : ' ').slice(0, MAX_EVIDENCE)
  return [{ index, rule, score: matched / size, evidence: `${matched} of ${size} ${gram}-grams: ${passage}` }]
}

type Shared = { readonly words: readonly string[] /** The longest run of them. */; readonly passage: readonly string[] }

/** The words of a benchmark's text whose n-grams stand in the item. */
function sharedWords(overlaps: OverlapIndex, list: WordList, { text, isHan, part }: View): Shared {
  const gram = isHan ? HAN_GRAM : WORD_GRAM
  clearWords(list)
  addWords(list, text)
  const all = wordsOf(text)
  const words: string[] = []
  let covered = 0
  let at = 0
  let run = 0
  let best = { start: 0, length: 0 }
  eachWordGram(list, gram, (low, high) => {
    const isShared = overlaps.saw(low, high, fieldsFor(part))
    run = isShared ? run + 1 : 0
    if (run > best.length) best = { start: at - run + 1, length: run }
    if (isShared) {
      words.push(...all.slice(Math.max(covered, at), at + gram))
      covered = at + gram
    }
    at += 1
  })
  return { words, passage: all.slice(best.start, best.start + best.length + gram - 1) }
}
