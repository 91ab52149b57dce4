import { afterCarrier, afterNegation, cleanBody, maxBodyLength, peel, splitParts } from './answer-body.ts'
import { matchEntity } from './lexicon.ts'
import { optionLetters } from './options.ts'
import type { AnswerValue, ChoiceSpec, OpenSpec } from './types.ts'

export { buildLexicon, matchEntity } from './lexicon.ts'
export type { AnswerSpec, AnswerValue, Lexicon } from './types.ts'

/** A letter that stands before a text, bracketed or not, with the mark between them: "(A) x", "A. x", "A x". */
const letterBeforeText = /^([([]?)([a-z])([)\]]?)(\s?[.:)=,–—-]?)(\s?)(.+)$/isu
const textBeforeLetter = /^(.+?)\s?\(([a-z])\)$/isu

/**
 * The value of an answer body: an option's letter, an entity, or why it is neither.
 *
 * Wrapping is taken off one layer at a time (markdown, brackets, `\boxed{}`, "the answer is") and the *whole* of what is
 * left must be a letter, an option's text, a letter with that same option's text, or a name in the lexicon. A part of it
 * never counts: an echo of all options is `several`, a letter with another option's text is `conflict`.
 *
 * @param body what stands between the answer tags; null (no answer) reads as `none`
 * @returns the value; a single letter past the options, or one that is not Latin, is `outOfRange`
 */
export function readAnswerValue(body: string | null, spec: ChoiceSpec | OpenSpec): AnswerValue {
  if (body === null) return { kind: 'none' }
  if (body.length > maxBodyLength) return { kind: 'noMatch' }
  if (spec.kind === 'open') return matchEntity(body, spec.lexicon, spec.type)
  const keys = spec.options.map((option) => optionKey(option))
  let text = cleanBody(body)
  for (;;) {
    const value = readChoice(text, keys)
    const rest = afterCarrier(peel(text))
    if (value.kind !== 'noMatch' || rest === null) return value
    text = rest
  }
}

/** The key under which texts of options are compared: wrapping, case and spacing taken away. */
export function optionKey(text: string): string {
  return peel(cleanBody(text)).replace(/\s+/gu, ' ').toLowerCase()
}

function readChoice(text: string, keys: readonly string[]): AnswerValue {
  const peeled = peel(text)
  if (peeled === '') return { kind: 'none' }
  const alone = readAlone(peeled, keys)
  if (alone !== null) return alone
  const paired = readPair(peeled, keys)
  if (paired?.kind === 'letter') return paired
  const negated = afterNegation(peeled)
  if (negated !== null && namesOptions(negated, keys, 1)) return { kind: 'negated' }
  if (namesOptions(peeled.replace(/^(?:both|either)\s/iu, ''), keys, 2)) return { kind: 'several' }
  return paired ?? { kind: 'noMatch' }
}

/**
 * The one option that a whole text names: by letter, by text, or by a letter with that same option's text.
 *
 * @param keys `optionKey` of each option
 * @returns a `letter`, why it is none, or null when the text is nothing of the kind
 */
export function readOption(text: string, keys: readonly string[]): AnswerValue | null {
  const peeled = peel(text)
  if (peeled === '') return null
  const alone = readAlone(peeled, keys)
  return alone ?? readPair(peeled, keys)
}

/** The whole text as a letter or as an option's text; null when it is neither. */
function readAlone(text: string, keys: readonly string[]): AnswerValue | null {
  const key = optionKey(text)
  const byText = keys.flatMap((candidate, index) => (candidate === key ? [index] : []))
  if (byText.length > 1) return { kind: 'several' }
  const byLetter = letterIndex(key.replace(/[)\]]$/, ''))
  const textIndex = byText[0]
  if (byLetter === null) return textIndex === undefined ? null : letterValue(textIndex)
  // An option may read like a letter (blood group A): then letter and text must mean the same option.
  if (textIndex !== undefined && byLetter >= 0 && byLetter < keys.length && byLetter !== textIndex)
    return { kind: 'conflict' }
  if (textIndex !== undefined) return letterValue(textIndex)
  return byLetter >= 0 && byLetter < keys.length ? letterValue(byLetter) : { kind: 'outOfRange' }
}

/** 0 for "a"; -1 for a single letter that is no option letter, such as the Cyrillic А; null for anything else. */
function letterIndex(key: string): number | null {
  if (!/^\p{L}$/u.test(key)) return null
  return /^[a-z]$/.test(key) ? optionLetters.indexOf(key.toUpperCase()) : -1
}

function letterValue(index: number): AnswerValue {
  const letter = optionLetters[index]
  return letter === undefined ? { kind: 'outOfRange' } : { kind: 'letter', letter, index }
}

/** A letter together with a text: the option when the text is that option's, `conflict` when it is not. */
function readPair(text: string, keys: readonly string[]): AnswerValue | null {
  const before = letterBeforeText.exec(text)
  if (before !== null) {
    const [, open = '', letter = '', close = '', mark = '', space = '', rest = ''] = before
    const isSeparated = close + mark + space !== '' && (open === '' || close !== '')
    if (isSeparated) {
      const strong = close !== '' || /[.:)=]/.test(mark)
      const value = judgePair(letter, rest, keys, strong)
      if (value !== null) return value
    }
  }
  const after = textBeforeLetter.exec(text)
  return after === null ? null : judgePair(after[2]!, after[1]!, keys, false)
}

/** @param strong the letter is marked as one, so a text that is not its option's contradicts it */
function judgePair(letter: string, text: string, keys: readonly string[], strong: boolean): AnswerValue | null {
  const index = optionLetters.indexOf(letter.toUpperCase())
  const key = optionKey(text)
  if (index >= 0 && keys[index] === key) return letterValue(index)
  if (index < 0 || index >= keys.length) return strong ? { kind: 'outOfRange' } : null
  return strong || keys.includes(key) ? { kind: 'conflict' } : null
}

/** Whether a list names at least so many options and nothing else. */
function namesOptions(text: string, keys: readonly string[], atLeast: number): boolean {
  const isOption = (part: string): boolean =>
    readAlone(part, keys)?.kind === 'letter' || readPair(part, keys)?.kind === 'letter'
  const isLetter = (part: string): boolean => letterIndex(part.toLowerCase()) !== null && isOption(part)
  const parts = splitParts(text)
  const words = text.split(/\s/u)
  const isAll = (items: readonly string[], test: (item: string) => boolean): boolean =>
    items.length >= atLeast && [...new Set(items)].every(test)
  return isAll(parts, isOption) || isAll(words, isLetter)
}
