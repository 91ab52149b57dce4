import type { ExtractedTriple } from '../../graph/extract.ts'
import type { Schema } from '../../graph/schema.ts'
import { medquadKey } from '../../graph/sources/medquad/vocabulary.ts'
import type { EntityType, LexiconEntry } from '../../graph/types.ts'
import { foldedNameKey } from '../../text/entity-name.ts'

/** An end of a triple with a key in place of its words. */
export type NamedEnd = { readonly key: string; readonly label: string; readonly type: EntityType }

export type NamedTriple =
  | { readonly kind: 'named'; readonly head: NamedEnd; readonly tail: NamedEnd }
  | { readonly kind: 'rejected'; readonly reason: 'name of another type' | 'ambiguous name' | 'self-loop once linked' }

/**
 * Tells which entities the ends of a triple are, spelling and plural aside. A model names things and guesses their types;
 * what other sources say of a name outweighs its guess, so the same word does not become a second entity.
 *
 * - A name that the lexicon does not know is an entity of its own, of the type that the model gave it.
 * - One that it knows under the model's type, or under one type alone that the relation takes there, is what it knows.
 * - One that it knows under other types only, or under two identifiers of one space, is rejected.
 *
 * @param lexicon names of the other sources; where several name a thing, the first of them gives the key
 */
export function createNameReader(
  lexicon: Iterable<LexiconEntry>,
  schema: Schema,
): (triple: ExtractedTriple) => NamedTriple {
  const meanings = groupByName(lexicon)
  const readEnd = (name: string, type: EntityType, allowed: readonly EntityType[]): NamedEnd | RejectedName => {
    const known = meanings.get(foldedNameKey(name))
    if (known === undefined) return { key: medquadKey(name, type), label: name, type }
    const types = [...new Set(known.map((entry) => entry.type))]
    const fitting = types.includes(type) ? [type] : types.filter((other) => allowed.includes(other))
    const [settled] = fitting
    if (settled === undefined) return 'name of another type'
    const keys = known.filter((entry) => entry.type === settled).map(({ key }) => key)
    const [key] = keys
    const isAmbiguous = fitting.length > 1 || new Set(keys.map(spaceOf)).size < keys.length
    return isAmbiguous || key === undefined ? 'ambiguous name' : { key, label: name, type: settled }
  }
  return (triple) => {
    const { domain, range } = schema.relation(triple.relation)
    const head = readEnd(triple.head, triple.headType, domain)
    if (typeof head === 'string') return { kind: 'rejected', reason: head }
    const tail = readEnd(triple.tail, triple.tailType, range)
    if (typeof tail === 'string') return { kind: 'rejected', reason: tail }
    return head.key === tail.key ? { kind: 'rejected', reason: 'self-loop once linked' } : { kind: 'named', head, tail }
  }
}

type RejectedName = 'name of another type' | 'ambiguous name'
type Meaning = Pick<LexiconEntry, 'key' | 'type'>

function groupByName(lexicon: Iterable<LexiconEntry>): ReadonlyMap<string, readonly Meaning[]> {
  const meanings = new Map<string, Meaning[]>()
  for (const { name, key, type } of lexicon) {
    const folded = foldedNameKey(name)
    const known = meanings.get(folded)
    if (known === undefined) meanings.set(folded, [{ key, type }])
    else if (!known.some((entry) => entry.key === key && entry.type === type)) known.push({ key, type })
  }
  return meanings
}

/** "DOID" of "DOID:1205". */
const spaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf(':')))
