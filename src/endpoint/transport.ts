import { FlemingError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { decodeUtf8 } from '../core/read.ts'
import { EndpointError, type FailureKind, failureKindOf, hintOf, quoted, readRetryAfterMs } from './failure.ts'
import { readSse } from './sse.ts'

export type TransportOptions = {
  /** Model and address, for messages. */
  readonly name: string
  /** Taken out of every message; null when there is none. */
  readonly apiKey: string | null
  /** For the whole call. */
  readonly timeoutMs: number
  /** Between two pieces of the body. */
  readonly idleTimeoutMs: number
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

type Request = {
  readonly url: string
  readonly headers: ConstructorParameters<typeof Headers>[0]
  readonly body: string
}
type Arrived = { readonly status: number; readonly headers: Headers; readonly bytes: Uint8Array }

/**
 * The answer to one POST, complete and checked: status 200, the right content type, UTF-8, JSON with choices, or a
 * stream that says why it ended. Whatever else arrives is an error with a name, so that what reads the answer need not
 * doubt it.
 *
 * @throws {EndpointError} of every kind but `wrong-model`; E_ABORTED when the caller ended the call
 */
export async function exchange(request: Request, isStream: boolean, options: TransportOptions): Promise<Response> {
  const arrived = await receive(request, options)
  if (arrived.status !== 200) throw refusedError(arrived, options)
  const text = decodeUtf8(arrived.bytes)
  if (text === null) throw failure('bad-utf8', 'answered with bytes that are not UTF-8', options)
  const type = (arrived.headers.get('content-type') ?? '').toLowerCase()
  if (type.startsWith('text/html') || /^\s*<(?:!doctype|html)/i.test(text.slice(0, 200))) {
    throw failure('html', 'answered with a web page instead of a completion', options)
  }
  const wanted = isStream ? 'text/event-stream' : 'application/json'
  if (!type.startsWith(wanted)) {
    throw failure('content-type', `answered with "${quoted(type, options.apiKey, 60)}", expected ${wanted}`, options)
  }
  const body = isStream ? checkedStream(text, options) : checkedJson(text, options)
  return new Response(body, { status: 200, headers: { 'content-type': wanted } })
}

async function receive(request: Request, options: TransportOptions): Promise<Arrived> {
  const ending = new AbortController()
  let expired: string | null = null
  const expire = (why: string): void => {
    expired ??= why
    ending.abort()
  }
  const whole = setTimeout(() => expire(`no whole answer in ${options.timeoutMs} ms`), options.timeoutMs)
  let idle: ReturnType<typeof setTimeout> | undefined
  const onByte = (): void => {
    clearTimeout(idle)
    idle = setTimeout(() => expire(`nothing more came for ${options.idleTimeoutMs} ms`), options.idleTimeoutMs)
  }
  const onAbort = (): void => ending.abort()
  options.signal?.addEventListener('abort', onAbort)
  try {
    if (options.signal?.aborted) throw abortedError(options)
    const { url, headers, body } = request
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      signal: ending.signal,
      ...(headers && { headers }),
    })
    onByte()
    return { status: response.status, headers: response.headers, bytes: await readCapped(response, onByte, options) }
  } catch (cause) {
    if (cause instanceof FlemingError) throw cause
    if (options.signal?.aborted) throw abortedError(options)
    if (expired !== null) throw failure('timeout', expired, options)
    throw connectionError(cause, options)
  } finally {
    clearTimeout(whole)
    clearTimeout(idle)
    options.signal?.removeEventListener('abort', onAbort)
    // Ends a body that was not read to its end, such as one that is too large.
    ending.abort()
  }
}

async function readCapped(response: Response, onByte: () => void, options: TransportOptions): Promise<Uint8Array> {
  const tooLarge = (): EndpointError =>
    failure('too-large', `answered with more than ${options.maxBytes} bytes`, options, { status: response.status })
  if (Number(response.headers.get('content-length') ?? 0) > options.maxBytes) throw tooLarge()
  const blocks: Uint8Array[] = []
  let sizeBytes = 0
  if (response.body !== null) {
    for await (const block of response.body) {
      onByte()
      sizeBytes += block.length
      if (sizeBytes > options.maxBytes) throw tooLarge()
      blocks.push(block)
    }
  }
  return Buffer.concat(blocks)
}

function checkedJson(text: string, options: TransportOptions): string {
  const value = jsonOf(text)
  if (value === undefined) throw failure('bad-json', 'answered with JSON that is cut off or broken', options)
  const { error, choices } = recordOf(value)
  if (error !== undefined && error !== null) throw reportedError(error, options)
  if (!Array.isArray(choices) || choices.length === 0) throw failure('no-choices', 'answered without a choice', options)
  return text
}

function checkedStream(text: string, options: TransportOptions): string {
  const reading = readSse(text)
  if (reading.kind === 'cut') {
    throw failure('cut', `the stream ended after ${reading.events} events without a finish reason`, options)
  }
  if (reading.kind === 'bad-json') throw failure('bad-json', `event ${reading.event} of the stream is broken`, options)
  if (reading.error !== null) throw reportedError(reading.error, options)
  if (reading.choices === 0) throw failure('no-choices', 'answered without a choice', options)
  return [...reading.events, '[DONE]'].map((data) => `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`).join('')
}

/** A refusal by status; the body may say more, and may be anything. */
function refusedError(arrived: Arrived, options: TransportOptions): EndpointError {
  const { status, headers, bytes } = arrived
  if (status >= 300 && status < 400) return failure('redirect', `redirects (${status})`, options, { status })
  const text = decodeUtf8(bytes) ?? ''
  const { codes, message } = describe(recordOf(jsonOf(text)).error ?? jsonOf(text))
  const isPage = /^\s*</.test(text)
  const detail = message || (isPage ? 'a web page' : text.trim()) || 'no reason given'
  const kind = status < 400 ? 'content-type' : failureKindOf(status, codes)
  return failure(kind, `refused with status ${status}: ${quoted(detail, options.apiKey)}`, options, {
    status,
    retryAfterMs: readRetryAfterMs(headers),
  })
}

/** An error inside an answer with status 200, as gateways and streams send it. */
function reportedError(error: unknown, options: TransportOptions): EndpointError {
  const { codes, message, status } = describe(error)
  const kind = failureKindOf(status ?? 500, codes)
  return failure(kind, `reports an error: ${quoted(message || 'no reason given', options.apiKey)}`, options, { status })
}

function describe(error: unknown): { codes: string[]; message: string; status: number | undefined } {
  if (typeof error === 'string') return { codes: [], message: error, status: undefined }
  const { code, type, message, detail } = recordOf(error)
  const isStatus = typeof code === 'number' && code >= 400 && code < 600
  return {
    codes: [code, type].filter((name) => typeof name === 'string'),
    message: [message, detail].find((text) => typeof text === 'string') ?? '',
    status: isStatus ? code : undefined,
  }
}

function connectionError(cause: unknown, options: TransportOptions): EndpointError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const code = (inner as NodeJS.ErrnoException | null)?.code ?? ''
  const what = inner instanceof Error ? inner.message : String(inner)
  // undici gives up on silent servers by itself after five minutes.
  if (/TIMEOUT|TIMEDOUT/.test(code)) return failure('timeout', `${code} ${what}`, options)
  const isCut = code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE' || /terminated/.test(what)
  if (isCut) return failure('cut', `the connection broke (${code || what})`, options)
  return failure('unreachable', `cannot be reached (${`${code} ${what}`.trim()})`, options)
}

function failure(
  kind: FailureKind,
  what: string,
  { name, apiKey }: TransportOptions,
  more: { readonly status?: number | undefined; readonly retryAfterMs?: number | undefined } = {},
): EndpointError {
  // Servers like to quote the key that they refuse; the longest message of our own frames 300 characters of theirs.
  return new EndpointError(kind, `${name}: ${quoted(what, apiKey, 400)}`, { ...more, hint: hintOf(kind) })
}

function abortedError({ name }: TransportOptions): EndpointError {
  return new EndpointError('cut', `${name}: the call was ended by the caller`, { code: 'E_ABORTED' })
}

/** The value of a JSON text, undefined when it is none. */
function jsonOf(text: string): unknown {
  try {
    return parseJson(text, {})
  } catch (cause) {
    if (cause instanceof FlemingError) return undefined
    throw cause
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
