import { DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import type { ChatReply } from '../endpoint/types.ts'
import { MAX_TRIPLES, passageText } from './extract-passage.ts'
import { createQuoteCheck, joinLines } from './extract-quote.ts'
import { holds, nameWords } from './extract-words.ts'
import { isRecord } from './is-record.ts'
import type { Schema } from './schema.ts'
import type { EntityType, Relation } from './types.ts'

export type ExtractedTriple = {
  readonly head: string
  readonly headType: EntityType
  readonly relation: string
  readonly tail: string
  readonly tailType: EntityType
  /** Words of the passage, white space as single spaces. */
  readonly quote: string
}

export type Rejection = { readonly reason: string; readonly detail: string }

export type Extraction = {
  readonly triples: readonly ExtractedTriple[]
  readonly rejected: readonly Rejection[]
  /** Why the reply as a whole could not be read, so that asking again may help; null when it could. */
  readonly fault: string | null
}

const MAX_NAME_CHARS = 120
const MAX_QUOTE_CHARS = 600
const MAX_DETAIL_CHARS = 200
/** Words that point at something without naming it. */
const pointers = new Set(
  'it they them this that these those he she patient patients person people condition the condition disease the disease disorder syndrome symptom symptoms treatment drug medication cause causes others other'
    .split(' ')
    .concat('the patient', 'the disorder', 'this disease', 'this condition', 'the drug', 'affected people'),
)
const itemFields = ['head', 'headType', 'relation', 'tail', 'tailType', 'quote'] as const
type RawItem = { readonly [Field in (typeof itemFields)[number]]: string }

/**
 * The triples of a reply that hold against the passage, and why the others do not. A triple stays only when its relation
 * is one of the schema with these types at its ends, both names stand in the passage or its title, its quote stands
 * there word for word, in prose, and the quote says it as {@link createQuoteCheck} tells. So nothing that the passage talked
 * a model into can say more than the passage's own words.
 *
 * @param passage the text given to `extractionRequest`
 * @param options.title the title given there: names may stand in it, quotes may not
 */
export function readExtraction(
  reply: ChatReply,
  passage: string,
  schema: Schema,
  options: { readonly title?: string; readonly maxTriples?: number } = {},
): Extraction {
  const items = readItems(reply)
  if (typeof items === 'string') return { triples: [], rejected: [], fault: items }
  const check = createCheck(passageText(passage), passageText(options.title ?? '', 300), schema)
  const triples: ExtractedTriple[] = []
  const rejected: Rejection[] = []
  const seen = new Set<string>()
  for (const item of items) {
    const found = isRawItem(item) ? check(item) : 'not of the form asked for'
    const key = typeof found === 'string' ? '' : keyOf(found)
    const reason = typeof found === 'string' ? found : seen.has(key) ? 'duplicate' : null
    if (reason !== null || typeof found === 'string') {
      rejected.push({ reason: reason ?? '', detail: describe(item) })
    } else if (triples.length >= (options.maxTriples ?? MAX_TRIPLES)) {
      rejected.push({ reason: 'over the cap', detail: describe(item) })
    } else {
      seen.add(key)
      triples.push(found)
    }
  }
  return { triples, rejected, fault: null }
}

/** The listed items, or why there are none to read. */
function readItems(reply: ChatReply): readonly unknown[] | string {
  if (reply.finishReason === 'length') return 'cut off'
  if (reply.finishReason === 'content-filter') return 'content filter'
  let value: unknown
  try {
    value = parseJson(withoutFence(reply.text), { file: 'reply' })
  } catch (cause) {
    if (cause instanceof DataError) return 'not JSON'
    throw cause
  }
  const list = Array.isArray(value) ? value : isRecord(value) ? value.triples : undefined
  return Array.isArray(list) ? list : 'no list of triples'
}

function withoutFence(text: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('```') || !trimmed.endsWith('```')) return trimmed
  const start = trimmed.indexOf('\n')
  return start === -1 ? trimmed : trimmed.slice(start + 1, -3).trim()
}

function createCheck(passage: string, title: string, schema: Schema): (item: RawItem) => ExtractedTriple | string {
  const relations = new Map(schema.relations.map((relation) => [relation.name, relation]))
  const lines = joinLines(passage)
  const { text } = lines
  const words = nameWords(`${title} ${text}`)
  const faultOf = createQuoteCheck(lines, title)
  const prose = withoutCode(text)
  return (item) => {
    const relation = relations.get(item.relation)
    if (relation === undefined) return 'unknown relation'
    const types = typesOf(item, relation)
    if (typeof types === 'string') return types
    const head = squeeze(passageText(item.head))
    const tail = squeeze(passageText(item.tail))
    const quote = squeeze(passageText(item.quote))
    if (head.length > MAX_NAME_CHARS || tail.length > MAX_NAME_CHARS) return 'name too long'
    const [headWords, tailWords] = [nameWords(head), nameWords(tail)]
    if (isPointer(headWords) || isPointer(tailWords)) return 'not a name'
    if (headWords === tailWords) return 'self-loop'
    if (quote === '' || quote.length > MAX_QUOTE_CHARS || !text.includes(quote)) return 'quote not in the passage'
    if (!prose.includes(quote)) return 'quote inside code'
    if (!holds(words, headWords) || !holds(words, tailWords)) return 'name not in the passage'
    const fault = faultOf({ head, relation, tail, quote })
    return fault ?? { head, ...types, relation: relation.name, tail, quote }
  }
}

/**
 * The text without what stands in braces. An encyclopedia has no sentences there; a page that dictates the JSON it wants
 * to see has its false quotes there. A brace that never closes takes the rest of the passage with it.
 */
function withoutCode(text: string): string {
  let depth = 0
  let start = 0
  const kept: string[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{') {
      if (depth === 0) kept.push(text.slice(start, at))
      depth += 1
    } else if (character === '}' && depth > 0) {
      depth -= 1
      start = at + 1
    }
  }
  if (depth === 0) kept.push(text.slice(start))
  return kept.join('{}')
}

function typesOf(
  item: RawItem,
  { domain, range }: Relation,
): { readonly headType: EntityType; readonly tailType: EntityType } | string {
  const headType = domain.find((type) => type === item.headType)
  if (headType === undefined) return 'head outside the domain'
  const tailType = range.find((type) => type === item.tailType)
  return tailType === undefined ? 'tail outside the range' : { headType, tailType }
}

function isPointer(words: string): boolean {
  const name = words.trim()
  return name.length < 2 || pointers.has(name)
}

function keyOf({ head, relation, tail }: ExtractedTriple): string {
  return [nameWords(head), relation, nameWords(tail)].join('|')
}

function squeeze(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}

function describe(item: unknown): string {
  if (!isRawItem(item)) return isRecord(item) ? `an object of ${Object.keys(item).length} fields` : `a ${typeof item}`
  const text = `${item.head} ${item.relation} ${item.tail}: ${item.quote}`
  return passageText(squeeze(text), MAX_DETAIL_CHARS)
}

function isRawItem(value: unknown): value is RawItem {
  return isRecord(value) && itemFields.every((field) => typeof value[field] === 'string')
}
