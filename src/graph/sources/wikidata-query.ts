import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { clock } from '../../core/clock.ts'
import { ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { acquireLock, ensureDir, putAtomic } from '../../core/store.ts'
import { userAgentOf } from '../../core/user-agent.ts'
import { type WikidataProperty, wikidataIdentifiers, wikidataProperties } from './wikidata-properties.ts'

/** What is asked for: one property of the items of one class. */
type WikidataQuestion = {
  readonly property: string
  readonly head: 'disease' | 'drug'
  readonly isLiteral: boolean
}

/** Classes that items belong to: disease, medication. */
const classes = { disease: 'Q12136', drug: 'Q12140' } as const
const languages = [
  ['en', ''],
  ['zh', 'Zh'],
] as const

/** The questions of a property map, identifiers last. */
function wikidataQuestions(properties: readonly WikidataProperty[] = wikidataProperties): readonly WikidataQuestion[] {
  return [
    ...properties.map(({ property, head }) => ({
      property,
      head: head === 'drug' ? ('drug' as const) : ('disease' as const),
      isLiteral: false,
    })),
    ...wikidataIdentifiers.map(({ property }) => ({ property, head: 'disease' as const, isLiteral: true })),
  ]
}

/**
 * One page of a question as SPARQL. Pages are cut from an ordered list, so that together they hold each row once as long
 * as nobody edits meanwhile.
 *
 * @throws {ConfigError} for anything that is no property number: it would be pasted into the query
 */
export function wikidataQuery(question: WikidataQuestion, limit: number, offset: number): string {
  const { property, head, isLiteral } = question
  if (!/^P[1-9]\d{0,9}$/.test(property)) throw new ConfigError(`"${property}" is no property`, { hint: 'write P780' })
  const ends = isLiteral ? ['item'] : ['item', 'value']
  const labels = ends.flatMap((end) =>
    languages.map(([language, suffix]) => ({ end, language, name: `${end}Label${suffix}` })),
  )
  return [
    `SELECT ?item ?property ?value ${labels.map(({ name }) => `?${name}`).join(' ')} WHERE {`,
    '  {',
    '    SELECT DISTINCT ?item ?value WHERE {',
    `      ?item wdt:${property} ?value .`,
    `      ?item wdt:P31/wdt:P279* wd:${classes[head]} .`,
    `    } ORDER BY ?item ?value LIMIT ${limit} OFFSET ${offset}`,
    '  }',
    `  BIND("${property}" AS ?property)`,
    ...labels.map(
      ({ end, language, name }) =>
        `  OPTIONAL { ?${end} rdfs:label ?${name} . FILTER(LANG(?${name}) = "${language}") }`,
    ),
    '} ORDER BY ?item ?value',
  ].join('\n')
}

type WikidataFetch = {
  /** `https://query.wikidata.org/sparql`, or a copy of it. */
  readonly endpoint: string
  /** E-mail or web address of whoever runs this: it stands in the User-Agent, as the service asks. */
  readonly contact: string
  readonly outDir: string
  readonly properties?: readonly WikidataProperty[]
  /** Rows a page. */
  readonly pageSize: number
  readonly fetch?: typeof fetch
  readonly signal?: AbortSignal
  /** Told of each page, those of earlier runs included. */
  readonly onPage?: (page: { readonly file: string; readonly rows: number }) => void
  /** Attempts at one page before giving up; 6 unless told. */
  readonly maxAttempts?: number
  /** First pause after a failure that named none; it doubles. 2,000 ms unless told. */
  readonly retryDelayMs?: number
}

type Asking = WikidataFetch & { readonly userAgent: string }

const resultsSchema = z.looseObject({
  head: z.looseObject({ vars: z.array(z.string()) }),
  results: z.looseObject({ bindings: z.array(z.unknown()) }),
})
/** Longest pause that the service may ask for before we stop; chosen by us. */
const MAX_PAUSE_MS = 10 * 60_000

/**
 * The files of all pages, in order. Each page is written once and whole; pages that are there already are not asked for
 * again, so a run that was killed goes on where it stopped. One request at a time.
 *
 * @throws {ConfigError} when the contact is none, or the folder holds pages of other questions
 * @throws {EngineError} when the service refuses a page for good or for `maxAttempts` times, or asks for a pause of more than
 *   ten minutes; E_ABORTED
 * @throws {StorageError} E_LOCKED when another process fetches into the folder
 */
export async function fetchWikidata(options: WikidataFetch): Promise<readonly string[]> {
  const { endpoint, outDir, pageSize } = options
  const userAgent = userAgentOf('fleming-wikidata/1', options.contact)
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    throw new ConfigError(`page size ${pageSize} is no whole number ≥ 1`)
  const questions = wikidataQuestions(options.properties)
  ensureDir(outDir)
  // Two runs into one folder would ask for every page twice.
  const lock = acquireLock(outDir)
  try {
    claimFolder(outDir, {
      endpoint,
      pageSize,
      queries: questions.map((question) => wikidataQuery(question, pageSize, 0)),
    })
    return await fetchPages(questions, { ...options, userAgent })
  } finally {
    lock.release()
  }
}

async function fetchPages(questions: readonly WikidataQuestion[], options: Asking): Promise<readonly string[]> {
  const { outDir, pageSize } = options
  const files: string[] = []
  for (const question of questions) {
    for (let offset = 0; ; offset += pageSize) {
      const file = join(outDir, `${question.property}-${String(offset).padStart(9, '0')}.json`)
      if (!existsSync(file)) putAtomic(file, await askPatiently(wikidataQuery(question, pageSize, offset), options))
      files.push(file)
      const rows = countRows(readText(file), file)
      options.onPage?.({ file, rows })
      if (rows < pageSize) break
    }
  }
  return files
}

/** Pages of one folder answer one set of questions: another property map or page size would mix them. */
function claimFolder(
  outDir: string,
  plan: { readonly endpoint: string; readonly pageSize: number; readonly queries: readonly string[] },
): void {
  const file = join(outDir, 'plan.json')
  const text = `${formatJson({ id: contentId('wikidata', plan), ...plan }, { pretty: true })}\n`
  if (!existsSync(file)) putAtomic(file, text)
  else if (readText(file) !== text) {
    throw new ConfigError(`${outDir} holds pages of other questions`, {
      hint: 'name an empty folder, or delete this one',
    })
  }
}

function countRows(text: string, file: string): number {
  const parsed = resultsSchema.safeParse(parseJson(text, { file }))
  if (parsed.success) return parsed.data.results.bindings.length
  throw new DataError('these are no SPARQL results', { file, hint: 'delete the file; it is fetched again' })
}

type Attempt =
  | { readonly kind: 'page'; readonly text: string }
  | { readonly kind: 'failed'; readonly error: EngineError; readonly pauseMs: number | null }

async function askPatiently(query: string, options: Asking): Promise<string> {
  const { maxAttempts = 6, retryDelayMs = 2_000, signal } = options
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(query, options)
    if (answer.kind === 'page') return answer.text
    if (!answer.error.retryable || attempt >= maxAttempts) throw answer.error
    if (answer.pauseMs !== null && answer.pauseMs > MAX_PAUSE_MS) throw tooLongAPause(options, answer)
    const pauseMs = answer.pauseMs ?? Math.min(MAX_PAUSE_MS, retryDelayMs * 2 ** (attempt - 1))
    await wait(pauseMs, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
      throw aborted(options.endpoint, cause)
    })
  }
}

/** Asking earlier than the service wants would be rude, and a process that waits for hours is better ended. */
function tooLongAPause(
  { endpoint }: WikidataFetch,
  { error, pauseMs }: { readonly error: EngineError; readonly pauseMs: number | null },
): EngineError {
  return new EngineError(`${endpoint} asks for a pause of ${Math.round((pauseMs ?? 0) / 1000)} s`, {
    status: error.status,
    cause: error,
    hint: 'run the same command again later: the pages fetched so far are kept, and it goes on where it stopped',
  })
}

async function ask(query: string, { endpoint, userAgent, fetch: call = fetch, signal }: Asking): Promise<Attempt> {
  let status: number | undefined
  try {
    const response = await call(endpoint, {
      method: 'POST',
      headers: {
        'user-agent': userAgent,
        accept: 'application/sparql-results+json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      redirect: 'error',
      body: new URLSearchParams({ query }).toString(),
      ...(signal === undefined ? {} : { signal }),
    })
    status = response.status
    const text = await response.text()
    if (response.ok) {
      // The service cuts an answer short when its time is up: such a page is no page.
      countRows(text, endpoint)
      return { kind: 'page', text }
    }
    const retryable = status === 429 || status >= 500
    const message = `${endpoint} answered ${status}: ${text.slice(0, 200)}`
    const error = new EngineError(message, {
      status,
      retryable,
      hint: retryable ? 'try again later' : 'check the query',
    })
    return { kind: 'failed', error, pauseMs: retryAfterMs(response.headers.get('retry-after')) }
  } catch (cause) {
    if (signal?.aborted === true) throw aborted(endpoint, cause)
    const what = cause instanceof Error ? cause.message : String(cause)
    const error = new EngineError(`${endpoint} gave no whole answer: ${what}`, {
      retryable: true,
      status,
      cause,
      hint: 'check the address and the network; the pages fetched so far are kept',
    })
    return { kind: 'failed', error, pauseMs: null }
  }
}

function aborted(endpoint: string, cause: unknown): EngineError {
  return new EngineError(`${endpoint}: stopped by the caller`, { code: 'E_ABORTED', cause })
}

/** Seconds or a date, as HTTP allows. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const until = Date.parse(header)
  return Number.isNaN(until) ? null : Math.max(0, until - clock.now().getTime())
}
