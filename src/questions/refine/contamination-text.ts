import type { Item } from '../types.ts'
import type { WordList } from './shingles.ts'

/** Characters between two options, such as "\n(B) "; more is text of its own. */
const MAX_GAP = 12

const headings = ['answer choices', 'answer options', 'options', 'choices', '选项']

/**
 * The stem without options that some data sets repeat in it ("… Answer Choices: (A) … (B) …"), which would make the
 * same question look like another one.
 */
export function bareStem(item: Pick<Item, 'stem' | 'options'>): string {
  const { stem, options } = item
  if (options.length < 2) return stem
  let end = stem.length
  for (let i = options.length - 1; i >= 0; i--) {
    const option = options[i]!.trim()
    if (option === '' || option.length > end) return stem
    const start = stem.lastIndexOf(option, end - option.length)
    if (start === -1 || end - (start + option.length) > MAX_GAP) return stem
    end = start
  }
  return withoutHeading(stem.slice(0, end))
}

/** Takes "Answer Choices: (A) " off the end. */
function withoutHeading(text: string): string {
  let end = text.length
  while (end > 0 && !/[\p{L}\p{N}]/u.test(text[end - 1]!)) end -= 1
  // The letter or number of the first option, if it stands alone.
  if (end > 1 && /[aA1]/.test(text[end - 1]!) && !/[\p{L}\p{N}]/u.test(text[end - 2]!)) end -= 1
  const trimmed = text.slice(0, end).replace(/[\s:：([（.]{1,12}$/u, '')
  const lower = trimmed.toLowerCase()
  const heading = headings.find((candidate) => lower.endsWith(candidate))
  const bare = heading === undefined ? text.slice(0, end) : trimmed.slice(0, trimmed.length - heading.length)
  return bare.trim() === '' ? text : bare.trim()
}

/** Share of Han characters from which a text is compared by characters. */
const MIN_HAN = 0.5

/** Words of a gram: data.md §6, 8 words; of Chinese, 13 characters. */
export const WORD_GRAM = 8
export const HAN_GRAM = 13

/** Below so many words (Han characters) n-gram coverage sees nothing: data.md §6; of Chinese by us, 8 grams. */
export const SHORT_WORDS = 13
export const SHORT_HAN = 20

/** Whether a text is compared by Han characters. */
export function isHanText(words: WordList): boolean {
  return words.length > 0 && words.han >= MIN_HAN * words.length
}

/** Whether a text is too short for coverage. */
export function isShort(words: WordList): boolean {
  return words.length < (isHanText(words) ? SHORT_HAN : SHORT_WORDS)
}
