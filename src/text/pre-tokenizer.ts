/** How the text between added tokens is cut into the words that merges never cross. */

import { splitWords } from './bpe.ts'

/** The words of a text, back to back. */
export type WordSplitter = (text: string) => readonly string[]

/**
 * The split pattern of the Qwen and Llama 3 families, which differ in how many digits a word may have.
 *
 * Written for JavaScript so that it matches what Oniguruma matches: its white space is Unicode's, and its `(?i:'s)` also
 * takes U+017F, the long s. Both know the letters of their own Unicode version only.
 */
function familyPattern(digits: string): RegExp {
  const space = '\\p{White_Space}'
  return new RegExp(
    [
      "'(?:[sS\\u017ftTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])",
      '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
      digits,
      ` ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*`,
      `${space}*[\\r\\n]+`,
      `${space}+(?!\\P{White_Space})`,
      `${space}+`,
    ].join('|'),
    'gu',
  )
}

/** The pattern as a `tokenizer.json` of the family spells it. */
function familySource(digits: string): string {
  return `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`
}

/** Known split patterns by their source. A pattern is code: an unknown one may take exponential time. */
const knownPatterns: ReadonlyMap<string, RegExp> = new Map(
  ['\\p{N}', '\\p{N}{1,3}'].map((digits) => [familySource(digits), familyPattern(digits)]),
)

/** Whether a split pattern is one of those that {@link splitByPattern} knows. */
export function isKnownPattern(source: string): boolean {
  return knownPatterns.has(source)
}

/** The splitter of a known pattern, by its source in the file. */
export function splitByPattern(source: string): WordSplitter {
  const pattern = knownPatterns.get(source)!
  return (text) => text.match(pattern) ?? []
}

/** The splitter of `Digits`: numbers, of any script, apart from the rest, each digit by itself or not. */
export function splitByDigits(areApart: boolean): WordSplitter {
  const pattern = areApart ? /\p{N}|\P{N}+/gu : /\p{N}+|\P{N}+/gu
  return (text) => text.match(pattern) ?? []
}

/** The splitter of `ByteLevel` with its own pattern, that of GPT-2. */
export const splitByGpt2: WordSplitter = splitWords

/** Splitters one after another, each over the words of the one before. */
export function chainSplitters(splitters: readonly WordSplitter[]): WordSplitter {
  const [first, second, ...rest] = splitters
  if (first === undefined) return (text) => [text]
  if (second === undefined) return first
  const later = chainSplitters([second, ...rest])
  return (text) => first(text).flatMap((word) => later(word))
}
