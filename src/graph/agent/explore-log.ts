import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { readLog } from '../../core/store.ts'
import { entityTypes } from '../packed/parts.ts'

/** The file in which everything that an exploration found stands; its state is derived from it alone. */
export const RECORDS_FILE = 'records.jsonl'
/** Raised when the meaning of a record changes. */
export const LOG_FORMAT = 2

const entityType = z.enum(entityTypes)

const about = z.strictObject({
  kind: z.literal('about'),
  format: z.literal(LOG_FORMAT),
  /** Hash of what decides the records besides the wiki and the model's answers. */
  settings: z.string(),
  api: z.string(),
  site: z.string(),
  generator: z.string(),
  indexUrl: z.string(),
  license: z.string().nullable(),
  /** Null when pages are read by their infoboxes alone. */
  model: z.string().nullable(),
})
const seeds = z.strictObject({ kind: z.literal('seeds'), titles: z.array(z.string()), categories: z.array(z.string()) })
const skip = z.strictObject({
  kind: z.literal('skip'),
  asked: z.string(),
  title: z.string().nullable(),
  reason: z.enum([
    'missing',
    'disambiguation',
    'already read',
    'error of the wiki',
    'refused by the wiki',
    'answer too large',
    'unreadable answer',
  ]),
  /** What the wiki said, when it failed. */
  detail: z.string().exactOptional(),
})
const entity = z.strictObject({
  key: z.string(),
  label: z.string(),
  type: entityType,
  /** What says so: the infobox of its own page, a field that lists it, the model, its categories. */
  typeFrom: z.enum(['infobox', 'field', 'text', 'category']),
  /** Its page in the wiki, when it has one. */
  title: z.string().nullable(),
  synonyms: z.array(z.string()),
  xrefs: z.array(z.string()),
  labelZh: z.string().optional(),
})
const triple = z.strictObject({
  head: z.string(),
  relation: z.string(),
  tail: z.string(),
  from: z.enum(['infobox', 'text']),
  quote: z.string(),
  /** The words of the page for head and tail. */
  headAs: z.string(),
  tailAs: z.string(),
})
const rejection = z.strictObject({ reason: z.string(), detail: z.string() })
const page = z.strictObject({
  kind: z.literal('page'),
  /** Counted from 1. */
  ordinal: z.int().min(1),
  /** The title that the frontier gave; `title` is where it led. */
  asked: z.string(),
  title: z.string(),
  revision: z.int().min(1),
  url: z.string(),
  item: z.string().nullable(),
  type: entityType.nullable(),
  entities: z.array(entity),
  triples: z.array(triple),
  rejected: z.array(rejection),
  /** Titles that it links to, as far as the walk may follow them. */
  links: z.array(z.string()),
  /** Passages that a model read, that it was not able to read (by cause), and that were over the limit of a page. */
  passages: z.strictObject({ read: z.int(), failed: z.array(z.string()), leftOut: z.int() }),
  /** Items of infobox fields that are prose. */
  proseItems: z.int(),
  /** Links in infobox fields beyond the most that one infobox may give. */
  itemsLeftOut: z.int(),
  usage: z.strictObject({ promptTokens: z.number(), completionTokens: z.number() }),
})
const record = z.discriminatedUnion('kind', [about, seeds, skip, page])

export type ExploreRecord = z.infer<typeof record>
export type AboutPage = z.infer<typeof about>
export type SeedsRecord = z.infer<typeof seeds>
export type SkipRecord = z.infer<typeof skip>
export type PageRecord = z.infer<typeof page>
export type PageEntity = z.infer<typeof entity>
export type PageTriple = z.infer<typeof triple>

/**
 * A record of the agent's log.
 *
 * @throws {DataError} naming place and field when it is none
 */
export function parseRecord(value: unknown, place: { readonly file: string; readonly line?: number }): ExploreRecord {
  const parsed = record.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DataError(`no record of the wiki agent: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {
    ...place,
    field: issue?.path.join('.'),
    hint: 'the file was changed, or written by another version of the agent',
  })
}

/** Hands each record of a log over, in order; nothing when there is no log. @throws {DataError} */
export function replayLog(file: string, take: (record: ExploreRecord) => void): void {
  readLog(file, (value) => {
    take(parseRecord(value, { file }))
    return null
  })
}
