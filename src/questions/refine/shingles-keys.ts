import type { Item } from '../types.ts'
import { bareStem } from './contamination-text.ts'
import { mix32, plainText, shinglesOf } from './shingles.ts'

/** A hash of a text that fits a number exactly, 53 bits: among a million texts two share one with odds of 1 : 18,000. */
export function textKey(text: string): number {
  let low = 0x2f0b4c47
  let high = 0x1b873593
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    low ^= low >>> 17
    high = Math.imul(high ^ unit, 0x5bd1e995)
    high ^= high >>> 15
  }
  return (mix32(high) >>> 11) * 0x1_0000_0000 + mix32(low ^ text.length)
}

/** An item as comparisons see it: plain texts, the stem without options that it repeats, options and right answers sorted, so that their order does not matter. */
export type PlainItem = {
  readonly stem: string
  readonly context: string
  /** Sorted; [option]. */
  readonly options: readonly string[]
  /** The right answers, sorted: of an open item every accepted wording. */
  readonly golds: readonly string[]
  /** Stem and options, a line each: what shingles are taken from. */
  readonly text: string
}

/** The plain form of an item. */
export function plainItem(item: Item): PlainItem {
  const plainOptions = item.options.map((option) => plainOption(option))
  const options = [...plainOptions].sort()
  const golds =
    item.form === 'open'
      ? item.answers.map((answer) => plainOption(answer))
      : item.golds.map((gold) => plainOptions[gold] ?? '')
  const stem = plainText(bareStem(item))
  return {
    stem,
    context: item.context === null ? '' : plainText(item.context),
    options,
    golds: golds.sort(),
    text: [stem, ...options].join('\n'),
  }
}

/** The plain text of an option; one that is all signs, such as "++", stays as it is. */
export function plainOption(option: string): string {
  const plain = plainText(option)
  return plain === '' ? option.replace(/\s+/gu, ' ').trim() : plain
}

const commonWords =
  'a about above all an and answer any are as at be below best by can choose correct correctly describe describes do ' +
  'does each either except expect expected false feature features finding findings following for from given has have ' +
  'his her how identify if in incorrect indicate is it its least likely mark most not of on one option options or ' +
  'patient point regarding right select statement statements steps sentence that the their them there these this ' +
  'those to true untrue was were what when which who will with wrong you your'
const commonHan = '下列关于有以说法叙述描述正确错误不的是哪项一个选属于中对符合选择最可能应该种何者为题例患'
const common = new Set([...commonWords.split(' '), ...commonHan])
const hanCharacter = /^\p{Script=Han}$/u

/** Content that a stem needs to be a question of its own; a Han character counts half. Chosen by us. */
const MIN_CONTENT = 2

/**
 * Whether a stem asks about something, as opposed to "Which of the following is true?", which thousands of different
 * questions share.
 *
 * @param words as `wordsOf` gives them
 */
export function hasContent(words: readonly string[]): boolean {
  let content = 0
  for (const word of words) {
    if (common.has(word)) continue
    content += hanCharacter.test(word) ? 0.5 : 1
    if (content >= MIN_CONTENT) return true
  }
  return false
}

/** The Jaccard similarity of the character 5-grams of two plain texts, in [0, 1]. */
export function shingleSimilarity(left: string, right: string): number {
  const setOf = (text: string): Set<number> => {
    const into = new Uint32Array(text.length + 1)
    return new Set(into.subarray(0, shinglesOf(text, into)))
  }
  const [a, b] = [setOf(left), setOf(right)]
  let shared = 0
  for (const shingle of a) if (b.has(shingle)) shared += 1
  const union = a.size + b.size - shared
  return union === 0 ? 1 : shared / union
}
