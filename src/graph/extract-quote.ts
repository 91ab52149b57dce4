import { HEAD, markNames, nameWords, readAbbreviations, TAIL } from './extract-words.ts'
import type { Relation } from './types.ts'

/** A passage in one line, and the places in it where a paragraph, a heading or an item of a list begins. */
type JoinedLines = { readonly text: string; readonly starts: ReadonlySet<number> }

/** The lines of a text as one, white space as single spaces; a line that goes on in the middle of a sentence begins nothing. */
export function joinLines(passage: string): JoinedLines {
  const starts = new Set<number>()
  let text = ''
  let isBlankBefore = true
  for (const raw of passage.split('\n')) {
    const line = raw.replace(/\s+/gu, ' ').trim()
    if (line === '') isBlankBefore = true
    else {
      const isStart = isBlankBefore || /[.!?:;。！？：；]$/u.test(text) || !/^[\p{Ll}\p{Script=Han}(,;]/u.test(line)
      if (text !== '') text += ' '
      if (isStart) starts.add(text.length)
      text += line
      isBlankBefore = false
    }
  }
  return { text, starts }
}

type QuotedTriple = {
  readonly head: string
  readonly relation: Relation
  readonly tail: string
  readonly quote: string
}

/**
 * Why a quote of a passage does not say its triple, in few fixed words; null when nothing speaks against it.
 *
 * The quote must name the tail, and the head too unless that is what the page is about; names may be abbreviations that
 * the passage gives. It must have words beyond the two names. The sentence with the tail must have the head as well, or
 * point back to it ("It …", "Symptoms include …") from the beginning of a paragraph about it or right after a sentence that
 * names it. Before the later of the two, or right after it, nothing may deny or doubt ("does not", "without", "unlike",
 * "may be confused with"), unless denying is what the relation says. Whole sentences are looked at, however short the quote
 * was cut.
 *
 * The rules and their words are chosen by us; they would rather lose a triple than keep a false one.
 *
 * @param title what the page is about
 */
export function createQuoteCheck(
  { text, starts }: JoinedLines,
  title: string,
): (triple: QuotedTriple) => string | null {
  const sentences = splitSentences(text, starts)
  const namesOf = readAbbreviations(`${title} ${text}`)
  const titleName = nameWords(title.endsWith(')') ? title.slice(0, Math.max(1, title.lastIndexOf(' ('))) : title)
  return ({ head, relation, tail, quote }) => {
    const heads = namesOf(nameWords(head))
    const tails = namesOf(nameWords(tail))
    const quoted = markNames(quote, heads, tails)
    if (!quoted.includes(TAIL)) return 'quote does not name the tail'
    const isTitle = heads.includes(titleName)
    if (!quoted.includes(HEAD) && !isTitle) return 'quote does not name the head'
    if (!quoted.some((word) => word !== HEAD && word !== TAIL && !emptyWords.has(word))) return 'quote states nothing'
    const from = text.indexOf(quote)
    const touched = sentences.filter(({ start, end }) => start < from + quote.length && end > from)
    const wordsOf = ({ start, end }: Sentence): readonly string[] => markNames(text.slice(start, end), heads, tails)
    const about = touched
      .map((sentence) => ({ sentence, words: wordsOf(sentence) }))
      .filter(({ words }) => words.includes(TAIL))
      .filter(({ sentence, words }) => {
        if (words.includes(HEAD)) return true
        if (!pointsBack(words)) return false
        for (let at = sentences.indexOf(sentence); at >= 0; at -= 1) {
          if (starts.has(sentences[at]?.start ?? 0)) return isTitle
          const before = sentences[at - 1]
          if (before === undefined) return isTitle
          const earlier = wordsOf(before)
          if (earlier.includes(HEAD)) return true
          // "It is rare. It presents with …": the pronoun before leads further back.
          if (!pronouns.has(earlier[0] ?? '')) return false
        }
        return false
      })
    if (about.length === 0) return 'quote is about something else'
    const isDenied = about.some(({ words }) => denies(words, relation))
    if (relation.denies !== undefined) return isDenied ? null : 'quote does not deny'
    return isDenied ? 'quote denies or doubts' : null
  }
}

type Sentence = { readonly start: number; readonly end: number }

/** Words before a full stop that do not end a sentence. */
const shortened = new Set('e.g i.e vs dr mr mrs st fig al cf approx no ca sp spp'.split(' '))

/** The sentences of a text, each up to where the next begins. */
function splitSentences(text: string, starts: ReadonlySet<number>): Sentence[] {
  const bounds = new Set(starts)
  for (const { index, 0: mark } of text.matchAll(
    /[.!?]["'”’)\]]?\s(?=["'“([]?[\p{Lu}\p{N}\p{Script=Han}])|[。！？]\s?/gu,
  )) {
    const word = text.slice(text.lastIndexOf(' ', index) + 1, index).replace(/^\(/, '')
    const isShortened = mark.startsWith('.') && (shortened.has(word.toLowerCase()) || /^\p{L}$/u.test(word))
    if (!isShortened) bounds.add(index + mark.length)
  }
  const ordered = [0, ...[...bounds].filter((at) => at > 0 && at < text.length).sort((a, b) => a - b), text.length]
  return ordered.slice(1).map((end, index) => ({ start: ordered[index] ?? 0, end }))
}

const wordSet = (words: string): ReadonlySet<string> => new Set(nameWords(words).trim().split(' '))
const phraseList = (phrases: string): readonly string[] => phrases.split(', ').map(nameWords)

/** Words that state nothing between two names. */
const emptyWords = wordSet('a an and as at by for from in of on or to with via s')
const pronouns = wordSet('it its they their them these this 本病 该病 此病')
/** What pages say of their subject without naming it again. */
const aspects = wordSet(
  'symptom sign manifestation feature presentation presenting complaint finding cause causes treatment therapy therapies ' +
    'management drug medication complication diagnosis diagnostic test prevention risk affected people person patient ' +
    'individual case disease disorder condition syndrome infection 症状 患者 病因 治疗 并发症',
)
const ofSomething = wordSet('of in for')
const hanAspect = /^(?:本病|该病|此病|患者|症状|常见症状|临床表现|病因|治疗|并发症)/u

/** "It …", "Common symptoms …", "Patients …", but not "Symptoms of dengue …". */
function pointsBack(words: readonly string[]): boolean {
  const before = words.slice(0, words.indexOf(TAIL))
  if (hanAspect.test(before.join(''))) return true
  if (pronouns.has(before[0] ?? '')) return true
  const at = before.findIndex((word) => aspects.has(word))
  const next = at === -1 ? '' : (before[at + 1] ?? '')
  const after = before[at + 2] ?? ''
  return at !== -1 && (!ofSomething.has(next) || pronouns.has(after) || aspects.has(after))
}

const denials = wordSet(
  'not no nor never neither none without unlike cannot lack lacking absent absence exclude excluding deny denied unrelated ' +
    'unlikely except ineffective false untrue myth misconception disproved disproven refuted',
)
/** Those that deny what came before them: "rash is absent", but not "rash without fever". */
const predicateDenials = wordSet(
  'not never cannot absent excluded unrelated unlikely ineffective false untrue disproved disproven refuted',
)
const denyingPhrases = phraseList(
  'rule out, rules out, ruled out, ruling out, rather than, instead of, other than, free of, failed to, fails to, ' +
    'once thought, once believed, formerly thought, incorrectly, wrongly',
)
const comparisons = phraseList(
  'confused with, mistaken for, mistaken as, distinguished from, distinguish from, differentiated from, differentiate from, ' +
    'different from, differs from, similar to, resembles, resemble, mimics, mimic',
)
/** They look like denials and are none. */
const harmless = phraseList(
  'not only, without treatment, if not treated, when not treated, not uncommon, not uncommonly, not rare',
)
const auxiliaries = wordSet(
  'do does did is are was were has have had can could may might should will would must be been',
)
const clauseWords = wordSet('and or but that which who whose where while when although because')
const hanDenial = /没有|未见|无|不(?![适良足全同])|非(?!典)|并非|禁|排除|鉴别/u
const LOOK_AHEAD = 4

/** Whether a sentence denies or doubts what it says of the two names, or compares them. */
function denies(words: readonly string[], { name, denies: denied }: Relation): boolean {
  const last = Math.max(words.lastIndexOf(HEAD), words.lastIndexOf(TAIL))
  const before = words.slice(0, last + 1)
  const after = words.slice(last + 1, last + 1 + LOOK_AHEAD)
  const clauseEnd = after.findIndex((word) => clauseWords.has(word))
  const near = clauseEnd === -1 ? after : after.slice(0, clauseEnd)
  const isDeniedAfter = near.some((word, i) => {
    if (!predicateDenials.has(word)) return word.endsWith("n't")
    return i === 0 || auxiliaries.has(near[i - 1] ?? '')
  })
  let line = ` ${before.join(' ')} `
  for (const phrase of harmless) line = line.replaceAll(phrase, ' ')
  const denying = line.trim().split(' ')
  if (name === 'contraindicated_in' && denied === undefined) {
    return line.includes(' not contraindicated ') || line.includes(' no contraindication ')
  }
  const phrases = name === 'mimicked_by' ? denyingPhrases : [...denyingPhrases, ...comparisons]
  return (
    isDeniedAfter ||
    denying.some(isNegation) ||
    phrases.some((phrase) => line.includes(phrase)) ||
    hanDenial.test(before.filter((word) => word !== HEAD && word !== TAIL).join(''))
  )
}

function isNegation(word: string): boolean {
  return denials.has(word) || word.endsWith("n't")
}
