import { foldedNameKey } from '../../../text/entity-name.ts'
import type { Mention } from '../../linking.ts'
import { type Catalogue, geneEntity, type NamedEntity } from './catalogue.ts'
import { type Cue, cues } from './cues.ts'
import { geneStatements } from './genes.ts'
import type { Head } from './heads.ts'
import { inheritanceModes } from './inheritance.ts'
import { type ListItem, listItems, nameStarts } from './items.ts'
import { sentencesOf } from './sentences.ts'
import { isAbout, namesInText, type Subject } from './subject.ts'

/** What a sentence says of the disease of its page. */
export type Statement = {
  readonly kind: 'statement'
  readonly cue: string
  readonly relation: string
  readonly tail: NamedEntity
  readonly quote: string
}

/** Something a sentence names that could not be told. */
export type Unread = { readonly kind: 'unread'; readonly reason: string; readonly detail: string }

/**
 * What the sentences of an answer say of the disease of its page: each is matched against the cues that its kind of
 * question allows, and names are taken only where they are a whole item of a list.
 *
 * @param text the answer without its phenotype table
 */
export function* statementsOf(
  text: string,
  qtype: string,
  head: Head,
  catalogue: Catalogue,
): Generator<Statement | Unread> {
  const names = namesInText(text, head)
  let previous: string | null = null
  for (const span of sentencesOf(text)) {
    const sentence = text.slice(span.start, span.end)
    if (contrast.test(sentence)) continue
    const about: Subject = { names, previous }
    let mentions: readonly Mention[] | null = null
    const found = (): readonly Mention[] => {
      mentions ??= catalogue.find(sentence)
      return mentions
    }
    for (const cue of cues) {
      if (!cue.qtypes.has(qtype) || cue.unless?.test(sentence) === true) continue
      for (const match of sentence.matchAll(cue.pattern)) {
        yield* readCue(cue, match, sentence, about, head, found(), catalogue)
      }
    }
    for (const { relation, symbol } of geneStatements(sentence, about)) {
      yield { kind: 'statement', cue: 'gene', relation, tail: geneEntity(symbol), quote: sentence }
    }
    yield* inheritanceOf(sentence, about, catalogue)
    previous = sentence
  }
}

function* readCue(
  cue: Cue,
  match: RegExpExecArray,
  sentence: string,
  about: Subject,
  head: Head,
  mentions: readonly Mention[],
  catalogue: Catalogue,
): Generator<Statement | Unread> {
  const { subject, of, items, colon } = match.groups ?? {}
  const named = subject ?? of?.replace(preposition, '')
  if (
    named === undefined
      ? !cue.allowsNoSubject || !isStillOn(cue, sentence, mentions, match.index, about, head, catalogue)
      : !isAbout(named, about)
  ) {
    return
  }
  const end = match.index + match[0].length
  const span =
    items === undefined
      ? { start: end, end: sentence.length }
      : { start: sentence.indexOf(items, match.index), end: sentence.indexOf(items, match.index) + items.length }
  for (const item of listItems(
    sentence,
    span,
    colon !== undefined || isBeforeCapital(sentence, end),
    cue.allowsPurpose === true,
  )) {
    // In parentheses findings are named again in other words; other things are abbreviated or explained.
    const isFinding = cue.relations.some(([relation]) => relation === 'has_finding')
    if (item.isAside && (!isFinding || /^\p{Lu}+s?$/u.test(item.text))) continue
    const meanings = namedBy(item, sentence, mentions)
    if (meanings.length === 0) {
      yield { kind: 'unread', reason: 'item is no known name', detail: item.text.slice(0, 120) }
      continue
    }
    yield* relate(cue, item, meanings, sentence, head, catalogue)
  }
}

function* relate(
  cue: Cue,
  item: ListItem,
  meanings: readonly Mention[],
  sentence: string,
  head: Head,
  catalogue: Catalogue,
): Generator<Statement | Unread> {
  const [first] = meanings
  if (first === undefined) return
  const text = sentence.slice(first.start, first.end)
  const entries = meanings.map((mention) => mention.entry)
  let reason: string = 'name of another type'
  for (const [relation, types] of cue.relations) {
    const resolution = catalogue.resolve(entries, types, text)
    if (resolution.kind === 'none') {
      if (resolution.reason === 'ambiguous name') reason = resolution.reason
      continue
    }
    const { entity } = resolution
    if (head.nameKeys.has(foldedNameKey(text)) || entity.key === head.key) {
      yield { kind: 'unread', reason: 'name of the disease itself', detail: item.text.slice(0, 120) }
    } else {
      yield { kind: 'statement', cue: cue.name, relation, tail: entity, quote: sentence }
    }
    return
  }
  yield { kind: 'unread', reason, detail: item.text.slice(0, 120) }
}

/** The meanings of the name that is the whole item, modifiers before it aside. */
function namedBy(item: ListItem, sentence: string, mentions: readonly Mention[]): Mention[] {
  for (const start of nameStarts(item, sentence)) {
    const meanings = mentions.filter((mention) => mention.start === start && item.ends.includes(mention.end))
    if (meanings.length > 0) return meanings
  }
  return []
}

/**
 * Whether a sentence that names nobody still speaks of the page's disease: no other disease is named before the cue, and
 * the cue opens its clause where it has to.
 */
function isStillOn(
  cue: Cue,
  sentence: string,
  mentions: readonly Mention[],
  cueStart: number,
  about: Subject,
  head: Head,
  catalogue: Catalogue,
): boolean {
  const isOther = ({ entry }: Mention): boolean => entry.type === 'disease' && entry.key !== head.key
  if (mentions.some((mention) => mention.start < cueStart && isOther(mention))) return false
  // "These symptoms": those of whatever the sentence before named.
  const points = /\b(?:these|those|such)\s*$/i.test(sentence.slice(0, cueStart))
  if (points && (about.previous === null || catalogue.find(about.previous).some(isOther))) return false
  if (cue.opensClause !== true) return true
  const before = sentence.slice(Math.max(0, cueStart - 70), cueStart)
  // Lists of pages end without a stop, so a capital may begin the clause.
  const clause = before.replace(/^.*(?=\b\p{Lu}\p{Ll})/su, '')
  return !verb.test(clause)
}

function isBeforeCapital(sentence: string, end: number): boolean {
  return /^\s+\p{Lu}\p{Ll}/u.test(sentence.slice(end, end + 8))
}

const preposition = /^ (?:of|for|in|seen in|associated with|from) /i
const verb = /\b(?:caus(?:e|es|ing|ed)|has|have|having|is|are|was|were|do|does|can|may|develop\w*|with)\b/i
/** Sentences about another disease that is set against this one. */
const contrast = /^(?:in contrast|compared)\b|\bunlike\b/i

const inherited =
  /\binherited (?:in|as) an? ([^.;()]{8,90}?) (?:pattern|manner|fashion|way|trait|condition|disorder)\b/gi
const doubted =
  /\b(?:if|when|unknown|thought|suspect\w*|suggest\w*|possibl[ey]|may be|might|rarely|some (?:cases|families|forms)|forms?|types?|not|unclear|believed)\b/i

function* inheritanceOf(sentence: string, about: Subject, catalogue: Catalogue): Generator<Statement> {
  for (const match of sentence.matchAll(inherited)) {
    const before = sentence.slice(0, match.index)
    if (doubted.test(before) || !isAbout(beforeVerb(before), about)) continue
    for (const { label, pattern } of inheritanceModes) {
      const tail = catalogue.inheritance.get(label)
      if (pattern.test(match[1] ?? '') && tail !== undefined) {
        yield { kind: 'statement', cue: 'inherited', relation: 'inherited_as', tail, quote: sentence }
      }
    }
  }
}

/** The subject of a sentence whose verb phrase begins with is, are, can be … */
function beforeVerb(text: string): string {
  const verb = / (?:is|are|can be|is usually|was|were|,)(?: |$)/.exec(text)
  return verb === null ? text : text.slice(0, verb.index)
}
