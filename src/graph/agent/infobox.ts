import type { Schema } from '../schema.ts'
import type { EntityType } from '../types.ts'
import type { Infobox, InfoboxField } from './page.ts'
import type { LinkSpan } from './wikitext-render.ts'

/** A triple that a field of an infobox states about its page. */
export type FieldTriple = {
  readonly relation: string
  readonly tailType: EntityType
  /** Title that the value links to. */
  readonly target: string
  /** The words of the link. */
  readonly words: string
  /** Plain text of the value, of a long one what surrounds the link. */
  readonly quote: string
}

type FieldMeaning = { readonly relation: string; readonly tailType: EntityType }

/** What the fields of `Infobox medical condition` and `Infobox drug` say about their page. */
const meanings: { readonly [Type in 'disease' | 'drug']: ReadonlyMap<string, FieldMeaning> } = {
  disease: new Map([
    ['symptoms', { relation: 'has_finding', tailType: 'finding' }],
    ['complications', { relation: 'complicated_by', tailType: 'complication' }],
    ['causes', { relation: 'caused_by_factor', tailType: 'factor' }],
    ['risks', { relation: 'has_risk_factor', tailType: 'factor' }],
    ['diagnosis', { relation: 'diagnosed_by', tailType: 'test' }],
    ['differential', { relation: 'mimicked_by', tailType: 'disease' }],
    ['prevention', { relation: 'prevented_by', tailType: 'factor' }],
    ['treatment', { relation: 'treated_by', tailType: 'procedure' }],
    ['medication', { relation: 'treated_by', tailType: 'drug' }],
  ]),
  drug: new Map([
    ['class', { relation: 'in_class', tailType: 'drug-class' }],
    ['drug_class', { relation: 'in_class', tailType: 'drug-class' }],
  ]),
}

const MAX_QUOTE_CHARS = 300
/** Longest words of a link that are a name. */
const MAX_NAME_CHARS = 120
/** Most triples of one infobox; chosen by us: the fullest box of a medical article that we know lists some forty. */
const MAX_FIELD_TRIPLES = 200
const separators = new Set([',', ';', '\n', '·', '•', '/'])

/**
 * The triples that an infobox states without a model reading it: those fields whose value is a list of links. An item
 * that is more than a link and a bracketed remark ("[[surgery]] in severe cases") is prose and left to a model.
 *
 * @returns triples in the order of the page, how many items were prose, and how many links stood beyond the
 *   {@link MAX_FIELD_TRIPLES}th
 */
export function infoboxTriples(
  infobox: Infobox,
  schema: Schema,
): { readonly triples: readonly FieldTriple[]; readonly proseItems: number; readonly itemsLeftOut: number } {
  const triples: FieldTriple[] = []
  let proseItems = 0
  let itemsLeftOut = 0
  const fields = infobox.type === 'disease' || infobox.type === 'drug' ? meanings[infobox.type] : null
  for (const field of infobox.fields) {
    const meaning = fields?.get(field.name)
    if (meaning === undefined || !schema.relations.some(({ name }) => name === meaning.relation)) continue
    for (const link of soleLinks(field)) {
      if (link === null) proseItems += 1
      else if (triples.length >= MAX_FIELD_TRIPLES) itemsLeftOut += 1
      else {
        const words = field.text.slice(link.start, link.end)
        triples.push({ ...meaning, target: link.target, words, quote: quoteAround(field.text, link) })
      }
    }
  }
  return { triples, proseItems, itemsLeftOut }
}

/** Other names that an infobox gives its page. */
export function infoboxSynonyms(infobox: Infobox): string[] {
  const field = infobox.fields.find(({ name }) => name === 'synonyms' || name === 'synonym')
  if (field === undefined) return []
  const names = splitItems(field).map(({ start, end }) => withoutRemark(field.text.slice(start, end)))
  return [...new Set(names)].filter((name) => name.length > 1 && name.length <= 120)
}

type Range = { readonly start: number; readonly end: number }

/** The items of a value: between commas, semicolons, line ends, dots and "and", but not inside links or brackets. */
function splitItems({ text, links }: InfoboxField): Range[] {
  const items: Range[] = []
  let start = 0
  let depth = 0
  let link = 0
  const close = (end: number): void => {
    const words = text.slice(start, end)
    const lead = words.length - words.trimStart().length
    const from = start + lead
    if (words.trim() !== '') items.push({ start: from, end: from + words.trim().length })
  }
  for (let at = 0; at < text.length; at += 1) {
    while (link < links.length && (links[link]?.end ?? 0) <= at) link += 1
    if (at >= (links[link]?.start ?? text.length)) continue
    const character = text[at] ?? ''
    if (character === '(') depth += 1
    else if (character === ')') depth = Math.max(0, depth - 1)
    else if (character === '\n') depth = 0
    if (depth > 0) continue
    const word = separators.has(character) ? character : joiningWord(text, at)
    if (word === '') continue
    close(at)
    start = at + word.length
    at = start - 1
  }
  close(text.length)
  return items
}

function joiningWord(text: string, at: number): string {
  const isWordStart = at === 0 || /\s/.test(text[at - 1] ?? '')
  if (!isWordStart) return ''
  return ['and ', 'or '].find((word) => text.startsWith(word, at)) ?? ''
}

/** For each item of a value the link that it consists of, a bracketed remark and a full stop aside; else null. */
function* soleLinks(field: InfoboxField): Generator<LinkSpan | null> {
  let next = 0
  for (const item of splitItems(field)) {
    // Items and links both stand in the order of the text.
    while ((field.links[next]?.start ?? field.text.length) < item.start) next += 1
    const link = field.links[next]
    if (link === undefined || link.end > item.end || link.end - link.start > MAX_NAME_CHARS) {
      yield null
      continue
    }
    const before = field.text.slice(item.start, link.start).trim()
    const after = withoutRemark(`x ${field.text.slice(link.end, item.end)}`)
    yield before === '' && (after === 'x' || after === 'x .') ? link : null
  }
}

/** The value, or what surrounds the link in it, cut between words. */
function quoteAround(text: string, { start, end }: Range): string {
  if (text.length <= MAX_QUOTE_CHARS) return text
  const room = MAX_QUOTE_CHARS - (end - start)
  let from = Math.max(0, Math.min(start - (room >> 1), text.length - MAX_QUOTE_CHARS))
  let to = Math.min(text.length, from + MAX_QUOTE_CHARS)
  if (from > 0) while (from < start && !/\s/.test(text[from] ?? '')) from += 1
  if (to < text.length) while (to > end && !/\s/.test(text[to] ?? '')) to -= 1
  return text.slice(from, to).trim()
}

function withoutRemark(text: string): string {
  const trimmed = text.trim()
  const open = trimmed.indexOf('(')
  return open > 0 && trimmed.endsWith(')') ? trimmed.slice(0, open).trim() : trimmed
}
