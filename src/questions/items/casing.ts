import type { EntityType, PackedGraph } from '../../graph/types.ts'
import { eponyms } from '../refine/phi/name-lists.ts'

/** Types whose names have a letter case of their own. */
export const scientificTypes: readonly EntityType[] = ['organism', 'organism-class', 'gene', 'protein']

const capitalWord = /^\p{Lu}\p{Ll}+$/u
const lowerWord = /^\p{Ll}{2,}$/u
/** Words this short are capitalised in titles or not, by house style: they prove nothing. */
const SHORT = 3

/** Puts a name into the letter case it has in the middle of a sentence. */
export type Casing = (name: string, type?: EntityType) => string

/** Types whose names are common nouns: a first word in capitals that is no eponym is written large because it is the first. */
const commonNouns: readonly EntityType[] = [
  'finding',
  'result',
  'complication',
  'effect',
  'test',
  'procedure',
  'anatomy',
]

const casings = new WeakMap<PackedGraph, Casing>()

/**
 * The casing learnt from the graph: a capital at the start of a word goes where the graph itself writes the word in
 * lower case more often ("Spontaneous pneumothorax" beside "pneumothorax"), and stays where it does not ("Crohn").
 * Names in title case are not counted, for they capitalise everything.
 */
export function casingOf(graph: PackedGraph): Casing {
  const known = casings.get(graph)
  if (known !== undefined) return known
  const casing = learnCasing(graph)
  casings.set(graph, casing)
  return casing
}

function learnCasing(graph: PackedGraph): Casing {
  const balance = new Map<string, number>()
  for (let entity = 0; entity < graph.entityCount; entity++) {
    // These have a case of their own: "Alphavirus venezuelan" says nothing about "Venezuelan hemorrhagic fever".
    if (scientificTypes.includes(graph.typeOf(entity))) continue
    const words = wordsOf(graph.labelOf(entity))
    const isTitle = words.length > 1 && words.every((word) => word.length <= SHORT || !lowerWord.test(word))
    if (isTitle) continue
    for (const [index, word] of words.entries()) {
      if (lowerWord.test(word)) balance.set(word, (balance.get(word) ?? 0) + 1)
      // The first word may be capitalised because it is the first.
      else if (index > 0 && capitalWord.test(word)) {
        const lower = word.toLowerCase()
        balance.set(lower, (balance.get(lower) ?? 0) - 1)
      }
    }
  }
  return (name, type) =>
    name.replace(/\p{L}+/gu, (word, place: number) => {
      if (!capitalWord.test(word)) return word
      const lower = word.toLowerCase()
      const known = balance.get(lower) ?? 0
      const isOpening = place === 0 && type !== undefined && commonNouns.includes(type)
      return known > 0 || (known === 0 && isOpening && !eponyms.has(lower)) ? lower : word
    })
}

function wordsOf(name: string): string[] {
  return name.split(/[^\p{L}]+/u).filter((word) => word !== '')
}

/** A generic name of a drug in running text: "Ethinyl Estradiol" as "ethinyl estradiol", "Vitamin B12" as "vitamin B12". */
export function lowerWords(name: string): string {
  return name.replace(/\p{L}+/gu, (word) => (capitalWord.test(word) ? word.toLowerCase() : word))
}
