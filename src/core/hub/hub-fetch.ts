import { ConfigError, EngineError, FlemingError } from '../errors.ts'

export type HubOptions = {
  /** Without a slash at the end. */
  readonly endpoint: string
  readonly signal?: AbortSignal | undefined
  /** Pause before the second attempt; doubles with each further one. */
  readonly retryDelayMs: number
  /** Longest wait for an answer, or for the next bytes of one. */
  readonly idleTimeoutMs: number
}

/** An answer whose body is read with the same patience as its head. */
export type HubResponse = {
  readonly response: Response
  readonly chunks: () => AsyncGenerator<Uint8Array>
  /** Lets go of a body that is not read. */
  readonly discard: () => Promise<void>
}

export const MAX_ATTEMPTS = 5
/** Longest pause before another attempt, whatever the server asks for. */
const MAX_PAUSE_MS = 60_000

const offlineHint =
  'without a connection pass a folder or file of your own instead of hf:…, or set HF_ENDPOINT to a mirror of the hub that can be reached'

/**
 * The whole answer to a GET, head and body: repeated after a connection that was lost before or in the middle of it, 429 and
 * 5xx, with growing pauses.
 *
 * @throws as `hubGetOnce`
 */
export async function hubGet(
  url: string,
  options: HubOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly response: Response; readonly body: Buffer }> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { response, chunks } = await hubGetOnce(url, options, headers)
      const parts: Uint8Array[] = []
      for await (const chunk of chunks()) parts.push(chunk)
      return { response, body: Buffer.concat(parts) }
    } catch (cause) {
      if (!isRetryable(cause) || attempt >= MAX_ATTEMPTS) throw cause
      await pauseAfter(attempt, options, cause)
    }
  }
}

/** Whether the same call may succeed later. */
export function isRetryable(cause: unknown): cause is EngineError {
  return cause instanceof EngineError && cause.retryable
}

/** Waits before the next attempt. @throws {EngineError} E_ABORTED */
export async function pauseAfter(attempt: number, options: HubOptions, cause: EngineError): Promise<void> {
  const asked = pauses.get(cause) ?? 0
  const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(asked, options.retryDelayMs * 2 ** (attempt - 1)))
  const { signal } = options
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, pauseMs)
    signal?.addEventListener('abort', done)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
  throwIfAborted(options)
}

/** Pauses that a server asked for with `Retry-After`. */
const pauses = new WeakMap<EngineError, number>()

/**
 * The answer to a GET. The token of HF_TOKEN goes to the hub alone, never where it redirects to, and never into a message.
 *
 * @throws {EngineError} for any status but success and 416, with the status; when nothing answers; E_ABORTED
 * @throws {ConfigError} when HF_TOKEN cannot be sent
 */
export async function hubGetOnce(
  url: string,
  options: HubOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<HubResponse> {
  throwIfAborted(options)
  const patience = createPatience(options)
  const failed = (cause: unknown): FlemingError => {
    patience.stop()
    if (cause instanceof FlemingError) return cause
    return options.signal?.aborted ? aborted() : unreachable(url, cause)
  }
  // Bytes as they are stored: a range of a compressed answer would be a range of something else.
  const all = { 'accept-encoding': 'identity', ...headers, ...authorization(url, options.endpoint) }
  let response: Response
  try {
    response = await fetch(url, { headers: all, signal: patience.signal })
  } catch (cause) {
    throw failed(cause)
  }
  const discard = async (): Promise<void> => {
    patience.stop()
    await response.body?.cancel()
  }
  if (!response.ok && response.status !== 416) {
    await discard()
    throw refusal(url, response)
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response.body ?? []) {
        patience.renew()
        yield chunk
      }
    } catch (cause) {
      throw failed(cause)
    } finally {
      patience.stop()
    }
  }
  return { response, chunks, discard }
}

type Patience = { readonly signal: AbortSignal; renew(): void; stop(): void }

function createPatience({ signal, idleTimeoutMs }: HubOptions): Patience {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const wait = () => setTimeout(abort, idleTimeoutMs)
  signal?.addEventListener('abort', abort)
  let timer = wait()
  return {
    signal: controller.signal,
    renew: () => {
      clearTimeout(timer)
      timer = wait()
    },
    stop: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

function authorization(url: string, endpoint: string): Readonly<Record<string, string>> {
  const token = process.env.HF_TOKEN?.trim()
  if (!token || new URL(url).origin !== new URL(endpoint).origin) return {}
  // The error of fetch for a bad header would show the token.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new ConfigError('HF_TOKEN holds characters that no token has', { hint: 'copy the token again' })
  const { protocol, hostname } = new URL(endpoint)
  if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
    throw new ConfigError(`HF_TOKEN is not sent to ${hostname} unencrypted`, {
      hint: 'set HF_ENDPOINT to an https address, or unset HF_TOKEN',
    })
  return { authorization: `Bearer ${token}` }
}

function refusal(url: string, response: Response): EngineError {
  const { status, headers } = response
  const requestId = headers.get('x-request-id') ?? undefined
  const code = headers.get('x-error-code')
  if (status === 401 || status === 403)
    return new EngineError(`${url}: access denied (${status})`, {
      status,
      requestId,
      hint: 'it is gated, private or not there: accept its licence on the hub, then set HF_TOKEN to a token that may read it',
    })
  if (status === 404)
    return new EngineError(`${url}: not found${code ? ` (${code})` : ''}`, {
      status,
      requestId,
      hint: 'check owner, name and revision: hf:owner/name@revision, where the revision is a branch, tag or commit',
    })
  const retryable = status === 429 || status >= 500
  const error = new EngineError(`${url}: the hub answers ${status}`, {
    status,
    requestId,
    retryable,
    hint: retryable ? 'try again later; what was downloaded is kept' : offlineHint,
  })
  const seconds = Number(headers.get('retry-after') ?? 0)
  if (seconds > 0) pauses.set(error, seconds * 1000)
  return error
}

function unreachable(url: string, cause: unknown): EngineError {
  return new EngineError(`${new URL(url).host} cannot be reached, or stopped answering`, {
    retryable: true,
    cause,
    hint: offlineHint,
  })
}

function throwIfAborted({ signal }: HubOptions): void {
  if (signal?.aborted) throw aborted()
}

function aborted(): EngineError {
  return new EngineError('the download was ended', {
    code: 'E_ABORTED',
    hint: 'start it again: it goes on where it was',
  })
}
