/**
 * What the text of a completion shows without knowing what it means. Every function looks at each character a bounded
 * number of times: model output is hostile input.
 */

/** Scripts that are told apart; what belongs to none of them (digits, punctuation, symbols) has no script. */
const scriptPatterns = {
  latin: /\p{Script=Latin}/u,
  greek: /\p{Script=Greek}/u,
  cyrillic: /\p{Script=Cyrillic}/u,
  han: /\p{Script=Han}/u,
  kana: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  hangul: /\p{Script=Hangul}/u,
  arabic: /\p{Script=Arabic}/u,
  hebrew: /\p{Script=Hebrew}/u,
  devanagari: /\p{Script=Devanagari}/u,
  thai: /\p{Script=Thai}/u,
} as const

export type Script = keyof typeof scriptPatterns | 'other'

/** Letters that many scripts share, such as the micro sign, have none of their own. */
const scriptless = /[^\p{L}]|[\p{Script=Common}\p{Script=Inherited}]/u
const scriptNames = Object.keys(scriptPatterns) as (keyof typeof scriptPatterns)[]

/** Written without spaces between words: each character is a unit of its own. */
const unspaced: ReadonlySet<Script | null> = new Set<Script>(['han', 'kana', 'thai'])

/** The script of a character, null for one that is no letter. */
export function scriptOf(character: string): Script | null {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? 'latin' : null
  if (character === '' || scriptless.test(character)) return null
  return scriptNames.find((name) => scriptPatterns[name].test(character)) ?? 'other'
}

/**
 * The units of a text in which repetition is counted: words in lower case, each character of a script that puts no
 * spaces between words, and each other visible character, so that a run of `!!!!` repeats too.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  let word = ''
  const endWord = (): void => {
    if (word !== '') words.push(word.toLowerCase())
    word = ''
  }
  for (const character of text) {
    const script = scriptOf(character)
    if ((script !== null && !unspaced.has(script)) || wordPart.test(character)) {
      word += character
      continue
    }
    endWord()
    if (!space.test(character)) words.push(character)
  }
  endWord()
  return words
}

/** Digits, and the marks that combine with a letter. */
const wordPart = /[\p{N}\p{M}]/u
const space = /[\s\p{C}]/u

/** Units of an n-gram whose repetition is counted. */
export const repeatedUnits = 4

/**
 * The share of n-grams that occurred before in the same list, in [0, 1]: 0 for what never repeats, near 1 for a loop.
 * 0 when the list is too short to repeat anything.
 *
 * @param units words or token ids
 * @param n units per n-gram
 */
export function repeatShare(units: readonly (string | number)[], n: number = repeatedUnits): number {
  const total = units.length - n + 1
  if (total < 2) return 0
  // Units become small integers first, so that a key has bounded length however long the words are.
  const ids = new Map<string | number, number>()
  const codes = units.map((unit) => {
    const id = ids.get(unit) ?? ids.size
    ids.set(unit, id)
    return id
  })
  const seen = new Set<string>()
  for (let start = 0; start < total; start++) seen.add(codes.slice(start, start + n).join(' '))
  return 1 - seen.size / total
}

/** The scripts that a text is written in. A single Greek letter is a symbol (β-blocker, μg), not a script. */
export function scriptsOf(text: string): Set<Script> {
  return new Set(countScripts(text).keys())
}

/**
 * The share of letters in scripts that the prompt does not use, in [0, 1]: language mixing. 0 for a text without letters
 * and after a prompt without letters, from which nothing can differ.
 *
 * @param allowed scripts of the prompt, from {@link scriptsOf}
 */
export function otherScriptShare(text: string, allowed: ReadonlySet<Script>): number {
  if (allowed.size === 0) return 0
  let letters = 0
  let others = 0
  for (const [script, count] of countScripts(text)) {
    letters += count
    if (!allowed.has(script)) others += count
  }
  return letters === 0 ? 0 : others / letters
}

function countScripts(text: string): Map<Script, number> {
  const counts = new Map<Script, number>()
  const add = (script: Script, count: number): void => void counts.set(script, (counts.get(script) ?? 0) + count)
  let greekRun = 0
  const endRun = (): void => {
    if (greekRun > 1) add('greek', greekRun)
    greekRun = 0
  }
  for (const character of text) {
    const script = scriptOf(character)
    if (script === 'greek') {
      greekRun += 1
      continue
    }
    endRun()
    if (script !== null) add(script, 1)
  }
  endRun()
  return counts
}
