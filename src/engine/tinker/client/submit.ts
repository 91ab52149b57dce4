import { clock } from '../../../core/clock.ts'
import { formatJson, parseJson } from '../../../core/json.ts'
import { decodeUtf8 } from '../../../core/read.ts'
import { createRng } from '../../../core/rng.ts'
import { wireError } from '../wire/numbers.ts'
import { API } from '../wire/requests.ts'
import { type Answer, abortedError, type Http, type HttpRequest, pause, retryAfterMs } from './http.ts'
import { deadlineError, nameOf, type Operation, remainingMs, unreachableError } from './operation.ts'
import { refusal, UNKNOWN_EFFECT, wasWithoutEffect } from './refusal.ts'
import type { Timing } from './timing.ts'
import type { Watch } from './watch.ts'

/** What every request needs. */
export type Link = {
  readonly http: Http
  readonly timing: Timing
  readonly watch: Watch
}

export type Submission = Pick<HttpRequest, 'headers' | 'signal' | 'maxBytes' | 'sendsKey' | 'consume'> & {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Behind `/api/v1/`. */
  readonly endpoint: string
  /** Sent as it is on every attempt: equal bytes are what a server knows a repetition by. */
  readonly body?: Uint8Array | undefined
  /** Time of one attempt, where the usual one is too short. */
  readonly requestMs?: number | undefined
  /** Nobody knows yet whether there is a server at all: one that cannot be reached is given up soon. */
  readonly isFirstContact?: boolean | undefined
  /** Takes the pause after a 429 into its own hands. */
  readonly onThrottled?: ((answer: Answer) => Promise<void>) | undefined
  /** Statuses that the caller handles. */
  readonly accept?: readonly number[] | undefined
}

/** An accepted request. */
export type Accepted = {
  readonly answer: Answer
  /** Whether an earlier attempt may have been carried out as well. */
  readonly mayBeRepeated: boolean
}

/** Empty 400s come from proxies; the official SDK repeats them 16 times. */
const MAX_PROXY_FAULTS = 5

/** The bytes of a JSON body. */
export function jsonBody(value: unknown): Uint8Array {
  return Buffer.from(formatJson(value))
}

/**
 * The answer of a server that accepted a request. Silence, 408, 425, 429 and 5xx are repeated with a growing pause until
 * the operation's deadline or `submitMs`, everything else is final.
 *
 * @throws {RefusedError} with the status and the server's words when it refuses the first attempt: it has had no effect
 * @throws {EngineError} when a repetition is refused, when there is no server, or saying what is stuck since when
 */
export function submit(link: Link, operation: Operation, submission: Submission): Promise<Accepted> {
  return link.watch.during(operation, () => submitWatched(link, operation, submission))
}

async function submitWatched(link: Link, operation: Operation, submission: Submission): Promise<Accepted> {
  const { http, timing } = link
  const requestMs = submission.requestMs ?? timing.requestMs
  let startedMs = clock.monotonicMs()
  let mayBeRepeated = false
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = timeLeft(link, operation, submission, startedMs)
    const reply = await http.send({ ...requestOf(submission, attempt), timeoutMs: Math.min(requestMs, leftMs) })
    if (reply.kind === 'silence') {
      mayBeRepeated = true
      noteSilence(operation, reply, leftMs < requestMs)
    } else {
      const { status } = reply
      operation.unreachableSinceMs = undefined
      if ((status >= 200 && status < 300) || submission.accept?.includes(status))
        return { answer: reply, mayBeRepeated }
      operation.lastEvent = `status ${status}: ${http.detail(reply)}`
      if (!isWorthRepeating(reply, attempt))
        throw refusal(operation, reply, http, mayBeRepeated ? UNKNOWN_EFFECT : undefined)
      mayBeRepeated ||= !wasWithoutEffect(status)
      if (status === 429 && submission.onThrottled) {
        await submission.onThrottled(reply)
        // A server that says "too many" is well: patience with it is bounded by the deadline alone.
        startedMs = clock.monotonicMs()
        continue
      }
    }
    const asked = reply.kind === 'answer' ? retryAfterMs(reply.headers) : undefined
    const slow = reply.kind === 'answer' && reply.status === 402 ? timing.slowRetryMs : undefined
    const waitMs = asked ?? slow ?? backoffMs(operation, attempt, timing)
    await waitOut(waitMs, timeLeft(link, operation, submission, startedMs), submission.signal, operation)
  }
}

function requestOf(
  { method, endpoint, body, headers, maxBytes, signal, sendsKey, consume }: Submission,
  attempt: number,
) {
  return {
    method: method ?? 'POST',
    path: `${API}/${endpoint}`,
    body,
    headers: { 'Content-Type': 'application/json', ...headers, 'x-stainless-retry-count': `${attempt}` },
    maxBytes,
    signal,
    sendsKey,
    consume,
  }
}

/** @throws {EngineError} when there is none */
function timeLeft(
  { http, timing }: Link,
  operation: Operation,
  { isFirstContact = false, consume }: Submission,
  startedMs: number,
): number {
  const now = clock.monotonicMs()
  // A body that is read while it comes may take as long as it likes.
  const submitMs = consume ? Number.POSITIVE_INFINITY : startedMs + timing.submitMs - now
  const leftMs = Math.min(remainingMs(operation), submitMs)
  const { unreachableSinceMs } = operation
  const contactMs =
    isFirstContact && unreachableSinceMs !== undefined
      ? unreachableSinceMs + timing.contactMs - now
      : Number.POSITIVE_INFINITY
  if (contactMs <= 0) throw unreachableError(operation, http.baseUrl, true)
  if (leftMs <= 0) throw deadlineError(operation)
  return Math.min(leftMs, contactMs)
}

/** Remembers a silence, unless it was our own deadline that cut the last attempt short: what came before says more. */
export function noteSilence(
  operation: Operation,
  reply: { readonly isTimeout: boolean; readonly why: string },
  isCutShort: boolean,
): void {
  if (!(reply.isTimeout && isCutShort) || operation.lastEvent === undefined) operation.lastEvent = reply.why
  // A server that takes a connection and says nothing is there.
  if (reply.isTimeout) operation.unreachableSinceMs = isCutShort ? operation.unreachableSinceMs : undefined
  else operation.unreachableSinceMs ??= clock.monotonicMs()
}

/** @throws {EngineError} when the server could not be reached for `submitMs` */
export function assertReachable({ http, timing }: Link, operation: Operation): void {
  const { unreachableSinceMs } = operation
  if (unreachableSinceMs === undefined || clock.monotonicMs() - unreachableSinceMs <= timing.submitMs) return
  throw unreachableError(operation, http.baseUrl, false)
}

/** The pause before a repetition, a little different for each operation so that a crowd does not come back at once. */
export function backoffMs(operation: Operation, attempt: number, timing: Timing): number {
  const full = Math.min(timing.maxBackoffMs, timing.backoffMs * 2 ** Math.min(attempt, 20))
  return full * (1 - 0.25 * createRng('tinker-backoff', nameOf(operation), attempt).uniform())
}

/** @throws {EngineError} E_ABORTED when the caller ended it while it waited */
export async function waitOut(ms: number, leftMs: number, signal: AbortSignal | undefined, operation: Operation) {
  await pause(Math.min(ms, leftMs), signal)
  if (signal?.aborted) throw abortedError(nameOf(operation))
}

function isWorthRepeating({ status, headers, bytes }: Answer, attempt: number): boolean {
  const told = headers.get('x-should-retry')
  if (told !== null) return told === 'true'
  if (status === 400) return bytes.length === 0 && attempt < MAX_PROXY_FAULTS
  // 409 is left out, although the official SDK repeats it: a name or a number that is taken stays taken.
  return status === 402 || status === 408 || status === 425 || status === 429 || status >= 500
}

/**
 * The JSON value of an answer.
 *
 * @throws {DataError} when it is not JSON
 */
export function jsonOf({ bytes }: Answer, label: string): unknown {
  const text = decodeUtf8(bytes)
  if (text === null) throw wireError(`answer of ${label}`, 'not UTF-8')
  return parseJson(text, { file: `answer of ${label}` })
}
