import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readLogLine } from '../../core/store/log-line.ts'
import { readTextLines } from '../../core/text-lines.ts'
import { clinicalSchema } from '../clinical.ts'
import type { EntityType, KnowledgeSource, SourceRecord } from '../types.ts'
import { type ExploreRecord, type PageEntity, type PageRecord, parseRecord, RECORDS_FILE } from './explore-log.ts'
import { isOpenLicense, licenseOf } from './license.ts'

/** How much a statement about the type of an entity weighs: its own page outweighs any number of mentions. */
const typeWeights: { readonly [From in PageEntity['typeFrom']]: number } = {
  infobox: 1_000_000,
  text: 2,
  field: 2,
  // Pages about a class of drugs stand in categories of drugs.
  category: 1,
}

/** What a relation becomes once the tail is known to be of another type than its field supposed. */
const betterRelations: Readonly<Record<string, string>> = {
  'caused_by_factor organism': 'caused_by_organism',
  'caused_by_factor gene': 'caused_by_gene',
}

/**
 * What the wiki agent found, from its `records.jsonl`. Fields of infoboxes only suppose what they link to; here each
 * entity has the type that its own page gives it, else the one most often said, and triples that break the domain or
 * range of their relation under it are rejected. They may be published where the wiki has an open licence.
 */
export const exploredPages: KnowledgeSource = {
  name: 'wiki-agent',
  title: 'Pages of a wiki, read by the knowledge discovery agent',
  files: [RECORDS_FILE],
  license: 'CC BY-SA 4.0',
  isPublishable: true,
  families: ['wikipedia'],
  closedRelations: [],
  testedOn: 'written samples',
  read: ({ files }) => readExplored(files[0] ?? RECORDS_FILE),
}

async function* readExplored(file: string): AsyncGenerator<SourceRecord> {
  const types = await settleTypes(file)
  const written = new Set<string>()
  for await (const { record, line } of readRecords(file)) {
    if (record === null) {
      yield { kind: 'rejected', file, line, reason: 'half a line', detail: 'the agent was killed while it wrote' }
    } else if (record.kind === 'about') {
      const license = licenseOf(record)
      yield { kind: 'about', license, isPublishable: isOpenLicense(license) }
    } else if (record.kind === 'page') yield* readPageRecord(record, { file, line }, types, written)
  }
}

function* readPageRecord(
  page: PageRecord,
  place: { readonly file: string; readonly line: number },
  types: ReadonlyMap<string, EntityType>,
  written: Set<string>,
): Generator<SourceRecord> {
  for (const { key, label, synonyms, xrefs, labelZh, title } of page.entities) {
    // The first record has the names from Wikidata, the one of its own page those of the infobox.
    const slot = title === page.title ? `${key} own` : key
    const type = types.get(key)
    if (type === undefined || written.has(slot)) continue
    written.add(slot).add(key)
    const names = labelZh === undefined ? {} : { labelZh }
    yield { kind: 'entity', ...place, key, label, type, synonyms, xrefs, ...names }
  }
  for (const triple of page.triples) {
    const head = types.get(triple.head)
    const tail = types.get(triple.tail)
    const relation = betterRelations[`${triple.relation} ${tail}`] ?? triple.relation
    const detail = `${triple.headAs} ${relation} ${triple.tailAs}`
    const schema = clinicalSchema.relations.find(({ name }) => name === relation)
    if (head === undefined || tail === undefined) {
      yield { kind: 'rejected', ...place, reason: 'end without an entity', detail }
    } else if (schema === undefined) {
      yield { kind: 'rejected', ...place, reason: 'unknown relation', detail }
    } else if (!schema.domain.includes(head) || !schema.range.includes(tail)) {
      yield {
        kind: 'rejected',
        ...place,
        reason: 'types once its page was read',
        detail: `${detail}: ${head}, ${tail}`,
      }
    } else {
      const qualifiers = { page: page.title, revision: String(page.revision), readBy: triple.from, ...wordsOf(triple) }
      const { quote, head: from, tail: to } = triple
      yield { kind: 'triple', ...place, head: from, relation, tail: to, quote, url: page.url, qualifiers }
    }
  }
  for (const { reason, detail } of page.rejected) yield { kind: 'rejected', ...place, reason, detail }
}

function wordsOf({ headAs, tailAs }: { readonly headAs: string; readonly tailAs: string }): Record<string, string> {
  return { headAs, tailAs }
}

/** The type of each entity: its own page's, else the one most often said; the first said of equals. */
async function settleTypes(file: string): Promise<ReadonlyMap<string, EntityType>> {
  const votes = new Map<string, Map<EntityType, number>>()
  let hasAbout = false
  for await (const { record } of readRecords(file)) {
    if (record?.kind === 'about') hasAbout = true
    if (record?.kind !== 'page') continue
    for (const { key, type, typeFrom } of record.entities) {
      const counts = votes.get(key) ?? new Map<EntityType, number>()
      votes.set(key, counts)
      counts.set(type, (counts.get(type) ?? 0) + typeWeights[typeFrom])
    }
  }
  if (!hasAbout) {
    throw new DataError('not a log of the wiki agent', { file, hint: `give the ${RECORDS_FILE} of an exploration` })
  }
  const types = new Map<string, EntityType>()
  for (const [key, counts] of votes) {
    const [first, ...others] = counts
    if (first === undefined) continue
    types.set(key, others.reduce((best, next) => (next[1] > best[1] ? next : best), first)[0])
  }
  return types
}

type ReadLine = { readonly record: ExploreRecord | null; readonly line: number }

/** The records of a log; null for a last line that a killed agent left half written. @throws {DataError} */
async function* readRecords(file: string): AsyncGenerator<ReadLine> {
  let tornLine: number | null = null
  for await (const { text, line } of readTextLines(file)) {
    if (tornLine !== null) {
      throw new DataError('a line that the wiki agent did not write', {
        file,
        line: tornLine,
        hint: 'the file was changed; run the agent again',
      })
    }
    const json = readLogLine(Buffer.from(text))
    if (json === null) tornLine = line
    else yield { record: parseRecord(parseJson(json.toString('utf8'), { file, line }), { file, line }), line }
  }
  if (tornLine !== null) yield { record: null, line: tornLine }
}
