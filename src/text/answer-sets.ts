import { afterCarrier, afterNegation, cleanBody, peel } from './answer-body.ts'
import { optionKey, readOption } from './answer-value.ts'
import { letterOf, optionLetters } from './options.ts'
import type { AnswerValue, ChoicesSpec } from './types.ts'

/** Longer lists are no answer: four times the longest single answer (chosen by us). */
export const maxListLength = 4_000

const separator = /\s?(?:[,;、/&+|\n]|(?<=\s)and(?=\s)|(?<=[\s\p{Script=Han}A-Z])[和与及])\s?/giu
const carriersOfSeveral =
  /^(?:the )?(?:correct |right |best |final )?(?:answers|options|choices)(?: are)?(?![\p{L}\d])/iu
const alternatives = /(?<=\s)(?:or|nor|vs\.?|versus|either)(?=\s)|或/iu

/**
 * The set of options that a whole answer lists: letters, texts, letters with their own texts, in any order, between
 * `, ; 、 / and & 和`; also upper-case letters run together, or with spaces between.
 *
 * Each part must be one option, as for a single choice, and none may come twice. An option whose own text holds a
 * separator is read as one part. "A or C" lists alternatives, not a set.
 *
 * @returns `letters`, or why not: `duplicate`, `outOfRange`, `conflict`, `several` (alternatives), `negated`, `none`,
 *   `noMatch`
 */
export function readAnswerSet(body: string, spec: ChoicesSpec): AnswerValue {
  if (body.length > maxListLength) return { kind: 'noMatch' }
  const keys = spec.options.map((option) => optionKey(option))
  let text = cleanBody(body)
  for (;;) {
    const value = readList(text, keys)
    const rest = afterCarrier(peel(text).replace(carriersOfSeveral, 'answer'))
    if (value.kind !== 'noMatch' || rest === null) return value
    text = rest
  }
}

function readList(text: string, keys: readonly string[]): AnswerValue {
  const peeled = peel(text).replace(/^both\s/iu, '')
  if (peeled === '') return { kind: 'none' }
  const whole = readOption(peeled, keys)
  if (whole?.kind === 'letter') return setOf([whole.index])
  const parts = isRun(peeled) ? Array.from(peeled) : partsOf(peeled, keys)
  const listed = readParts(parts, keys)
  if (listed.kind === 'letters' || listed.kind === 'duplicate') return listed
  const words = peeled.split(/[\s,;、/&+|]+/u).filter((word) => word !== '')
  const spaced = words.every((word) => Array.from(peel(word)).length === 1) ? readParts(words, keys) : null
  if (spaced?.kind === 'letters' || spaced?.kind === 'duplicate') return spaced
  const negated = afterNegation(peeled)
  if (negated !== null && readParts(partsOf(negated, keys), keys).kind === 'letters') return { kind: 'negated' }
  const either = peeled.replace(/^either\s/iu, '').split(alternatives)
  const isChoice = either.length > 1 && either.length <= keys.length
  if (isChoice && either.every((part) => readParts(partsOf(peel(part), keys), keys).kind === 'letters')) {
    return { kind: 'several' }
  }
  return whole ?? spaced ?? listed
}

/** Upper case only when run together: "bad" is a word. */
function isRun(text: string): boolean {
  return text.length > 1 && Array.from(text).every((letter) => optionLetters.includes(letter))
}

function readParts(parts: readonly string[], keys: readonly string[]): AnswerValue {
  const indices: number[] = []
  for (const part of parts) {
    const value = readOption(part, keys)
    if (value === null) return { kind: 'noMatch' }
    if (value.kind !== 'letter') return value
    // At once, so that no list is read further than there are options.
    if (indices.includes(value.index)) return { kind: 'duplicate' }
    indices.push(value.index)
  }
  return indices.length === 0 ? { kind: 'noMatch' } : setOf(indices)
}

function setOf(indices: readonly number[]): AnswerValue {
  const sorted = [...indices].sort((a, b) => a - b)
  return { kind: 'letters', letters: sorted.map((index) => letterOf(index)), indices: sorted }
}

/** The parts of a list, each as long as it can be and still be one option: texts may hold separators themselves. */
function partsOf(text: string, keys: readonly string[]): string[] {
  const cuts = cutsOf(text)
  // An option's text holds few separators, and a letter before it one more: no longer part can be an option.
  const longest = Math.max(...keys.map((key) => cutsOf(key).length)) + 1
  // So many parts cannot each be another option; the text is left whole, and so is none.
  if (cuts.length > keys.length * longest) return [text]
  const parts: string[] = []
  for (let first = 0; first < cuts.length; ) {
    let last = Math.min(first + longest, cuts.length) - 1
    const piece = (): string => text.slice(cuts[first]!.start, cuts[last]!.end)
    while (last > first && readOption(piece(), keys)?.kind !== 'letter') last -= 1
    if (peel(piece()) !== '') parts.push(piece())
    first = last + 1
  }
  return parts
}

function cutsOf(text: string): { readonly start: number; readonly end: number }[] {
  const cuts: { start: number; end: number }[] = []
  let start = 0
  for (const match of text.matchAll(separator)) {
    cuts.push({ start, end: match.index })
    start = match.index + match[0].length
  }
  cuts.push({ start, end: text.length })
  return cuts
}
