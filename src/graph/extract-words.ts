import { foldedNameKey } from '../text/entity-name.ts'

/** The words of a name or text, spelling and plural aside, each between spaces: one holds another when it includes it. */
export function nameWords(text: string): string {
  return ` ${foldedNameKey(text.replace(/[^\p{L}\p{N}\s'’-]/gu, ' '))} `
}

/** Whether words hold a name; both as {@link nameWords} gives them. */
export function holds(words: string, name: string): boolean {
  // Chinese writes no spaces between words.
  return words.includes(isHan(name) ? name.trim() : name)
}

/** Where two names stand in a text: its words in order, each occurrence of a name in place of its words. */
export const HEAD = '\u0001'
export const TAIL = '\u0002'

/** The words of a text with {@link HEAD} and {@link TAIL} in place of the names; the longer name is looked for first. */
export function markNames(text: string, heads: readonly string[], tails: readonly string[]): readonly string[] {
  const names = [...heads.map((name) => [name, HEAD] as const), ...tails.map((name) => [name, TAIL] as const)]
  let line = spaced(nameWords(text))
  for (const [name, mark] of names.sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1))) {
    line = line.replaceAll(isHan(name) ? name.trim() : spaced(name), `  ${mark}  `)
  }
  return line.split(' ').filter((word) => word !== '')
}

/** Every word between spaces of its own, so that neighbours do not share one. */
function spaced(words: string): string {
  return words
    .trim()
    .split(' ')
    .map((word) => ` ${word} `)
    .join('')
}

function isHan(text: string): boolean {
  return /\p{Script=Han}/u.test(text)
}

/** Names that the text gives for one thing: "gastro-oesophageal reflux disease (GORD)", or the two the other way round. */
export function readAbbreviations(text: string): (name: string) => readonly string[] {
  const pairs = [...text.matchAll(/\(([^()]{2,120})\)/gu)].slice(0, MAX_BRACKETS).map((match) => ({
    before: nameWords(text.slice(Math.max(0, match.index - MAX_NAME_CHARS), match.index)),
    inside: nameWords(match[1] ?? ''),
    isAbbreviation: isAbbreviation(match[1] ?? ''),
    isAfterAbbreviation: isAbbreviation(text.slice(0, match.index).trimEnd().split(' ').at(-1) ?? ''),
  }))
  return (name) => {
    const found = new Set([name])
    for (const { before, inside, isAbbreviation, isAfterAbbreviation } of pairs) {
      const last = ` ${before.trim().split(' ').at(-1) ?? ''} `
      if (isAbbreviation && before.endsWith(name)) found.add(inside)
      else if (isAbbreviation && inside === name) {
        const long = longForm(before, inside)
        if (long !== null) found.add(long)
      } else if (isAfterAbbreviation && inside === name) found.add(last)
      else if (isAfterAbbreviation && last === name) found.add(inside)
    }
    return [...found]
  }
}

const MAX_NAME_CHARS = 120
/** Brackets of a passage that are looked at, chosen by us. */
const MAX_BRACKETS = 200

function isAbbreviation(text: string): boolean {
  return text.length <= 10 && /^[\p{L}\p{N}-]+$/u.test(text) && /\p{Lu}.*\p{Lu}/u.test(text)
}

/** The last words before a bracket, when their initials are the abbreviation in it. */
function longForm(before: string, abbreviation: string): string | null {
  const letters = abbreviation.trim()
  const words = before.trim().split(' ').slice(-letters.length)
  return words.map((word) => word[0] ?? '').join('') === letters ? ` ${words.join(' ')} ` : null
}
