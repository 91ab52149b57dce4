import { wellFormed } from '../extract-passage.ts'
import { continuation, describePage, field, readPageSource, readSiteInfo, rowsOf } from './mediawiki-answers.ts'
import { type ApiAnswer, type ApiCaller, createApiCaller, type Etiquette, pageFaultOf } from './mediawiki-http.ts'
import { readItem, type WikidataItem } from './wikidata-item.ts'

/** Titles or ids of one request, as the API allows without special rights. */
const BATCH = 50
/** Titles and ids of one request, as they stand in an address; servers refuse addresses from 8 kB on. */
const MAX_BATCH_BYTES = 5_000
/** Longest title that MediaWiki has, in UTF-8. */
const MAX_TITLE_BYTES = 255
/** Pages of one list after which it is cut; chosen by us: a server that never ends a list must not hold us for ever. */
const MAX_CONTINUES = 1_000

export type WikiOptions = Etiquette & {
  /** Address of the wiki's api.php. */
  readonly apiUrl: string
  /** Address of the api.php of Wikidata, or of another Wikibase; null when items are not looked up. */
  readonly wikidataUrl: string | null
}

export type SiteInfo = {
  readonly name: string
  readonly generator: string
  /** What the server says of the rights in its text; null when it says nothing. */
  readonly license: string | null
  /** Address of index.php, for links to revisions. */
  readonly indexUrl: string
}

/** Where a title leads. */
export type ResolvedTitle =
  | {
      readonly kind: 'page'
      readonly title: string
      /** `Q…` of the item about it. */
      readonly item: string | null
      readonly isDisambiguation: boolean
      /** Part of the page that a redirect leads to: then the page is about something wider. */
      readonly fragment: string | null
    }
  | { readonly kind: 'missing' }

export type PageSource = { readonly title: string; readonly revision: number; readonly wikitext: string }

export type WikiClient = {
  readonly counts: ApiCaller['counts']
  /** Where items are looked up: it decides what is found, so it belongs to the settings of a walk. */
  readonly wikidataUrl: string | null
  siteInfo(): Promise<SiteInfo>
  /** Titles in a category, in the order of the server; `subcat` lists categories, `page` articles. */
  categoryMembers(category: string, kind: 'page' | 'subcat', limit: number): Promise<readonly string[]>
  /** Titles of articles that a search finds, best first. */
  search(query: string, limit: number): Promise<readonly string[]>
  /** Where titles lead, redirects followed; each title asked for has an entry. */
  resolve(titles: readonly string[]): Promise<ReadonlyMap<string, ResolvedTitle>>
  /** The wikitext of a page with its revision; null when there is none. */
  page(title: string): Promise<PageSource | null>
  /** Items of Wikidata by the ids asked for; those that do not exist are left out. */
  items(ids: readonly string[]): Promise<ReadonlyMap<string, WikidataItem>>
  /** Address of a revision, for whoever checks a quote. */
  revisionUrl(site: Pick<SiteInfo, 'indexUrl'>, title: string, revision: number): string
}

/**
 * A client of a MediaWiki, with the manners of `createApiCaller`.
 *
 * @throws {ConfigError} when contact or address cannot be used
 */
export function openWiki(options: WikiOptions): WikiClient {
  const caller = createApiCaller(options)
  const query = (parameters: Readonly<Record<string, string | number>>): Promise<ApiAnswer> =>
    caller.call(options.apiUrl, { action: 'query', ...parameters })
  const list = async (
    name: string,
    parameters: Readonly<Record<string, string | number>>,
    limit: number,
  ): Promise<string[]> => {
    const titles: string[] = []
    let more: Readonly<Record<string, string | number>> = {}
    for (let round = 0; round < MAX_CONTINUES; round += 1) {
      const answer = await query({ list: name, ...parameters, ...more })
      for (const row of rowsOf(field(answer, 'query'), name)) {
        if (typeof row.title === 'string') titles.push(wellFormed(row.title))
      }
      const next = continuation(answer)
      if (titles.length >= limit || next === null) break
      more = next
    }
    return titles.slice(0, limit)
  }
  return {
    counts: caller.counts,
    wikidataUrl: options.wikidataUrl,
    siteInfo: async () => readSiteInfo(await query({ meta: 'siteinfo', siprop: 'general|rightsinfo' }), options.apiUrl),
    categoryMembers: (category, kind, limit) => {
      const cmtitle = category.startsWith('Category:') ? category : `Category:${category}`
      const parameters = { cmtitle, cmtype: kind, cmlimit: 'max', ...(kind === 'page' ? { cmnamespace: 0 } : {}) }
      return list('categorymembers', parameters, limit)
    },
    search: (text, limit) =>
      list('search', { srsearch: text, srnamespace: 0, srlimit: Math.min(limit, BATCH), srprop: '' }, limit),
    resolve: async (titles) => {
      const resolved = new Map<string, ResolvedTitle>()
      for (const batch of batchesOf([...new Set(titles)].filter(isTitle))) {
        await resolveBatch(batch, query, resolved)
      }
      for (const title of titles) if (!resolved.has(title)) resolved.set(title, { kind: 'missing' })
      return resolved
    },
    page: async (title) =>
      readPageSource(
        await caller.call(options.apiUrl, {
          action: 'parse',
          page: title,
          redirects: 1,
          prop: 'wikitext|revid',
        }),
      ),
    items: async (ids) => {
      const items = new Map<string, WikidataItem>()
      const { wikidataUrl } = options
      if (wikidataUrl === null) return items
      for (const batch of batchesOf([...new Set(ids)].filter((id) => /^Q\d{1,12}$/.test(id)))) {
        await itemBatch(batch, (parameters) => caller.call(wikidataUrl, parameters), items)
      }
      return items
    },
    revisionUrl: ({ indexUrl }, title, revision) => {
      const url = new URL(indexUrl)
      url.searchParams.set('title', title.replaceAll(' ', '_'))
      url.searchParams.set('oldid', String(revision))
      return url.href
    },
  }
}

/** Items with many statements fill an answer: a batch that is too large is asked for in halves. */
async function itemBatch(
  batch: readonly string[],
  call: (parameters: Readonly<Record<string, string | number>>) => Promise<ApiAnswer>,
  items: Map<string, WikidataItem>,
): Promise<void> {
  const parameters = { action: 'wbgetentities', props: 'labels|aliases|claims', languages: 'en|zh' }
  try {
    const entities = field(await call({ ...parameters, ids: batch.join('|') }), 'entities')
    for (const id of batch) {
      const item = readItem(field(entities, id))
      if (item !== null) items.set(id, item)
    }
  } catch (cause) {
    if (pageFaultOf(cause) !== 'answer too large' || batch.length < 2) throw cause
    const middle = batch.length >> 1
    await itemBatch(batch.slice(0, middle), call, items)
    await itemBatch(batch.slice(middle), call, items)
  }
}

async function resolveBatch(
  batch: readonly string[],
  query: (parameters: Readonly<Record<string, string | number>>) => Promise<ApiAnswer>,
  resolved: Map<string, ResolvedTitle>,
): Promise<void> {
  const steps = new Map<string, { readonly to: string; readonly fragment: string | null }>()
  const pages = new Map<string, ApiAnswer>()
  let more: Readonly<Record<string, string | number>> = {}
  for (let round = 0; round < MAX_CONTINUES; round += 1) {
    const answer = await query({
      titles: batch.join('|'),
      redirects: 1,
      prop: 'pageprops|info',
      ppprop: 'wikibase_item|disambiguation',
      ...more,
    })
    const found = field(answer, 'query')
    for (const step of [...rowsOf(found, 'normalized'), ...rowsOf(found, 'redirects')]) {
      if (typeof step.from !== 'string' || typeof step.to !== 'string') continue
      steps.set(step.from, { to: step.to, fragment: typeof step.tofragment === 'string' ? step.tofragment : null })
    }
    for (const page of rowsOf(found, 'pages')) {
      // A page whose props come in a later round is listed in each.
      if (typeof page.title === 'string') pages.set(page.title, { ...pages.get(page.title), ...page })
    }
    const next = continuation(answer)
    if (next === null) break
    more = next
  }
  for (const title of batch) {
    let at = title
    let fragment: string | null = null
    // Two redirects that point at each other must not keep us.
    for (let hops = 0; hops < 10; hops += 1) {
      const step = steps.get(at)
      if (step === undefined || step.to === at) break
      at = step.to
      fragment = step.fragment ?? fragment
    }
    const page = pages.get(at)
    const isPage = page !== undefined && page.missing !== true && page.invalid !== true && page.ns === 0
    resolved.set(title, isPage ? describePage(at, page, fragment) : { kind: 'missing' })
  }
}

function isTitle(title: string): boolean {
  return title !== '' && Buffer.byteLength(title) <= MAX_TITLE_BYTES && !/[|#<>[\]{}\n]/.test(title)
}

function batchesOf(items: readonly string[]): string[][] {
  const batches: string[][] = []
  let current: string[] = []
  let sizeBytes = 0
  for (const item of items) {
    // With the bar before it, which takes three bytes too.
    const itemBytes = encodeURIComponent(item).length + 3
    if (current.length === BATCH || sizeBytes + itemBytes > MAX_BATCH_BYTES) {
      if (current.length > 0) batches.push(current)
      current = []
      sizeBytes = 0
    }
    current.push(item)
    sizeBytes += itemBytes
  }
  return current.length === 0 ? batches : [...batches, current]
}
