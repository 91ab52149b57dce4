import { clock } from '../../core/clock.ts'
import { ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { userAgentOf } from '../../core/user-agent.ts'
import { isRecord } from '../is-record.ts'

/** How a client of MediaWiki behaves towards the server. */
export type Etiquette = {
  /** An e-mail address or a web address at which the operators of the server reach whoever runs the agent. */
  readonly contact: string
  /** Seconds of replication lag above which the server shall refuse us; 5 is what MediaWiki asks of robots. */
  readonly maxlagSeconds?: number
  readonly maxAttempts?: number
  /** Longest wait for the whole of one answer. */
  readonly timeoutMs?: number
  /** Pause before the second attempt when the server names none; doubles with each further one. */
  readonly retryDelayMs?: number
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  readonly signal?: AbortSignal | undefined
}

export type Parameters = Readonly<Record<string, string | number>>

/** The JSON object that an api.php answers with. */
export type ApiAnswer = Readonly<Record<string, unknown>>

export type ApiCaller = {
  /** What an api.php answers. One request at a time, whoever asks. */
  call(apiUrl: string, parameters: Parameters): Promise<ApiAnswer>
  readonly counts: { requests: number; retries: number; waitedMs: number }
}

const MAX_REDIRECTS = 3
const MAX_ANSWER_BYTES = 32 << 20
/** Longest pause that a server may ask for before we give up rather than hold the process; chosen by us. */
const MAX_PAUSE_MS = 10 * 60_000
/** Errors of the API that pass by themselves. */
const passingCodes = new Set(['maxlag', 'ratelimited', 'readonly', 'internal_api_error_DBQueryTimeoutError'])

/**
 * A caller of MediaWiki APIs with the manners that Wikimedia asks for: a User-Agent that names a contact, `maxlag`, one
 * request at a time, and the pauses that the server asks for.
 *
 * @throws {ConfigError} when the contact is no address, or could not stand in a header
 */
export function createApiCaller(etiquette: Etiquette): ApiCaller {
  const userAgent = userAgentOf('fleming-wiki-agent/1', etiquette.contact)
  const counts = { requests: 0, retries: 0, waitedMs: 0 }
  let queue: Promise<unknown> = Promise.resolve()
  const call = async (apiUrl: string, parameters: Parameters): Promise<ApiAnswer> => {
    const url = apiAddress(apiUrl)
    const maxlag = etiquette.maxlagSeconds ?? 5
    for (const [name, value] of Object.entries({ ...parameters, format: 'json', formatversion: 2, maxlag })) {
      url.searchParams.set(name, String(value))
    }
    for (let attempt = 1; ; attempt += 1) {
      counts.requests += 1
      try {
        return await getOnce(url, userAgent, etiquette)
      } catch (cause) {
        const isLast = attempt >= (etiquette.maxAttempts ?? 6)
        if (!(cause instanceof EngineError) || !cause.retryable || isLast) throw cause
        counts.retries += 1
        counts.waitedMs += await pause(attempt, pauses.get(cause), etiquette)
      }
    }
  }
  return {
    counts,
    call: (apiUrl, parameters) => {
      const answer = queue.then(() => call(apiUrl, parameters))
      // The next caller waits for this one, however it ends.
      queue = answer.then(
        () => undefined,
        () => undefined,
      )
      return answer
    },
  }
}

/** @throws {ConfigError} when this is no http(s) address, or has a user name in it */
function apiAddress(apiUrl: string): URL {
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new ConfigError(`"${apiUrl}" is not the http(s) address of an api.php`, {
      hint: 'such as https://en.wikipedia.org/w/api.php; Special:Version of the wiki names it',
    })
  }
  return url
}

/** Pauses that a server asked for with `Retry-After`. */
const pauses = new WeakMap<EngineError, number>()

/** What may be wrong with one page while the wiki answers well about others. */
type PageFault = 'error of the wiki' | 'refused by the wiki' | 'answer too large' | 'unreadable answer'

const pageFaults = new WeakMap<Error, PageFault>()
/** Errors of the API about the page asked for, and not about who asks. */
const pageCodes = new Set([
  'permissiondenied',
  'pagecannotexist',
  'missingcontent',
  'missingcontent-pageid',
  'notwikitext',
])

/** What is wrong with the page that was asked for; null for an error that the next page would meet too. */
export function pageFaultOf(cause: unknown): PageFault | null {
  return cause instanceof Error ? (pageFaults.get(cause) ?? null) : null
}

/** The error, marked as one of a single page. */
export function ofPage<Cause extends Error>(fault: PageFault, cause: Cause): Cause {
  pageFaults.set(cause, fault)
  return cause
}

/** One attempt. @throws {EngineError} */
async function getOnce(url: URL, userAgent: string, etiquette: Etiquette): Promise<ApiAnswer> {
  const { signal, timeoutMs = 60_000 } = etiquette
  const timeout = AbortSignal.timeout(timeoutMs)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const headers = { 'user-agent': userAgent, accept: 'application/json' }
  if (isAborted(signal)) throw aborted()
  try {
    let target = url
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetch(target, { headers, redirect: 'manual', signal: either })
      if (response.status < 300 || response.status >= 400) return await readAnswer(response, url)
      await response.body?.cancel()
      target = redirectTarget(target, response, redirects)
    }
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    if (isAborted(signal)) throw aborted()
    const what = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(cause)
    throw new EngineError(`${url.host}: ${what}`, { retryable: true, cause, hint: 'is the wiki reachable from here?' })
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? cause.cause.message : cause.message
}

function redirectTarget(from: URL, response: Response, redirects: number): URL {
  const location = response.headers.get('location') ?? ''
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null
  const isUpgrade = from.protocol === to?.protocol || to?.protocol === 'https:'
  if (to === null || to.hostname !== from.hostname || !isUpgrade || redirects >= MAX_REDIRECTS) {
    throw new EngineError(`${from.host}: redirects to ${to?.host ?? 'nowhere'}, which is not followed`, {
      status: response.status,
      hint: 'give the address that the API has now',
    })
  }
  return to
}

async function readAnswer(response: Response, url: URL): Promise<ApiAnswer> {
  const text = await readBody(response, url)
  const { status } = response
  if (!response.ok) {
    const error = refusal(`${url.host}: HTTP ${status}`, status === 429 || status >= 500, response)
    throw status >= 500 ? ofPage('error of the wiki', error) : error
  }
  let answer: unknown
  try {
    answer = parseJson(text, { file: url.host })
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    // A proxy in between may answer with a page of its own, with status 200.
    throw ofPage(
      'unreadable answer',
      new EngineError(`${url.host}: ${cause.message}`, { retryable: true, status, cause }),
    )
  }
  if (!isRecord(answer)) throw new EngineError(`${url.host}: expected a JSON object`, { retryable: true, status })
  const { error } = answer
  if (!isRecord(error)) return answer
  const code = typeof error.code === 'string' ? error.code : 'unknown'
  // What a page lacks is an answer, not a failure.
  if (code === 'missingtitle' || code === 'invalidtitle' || code === 'nosuchrevid') return answer
  const message = typeof error.info === 'string' ? error.info.slice(0, 200) : ''
  const failure = refusal(`${url.host}: ${code}: ${message}`, passingCodes.has(code), response)
  if (code.startsWith('internal_api_error')) throw ofPage('error of the wiki', failure)
  throw pageCodes.has(code) ? ofPage('refused by the wiki', failure) : failure
}

function refusal(message: string, retryable: boolean, response: Response): EngineError {
  const error = new EngineError(message, { retryable, status: response.status })
  const pauseMs = retryAfterMs(response.headers.get('retry-after'))
  if (pauseMs !== null) pauses.set(error, pauseMs)
  return error
}

/** Seconds or a date, as HTTP allows both. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const moment = Date.parse(header)
  return Number.isNaN(moment) ? null : Math.max(0, moment - clock.now().getTime())
}

async function readBody(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) {
      throw ofPage(
        'answer too large',
        new EngineError(`${url.host}: an answer of more than ${MAX_ANSWER_BYTES >> 20} MiB`),
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Waits before the next attempt. @returns how long, in ms @throws {EngineError} E_ABORTED, or when asked for too much */
async function pause(attempt: number, askedMs: number | undefined, etiquette: Etiquette): Promise<number> {
  const ownMs = Math.min((etiquette.retryDelayMs ?? 1_000) * 2 ** (attempt - 1), MAX_PAUSE_MS)
  const pauseMs = Math.max(askedMs ?? 0, ownMs)
  if (pauseMs > MAX_PAUSE_MS) {
    throw new EngineError(`the wiki asks for a pause of ${Math.round(pauseMs / 1000)} s`, {
      hint: 'run the same command again later: it goes on where it stopped',
    })
  }
  await (etiquette.sleep ?? sleep)(pauseMs, etiquette.signal)
  if (isAborted(etiquette.signal)) throw aborted()
  return pauseMs
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** Asked anew each time: a signal changes between two looks. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function aborted(): EngineError {
  return new EngineError('stopped while reading a wiki', {
    code: 'E_ABORTED',
    hint: 'run the same command again: it goes on where it stopped',
  })
}
