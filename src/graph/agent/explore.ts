import { join } from 'node:path'
import { ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { acquireLock, ensureDir, openLog } from '../../core/store.ts'
import type { Budget, ChatModel, Prices } from '../../endpoint/types.ts'
import { extractionVersion } from '../extract.ts'
import { passageText } from '../extract-passage.ts'
import type { Schema } from '../schema.ts'
import type { PackedGraph } from '../types.ts'
import {
  type AboutPage,
  type ExploreRecord,
  LOG_FORMAT,
  type PageRecord,
  RECORDS_FILE,
  replayLog,
  type SkipRecord,
} from './explore-log.ts'
import { type Reading, readWithModel, typeOfCategories } from './explore-page.ts'
import { collectSeeds, type Seeds } from './explore-seeds.ts'
import { openSpending, type SpendingLedger } from './explore-spending.ts'
import {
  applyRecord,
  type ExploreReport,
  type ExploreState,
  emptyState,
  reportOf,
  type StopReason,
} from './explore-state.ts'
import { createFrontier, triplesIn } from './frontier.ts'
import { infoboxSynonyms, infoboxTriples } from './infobox.ts'
import { licenseOf } from './license.ts'
import type { WikiClient } from './mediawiki.ts'
import { pageFaultOf } from './mediawiki-http.ts'
import { type FoundTriple, nameEntities, type PageSubject, titlesOf } from './name-entities.ts'
import { readPage, type WikiPage } from './page.ts'

export type ExploreOptions = {
  /** Folder of the exploration; one that holds a log is resumed. */
  readonly dir: string
  readonly wiki: WikiClient
  /** Names the wiki in the settings: another wiki is another exploration. */
  readonly apiUrl: string
  readonly seeds: Seeds
  readonly schema: Schema
  /** Null: infoboxes only. */
  readonly model: ChatModel | null
  readonly budget: Budget & { readonly pages: number }
  readonly prices?: Prices
  /** A graph in hand: what it tells little about is worth more. */
  readonly graph?: PackedGraph
  /** Passages of one page that a model reads, at most; 8 unless told. */
  readonly maxPassages?: number
  /** Calls of the model at a time; the wiki is always asked one thing at a time. */
  readonly concurrency?: number
  /** Attempts of one call. */
  readonly maxAttempts?: number
  readonly retryDelayMs?: number
  readonly signal?: AbortSignal
  /** After each record that is safe on disk. */
  readonly onRecord?: (record: ExploreRecord) => void
}

/** Links of one page that the walk may follow; chosen by us. */
const MAX_LINKS = 500
/** Pages in a row that may fail before the wiki as a whole is taken to be down; chosen by us. */
const MAX_FAULTS_IN_A_ROW = 3
const MAX_DETAIL_CHARS = 200

/**
 * Walks a wiki from its seeds and writes what its pages say to `records.jsonl` in the folder, one record a page: entities
 * linked to Wikidata, and triples that each carry their quote and the revision of their page. Everything is decided by
 * the log: killed at any moment, the same call goes on after the last page in it and ends with the same bytes.
 *
 * @paper Fleming-R1 §3.1: an autonomous agent walks Wikipedia, links entities, extracts relations
 * @deviation the paper names neither its rule for where to go next nor its checks; ours are in frontier.ts, extract-read.ts and extract-quote.ts
 * A page that the wiki fails on is passed over and counted by what it said, as long as it answers about others.
 *
 * @returns what was found, counted; `stoppedBy` says why it ended, `aborted` when the signal asked for it
 * @throws {ConfigError} when the folder holds an exploration with other settings
 * @throws {EngineError} when wiki or model fail for good
 * @throws {StorageError} E_LOCKED when another process explores there
 */
export async function explore(options: ExploreOptions): Promise<ExploreReport> {
  ensureDir(options.dir)
  const lock = acquireLock(options.dir)
  const file = join(options.dir, RECORDS_FILE)
  try {
    const triplesOf = options.graph === undefined ? undefined : triplesIn(options.graph)
    const state = emptyState(createFrontier(triplesOf))
    const log = openLog(file)
    try {
      replayLog(file, (record) => applyRecord(state, record))
      const commit = (record: ExploreRecord): void => {
        log.append([record])
        applyRecord(state, record)
        options.onRecord?.(record)
      }
      const stoppedBy = await untilAborted(options, () => walk(options, state, commit))
      return reportOf(state, licenseOf(state.about), stoppedBy, options.wiki.counts)
    } finally {
      log.close()
    }
  } finally {
    lock.release()
  }
}

async function untilAborted({ signal }: ExploreOptions, act: () => Promise<StopReason>): Promise<StopReason> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof EngineError && cause.code === 'E_ABORTED' && signal?.aborted === true) return 'aborted'
    throw cause
  }
}

type Commit = (record: ExploreRecord) => void

async function walk(options: ExploreOptions, state: ExploreState, commit: Commit): Promise<StopReason> {
  const about = await begin(options, state, commit)
  const ledger = openSpending(options.dir)
  // A page that failed is passed over only once the wiki has answered about another: while it is down, none is lost.
  const failed: SkipRecord[] = []
  const commitFailed = (): void => {
    for (const record of failed.splice(0)) commit(record)
  }
  try {
    while (state.pageCount < options.budget.pages) {
      if (options.signal?.aborted === true) return 'aborted'
      const asked = state.frontier.take()
      if (asked === null) {
        if (failed.length > 0) await options.wiki.siteInfo()
        commitFailed()
        return 'nothing left to read'
      }
      let record: ExploreRecord | null
      try {
        record = await visit(asked, about, options, state, ledger)
      } catch (cause) {
        const reason = pageFaultOf(cause)
        if (reason === null || failed.length + 1 >= MAX_FAULTS_IN_A_ROW) throw cause
        failed.push({ kind: 'skip', asked, title: null, reason, detail: detailOf(cause) })
        continue
      }
      commitFailed()
      if (record === null) return 'calls, tokens or money'
      commit(record)
    }
    return 'pages'
  } finally {
    ledger.close()
  }
}

function detailOf(cause: unknown): string {
  return passageText(cause instanceof Error ? cause.message : '', MAX_DETAIL_CHARS)
}

/** Writes who and what is explored and the seeds, unless the log has them. @throws {ConfigError} */
async function begin(options: ExploreOptions, state: ExploreState, commit: Commit): Promise<AboutPage> {
  const { seeds, schema, model, graph, apiUrl, wiki, maxPassages } = options
  const settings = contentId('exploration', {
    apiUrl,
    wikidataUrl: wiki.wikidataUrl,
    seeds,
    schema: schema.relations,
    model: model?.hash ?? null,
    reader: model === null ? null : extractionVersion(schema),
    graph: graph?.hash ?? null,
    maxPassages: maxPassages ?? null,
  })
  if (state.about !== null && state.about.settings !== settings) {
    throw new ConfigError(`${options.dir} holds an exploration with other settings`, {
      hint: 'give another folder, or the wiki, seeds, schema, graph and model that it was begun with; budgets may change',
    })
  }
  if (state.about === null) {
    const site = await wiki.siteInfo()
    const { name, generator, indexUrl, license } = site
    const about = { settings, api: apiUrl, site: name, generator, indexUrl, license, model: model?.name ?? null }
    commit({ kind: 'about', format: LOG_FORMAT, ...about })
  }
  if (state.seeds === null) commit(await collectSeeds(wiki, seeds))
  if (state.about === null) throw new DataError('the log of an exploration does not begin with what it is about')
  return state.about
}

/** The record of what a title leads to; null when the budget did not reach. */
async function visit(
  asked: string,
  about: AboutPage,
  options: ExploreOptions,
  state: ExploreState,
  ledger: SpendingLedger,
): Promise<ExploreRecord | null> {
  const { wiki } = options
  const goal = (await wiki.resolve([asked])).get(asked)
  if (goal === undefined || goal.kind === 'missing') return { kind: 'skip', asked, title: null, reason: 'missing' }
  const { title, item } = goal
  if (goal.isDisambiguation) return { kind: 'skip', asked, title, reason: 'disambiguation' }
  if (state.readTitles.has(title)) return { kind: 'skip', asked, title, reason: 'already read' }
  const source = await wiki.page(title)
  if (source === null) return { kind: 'skip', asked, title, reason: 'missing' }
  const page = readPage(source.wikitext)
  if (page.isDisambiguation) return { kind: 'skip', asked, title, reason: 'disambiguation' }
  const ordinal = state.pageCount + 1
  const reading = await readSections(page, source, ordinal, options, ledger)
  if (reading?.isOutOfBudget === true) return null
  const subject = subjectOf(page, source.title, item)
  const fields = page.infobox === null ? null : infoboxTriples(page.infobox, options.schema)
  const extractions = reading?.extractions ?? []
  const found: FoundTriple[] = [
    ...(fields?.triples ?? []).map((triple): FoundTriple => ({ from: 'infobox', ...triple })),
    ...extractions.flatMap(({ triples }) => triples.map((triple): FoundTriple => ({ from: 'text', ...triple }))),
  ]
  const resolved = await wiki.resolve(titlesOf(found, page))
  const ends = [...resolved.values()].filter((end) => end.kind === 'page' && !end.isDisambiguation)
  const itemIds = [item, ...ends.map((end) => (end.kind === 'page' && end.fragment === null ? end.item : null))]
  const wanted = itemIds.filter((id): id is string => id !== null && !state.knownItems.has(id))
  const named = nameEntities(found, page, subject, { resolved, items: await wiki.items(wanted) })
  const isMedical = subject.type !== null || named.triples.length > 0
  return {
    kind: 'page',
    ordinal,
    asked,
    title: source.title,
    revision: source.revision,
    url: wiki.revisionUrl(about, source.title, source.revision),
    item,
    type: subject.type,
    entities: named.entities,
    triples: named.triples,
    rejected: [...extractions.flatMap(({ rejected }) => rejected), ...named.rejected],
    // Pages about nothing medical must not lead the walk away.
    links: isMedical ? linksOf(page, resolved) : [],
    passages: { read: extractions.length, failed: [...(reading?.failed ?? [])], leftOut: reading?.leftOut ?? 0 },
    proseItems: fields?.proseItems ?? 0,
    itemsLeftOut: fields?.itemsLeftOut ?? 0,
    usage: reading?.usage ?? { promptTokens: 0, completionTokens: 0 },
  } satisfies PageRecord
}

async function readSections(
  page: WikiPage,
  source: { readonly title: string; readonly revision: number },
  ordinal: number,
  options: ExploreOptions,
  ledger: SpendingLedger,
): Promise<Reading | null> {
  const { model, schema, prices, signal, retryDelayMs, maxPassages = 8, concurrency = 1, maxAttempts = 4 } = options
  if (model === null) return null
  const reading = await readWithModel(page, source, {
    model,
    schema,
    logFile: join(options.dir, 'calls', `${String(ordinal).padStart(7, '0')}.jsonl`),
    maxPassages,
    concurrency,
    maxAttempts,
    budget: ledger.budgetFor(ordinal, options.budget),
    prices,
    signal,
    retryDelayMs,
  })
  ledger.write(ordinal, reading.spending)
  return reading
}

function subjectOf({ infobox, categories, xrefs }: WikiPage, title: string, item: string | null): PageSubject {
  const synonyms = infobox === null ? [] : infoboxSynonyms(infobox)
  if (infobox !== null && infobox.type !== null) {
    return { title, item, type: infobox.type, typeFrom: 'infobox', synonyms, xrefs }
  }
  const guess = typeOfCategories(categories)
  return { title, item, type: guess, typeFrom: guess === null ? null : 'category', synonyms, xrefs }
}

function linksOf(page: WikiPage, resolved: Awaited<ReturnType<WikiClient['resolve']>>): string[] {
  const titles = page.links.flatMap((title): string[] => {
    const goal = resolved.get(title)
    if (goal === undefined) return [title]
    return goal.kind === 'page' && !goal.isDisambiguation ? [goal.title] : []
  })
  return [...new Set(titles)].slice(0, MAX_LINKS)
}
