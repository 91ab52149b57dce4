import { optionLetters } from '../../text/options.ts'
import type { Item, Language } from '../types.ts'
import { excerpt, findControl, findFigure, findMarkup, findMojibake } from './format-filter-text.ts'

/** Fixed short reasons, for counting. */
export type DefectReason =
  | 'empty stem'
  | 'empty option'
  | 'fewer than two options'
  | 'more options than letters'
  | 'options in the open form'
  | 'duplicate options'
  | 'no gold'
  | 'gold out of range'
  | 'several golds in single'
  | 'answers differ from golds'
  | 'mojibake'
  | 'control characters'
  | 'markup'
  | 'figure missing'
  | 'truncated stem'
  | 'wrong language'
  | 'unshufflable'
  | 'anchored option'

/** A fault of an item's form. `drop`: it cannot be trained on; `note`: whoever shows it must know. */
export type Defect = {
  readonly reason: DefectReason
  readonly severity: 'drop' | 'note'
  /** What was found, for a reader. */
  readonly detail: string
}

/**
 * The faults of an item's form, each reason once; empty for a sound item.
 *
 * `unshufflable` marks options that name others by letter ("Both A and C"), `anchored option` those that mean the ones
 * above ("none of the above"): such items are kept, and shown in their own order.
 *
 * @deviation Fleming-R1 §3.1 filters "format" without saying what is checked; these are our rules, measured on the
 *   sample rows of data.md §2.
 */
export function formatDefects(item: Item): Defect[] {
  const defects = [...answerDefects(item), ...optionDefects(item), ...textDefects(item), ...stemDefects(item)]
  const seen = new Set<DefectReason>()
  return defects.filter(({ reason }) => {
    if (seen.has(reason)) return false
    seen.add(reason)
    return true
  })
}

/** Whether an item may be trained on: it has no defect that drops it. */
export function isWellFormed(item: Item): boolean {
  return formatDefects(item).every(({ severity }) => severity === 'note')
}

function drop(reason: DefectReason, detail: string): Defect {
  return { reason, severity: 'drop', detail }
}

function* answerDefects({ form, options, golds, answers }: Item): Generator<Defect> {
  if (form === 'open') {
    if (options.length > 0) yield drop('options in the open form', `${options.length} options`)
    if (golds.length > 0) yield drop('gold out of range', `${golds.length} golds in the open form`)
    if (!answers.some((answer) => answer.trim() !== '')) yield drop('no gold', 'no accepted answer')
    return
  }
  if (golds.length === 0) yield drop('no gold', 'no right option')
  for (const [index, gold] of golds.entries()) {
    if (!Number.isInteger(gold) || gold < 0 || gold >= options.length) {
      yield drop('gold out of range', `gold ${gold} of ${options.length} options`)
    } else if (index > 0 && gold <= golds[index - 1]!) {
      yield drop('gold out of range', `golds ${golds.join(', ')} are not ascending`)
    }
  }
  if (form === 'single' && golds.length > 1) yield drop('several golds in single', `golds ${golds.join(', ')}`)
  const isSame = golds.length === answers.length && golds.every((gold, index) => options[gold] === answers[index])
  if (!isSame) yield drop('answers differ from golds', answers.join(' | ').slice(0, 80))
}

function* optionDefects({ form, options }: Item): Generator<Defect> {
  if (form === 'open') return
  if (options.length < 2) yield drop('fewer than two options', `${options.length}`)
  if (options.length > optionLetters.length) yield drop('more options than letters', `${options.length}`)
  const first = new Map<string, string>()
  for (const option of options) {
    const key = optionKey(option)
    const twin = first.get(key)
    if (key === '') yield drop('empty option', `"${option.slice(0, 40)}"`)
    else if (twin !== undefined) yield drop('duplicate options', `"${twin.slice(0, 60)}" and "${option.slice(0, 60)}"`)
    first.set(key, option)
    if (namesLetters(option, options.length))
      yield { reason: 'unshufflable', severity: 'note', detail: option.slice(0, 80) }
    if (isAnchored(option)) yield { reason: 'anchored option', severity: 'note', detail: option.slice(0, 80) }
  }
}

function* textDefects({ stem, context, options, answers }: Item): Generator<Defect> {
  for (const text of [stem, context ?? '', ...options, ...answers]) {
    const mojibake = findMojibake(text)
    if (mojibake !== -1) yield drop('mojibake', excerpt(text, mojibake))
    const control = findControl(text)
    if (control !== -1) yield drop('control characters', `U+${text.charCodeAt(control).toString(16).padStart(4, '0')}`)
    const tag = findMarkup(text)
    if (tag !== -1) yield drop('markup', excerpt(text, tag))
  }
}

function* stemDefects({ stem, context, language }: Item): Generator<Defect> {
  const trimmed = stem.trim()
  if (!/[\p{L}\p{N}]/u.test(trimmed)) {
    yield drop('empty stem', `"${trimmed.slice(0, 40)}"`)
    return
  }
  const figure = findFigure(stem)
  if (figure !== -1) yield drop('figure missing', excerpt(stem, figure, 40))
  if (isTruncated(trimmed)) yield drop('truncated stem', trimmed.slice(-60))
  const found = languageOf(context === null ? stem : `${context} ${stem}`)
  if (found !== null && found !== language)
    yield drop('wrong language', `${found}, not ${language}: ${trimmed.slice(0, 60)}`)
}

/**
 * Options with one key are one option. Case counts in short words and in words of mixed case, for "Aa" and "AA" are
 * genotypes; it does not in "Anemia" and "anemia". Signs count; a full stop at the end does not.
 */
function optionKey(option: string): string {
  const plain = option.normalize('NFKC').replace(/\s+/gu, ' ').trim()
  const folded = plain.replace(/\p{L}{4,}/gu, (word) => (/^\p{Lu}?\p{Ll}+$/u.test(word) ? word.toLowerCase() : word))
  return folded.replace(/[\s.。;；,，:]{1,9}$/u, '')
}

const joined = /^[\s(]*([a-u])[\s).]*((?:(?:,|&|\+|\/|\band\b|\bor\b|和|与|及|、)[\s(]*(?:and )?[a-u][\s).]*){1,6})/i
const leadingWords = /^(?:both|either|neither|only|all of|options?|answers?|choices?)\s+/i
const trailingWords =
  /^(?:only|above|(?:of the )?above|both|alone|are (?:correct|true|right|false|incorrect)|都对|均是|都是|正确)?[\s.。]*$/i

/** "Both A and C", "(b) & (d)", "A, B and C are correct"; not "Hepatitis A and B". Letters must be among the options. */
function namesLetters(option: string, count: number): boolean {
  let rest = option.trim()
  if (rest.length > 60) return false
  let isLed = false
  for (let word = leadingWords.exec(rest); word !== null; word = leadingWords.exec(rest)) {
    rest = rest.slice(word[0].length)
    isLed = true
  }
  const match = joined.exec(rest)
  if (match === null) return isLed && /^\(?[A-U]\)?[\s.]*$/.test(rest) && isLetterOf(rest.replace(/[^A-U]/g, ''), count)
  if (!trailingWords.test(rest.slice(match[0].length))) return false
  const letters =
    match[0]
      .toUpperCase()
      .replace(/AND|OR/g, ' ')
      .match(/[A-U]/g) ?? []
  return letters.every((letter) => isLetterOf(letter, count))
}

function isLetterOf(letter: string, count: number): boolean {
  const index = optionLetters.indexOf(letter)
  return index !== -1 && index < count
}

const anchored =
  /\b(?:all|none|both|any|neither|each|two|some)(?: of)?(?: the)? (?:above|mentioned above|options above|preceding|foregoing)\b|\b(?:all|none) of (?:these|them|the options|the listed)\b|^以上|上述(?:都|均|皆)/i

/** "None of the above", "以上都是": means other options by where they stand. */
function isAnchored(option: string): boolean {
  return anchored.test(option)
}

/** A stem that breaks off. Stems that end in "is", "because", "of the" or a dash go on in each option: those are whole. */
function isTruncated(stem: string): boolean {
  if (/[,，、([（【]$/u.test(stem)) return true
  return /\b(?:and|or)$/.test(stem)
}

const englishWords = new Set('the of and in is are with for to which what on by was following an has not'.split(' '))
const otherWords = new Set(
  'el la los las del una que para con por es de en un y se le les des du est dans pour qui sur der die das und ist mit von ein eine nicht il della che per sono'.split(
    ' ',
  ),
)

/** The language of a text as far as its script and its small words tell; `other` is neither; null: too little to tell. */
function languageOf(text: string): Language | 'other' | null {
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0
  const words = text.toLowerCase().match(/[a-zà-öø-ÿ]{2,}/g) ?? []
  if (han > 0) {
    if (han >= words.length) return 'zh'
    return han * 4 >= words.length ? null : 'en'
  }
  const foreign = text.match(
    /[\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Devanagari}]/gu,
  )
  if (foreign !== null && foreign.length > words.join('').length) return 'other'
  if (words.length < 3) return null
  let english = 0
  let other = 0
  for (const word of words) {
    if (englishWords.has(word)) english += 1
    if (otherWords.has(word)) other += 1
  }
  return other >= 3 && other > 2 * english ? 'other' : 'en'
}
