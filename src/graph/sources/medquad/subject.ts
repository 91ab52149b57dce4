import { foldedNameKey } from '../../../text/entity-name.ts'
import type { Head } from './heads.ts'

/** The names under which one text speaks of its disease. */
export type Names = { readonly keys: ReadonlySet<string> }

/** What a sentence may refer to. */
export type Subject = { readonly names: Names; readonly previous: string | null }

const generic =
  /^(?:(?:the|this) )?(?:(?:rare|genetic|inherited|chronic|same) )?(?<noun>condition|disease|disorder|syndrome|illness|infection|cancer|deficiency)$/
const wideNouns: ReadonlySet<string> = new Set(['condition', 'disease', 'disorder', 'illness'])
const adverbials =
  /^(?:(?:in (?:most|many|nearly all|almost all|general)(?: (?:cases|people|instances|patients))?|generally|typically|usually|in general|summary :|most commonly|currently)[ ,]+)/i
const quantities =
  /^(?:(?:the )?(?:most|many|all|nearly all|almost all|majority of|a majority of|the majority of)(?: (?:cases?|people|individuals|patients|infants|children))? (?:of|with|who have|affected by) )/i

/** The names of the head, and the abbreviations that the text introduces: "von Hippel-Lindau disease (VHL)". */
export function namesInText(text: string, head: Head): Names {
  const keys = new Set(head.nameKeys)
  for (const match of text.matchAll(/ \(([A-Za-z][A-Za-z0-9-]{1,9})\)/g)) {
    const abbreviation = match[1] ?? ''
    if (!/[A-Z].*[A-Z]/.test(abbreviation)) continue
    const before = text.slice(Math.max(0, match.index - 120), match.index)
    for (const name of [head.label, ...head.synonyms]) {
      if (before.toLowerCase().endsWith(name.toLowerCase())) keys.add(foldedNameKey(abbreviation))
    }
  }
  return { keys }
}

/** Whether some words name the disease of the page, or point at it: "the disorder", or "it" after a sentence about it. */
export function isAbout(words: string, about: Subject): boolean {
  const text = words
    .replace(/\([^()]*\)/g, ' ')
    .replace(adverbials, '')
    .trim()
    .replace(quantities, '')
    .trim()
  const key = foldedNameKey(text)
  if (about.names.keys.has(key) || pointsAt(text, about.names)) return true
  return text.toLowerCase() === 'it' && about.previous !== null && startsAbout(about.previous, about.names)
}

/** "The syndrome" is the disease only if it is called one; "the condition" may be any. */
function pointsAt(text: string, names: Names): boolean {
  const noun = generic.exec(text.toLowerCase())?.groups?.noun
  if (noun === undefined) return false
  return wideNouns.has(noun) || [...names.keys].some((key) => key.includes(noun))
}

function startsAbout(sentence: string, names: Names): boolean {
  const words = sentence.replace(/\([^()]*\)/g, ' ').split(/\s+/)
  for (let count = Math.min(9, words.length); count > 0; count -= 1) {
    const key = foldedNameKey(words.slice(0, count).join(' '))
    if (names.keys.has(key) || pointsAt(words.slice(0, count).join(' '), names)) return true
  }
  return false
}
