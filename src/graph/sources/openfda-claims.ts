/** What a section of a drug label claims, by plain patterns around names that a lexicon knows. */

import type { LexiconEntry } from '../types.ts'

export const sectionNames = ['indications_and_usage', 'contraindications', 'drug_interactions'] as const
export type SectionName = (typeof sectionNames)[number]

export type LabelClaim = {
  readonly relation: string
  readonly entry: LexiconEntry
  /** The sentence, as it stands in the label. */
  readonly quote: string
  /** The name in the sentence is the head and the drug the tail. */
  readonly isHeadNamed: boolean
  /** Why it is no triple after all: counted. */
  readonly problem: string | null
}

type Find = (text: string) => readonly { readonly start: number; readonly end: number; readonly entry: LexiconEntry }[]
type Rule = {
  readonly relation: string
  readonly isHeadNamed: boolean
  /** What must come before the names, in lower case. */
  readonly cues: readonly string[]
  readonly types: readonly string[]
}

const rules: { readonly [Name in SectionName]: Rule } = {
  indications_and_usage: {
    relation: 'treated_by',
    isHeadNamed: true,
    cues: [
      'indicated for the treatment of',
      'indicated for treatment of',
      'indicated in the treatment of',
      'indicated to treat',
      'indicated for the management of',
      'indicated in the management of',
    ],
    types: ['disease', 'finding'],
  },
  contraindications: {
    relation: 'contraindicated_in',
    isHeadNamed: false,
    cues: [
      'contraindicated in patients with',
      'contraindicated in patients who have',
      'contraindicated in patients having',
      'contraindicated in individuals with',
      'contraindicated in the presence of',
      'should not be used in patients with',
      'should not be given to patients with',
    ],
    types: ['disease', 'finding', 'condition'],
  },
  drug_interactions: {
    relation: 'interacts_with',
    isHeadNamed: false,
    cues: [
      'coadministration with',
      'co-administration with',
      'concomitant use with',
      'concomitant use of',
      'interacts with',
    ],
    types: ['drug', 'drug-class'],
  },
}

/** Words after which a name is not what the cue speaks of: "with asthma who do not have diabetes". */
const turns = [
  ' without ',
  ' except ',
  ' unless ',
  ' other than ',
  ' but not ',
  ' who do not ',
  ' not have ',
  ' no ',
  ' caused by ',
]
/** Words that take back the cue before it: "is not contraindicated in". */
const denials = [' not ', "n't ", ' never ', ' no longer ', ' nor ']
/** Words of an earlier state of things: "with a history of" is another condition than the disease. */
const shifts = ['history of', 'risk of', 'risk for', 'family history', 'suspected', 'prevention of', 'prophylaxis']

/** Words that make a disease narrower than its name: a drug barred in severe asthma is not barred in asthma. */
const narrowings: ReadonlySet<string> = new Set(
  'severe moderate mild active acute chronic uncontrolled untreated unstable advanced decompensated congenital recent'.split(
    ' ',
  ),
)

/** The claims of a section, sentence by sentence. */
export function readSection(section: SectionName, passage: string, find: Find): LabelClaim[] {
  return sentences(passage).flatMap((sentence) => readSentence(rules[section], sentence, find))
}

function readSentence(rule: Rule, sentence: string, find: Find): LabelClaim[] {
  const lower = sentence.toLowerCase()
  const cue = rule.cues.find((text) => lower.includes(text))
  // Lower case may be longer or shorter than the original: "İ" is; then positions would not fit.
  if (cue === undefined || lower.length !== sentence.length) return []
  const at = lower.indexOf(cue)
  const before = ` ${lower.slice(0, at)}`
  const isDenied = denials.some((word) => before.slice(-25).includes(word)) && !cue.includes('not')
  const from = at + cue.length
  const until = Math.min(...[...turns, '; ', ' which ', ' because '].map((turn) => positionOf(lower, turn, from)))
  const claims: LabelClaim[] = []
  for (const { start, end, entry } of find(sentence)) {
    if (start < from || end > until || !rule.types.includes(entry.type)) continue
    const isShifted = shifts.some((word) => lower.slice(Math.max(from, start - 30), start).includes(word))
    const isNarrowed = narrowings.has(
      lower
        .slice(from, start)
        .trimEnd()
        .split(/[\s,(]/)
        .at(-1) ?? '',
    )
    const problem = isDenied
      ? 'sentence denies it'
      : isShifted
        ? 'history or risk of a disease'
        : isNarrowed
          ? 'narrower than its name'
          : null
    claims.push({ relation: rule.relation, isHeadNamed: rule.isHeadNamed, entry, quote: sentence, problem })
  }
  return claims
}

function positionOf(text: string, part: string, from: number): number {
  const at = text.indexOf(part, from)
  return at === -1 ? text.length : at
}

/** Longer sentences are lists that lost their marks; chosen by us. */
const MAX_SENTENCE = 600

/** Sentences as they stand there: cut after a full stop, question or exclamation mark before a space and a capital. */
function sentences(passage: string): string[] {
  const found: string[] = []
  let start = 0
  for (let at = 0; at < passage.length; at++) {
    const isEnd = '.!?•'.includes(passage[at]!) && (at + 1 === passage.length || /\s/.test(passage[at + 1]!))
    if (!isEnd && passage[at] !== '\n') continue
    // "e.g. asthma" goes on in lower case.
    if (passage[at] === '.' && /^\s+[a-z]/.test(passage.slice(at + 1, at + 4))) continue
    found.push(passage.slice(start, at + 1).trim())
    start = at + 1
  }
  found.push(passage.slice(start).trim())
  return found.filter((sentence) => sentence !== '' && sentence.length <= MAX_SENTENCE)
}
