import AhoCorasick from 'modern-ahocorasick'
import { foldedNameKey } from '../text/entity-name.ts'
import type { LexiconEntry, PackedGraph } from './types.ts'

/** A name found in a text, at UTF-16 offsets; one mention for each meaning of the name. */
export type Mention = { readonly start: number; readonly end: number; readonly entry: LexiconEntry }

/** Finds the names of a dictionary in text. */
type Linker = {
  /** Leftmost-longest mentions in reading order; a name of several meanings is returned once for each of them. */
  find(text: string): Mention[]
}

/** Finds the entities of a graph in text. */
export type GraphLinker = {
  /** Leftmost-longest, in reading order; several entities of one name are all returned, ascending. */
  find(text: string): { readonly start: number; readonly end: number; readonly entity: number }[]
}

/** Names that are ordinary words too often to be linked on sight; folded, chosen by us from reading health pages. */
export const ambiguousNames: ReadonlySet<string> = new Set(
  (
    'a an all and any arm as aid at back bad be best both can cap care case cat cause cell change child class clip code ' +
    'cold control cut dad date day dead death deal deficiency dim disease disorder dose drive drug end event eye face ' +
    'factor fall family fat feel finding fit food for form gap gas general get go group growth had hand has head health ' +
    'heart help her high him his home hot how i if ill impact in injury insult is it job kit large lead led left leg ' +
    'lesion life light like line low man mass may me mean men met mild mind minor mole mouse my name new no none normal ' +
    'not of old on one onset or other out pad part past patch patient plan plant process progressive rare rash reaction ' +
    'red rest result right risk rose safe sample see set severe she short sign small so soft sound spot stage stem ' +
    'still strain stress strong support symptom syndrome system tall test the their this time tip to treatment trial tumor ' +
    'type up us use wait was we weak who wide will with woman word work yes you'
  ).split(' '),
)

/** Names as short as this are linked only where the text writes them in capitals, as the name does. */
const maxAbbreviationLength = 5

type Token = { readonly words: readonly string[]; readonly start: number; readonly end: number }

/** Words of letters, digits, marks and apostrophes; a Chinese character stands alone; so does each punctuation mark. */
const tokenPattern =
  /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}'\u2019])+(?:(?<=\p{N})\.\p{N}+)?|[^\s\-\u2010-\u2015/]/gu
const kinds: ReadonlySet<string> = new Set(['type', 'stage', 'grade'])
const romanNumbers = ['', 'i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x']
/** Folded words of text are remembered up to this many; beyond it the memory starts anew. */
const maxRememberedWords = 200_000

/**
 * Finds names in text whatever their spelling: letter case, hyphen or space, British or American, plural, possessive,
 * accents and Greek letters aside, as the keys of text/entity-name.ts do. Only whole words match. Names on
 * {@link ambiguousNames} are left out, and short names that are written in capitals match only capitals ("AIDS").
 */
export function createLinker(entries: Iterable<LexiconEntry>): Linker {
  const matcher = createMatcher<LexiconEntry>((add) => {
    for (const entry of entries) add(entry.name, entry)
  })
  return {
    find: (text) =>
      matcher(text).flatMap(({ start, end, values }) => values.map((entry): Mention => ({ start, end, entry }))),
  }
}

/** Finds the entities of a graph by label, Chinese label and synonyms, as {@link createLinker} does. */
export function linkGraph(graph: PackedGraph): GraphLinker {
  const matcher = createMatcher<number>((add) => {
    for (let entity = 0; entity < graph.entityCount; entity += 1) {
      add(graph.labelOf(entity), entity)
      const labelZh = graph.labelZhOf(entity)
      if (labelZh !== undefined) add(labelZh, entity)
      for (const synonym of graph.synonymsOf(entity)) add(synonym, entity)
    }
  })
  return {
    find: (text) =>
      matcher(text).flatMap(({ start, end, values }) =>
        [...values].sort((a, b) => a - b).map((entity) => ({ start, end, entity })),
      ),
  }
}

type Found<Value> = { readonly start: number; readonly end: number; readonly values: readonly Value[] }
/** What a pattern means: any spelling, or only this one. */
type Meaning<Value> = { readonly value: Value; readonly spelling: string | null }

function createMatcher<Value>(
  fill: (add: (name: string, value: Value) => void) => void,
): (text: string) => Found<Value>[] {
  const tokenize = createTokenizer()
  const meanings: Meaning<Value>[][] = []
  const patterns: string[] = []
  const numberOf = new Map<string, number>()
  fill((name, value) => {
    const words = tokenize(name).flatMap((token) => token.words)
    const key = withoutArticle(words).join(' ')
    if (!isLinkable(key, name)) return
    const pattern = ` ${key} `
    let number = numberOf.get(pattern)
    if (number === undefined) {
      number = patterns.push(pattern) - 1
      numberOf.set(pattern, number)
      meanings.push([])
    }
    const list = meanings[number]
    const spelling = isAbbreviation(name) ? name.trim() : null
    if (list?.some((other) => other.value === value && other.spelling === spelling) === false) {
      list.push({ value, spelling })
    }
  })
  if (patterns.length === 0) return () => []
  const automaton = new AhoCorasick(patterns)
  return (text) => {
    const tokens = tokenize(text)
    const line = joinTokens(tokens)
    // Neighbours share the space between them, so all matches are asked for and the longest are chosen here.
    // A match that begins or ends inside a token of several words is no name: "beta" is none in "β2".
    const candidates = automaton
      .search(line.text)
      .filter((match) => line.isTokenStart(match.start + 1) && line.isTokenEnd(match.end - 1))
      .map((match) => ({
        first: line.tokenAt(match.start + 1),
        last: line.tokenAt(match.end - 2),
        at: match.patternIndex,
      }))
      .sort((a, b) => a.first - b.first || b.last - a.last)
    return chooseLongest(candidates, tokens, text, meanings)
  }
}

function chooseLongest<Value>(
  candidates: readonly { readonly first: number; readonly last: number; readonly at: number }[],
  tokens: readonly Token[],
  text: string,
  meanings: readonly (readonly Meaning<Value>[])[],
): Found<Value>[] {
  const found: Found<Value>[] = []
  let free = 0
  for (const { first, last, at } of candidates) {
    const start = tokens[first]?.start
    const end = tokens[last]?.end
    if (first < free || start === undefined || end === undefined) continue
    const spelling = text.slice(start, end)
    const values: Value[] = []
    for (const meaning of meanings[at] ?? []) {
      const fits = meaning.spelling === null || meaning.spelling === spelling
      if (fits && !values.includes(meaning.value)) values.push(meaning.value)
    }
    if (values.length === 0) continue
    found.push({ start, end: possessiveEnd(spelling, start), values })
    free = last + 1
  }
  return found
}

/** The end of a mention without a possessive "'s": the mention in "Crohn's" is "Crohn". */
function possessiveEnd(spelling: string, start: number): number {
  const tail = /['\u2019]s?$/.exec(spelling)
  return start + (tail === null ? spelling.length : tail.index)
}

type TokenLine = {
  readonly text: string
  tokenAt(offset: number): number
  isTokenStart(offset: number): boolean
  isTokenEnd(offset: number): boolean
}

function joinTokens(tokens: readonly Token[]): TokenLine {
  let length = 1
  const starts: number[] = []
  const owners: number[] = []
  const parts: string[] = []
  const tokenStarts = new Set<number>()
  const tokenEnds = new Set<number>()
  for (const [index, token] of tokens.entries()) {
    tokenStarts.add(length)
    for (const word of token.words) {
      starts.push(length)
      owners.push(index)
      parts.push(word)
      length += word.length + 1
    }
    tokenEnds.add(length - 1)
  }
  return {
    text: ` ${parts.join(' ')} `,
    isTokenStart: (offset) => tokenStarts.has(offset),
    isTokenEnd: (offset) => tokenEnds.has(offset),
    // The token whose word holds the offset.
    tokenAt: (offset) => {
      let low = 0
      let high = starts.length - 1
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((starts[middle] ?? 0) <= offset) low = middle
        else high = middle - 1
      }
      return owners[low] ?? -1
    },
  }
}

function isLinkable(key: string, name: string): boolean {
  if (key === '' || ambiguousNames.has(key) || /^[\d. ]+$/.test(key)) return false
  // Two small letters are a word of the language before they are a name; Chinese names are as short as that.
  return key.length > 2 || isAbbreviation(name) || /\p{Script=Han}/u.test(key)
}

/** True for short names with two capitals or more: "AIDS" is no "aids", and "ALS" no "als". */
function isAbbreviation(name: string): boolean {
  const text = name.trim()
  return text.length <= maxAbbreviationLength && !/[^\p{L}\p{N}]/u.test(text) && /\p{Lu}.*\p{Lu}/u.test(text)
}

function withoutArticle(words: readonly string[]): readonly string[] {
  return words.length > 1 && (words[0] === 'a' || words[0] === 'an') ? words.slice(1) : words
}

function createTokenizer(): (text: string) => Token[] {
  let remembered = new Map<string, readonly string[]>()
  const fold = (word: string): readonly string[] => {
    const known = remembered.get(word)
    if (known !== undefined) return known
    const lower = word.toLowerCase()
    const key = lower === 'the' ? '' : foldedNameKey(word)
    // Words that the answer reader takes for wrapping fold to nothing; as parts of names they stay what they are.
    const words = lower === 'the' ? [] : key === '' ? [lower] : key.split(' ')
    if (remembered.size >= maxRememberedWords) remembered = new Map()
    remembered.set(word, words)
    return words
  }
  return (text) => {
    const tokens: Token[] = []
    let previous = ''
    for (const match of text.matchAll(tokenPattern)) {
      const word = match[0]
      let words = fold(word)
      const roman = kinds.has(previous) ? romanNumbers.indexOf(words[0] ?? '') : -1
      if (roman > 0) words = [String(roman)]
      previous = words[words.length - 1] ?? ''
      tokens.push({ words, start: match.index, end: match.index + word.length })
    }
    return tokens
  }
}
