/**
 * Texts as sequences and sets of numbers, for comparing a million of them: words, word n-grams, character n-grams. All
 * hashes are whole-number arithmetic on UTF-16 units, so every machine finds the same.
 */

/** Kinds of UTF-16 units. Han characters are words of their own: Chinese has no spaces. */
const SEPARATOR = 0
const LETTER = 1
const HAN = 2
const SIGN = 3

/** Signs that tell answers apart, such as "< 5" from "> 5"; all others only separate words. */
const signs = '+<>=≤≥±↑↓→←%°'

let unitKinds: Uint8Array | null = null

function kindsOfUnits(): Uint8Array {
  if (unitKinds !== null) return unitKinds
  const kinds = new Uint8Array(0x10000)
  const letter = /[\p{L}\p{N}]/u
  const han = /\p{Script=Han}/u
  for (let unit = 0; unit < kinds.length; unit++) {
    const character = String.fromCharCode(unit)
    // Halves of pairs: rare Han, mostly; together they make one word of two units.
    const isHalf = unit >= 0xd800 && unit < 0xe000
    if (han.test(character)) kinds[unit] = HAN
    else if (isHalf || letter.test(character)) kinds[unit] = LETTER
    else if (signs.includes(character)) kinds[unit] = SIGN
  }
  unitKinds = kinds
  return kinds
}

/** The text in one spelling: compatibility forms made plain, lower case, accents off. Linear in its length. */
export function foldText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) {
      return text.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '').replaceAll('−', '-').normalize('NFC')
    }
  }
  return text.toLowerCase()
}

/**
 * The folded text as words with one space between them, without punctuation; Han characters stand together. Signs that
 * change a meaning stay (`<`, `%`, the minus of a number, the charge of an ion), so that "pH < 7" is not "pH > 7".
 */
export function plainText(text: string): string {
  const folded = foldText(text)
  const kinds = kindsOfUnits()
  let plain = ''
  let start = -1
  const flush = (end: number): void => {
    if (start === -1) return
    plain += plain === '' ? folded.slice(start, end) : ` ${folded.slice(start, end)}`
    start = -1
  }
  for (let i = 0; i < folded.length; i++) {
    const unit = folded.charCodeAt(i)
    const isMinus = unit === 0x2d && isMeantMinus(folded, i, kinds)
    const isPoint = unit === 0x2e && isDigit(folded.charCodeAt(i - 1)) && isDigit(folded.charCodeAt(i + 1))
    if (kinds[unit] !== SEPARATOR || isMinus || isPoint) {
      if (start === -1) start = i
    } else flush(i)
  }
  flush(folded.length)
  return plain
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

/** "-5", "Cl-" and "HCO3-", but not "beta-blocker", "3-5", "non- competitive" or a dash between words. */
function isMeantMinus(text: string, index: number, kinds: Uint8Array): boolean {
  const before = index === 0 ? SEPARATOR : kinds[text.charCodeAt(index - 1)]!
  const after = index + 1 === text.length ? SEPARATOR : kinds[text.charCodeAt(index + 1)]!
  if (before === SEPARATOR) return isDigit(text.charCodeAt(index + 1))
  if (before !== LETTER || after !== SEPARATOR) return false
  // Symbols of ions have one or two letters, or end in a number.
  return isDigit(text.charCodeAt(index - 1)) || index < 3 || kinds[text.charCodeAt(index - 3)] === SEPARATOR
}

/** The words of a text: runs of letters and digits, folded; a Han character is a word. For evidence and tests. */
export function wordsOf(text: string): string[] {
  const folded = foldText(text)
  const words: string[] = []
  scanWords(folded, (start, end) => words.push(folded.slice(start, end)))
  return words
}

/** Calls `take` with the bounds of each word of a folded text. */
function scanWords(folded: string, take: (start: number, end: number, isHan: boolean) => void): void {
  const kinds = kindsOfUnits()
  let start = -1
  for (let i = 0; i < folded.length; i++) {
    const kind = kinds[folded.charCodeAt(i)]!
    if (kind === LETTER) {
      if (start === -1) start = i
      continue
    }
    if (start !== -1) take(start, i, false)
    start = -1
    if (kind === HAN) take(i, i + 1, true)
  }
  if (start !== -1) take(start, folded.length, false)
}

/** Hashed words of a text, two times 32 bits each; reused from text to text, so that nothing is allocated. */
export type WordList = {
  /** Words in it. */
  length: number
  /** Han characters among them. */
  han: number
  low: Uint32Array
  high: Uint32Array
}

/** An empty list of words. */
export function createWordList(): WordList {
  return { length: 0, han: 0, low: new Uint32Array(256), high: new Uint32Array(256) }
}

/** Empties the list. */
export function clearWords(list: WordList): void {
  list.length = 0
  list.han = 0
}

/** Adds the words of a text, as {@link wordsOf} has them, at the end of the list. */
export function addWords(list: WordList, text: string): void {
  const folded = foldText(text)
  scanWords(folded, (start, end, isHan) => {
    let low = 0x811c9dc5
    let high = 0x9747b28c
    for (let i = start; i < end; i++) {
      const unit = folded.charCodeAt(i)
      low = Math.imul(low ^ unit, 0x01000193)
      high = Math.imul(high ^ unit, 0x5bd1e995)
      high ^= high >>> 15
    }
    if (list.length === list.low.length) {
      list.low = grown(list.low)
      list.high = grown(list.high)
    }
    list.low[list.length] = mix32(low)
    list.high[list.length] = mix32(high ^ (end - start))
    list.length += 1
    if (isHan) list.han += 1
  })
}

function grown(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** A bijection of 32 bits in which every bit of the input moves half of the output: the finaliser of MurmurHash3. */
export function mix32(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

const LOW_BASE = 0x01000193
const HIGH_BASE = 0x2c1b3c6d

/**
 * Calls `take` with the hash of each run of `size` words, in order: `words - size + 1` of them, none for fewer words.
 * Runs of different sizes never share a hash but by chance (2^-64).
 */
export function eachWordGram(list: WordList, size: number, take: (low: number, high: number) => void): void {
  const lowPower = powerOf(LOW_BASE, size)
  const highPower = powerOf(HIGH_BASE, size)
  let low = 0
  let high = 0
  for (let i = 0; i < list.length; i++) {
    low = (Math.imul(low, LOW_BASE) + list.low[i]!) | 0
    high = (Math.imul(high, HIGH_BASE) + list.high[i]!) | 0
    if (i >= size) {
      low = (low - Math.imul(lowPower, list.low[i - size]!)) | 0
      high = (high - Math.imul(highPower, list.high[i - size]!)) | 0
    }
    if (i >= size - 1) take(mix32(low ^ size), mix32(high + size))
  }
}

function powerOf(base: number, exponent: number): number {
  let power = 1
  for (let i = 0; i < exponent; i++) power = Math.imul(power, base)
  return power
}

/** Characters of a shingle: data.md §6, char 5-grams for texts as short as questions. */
export const SHINGLE_UNITS = 5

/**
 * Writes the hash of each run of five characters of a plain text into `into`, repeats included; a shorter text is one
 * shingle.
 *
 * @param into at least as long as the text
 * @returns how many there are
 */
export function shinglesOf(plain: string, into: Uint32Array): number {
  if (plain.length === 0) return 0
  const count = Math.max(1, plain.length - SHINGLE_UNITS + 1)
  for (let i = 0; i < count; i++) {
    let hash = 0
    for (let offset = 0; offset < SHINGLE_UNITS; offset++) {
      const unit = i + offset < plain.length ? plain.charCodeAt(i + offset) : 0
      hash = Math.imul(hash ^ unit, 0x5bd1e995)
      hash ^= hash >>> 13
    }
    into[i] = mix32(hash)
  }
  return count
}
