import type { AboutPage, ExploreRecord, PageRecord, SeedsRecord } from './explore-log.ts'
import type { Frontier } from './frontier.ts'

/** What an exploration knows, as far as the log tells it. */
export type ExploreState = {
  about: AboutPage | null
  seeds: SeedsRecord | null
  pageCount: number
  /** Titles of pages read, after redirects. */
  readonly readTitles: Set<string>
  /** Items of Wikidata whose names the log holds. */
  readonly knownItems: Set<string>
  readonly frontier: Frontier
  readonly tally: ExploreTally
}

type ExploreTally = {
  readonly keys: Set<string>
  readonly linkedKeys: Set<string>
  readonly triplesBySource: { infobox: number; text: number }
  readonly triplesByRelation: Map<string, number>
  readonly rejected: Map<string, number>
  readonly skipped: Map<string, number>
  readonly failedPassages: Map<string, number>
  passages: number
  passagesLeftOut: number
  proseItems: number
  itemsLeftOut: number
  promptTokens: number
  completionTokens: number
}

/** The state before anything has been read. */
export function emptyState(frontier: Frontier): ExploreState {
  return {
    about: null,
    seeds: null,
    pageCount: 0,
    readTitles: new Set(),
    knownItems: new Set(),
    frontier,
    tally: {
      keys: new Set(),
      linkedKeys: new Set(),
      triplesBySource: { infobox: 0, text: 0 },
      triplesByRelation: new Map(),
      rejected: new Map(),
      skipped: new Map(),
      failedPassages: new Map(),
      passages: 0,
      passagesLeftOut: 0,
      proseItems: 0,
      itemsLeftOut: 0,
      promptTokens: 0,
      completionTokens: 0,
    },
  }
}

/**
 * Brings the state up to a record of the log. Both a run and its resumption come to their state through here, so they
 * cannot differ.
 */
export function applyRecord(state: ExploreState, record: ExploreRecord): void {
  if (record.kind === 'about') state.about = record
  else if (record.kind === 'seeds') {
    state.seeds = record
    for (const title of record.titles) state.frontier.addSeed(title)
  } else if (record.kind === 'skip') {
    state.frontier.remove(record.asked)
    count(state.tally.skipped, record.reason)
  } else applyPage(state, record)
}

function applyPage(state: ExploreState, page: PageRecord): void {
  const { frontier, tally } = state
  state.pageCount = page.ordinal
  state.readTitles.add(page.title)
  frontier.remove(page.asked)
  frontier.remove(page.title)
  for (const title of page.links) frontier.mention(title)
  const byKey = new Map(page.entities.map((entity) => [entity.key, entity]))
  for (const { key } of page.entities) {
    tally.keys.add(key)
    if (!key.startsWith('WIKIDATA:')) continue
    tally.linkedKeys.add(key)
    state.knownItems.add(key.slice('WIKIDATA:'.length))
  }
  for (const triple of page.triples) {
    tally.triplesBySource[triple.from] += 1
    count(tally.triplesByRelation, triple.relation)
    for (const key of [triple.head, triple.tail]) {
      const entity = byKey.get(key)
      if (entity !== undefined && entity.title !== null) frontier.state(entity.title, entity.type)
    }
  }
  for (const { reason } of page.rejected) count(tally.rejected, reason)
  for (const cause of page.passages.failed) count(tally.failedPassages, cause)
  tally.passages += page.passages.read
  tally.passagesLeftOut += page.passages.leftOut
  tally.proseItems += page.proseItems
  tally.itemsLeftOut += page.itemsLeftOut
  tally.promptTokens += page.usage.promptTokens
  tally.completionTokens += page.usage.completionTokens
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

export type StopReason = 'nothing left to read' | 'pages' | 'calls, tokens or money' | 'aborted'

/** What an exploration has found, counted. Everything but `server` and `stoppedBy` is told by the log. */
export type ExploreReport = {
  readonly stoppedBy: StopReason
  readonly pages: number
  readonly skipped: Readonly<Record<string, number>>
  readonly entities: number
  /** Entities with an item of Wikidata. */
  readonly linkedEntities: number
  readonly triples: { readonly infobox: number; readonly text: number }
  readonly triplesByRelation: Readonly<Record<string, number>>
  readonly rejected: Readonly<Record<string, number>>
  readonly passages: {
    readonly read: number
    readonly leftOut: number
    readonly failed: Readonly<Record<string, number>>
  }
  /** Items of infobox fields that are prose and so were left. */
  readonly proseItems: number
  /** Links in infobox fields beyond the most that one infobox may give. */
  readonly itemsLeftOut: number
  /** Who read the sections, in words. */
  readonly extraction: string
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number }
  readonly license: string
  /** Titles known and not read. */
  readonly frontier: number
  /** What this process asked of the wiki. */
  readonly server: { readonly requests: number; readonly retries: number; readonly waitedMs: number }
}

/** The report of a state. */
export function reportOf(
  { about, tally, pageCount, frontier }: ExploreState,
  license: string,
  stoppedBy: StopReason,
  server: ExploreReport['server'],
): ExploreReport {
  const model = about?.model ?? null
  return {
    stoppedBy,
    pages: pageCount,
    skipped: sorted(tally.skipped),
    entities: tally.keys.size,
    linkedEntities: tally.linkedKeys.size,
    triples: { ...tally.triplesBySource },
    triplesByRelation: sorted(tally.triplesByRelation),
    rejected: sorted(tally.rejected),
    passages: { read: tally.passages, leftOut: tally.passagesLeftOut, failed: sorted(tally.failedPassages) },
    proseItems: tally.proseItems,
    itemsLeftOut: tally.itemsLeftOut,
    extraction:
      model === null
        ? 'infoboxes only: no language model was given, so no section was read'
        : `infoboxes, and sections by ${model}`,
    usage: { promptTokens: tally.promptTokens, completionTokens: tally.completionTokens },
    license,
    frontier: frontier.size,
    server: { ...server },
  }
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
