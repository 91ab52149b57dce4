import { clock } from '../../../core/clock.ts'
import { EngineError, FlemingError } from '../../../core/errors.ts'
import { decodeUtf8 } from '../../../core/read.ts'
import { MAX_MESSAGE_BYTES } from '../wire/guard.ts'
import type { Credentials } from './credentials.ts'

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** A path of the server, or a whole address, which is then asked without key. */
  readonly path: string
  readonly body?: Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly timeoutMs: number
  /** Largest answer that is read; 256 MiB unless told. */
  readonly maxBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Sends the key although it has been exchanged for a token. */
  readonly sendsKey?: boolean | undefined
  /** Reads the body of a 200 that is not JSON while it comes, however large; the answer's own bytes are then empty. */
  readonly consume?: ((body: AsyncIterable<Uint8Array>) => Promise<void>) | undefined
}

/** An answer, or the absence of one: then nobody knows whether the request was carried out. */
export type HttpReply =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Headers; readonly bytes: Uint8Array }
  | { readonly kind: 'silence'; readonly isTimeout: boolean; readonly why: string }

export type Answer = Extract<HttpReply, { kind: 'answer' }>

export type Http = {
  /**
   * @throws {EngineError} E_ABORTED when the caller ended it, E_ENGINE when the client is closed
   * @throws {FlemingError} of `consume`
   */
  send(request: HttpRequest): Promise<HttpReply>
  /** What a server wrote about an error, without secrets, at most 500 characters. */
  detail(answer: Answer): string
  readonly baseUrl: string
  readonly credentials: Credentials
  /** Ends everything that is under way. */
  close(): void
}

const MAX_DETAIL = 500

/** The error of a call on a client that has been closed. */
export function closedError(): EngineError {
  return new EngineError('the client is closed', { hint: 'create another one' })
}

/** The error of a call that its caller ended. */
export function abortedError(label: string): EngineError {
  return new EngineError(`${label} was ended by the caller`, { code: 'E_ABORTED' })
}

/** A connection pool to one server; each request is one attempt, repeating is the caller's business. */
export function createHttp(baseUrl: string, credentials: Credentials): Http {
  const closing = new AbortController()
  async function send(request: HttpRequest): Promise<HttpReply> {
    if (closing.signal.aborted) throw closedError()
    if (request.signal?.aborted) throw abortedError(request.path)
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(request.timeoutMs)))
    const signals = [closing.signal, timeout, ...(request.signal ? [request.signal] : [])]
    try {
      return await attempt(request, AbortSignal.any(signals))
    } catch (cause) {
      if (closing.signal.aborted) throw closedError()
      if (request.signal?.aborted) throw abortedError(request.path)
      if (cause instanceof FlemingError) throw cause
      if (timeout.aborted)
        return { kind: 'silence', isTimeout: true, why: `no answer in ${Math.round(request.timeoutMs)} ms` }
      return { kind: 'silence', isTimeout: false, why: credentials.redact(connectionFault(cause)) }
    }
  }
  async function attempt(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const isOwn = request.path.startsWith('/')
    const key = request.sendsKey ? credentials.key() : credentials.header()
    const response = await fetch(isOwn ? baseUrl + request.path : request.path, {
      method: request.method,
      headers: { ...request.headers, ...(isOwn && { 'X-API-Key': key }) },
      ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
      // A redirect would carry the key to wherever it points.
      redirect: isOwn ? 'manual' : 'follow',
      signal,
    })
    const { status, headers } = response
    if (request.consume && response.body && status === 200 && !isJson(headers)) {
      await request.consume(response.body)
      return { kind: 'answer', status, headers, bytes: new Uint8Array(0) }
    }
    return { kind: 'answer', status, headers, bytes: await readCapped(response, request.maxBytes ?? MAX_MESSAGE_BYTES) }
  }
  return {
    send,
    detail: (answer) => credentials.redact(detailOf(answer)).slice(0, MAX_DETAIL),
    baseUrl,
    credentials,
    close: () => closing.abort(),
  }
}

/** Whether a body is JSON, by what it is said to be. */
export function isJson(headers: Headers): boolean {
  return (headers.get('content-type') ?? '').startsWith('application/json')
}

async function readCapped(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  const blocks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const block of response.body) {
    sizeBytes += block.length
    if (sizeBytes > maxBytes) throw new EngineError(`the server’s answer is larger than ${maxBytes} bytes`)
    blocks.push(block)
  }
  return Buffer.concat(blocks)
}

/** Names a failed connection by its code; undici hides it in the cause. */
function connectionFault(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(inner instanceof Error)) return String(inner)
  const code = (inner as NodeJS.ErrnoException).code
  return code === undefined ? inner.message : `${code} ${inner.message}`
}

function detailOf({ bytes, status }: Answer): string {
  const text = decodeUtf8(bytes.subarray(0, 4 * MAX_DETAIL)) ?? ''
  // FastAPI's form, without parsing what may be cut off or no JSON at all.
  return /^\s*\{"detail":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? (text.trim() || `status ${status} without a word`)
}

/** Resolves after a time, or as soon as the signal says so. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, ms))
    if (signal?.aborted) done()
    else signal?.addEventListener('abort', done)
  })
}

/** Milliseconds that a server asks to wait, at most a minute; undefined when it does not say. */
export function retryAfterMs(headers: Headers): number | undefined {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN)
  const seconds = headers.get('retry-after')
  if (Number.isFinite(ms)) return Math.min(60_000, Math.max(0, ms))
  if (seconds === null) return undefined
  const value = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : Date.parse(seconds) - clock.now().getTime()
  return Number.isFinite(value) ? Math.min(60_000, Math.max(0, value)) : undefined
}
