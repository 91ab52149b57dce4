import type { PackedGraph } from '../../graph/types.ts'
import { exactNameKey } from '../../text/entity-name.ts'
import type { Language } from '../types.ts'
import { holdsName } from '../wording.ts'
import { casingOf, lowerWords, scientificTypes } from './casing.ts'
import { capitalize } from './lexical.ts'

/** Names of the entities of a graph in one language. */
export type Names = {
  /** As it stands in running text, or null where the entity has no name in the language. */
  inText(entity: number): string | null
  /** As it stands as an option. */
  asOption(entity: number): string | null
  /** Every wording that names it: label, synonyms and, in Chinese, the Chinese label first. Each spelling once. */
  all(entity: number): string[]
}

/** Names that are kept in their letter case before the memory is emptied; chosen by us. */
const MEMO_ENTRIES = 200_000
/** The last option that says that no other is right. */
export const noneOfTheAbove: { readonly [Name in Language]: string } = { en: 'None of the above', zh: '以上都不是' }

/**
 * The names of a graph's entities.
 *
 * @param allowsEnglish in Chinese, the English name where there is no Chinese one
 */
export function namesIn(graph: PackedGraph, language: Language, allowsEnglish: boolean): Names {
  const casing = casingOf(graph)
  const known = new Map<number, string>()
  const english = (entity: number): string => {
    const name = known.get(entity) ?? spell(entity)
    if (known.size >= MEMO_ENTRIES) known.clear()
    known.set(entity, name)
    return name
  }
  const spell = (entity: number): string => {
    const label = graph.labelOf(entity).trim()
    const type = graph.typeOf(entity)
    if (scientificTypes.includes(type)) return label
    return type === 'drug' || type === 'drug-class' ? lowerWords(label) : casing(label, type)
  }
  const inText = (entity: number): string | null => {
    if (language === 'en') return english(entity)
    return graph.labelZhOf(entity) ?? (allowsEnglish ? english(entity) : null)
  }
  return {
    inText,
    asOption: (entity) => {
      const name = inText(entity)
      return name === null ? null : capitalize(name)
    },
    all: (entity) => {
      const chinese = language === 'zh' ? graph.labelZhOf(entity) : undefined
      const names = [...(chinese === undefined ? [] : [chinese]), english(entity), ...graph.synonymsOf(entity)]
      return distinctNames(names)
    },
  }
}

/** The names without those that only differ in spelling from an earlier one. */
export function distinctNames(names: readonly string[]): string[] {
  const keys = new Set<string>()
  return names.filter((name) => {
    const key = exactNameKey(name)
    if (key === '' || keys.has(key)) return false
    keys.add(key)
    return true
  })
}

/** Names up to this length are looked for in their own letter case: "ALL" is a leukaemia, "all" is not. */
const SHORT_NAME = 4
const chinese = /\p{Script=Han}/u

/** True when the stem holds one of the names as whole words; Chinese has no word boundaries, so anywhere there. */
export function stemNames(stem: string, names: readonly string[]): boolean {
  const long: string[] = []
  for (const name of names) {
    if (name === '') continue
    if (chinese.test(name)) {
      if (stem.includes(name)) return true
    } else if (name.length > SHORT_NAME) long.push(name)
    else if (holdsWord(stem, name)) return true
  }
  return holdsName(stem, long)
}

const letterOrDigit = /[\p{L}\p{N}]/u

/** As a whole word: in lower case as it is or at the start of a sentence, otherwise letter by letter. */
function holdsWord(stem: string, name: string): boolean {
  const isLower = name === name.toLowerCase()
  const forms = isLower ? [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`] : [name]
  return forms.some((form) => {
    for (let at = stem.indexOf(form); at >= 0; at = stem.indexOf(form, at + 1)) {
      if (!letterOrDigit.test(stem[at - 1] ?? '') && !letterOrDigit.test(stem[at + form.length] ?? '')) return true
    }
    return false
  })
}
