import { afterCarrier, afterNegation, cleanBody, maxBodyLength, peel, splitParts } from './answer-body.ts'
import { exactNameKey, foldedNameKey } from './entity-name.ts'
import { headsOf } from './lexicon.ts'
import type { AnswerValue, NamesSpec } from './types.ts'

type Keys = { readonly exact: readonly string[]; readonly folded: readonly string[] }

const explained = /^([^()]+)\(([^()]+)\)$/su

/**
 * The accepted wording that a whole answer is, as far as the wordings alone can tell.
 *
 * Nothing is searched for inside the answer. "X (Y)" counts when both are accepted, or when one is and the other is made
 * of its initials. What no lexicon knows cannot be told from another answer and is `noMatch` or, in brackets, `conflict`:
 * a synonym that the item does not list earns nothing.
 *
 * @returns `name`, or why not: `negated`, `several`, `tooGeneral` (the mere kind of an accepted wording), `conflict`,
 *   `none`, `noMatch`
 */
export function readName(body: string, spec: NamesSpec): AnswerValue {
  if (body.length > maxBodyLength) return { kind: 'noMatch' }
  const keys = { exact: spec.names.map(exactNameKey), folded: spec.names.map(foldedNameKey) }
  let text = cleanBody(body)
  for (;;) {
    const value = readWhole(text, keys)
    const rest = afterCarrier(peel(text))
    if (value.kind !== 'noMatch' || rest === null) return value
    text = rest
  }
}

function readWhole(text: string, keys: Keys): AnswerValue {
  const peeled = peel(text)
  if (peeled === '') return { kind: 'none' }
  const index = indexOf(peeled, keys)
  if (index >= 0) return { kind: 'name', index }
  const pair = readExplained(peeled, keys)
  if (pair !== null) return pair
  const negated = afterNegation(peeled)
  if (negated !== null && namesAny(negated, keys)) return { kind: 'negated' }
  if (splitParts(peeled).length > 1 && namesAny(peeled, keys)) return { kind: 'several' }
  const heads = keys.folded.flatMap((key) => headsOf(key))
  return { kind: heads.includes(foldedNameKey(peeled)) ? 'tooGeneral' : 'noMatch' }
}

function indexOf(name: string, { exact, folded }: Keys): number {
  const key = exactNameKey(name)
  if (key === '') return -1
  const index = exact.indexOf(key)
  return index >= 0 ? index : folded.indexOf(foldedNameKey(name))
}

function readExplained(text: string, keys: Keys): AnswerValue | null {
  const match = explained.exec(text)
  if (match === null) return null
  const [outer, inner] = [match[1]!.trim(), match[2]!.trim()]
  const [outerIndex, innerIndex] = [indexOf(outer, keys), indexOf(inner, keys)]
  if (outerIndex < 0 && innerIndex < 0) return null
  const isInitials = isInitialsOf(inner, outer) || isInitialsOf(outer, inner)
  const isOne = (outerIndex >= 0 && innerIndex >= 0) || isInitials
  return isOne ? { kind: 'name', index: outerIndex >= 0 ? outerIndex : innerIndex } : { kind: 'conflict' }
}

/** "MI" of "myocardial infarction"; small words may be left out. */
function isInitialsOf(short: string, long: string): boolean {
  const letters = short.replace(/[.\s]/gu, '').toLowerCase()
  const words = exactNameKey(long).split(' ')
  const initials = (from: readonly string[]): string => from.map((word) => word[0] ?? '').join('')
  const content = words.filter((word) => !['of', 'the', 'and', 'in', 'with', 'to'].includes(word))
  return letters.length > 1 && [initials(words), initials(content)].includes(letters)
}

function namesAny(text: string, keys: Keys): boolean {
  return [...new Set([text, ...splitParts(text)])].some((part) => indexOf(part, keys) >= 0)
}
