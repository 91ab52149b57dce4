import { DataError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { optionLetters } from '../../text/options.ts'
import type { CuratedOrigin, Item, ItemForm, Language, QuestionId } from '../types.ts'
import { decodeEntities } from './entities.ts'

/** What a source reads in a row, before the rules that hold for all sources are applied. */
export type Draft = {
  readonly stem: unknown
  readonly context?: unknown
  /** Texts of the options in their order; none in the open form. */
  readonly options: readonly unknown[]
  /** Indices into `options`; null where the row has no answer. */
  readonly golds: readonly number[] | null
  /** In the open form the accepted wordings; else the answer in words as the row repeats it: it must be that of the gold. */
  readonly answers?: readonly unknown[]
  readonly isOpen?: boolean
  readonly row?: unknown
  /** Where it is not that of the whole data set. */
  readonly language?: Language
  readonly subject?: unknown
  readonly explanation?: unknown
  readonly inheritedFrom?: readonly string[]
  /** Where the row itself says so: goes before the split of its file. */
  readonly split?: CuratedOrigin['split']
}

/** Why a row is no item. */
export type Refusal = { readonly reason: RowFault; readonly detail: string }

/** All reasons for which a row is dropped. */
export type RowFault =
  | 'broken row'
  | 'unknown form'
  | 'missing text'
  | 'malformed text'
  | 'too few options'
  | 'too many options'
  | 'unlabelled'
  | 'gold is not an option'
  | 'duplicate options'
  | 'answer and gold differ'
  | 'answer is no short wording'
  | 'repeated row'
  | 'official test row'
  | 'no row id'

/** Longest answer in words that can be compared with another; chosen by us. */
const MAX_ANSWER_CHARACTERS = 200
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/**
 * The text of a cell: HTML entities decoded, spaces and line ends made plain, nothing else changed; null when there is none.
 * A number is its own text: options are often numbers in JSON.
 */
export function cleanText(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string') return null
  const text = decodeEntities(value)
    .replace(/\r\n?/g, '\n')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  return text === '' ? null : text
}

/**
 * The item of a draft, or why it is none. The id depends on what is asked and answered, not on where it stands.
 *
 * @param origin without the split, which the draft may know better
 */
export function makeItem(
  draft: Draft,
  source: { readonly name: string; readonly language: Language },
  origin: CuratedOrigin,
): Item | Refusal {
  const stem = cleanText(draft.stem)
  if (stem === null) return { reason: 'missing text', detail: 'no question' }
  const context = cleanText(draft.context)
  const body = draft.isOpen === true ? openBody(draft) : choiceBody(draft)
  if ('reason' in body) return body
  const { options, golds, answers } = body
  const texts = [stem, context ?? '', ...options, ...answers]
  if (texts.some((text) => LONE_SURROGATE.test(text)))
    return { reason: 'malformed text', detail: 'half of a character (a lone surrogate)' }
  const form: ItemForm = draft.isOpen === true ? 'open' : golds.length > 1 ? 'multiple' : 'single'
  const subject = cleanText(draft.subject)
  const explanation = cleanText(draft.explanation)
  const row = cleanText(draft.row)
  const inheritedFrom = draft.inheritedFrom ?? []
  return {
    id: contentId('question', { source: source.name, stem, context, options, golds, answers }) as QuestionId,
    ...{ form, language: draft.language ?? source.language, stem, context, options, golds, answers },
    origin: {
      ...origin,
      split: draft.split ?? origin.split,
      row: row === null ? null : withoutHalves(row),
      ...(inheritedFrom.length === 0 ? {} : { inheritedFrom }),
    },
    ...(subject === null ? {} : { subject: withoutHalves(subject) }),
    ...(explanation === null ? {} : { explanation: withoutHalves(explanation) }),
  }
}

type Body = Pick<Item, 'options' | 'golds' | 'answers'>

function openBody({ answers = [] }: Draft): Body | Refusal {
  const texts = answers.map(cleanText).filter((text) => text !== null)
  if (texts.length === 0) return { reason: 'unlabelled', detail: 'no answer in words' }
  const long = texts.find((text) => text.length > MAX_ANSWER_CHARACTERS)
  if (long !== undefined) return { reason: 'answer is no short wording', detail: `${long.length} characters` }
  return { options: [], golds: [], answers: [...new Set(texts)] }
}

function choiceBody(draft: Draft): Body | Refusal {
  const options: string[] = []
  for (const [index, option] of draft.options.entries()) {
    const text = cleanText(option)
    if (text === null) return { reason: 'missing text', detail: `option ${optionLetters[index] ?? index} is empty` }
    options.push(text)
  }
  const count = options.length
  if (count < 2) return { reason: 'too few options', detail: `${count} options` }
  if (count > optionLetters.length) return { reason: 'too many options', detail: `${count} options` }
  if (draft.golds === null) return { reason: 'unlabelled', detail: 'no answer' }
  const golds = [...new Set(draft.golds)].sort((a, b) => a - b)
  const stray = golds.find((gold) => !Number.isInteger(gold) || gold < 0 || gold >= count)
  if (golds.length === 0 || stray !== undefined)
    return {
      reason: 'gold is not an option',
      detail: Number.isNaN(stray)
        ? 'the answer is no letter or number'
        : `option ${stray ?? 'none'} of ${count}, from 0`,
    }
  const twice = duplicateDetail(options, golds)
  if (twice !== null) return { reason: 'duplicate options', detail: twice }
  const answers = golds.map((gold) => options[gold] ?? '')
  const said = (draft.answers ?? []).map(cleanText).filter((text) => text !== null)
  if (said.length > 0 && !said.every((text) => answers.includes(text)))
    return { reason: 'answer and gold differ', detail: `answer "${said[0]}", gold "${answers[0]}"` }
  return { options, golds, answers }
}

/** Case counts: Bb and BB are two genotypes. */
function duplicateDetail(options: readonly string[], golds: readonly number[]): string | null {
  const keys = options.map((option) => option.normalize('NFC').replace(/\s+/g, ' '))
  const second = keys.findIndex((key, index) => keys.indexOf(key) !== index)
  if (second === -1) return null
  const isGold = golds.some((gold) => keys.indexOf(keys[gold] ?? '') !== keys.lastIndexOf(keys[gold] ?? ''))
  return `"${options[second]}" twice; ${isGold ? 'it is the gold' : 'gold unaffected'}`
}

/** Notes are not what is asked: half a character in them costs that character, not the row. */
function withoutHalves(text: string): string {
  return text.replace(new RegExp(LONE_SURROGATE, 'g'), '\ufffd')
}

/**
 * The last guard before training: an item made from a graph, or a row of a training split.
 *
 * @throws {DataError} naming file and line of a curated item of any other split
 */
export function assertTrainable(item: Item): void {
  const { origin } = item
  if (origin.kind === 'graph' || origin.split === 'train') return
  throw new DataError(`a ${origin.split} row of ${origin.source} cannot be trained on`, {
    file: origin.file,
    line: origin.line,
    hint: 'only rows of a training split can: declare "split: train" for a file that is one',
  })
}
