import { DataError, EngineError } from '../../../core/errors.ts'
import { parseBody } from '../wire/json.ts'
import { PROTOBUF_TYPE } from '../wire/protobuf.ts'
import { API } from '../wire/requests.ts'
import { failedResponse, metadataResponse, tryAgainResponse } from '../wire/responses.ts'
import type { Gate } from './gate.ts'
import type { Answer } from './http.ts'
import { deadlineError, nameOf, type Operation, remainingMs } from './operation.ts'
import { failure, refusal, UNKNOWN_RESULT } from './refusal.ts'
import { assertReachable, backoffMs, jsonBody, jsonOf, type Link, noteSilence, waitOut } from './submit.ts'

/** What a finished operation left. */
export type FutureResult =
  | { readonly kind: 'protobuf'; readonly bytes: Uint8Array }
  | { readonly kind: 'json'; readonly value: unknown }

export type FutureOptions = {
  /** The official SDK's name of the kind of result, for the server's routing. */
  readonly requestType: string
  /** Whether the result may come as protobuf. */
  readonly wantsProtobuf: boolean
  /** Bytes of large results under way at a time. */
  readonly payloads: Gate
  readonly signal?: AbortSignal | undefined
}

/** Refused polls are repeated so often, in case a proxy was at fault, or a token that has just run out. */
const MAX_REFUSALS = 3

/** Longest text of a failure that is shown. */
const MAX_FAILURE = 10_000

type Step = { readonly done: FutureResult } | { readonly sizeBytes: number } | 'running' | 'refused' | 'trouble'

/**
 * The result of an accepted request, whenever it comes.
 *
 * @throws {FailedError} when the server says that it failed, {NumericalError} when that was a number that is not finite
 * @throws {EngineError} when its result is refused or lost (status 410), when the server cannot be reached for `submitMs`, or
 *   past the deadline, saying what is stuck since when; in all of these the operation may have been carried out
 */
export function awaitFuture(link: Link, operation: Operation, options: FutureOptions): Promise<FutureResult> {
  return link.watch.during(operation, () => pollForResult(link, operation, options))
}

async function pollForResult(link: Link, operation: Operation, options: FutureOptions): Promise<FutureResult> {
  let troubles = 0
  let refusals = 0
  for (let iteration = 0; ; iteration += 1) {
    if (remainingMs(operation) <= 0) throw deadlineError(operation)
    const reply = await poll(link, operation, options, iteration, true)
    const step = reply === undefined ? 'running' : readReply(link, operation, reply, refusals < MAX_REFUSALS)
    if (typeof step === 'object' && 'done' in step) return step.done
    if (typeof step === 'object') return fetchLarge(link, operation, options, iteration + 1, step.sizeBytes)
    if (step === 'refused') refusals += 1
    // Whatever a server answers, it is up: the pause grows only while it is in trouble.
    troubles = step === 'running' ? 0 : troubles + 1
    const waitMs = step === 'running' ? link.timing.pollGapMs : backoffMs(operation, troubles - 1, link.timing)
    await waitOut(waitMs, remainingMs(operation), options.signal, operation)
  }
}

/** A result that cannot be read is fetched again so often: the reply may have been damaged on its way, the result is kept. */
const MAX_REREADS = 2

/**
 * As {@link awaitFuture}, read by `decode`.
 *
 * @throws {DataError} of `decode` when the result stays unreadable
 */
export async function awaitDecoded<Value>(
  link: Link,
  operation: Operation,
  options: FutureOptions,
  decode: (result: FutureResult) => Value,
): Promise<Value> {
  for (let attempt = 0; ; attempt += 1) {
    const result = await awaitFuture(link, operation, options)
    try {
      return decode(result)
    } catch (error) {
      if (!(error instanceof DataError) || attempt >= MAX_REREADS) throw error
      operation.lastEvent = error.message
    }
  }
}

/**
 * One poll; undefined when our own patience ended it, since then the operation still runs.
 *
 * @throws {EngineError} when the server could not be reached for too long
 */
async function poll(
  link: Link,
  operation: Operation,
  { requestType, wantsProtobuf, signal }: FutureOptions,
  iteration: number,
  allowMetadata: boolean,
): Promise<Answer | { readonly kind: 'silence' } | undefined> {
  const timeoutMs = Math.min(link.timing.pollMs, Math.max(1, remainingMs(operation)))
  const reply = await link.http.send({
    method: 'POST',
    path: `${API}/retrieve_future`,
    body: jsonBody({ request_id: operation.requestId, allow_metadata_only: allowMetadata && wantsProtobuf }),
    headers: {
      'Content-Type': 'application/json',
      'X-Tinker-Request-Iteration': `${iteration}`,
      'X-Tinker-Request-Type': requestType,
      ...(wantsProtobuf && { Accept: `${PROTOBUF_TYPE}, application/json;q=0.5` }),
    },
    timeoutMs,
    signal,
  })
  if (reply.kind === 'answer') {
    operation.unreachableSinceMs = undefined
    return reply
  }
  noteSilence(operation, reply, timeoutMs < link.timing.pollMs)
  assertReachable(link, operation)
  return reply.isTimeout ? undefined : reply
}

async function fetchLarge(
  link: Link,
  operation: Operation,
  options: FutureOptions,
  iteration: number,
  sizeBytes: number,
): Promise<FutureResult> {
  return options.payloads.run(sizeBytes, async () => {
    for (let attempt = 0; ; attempt += 1) {
      if (remainingMs(operation) <= 0) throw deadlineError(operation)
      const reply = await poll(link, operation, options, iteration + attempt, false)
      const step = reply === undefined ? 'trouble' : readReply(link, operation, reply, attempt < MAX_REFUSALS)
      if (typeof step === 'object' && 'done' in step) return step.done
      await waitOut(backoffMs(operation, attempt, link.timing), remainingMs(operation), options.signal, operation)
    }
  })
}

function readReply(
  { http, timing }: Link,
  operation: Operation,
  reply: Answer | { readonly kind: 'silence' },
  mayRefuse: boolean,
): Step {
  if (reply.kind === 'silence') return 'trouble'
  const { status } = reply
  if (status === 200) return readResult(operation, reply, http.credentials.redact)
  operation.lastEvent = `status ${status}: ${http.detail(reply)}`
  if (status === 408) {
    operation.lastEvent = 'still running'
    noteQueue(operation, jsonIfAny(reply))
    return 'running'
  }
  if (status === 410) {
    throw new EngineError(`the server has lost ${nameOf(operation)}: ${http.detail(reply)}`, {
      status,
      retryable: true,
      requestId: operation.requestId,
      hint: 'whether it was carried out is not known: run the same command again, it goes on from the last checkpoint',
    })
  }
  // Out of credit: the work waits until somebody pays or the deadline passes.
  if (status === 402 && timing.slowRetryMs > 0) return 'trouble'
  if (status === 429 || status >= 500) return 'trouble'
  if ((status === 400 || status === 401 || status === 403) && mayRefuse) return 'refused'
  throw refusal(operation, reply, http, UNKNOWN_RESULT)
}

function readResult(operation: Operation, answer: Answer, redact: (text: string) => string): Step {
  const type = answer.headers.get('content-type') ?? ''
  if (type.startsWith(PROTOBUF_TYPE)) return { done: { kind: 'protobuf', bytes: answer.bytes } }
  const value = jsonOf(answer, operation.label)
  if (isRecord(value) && value.type === 'try_again') {
    noteQueue(operation, value)
    return 'running'
  }
  if (isRecord(value) && value.status === 'complete_metadata') {
    return { sizeBytes: parseBody(metadataResponse, value, operation.label).response_payload_size }
  }
  if (isRecord(value) && typeof value.error === 'string') {
    const { error, category } = parseBody(failedResponse, value, operation.label)
    throw failure(operation, redact(error).slice(0, MAX_FAILURE), category)
  }
  return { done: { kind: 'json', value } }
}

function noteQueue(operation: Operation, body: unknown): void {
  const parsed = tryAgainResponse.safeParse(body)
  if (!parsed.success) return
  if (parsed.data.queue_state) operation.queueState = parsed.data.queue_state
  if (parsed.data.queue_state_reason) operation.queueReason = parsed.data.queue_state_reason
  operation.lastEvent = 'still running'
}

/** The body of a 408 is optional, and proxies send pages of their own. */
function jsonIfAny(answer: Answer): unknown {
  return answer.bytes[0] === 0x7b ? jsonOf(answer, 'retrieve_future') : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
