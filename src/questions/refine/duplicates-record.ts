import { DataError } from '../../core/errors.ts'
import type { Item, QuestionId } from '../types.ts'
import { wordsOf } from './shingles.ts'
import { hasContent, type PlainItem, textKey } from './shingles-keys.ts'

/** What is remembered of an item, to compare later ones with. */
export type Entry = Pick<PlainItem, 'stem' | 'options' | 'golds'> & {
  readonly id: QuestionId
  readonly isCurated: boolean
  /** Keys of the entities that the stem of a synthetic item names. */
  readonly given: readonly string[]
  /** Key of the context; empty where there is none. */
  readonly context: string
}

/** The entry of an item. */
export function entryOf(item: Item, plain: PlainItem): Entry {
  const { origin } = item
  return {
    id: item.id,
    isCurated: origin.kind === 'curated',
    given: origin.kind === 'curated' ? [] : origin.given.map((entity) => textKey(entity).toString(36)),
    context: plain.context === '' ? '' : textKey(plain.context).toString(36),
    stem: plain.stem,
    options: plain.options,
    golds: plain.golds,
  }
}

/** One text of an entry. Plain texts hold no line breaks and no tabs; the id may hold anything, so it is counted. */
export function packEntry(entry: Entry): string {
  const lines = [
    entry.isCurated ? 'c' : 'g',
    entry.given.join(' '),
    entry.context,
    entry.golds.join('\t'),
    entry.stem,
    ...entry.options,
  ]
  return `${entry.id.length}:${entry.id}${lines.join('\n')}`
}

/** @throws {DataError} when the text is not of {@link packEntry} */
export function unpackEntry(text: string): Entry {
  const colon = text.indexOf(':')
  const end = colon + 1 + Number(text.slice(0, colon))
  const [kind, given, context, golds, stem, ...options] = text.slice(end).split('\n')
  if (given === undefined || context === undefined || golds === undefined || stem === undefined) {
    throw new DataError('a packed entry that lacks a line')
  }
  return {
    id: text.slice(colon + 1, end) as QuestionId,
    isCurated: kind === 'c',
    given: given === '' ? [] : given.split(' '),
    context,
    golds: golds.split('\t'),
    stem,
    options,
  }
}

/** The text that shingles are taken from. */
export function comparedText(entry: Entry): string {
  return [entry.stem, ...entry.options].join('\n')
}

/**
 * How the answers of two items go together: `contradiction` when an answer of one is a wrong option of the other, `same`
 * when they share one, `other` when they ask for different things.
 */
export type AnswerRelation = 'contradiction' | 'same' | 'other'

/** How the answers of two items go together. */
export function relateAnswers(left: Entry, right: Entry): AnswerRelation {
  if (isRefutedBy(left, right) || isRefutedBy(right, left)) return 'contradiction'
  return left.golds.some((gold) => right.golds.includes(gold)) ? 'same' : 'other'
}

function isRefutedBy(left: Entry, right: Entry): boolean {
  return left.golds.some((gold) => right.options.includes(gold) && !right.golds.includes(gold))
}

/** Whether an entry asks about something of its own, and so is one question wherever its stem appears. */
export function isOwnQuestion(entry: Entry): boolean {
  return entry.context !== '' || hasContent(wordsOf(entry.stem))
}

/** Whether the right answer alone says what the question was. */
export function isOwnAnswer(entry: Entry): boolean {
  return entry.golds.some((gold) => hasContent(wordsOf(gold)))
}

const polarity = new Set([
  ...'not no without except false incorrect untrue wrong true correct least most never always unlikely'.split(' '),
  ...'不非无未错误除正确',
])

/**
 * Whether two stems differ in a number or in what they deny: near in letters, but not the same question.
 */
export function differInMeaning(left: string, right: string): boolean {
  return meaningKey(left) !== meaningKey(right)
}

function meaningKey(stem: string): string {
  return wordsOf(stem)
    .filter((word) => polarity.has(word) || /\d/.test(word))
    .sort()
    .join(' ')
}
