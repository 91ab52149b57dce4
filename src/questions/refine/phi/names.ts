import { eponymCues, eponyms, givenNames } from './name-lists.ts'
import { before, type PhiRule } from './rule-kit.ts'
import type { PhiSpan } from './types.ts'

type Word = { readonly text: string; readonly start: number; readonly end: number }

const MAX_NAME_WORDS = 4

/** Words of letters, hyphens and apostrophes, with their places. */
function wordsOf(text: string): Word[] {
  return [...text.matchAll(/\p{L}[\p{L}\p{M}'’-]{0,40}/gu)].map((match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }))
}

const titles = new Set([
  'mr',
  'mrs',
  'ms',
  'miss',
  'dr',
  'prof',
  'professor',
  'sr',
  'sra',
  'herr',
  'frau',
  'mme',
  'sir',
  'rev',
  'nurse',
])

/** Phrases after which a capitalised word is somebody's name. */
const roleCue =
  /(?:\b(?:patient|pt|name|attending|resident physician|physician|provider|pcp|surgeon|consultant|cc|dictated by|signed(?: electronically)?(?: by)?|reviewed by|transcribed by|referred by|seen by|spoke with|spoke to|discussed with|contact(?:ed)?|emergency contact|next of kin|wife|husband|spouse|partner|son|daughter|mother|father|brother|sister|aunt|uncle|neighbor|neighbour|caregiver|guardian|friend|roommate|interpreter|social worker|named|called|known as|re|regarding)[\s:,]{1,3}(?:is |was )?(?:name is |name's )?)$/

/** Capitalised words that begin sentences of notes and are no names. */
const plain = new Set(
  `a an the he she it they we i his her their this that these those patient pt no not denies reports states presents presented
  admitted discharged seen history past medical surgical family social physical exam examination labs vital vitals assessment plan impression
  on in at for with without after before during since when while if and or but is was has had will he's she's please follow return
  started given took takes taking continue today yesterday tomorrow monday tuesday wednesday thursday friday saturday sunday january
  february march april may june july august september october november december emergency department hospital clinic icu ed er md do rn np pa
  phd mph jr sr ii iii iv type stage grade hiv aids copd ckd dm htn ct mri ecg ekg mrn dob ssn name patient member account address phone email diagnosis medications allergies chief complaint which what who where why how all none other`
    .split(/\s+/)
    .filter((word) => word !== ''),
)

const isCapital = (word: string): boolean => /^\p{Lu}/u.test(word)
/** Small words inside surnames: "de la Cruz", "d'Aubigny", "van der Berg". */
const particle = /^(?:de|del|della|di|da|dos|du|la|le|van|von|der|den|ter|ten|bin|ibn|al|el|d['’]\p{Lu}[\p{L}-]*)$/u

const isNameLike = ({ text }: Word): boolean =>
  (isCapital(text) && !plain.has(text.toLowerCase())) || /^[dDlL]['’]\p{Lu}/u.test(text)

/** Names of people: behind a title or a role, "Last, First", a known given name with a surname; then wherever they recur. */
export const findNames: PhiRule = (text) => {
  const words = wordsOf(text)
  const found: PhiSpan[] = []
  words.forEach((word, index) => {
    const span =
      titled(text, words, index) ??
      cued(text, words, index) ??
      lastFirst(text, words, index) ??
      known(text, words, index) ??
      acting(text, words, index)
    if (span !== null && word !== undefined) found.push(span)
  })
  return [...found, ...recurring(text, words, found)]
}

function run(text: string, words: readonly Word[], from: number): { readonly end: number; readonly count: number } {
  let end = words[from]!.end
  let count = 1
  for (let index = from + 1; index < words.length && count < MAX_NAME_WORDS; index++) {
    const gap = text.slice(end, words[index]!.start)
    const word = words[index]!
    const isInside = particle.test(word.text) && words[index + 1] !== undefined && isNameLike(words[index + 1]!)
    // A line may break between given name and surname, and not behind a whole name.
    const isGap = gap === ' ' || gap === '. ' || (gap === '\n' && count === 1)
    const isJoined = isGap && (isNameLike(word) || isInside)
    // A full stop joins only after an initial: "J. Smith".
    if (!isJoined || (gap === '. ' && words[index - 1]!.text.length > 1)) break
    end = word.end
    count += 1
  }
  return { end, count }
}

function titled(text: string, words: readonly Word[], index: number): PhiSpan | null {
  const title = words[index]!
  const next = words[index + 1]
  if (next === undefined || !titles.has(title.text.toLowerCase()) || !isCapital(title.text)) return null
  const gap = text.slice(title.end, next.start)
  if ((gap !== ' ' && gap !== '. ' && gap !== '.') || !isNameLike(next)) return null
  return { start: next.start, end: run(text, words, index + 1).end, type: 'name', rule: 'name-title' }
}

function cued(text: string, words: readonly Word[], index: number): PhiSpan | null {
  const word = words[index]!
  if (!isNameLike(word) || !roleCue.test(before(text, word.start, 40))) return null
  const { end, count } = run(text, words, index)
  const isAlone = count === 1
  const lower = word.text.toLowerCase()
  const isLabelled = /[:]\s*$/.test(text.slice(Math.max(0, word.start - 3), word.start))
  if (isEponymHere(text, words, index, count)) return null
  // A single capitalised word behind "patient" may be anything; a known given name, or a label, makes it a name.
  if (
    isAlone &&
    !givenNames.has(lower) &&
    !isLabelled &&
    !/(?:named|called|known as|name is |name's )\s*$/.test(before(text, word.start, 20))
  )
    return null
  const whole = withCommaFirst(text, words, index, { count, end, isLabelled })
  return { start: word.start, end: whole, type: 'name', rule: 'name-role' }
}

/** "SMITH, JOHN" behind a label: the part after the comma belongs to it. */
function withCommaFirst(
  text: string,
  words: readonly Word[],
  index: number,
  { count, end, isLabelled }: { readonly count: number; readonly end: number; readonly isLabelled: boolean },
): number {
  const next = words[index + count]
  if (next === undefined || text.slice(end, next.start) !== ', ' || !isNameLike(next)) return end
  const isName = isLabelled || givenNames.has(next.text.toLowerCase()) || isAllCapitals(next.text)
  return isName ? run(text, words, index + count).end : end
}

const isAllCapitals = (word: string): boolean =>
  word.length > 2 && word === word.toUpperCase() && /^\p{Lu}+$/u.test(word)

function lastFirst(text: string, words: readonly Word[], index: number): PhiSpan | null {
  const [last, first] = [words[index]!, words[index + 1]]
  if (first === undefined || text.slice(last.end, first.start) !== ', ') return null
  if (!isNameLike(last) || !isNameLike(first) || !givenNames.has(first.text.toLowerCase())) return null
  if (givenNames.has(last.text.toLowerCase()) && !isAllCapitals(last.text)) return null
  return { start: last.start, end: run(text, words, index + 1).end, type: 'name', rule: 'name-last-first' }
}

function known(text: string, words: readonly Word[], index: number): PhiSpan | null {
  const first = words[index]!
  const next = words[index + 1]
  const lower = first.text.toLowerCase()
  if (next === undefined || !isCapital(first.text) || !givenNames.has(lower) || !isNameLike(next)) return null
  const gap = text.slice(first.end, next.start)
  if (gap !== ' ' || isEponymHere(text, words, index, 2)) return null
  return { start: first.start, end: run(text, words, index).end, type: 'name', rule: 'name-given' }
}

/** What people do and diseases do not. */
const humanVerbs = new Set(
  'brought called says said states accompanied visited phoned drove agrees consents insists works lives telephoned requested signed'.split(
    ' ',
  ),
)

/** "Harriet Pemberton brought him in": two capitalised words and a verb of people. */
function acting(text: string, words: readonly Word[], index: number): PhiSpan | null {
  const [first, last, verb] = [words[index]!, words[index + 1], words[index + 2]]
  if (last === undefined || verb === undefined || !humanVerbs.has(verb.text)) return null
  const isJoined = text.slice(first.end, last.start) === ' ' && text.slice(last.end, verb.start) === ' '
  if (!isJoined || !isNameLike(first) || !isNameLike(last) || isAllCapitals(first.text)) return null
  return { start: first.start, end: last.end, type: 'name', rule: 'name-acting' }
}

/** True when the words from `index` on name a sign, a disease or a test: "Guillain-Barré syndrome", "Down syndrome". */
function isEponymHere(text: string, words: readonly Word[], index: number, count: number): boolean {
  if (isBeforeCue(text, words, index, count)) return true
  const bare = words[index]!.text.toLowerCase().replace(/['’]s$/, '')
  return count === 1 && bare.split('-').every((part) => eponyms.has(part))
}

/** True when a word such as "disease" or "sign" follows within three words of the same clause. */
function isBeforeCue(text: string, words: readonly Word[], index: number, count: number): boolean {
  for (let next = index; next < Math.min(words.length, index + count + 3); next++) {
    if (next > index && /[.;:\n]/.test(text.slice(words[next - 1]!.end, words[next]!.start))) break
    if (next > index && eponymCues.has(words[next]!.text.toLowerCase())) return true
  }
  return false
}

/** Every later place of a name that was found: surname or full name, not as part of an eponym. */
function recurring(text: string, words: readonly Word[], found: readonly PhiSpan[]): PhiSpan[] {
  const parts = new Set<string>()
  for (const { start, end } of found) {
    for (const part of wordsOf(text.slice(start, end))) if (part.text.length > 2) parts.add(part.text.toLowerCase())
  }
  // Words and findings both stand in order of their starts, so one walk tells which words a finding covers.
  let next = 0
  let coveredTo = 0
  return words.flatMap((word, index) => {
    for (; next < found.length && found[next]!.start <= word.start; next++) {
      coveredTo = Math.max(coveredTo, found[next]!.end)
    }
    const bare = word.text.replace(/['’]s$/, '')
    if (!parts.has(bare.toLowerCase()) || !isCapital(word.text) || word.end <= coveredTo) return []
    if (eponyms.has(bare.toLowerCase()) && isBeforeCue(text, words, index, 1)) return []
    return [{ start: word.start, end: word.start + bare.length, type: 'name' as const, rule: 'name-again' }]
  })
}
