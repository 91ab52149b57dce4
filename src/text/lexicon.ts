import { DataError } from '../core/errors.ts'
import { afterCarrier, afterNegation, cleanBody, peel, splitParts } from './answer-body.ts'
import { exactNameKey, foldedNameKey } from './entity-name.ts'
import type { AnswerValue, Lexicon, LexiconEntity } from './types.ts'

const explained = /^(.+?)\s?\(([^()]+)\)$/su
/** Words after which a name no longer names its own kind: the head of "cancer of the lung" is "cancer". */
const prepositions = /\s(?:of|in|to|with|due|from|by|for|on)\s/u

/**
 * A lexicon of the names of entities, labels and synonyms alike, for `matchEntity`.
 *
 * @throws {DataError} when an id comes twice or a name has no characters to compare
 */
export function buildLexicon(entities: Iterable<LexiconEntity>): Lexicon {
  const exact = new Map<string, string[]>()
  const folded = new Map<string, string[]>()
  const heads = new Set<string>()
  const types = new Map<string, string>()
  for (const { id, label, synonyms, type } of entities) {
    if (types.has(id)) throw new DataError(`entity ${id} is twice in the lexicon`)
    types.set(id, type)
    for (const name of [label, ...synonyms]) {
      const key = exactNameKey(name)
      if (key === '') throw new DataError(`entity ${id} has a name without characters to compare: "${name}"`)
      addId(exact, key, id)
      addId(folded, foldedNameKey(name), id)
      for (const head of headsOf(foldedNameKey(name))) heads.add(head)
    }
  }
  return { exact, folded, heads, types }
}

function addId(ids: Map<string, string[]>, key: string, id: string): void {
  const known = ids.get(key)
  if (known === undefined) ids.set(key, [id])
  else if (!known.includes(id)) known.push(id)
}

/** The shorter phrases that name the kind of a name (its folded key): its endings, up to the first preposition. */
export function headsOf(key: string): string[] {
  const phrase = key.split(prepositions)[0] ?? key
  const words = phrase.split(' ')
  const heads = words.map((_, index) => words.slice(index).join(' '))
  return heads.filter((head) => head !== key && head.length > 2 && /\p{L}/u.test(head))
}

/**
 * The entity that a whole answer names.
 *
 * The whole body must be one label or synonym after normalisation; nothing is searched for inside it. "X (Y)" counts when
 * X and Y name the same entity. A list is `several`, "not X" `negated`, a name of several entities `several` unless
 * exactly one of them has the wanted type, and the mere kind of a longer name ("malaria") `tooGeneral`.
 *
 * @param type semantic type that the question asks for, used only between the senses of an ambiguous name
 */
export function matchEntity(body: string, lexicon: Lexicon, type?: string): AnswerValue {
  let text = cleanBody(body)
  for (;;) {
    const value = readName(text, lexicon, type)
    const rest = afterCarrier(peel(text))
    if (value.kind !== 'noMatch' || rest === null) return value
    text = rest
  }
}

function readName(text: string, lexicon: Lexicon, type: string | undefined): AnswerValue {
  const peeled = peel(text)
  if (peeled === '') return { kind: 'none' }
  const ids = lookUp(peeled, lexicon, type)
  if (ids.length === 1) return { kind: 'entity', id: ids[0]! }
  if (ids.length > 1) return { kind: 'several' }
  const pair = readExplained(peeled, lexicon, type)
  if (pair !== null) return pair
  const negated = afterNegation(peeled)
  if (negated !== null && namesAny(negated, lexicon)) return { kind: 'negated' }
  if (splitParts(peeled).length > 1 && namesAny(peeled, lexicon)) return { kind: 'several' }
  return { kind: lexicon.heads.has(foldedNameKey(peeled)) ? 'tooGeneral' : 'noMatch' }
}

/** The ids of a name; of an ambiguous one only those of the wanted type, when there are any. */
function lookUp(name: string, lexicon: Lexicon, type: string | undefined): readonly string[] {
  const ids = lexicon.exact.get(exactNameKey(name)) ?? lexicon.folded.get(foldedNameKey(name)) ?? []
  if (ids.length < 2 || type === undefined) return ids
  const wanted = ids.filter((id) => lexicon.types.get(id) === type)
  return wanted.length > 0 ? wanted : ids
}

/** "MI (myocardial infarction)": one entity named twice; null when the brackets hold no second name. */
function readExplained(text: string, lexicon: Lexicon, type: string | undefined): AnswerValue | null {
  const match = explained.exec(text)
  if (match === null) return null
  const outer = lookUp(match[1]!, lexicon, type)
  const inner = lookUp(match[2]!, lexicon, type)
  if (outer.length === 0 || inner.length === 0) return null
  // The second name may settle which sense of an ambiguous first one is meant.
  const both = outer.filter((id) => inner.includes(id))
  if (both.length === 1) return { kind: 'entity', id: both[0]! }
  return { kind: both.length > 1 ? 'several' : 'conflict' }
}

function namesAny(text: string, lexicon: Lexicon): boolean {
  return [...new Set([text, ...splitParts(text)])].some((part) => lookUp(part, lexicon, undefined).length > 0)
}
