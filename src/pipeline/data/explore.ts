import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError, DataError } from '../../core/errors.ts'
import { readLog } from '../../core/store.ts'
import type { Budget, ChatModel, Prices, Spending } from '../../endpoint/types.ts'
import { explore } from '../../graph/agent/explore.ts'
import { type ExploreRecord, RECORDS_FILE, replayLog } from '../../graph/agent/explore-log.ts'
import type { ExploreReport } from '../../graph/agent/explore-state.ts'
import { openWiki, type WikiClient } from '../../graph/agent/mediawiki.ts'
import { clinicalSchema } from '../../graph/clinical.ts'
import { openDataGraph } from './show.ts'

export type ExploreSettings = {
  /** Folder of the exploration; one that holds a log is resumed. */
  readonly dir: string
  readonly apiUrl: string
  /** Null: names are not looked up in Wikidata. */
  readonly wikidataUrl: string | null
  /** Stands in the User-Agent: an e-mail or web address. */
  readonly contact: string
  readonly seeds: {
    readonly titles: readonly string[]
    readonly categories: readonly string[]
    readonly searches: readonly string[]
    readonly categoryDepth: number
  }
  readonly budget: Budget & { readonly pages: number }
  /** Null: pages are read by their infoboxes alone. `keyFrom` names the environment variable of the key. */
  readonly endpoint: { readonly url: string; readonly model: string; readonly keyFrom: string | null } | null
  readonly prices: Prices | null
  /** Folder of a data run, or of its graph, whose gaps steer the walk. */
  readonly graphDir: string | null
  readonly signal?: AbortSignal
}

/** Totals of an exploration, over all its runs. */
export type ExploreTotals = { readonly pages: number; readonly triples: number; readonly rejected: number }

/** What an exploration tells while it walks; titles are words of the wiki. */
export type ExploreNews = { readonly totals: ExploreTotals } & (
  | { readonly kind: 'resumed' }
  /** The page that is asked for next. */
  | { readonly kind: 'reading'; readonly title: string }
  | { readonly kind: 'page'; readonly title: string; readonly triples: number; readonly rejected: number }
  | { readonly kind: 'skip'; readonly title: string; readonly reason: string }
)

export type ExploreOutcome = {
  readonly report: ExploreReport
  /** The file that the source `wiki-agent` reads. */
  readonly recordsFile: string
  /** Of all runs in this folder, attempts that failed included. */
  readonly spending: Spending
}

/** Titles that categories and searches give at most, chosen by us. It belongs to the settings, so it is no option. */
const MAX_SEED_TITLES = 500
/** Calls of the model at a time, chosen by us; the wiki is asked one thing at a time. */
const CONCURRENCY = 4
/** For one call of the model; as in a data run. */
const TIMEOUT_MS = 300_000

/**
 * Walks a wiki and writes what its pages say into a folder, until the budget is spent or nothing is left to read. Called
 * again with the same settings, whatever stopped it, it goes on where it was; budgets may change in between.
 *
 * @throws {ConfigError} when there is nothing to begin with, or address, contact, key or graph cannot be used, or the
 *   folder holds an exploration with other settings
 * @throws {EngineError} when wiki or model fail for good
 */
export async function exploreWiki(
  settings: ExploreSettings,
  tell: (news: ExploreNews) => void = () => {},
): Promise<ExploreOutcome> {
  const { dir, seeds, prices, signal, apiUrl, wikidataUrl, contact, graphDir } = settings
  if (seeds.titles.length + seeds.categories.length + seeds.searches.length === 0) {
    throw new ConfigError('the walk has nowhere to begin', {
      hint: 'name a page, a category or a search: --title Malaria, --category "Rare diseases", --search "tropical fever"',
    })
  }
  const recordsFile = join(dir, RECORDS_FILE)
  const totals = readTotals(recordsFile)
  const wiki = openWiki({ apiUrl, wikidataUrl, contact, signal })
  const model = settings.endpoint === null ? null : await openModel(settings.endpoint)
  if (totals.pages > 0) tell({ kind: 'resumed', totals: { ...totals } })
  const report = await explore({
    ...{ dir, apiUrl, model },
    wiki: announcing(wiki, (title) => tell({ kind: 'reading', title, totals: { ...totals } })),
    seeds: { ...seeds, maxTitles: MAX_SEED_TITLES },
    schema: clinicalSchema,
    budget: settings.budget,
    concurrency: CONCURRENCY,
    ...(prices === null ? {} : { prices }),
    ...(graphDir === null ? {} : { graph: openDataGraph(graphDir) }),
    ...(signal === undefined ? {} : { signal }),
    onRecord: (record) => {
      add(totals, record)
      if (record.kind === 'page') {
        const { title, triples, rejected } = record
        const counts = { triples: triples.length, rejected: rejected.length }
        tell({ kind: 'page', title, ...counts, totals: { ...totals } })
      } else if (record.kind === 'skip') {
        tell({ kind: 'skip', title: record.asked, reason: record.reason, totals: { ...totals } })
      }
    },
  })
  return { report, recordsFile, spending: readSpending(join(dir, 'spending.jsonl')) }
}

type MutableTotals = { -readonly [Name in keyof ExploreTotals]: ExploreTotals[Name] }

function readTotals(file: string): MutableTotals {
  const totals = { pages: 0, triples: 0, rejected: 0 }
  if (existsSync(file)) replayLog(file, (record) => add(totals, record))
  return totals
}

function add(totals: MutableTotals, record: ExploreRecord): void {
  if (record.kind !== 'page') return
  totals.pages += 1
  totals.triples += record.triples.length
  totals.rejected += record.rejected.length
}

/** The same client, which tells what page it is about to ask for. */
function announcing(wiki: WikiClient, tell: (title: string) => void): WikiClient {
  return {
    ...wiki,
    page: (title) => {
      tell(title)
      return wiki.page(title)
    },
  }
}

/** @throws {ConfigError} when the key is not in the environment, or as `openChatModel` */
async function openModel({ url, model, keyFrom }: NonNullable<ExploreSettings['endpoint']>): Promise<ChatModel> {
  const apiKey = keyFrom === null ? undefined : process.env[keyFrom]
  if (keyFrom !== null && (apiKey === undefined || apiKey === '')) {
    throw new ConfigError(`the key of the endpoint: ${keyFrom} is not set`, {
      hint: `put the key into the environment variable ${keyFrom}; it is never written down`,
    })
  }
  const { openChatModel } = await import('../../endpoint/chat.ts')
  return openChatModel({ url, model, timeoutMs: TIMEOUT_MS, ...(apiKey === undefined ? {} : { apiKey }) })
}

const spendingEntry = z.looseObject({
  ordinal: z.int(),
  spending: z.object({
    calls: z.number(),
    promptTokens: z.number(),
    completionTokens: z.number(),
    money: z.number(),
  }),
})

/** What an exploration has spent: its ledger has a line for each reading of a page, of which the last counts. */
function readSpending(file: string): Spending {
  const byPage = new Map<number, Spending>()
  if (existsSync(file)) {
    readLog(file, (value) => {
      const parsed = spendingEntry.safeParse(value)
      if (!parsed.success) throw new DataError('not a line of the ledger of the wiki agent', { file })
      byPage.set(parsed.data.ordinal, parsed.data.spending)
      return null
    })
  }
  const sum = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }
  for (const { calls, promptTokens, completionTokens, money } of byPage.values()) {
    sum.calls += calls
    sum.promptTokens += promptTokens
    sum.completionTokens += completionTokens
    sum.money += money
  }
  return sum
}
