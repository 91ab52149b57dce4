import type { ForwardBackwardOutput, SampleResponse } from '../wire/messages.ts'
import { describeError, type FailureCategory, RequestError } from './errors.ts'

/** How an operation ended. */
export type FutureResult =
  | { readonly kind: 'json'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'pass'; readonly output: ForwardBackwardOutput }
  | { readonly kind: 'sample'; readonly response: SampleResponse }
  | { readonly kind: 'failed'; readonly error: string; readonly category: FailureCategory }

export type FutureTable = {
  /** @returns whether this id was new; an old one keeps its result */
  open(id: string, options: { readonly sessionId: string; readonly cancel?: (() => void) | undefined }): boolean
  settle(id: string, result: FutureResult): void
  /** @returns the result once it is there, or null when `holdMs` pass or the poll is given up before */
  wait(id: string, holdMs: number, signal: AbortSignal): Promise<FutureResult | null>
  /** Ends the work behind a future that nobody waits for any more, where it can be ended. */
  cancel(id: string): void
  /** Forgets the futures of a session. */
  dropSession(sessionId: string): void
  /** Futures that are kept, settled or not. */
  readonly size: number
}

type Future = {
  readonly sessionId: string
  readonly waiters: Set<() => void>
  /** Holds the whole request, so it goes when the work has ended. */
  cancel: (() => void) | undefined
  result: FutureResult | undefined
  sizeBytes: number
  /** Nobody waits for it. */
  isCancelled: boolean
}

type Table = {
  readonly futures: Map<string, Future>
  /** Ids of results that may be forgotten: fetched or given up, the first to be so at the front. */
  readonly spent: Set<string>
  /** Ids of results that were forgotten lately, to tell a late poll so. */
  readonly forgotten: Set<string>
  heldBytes: number
}

/** Chosen by us: a poll this late is a mistake, and an id takes 100 bytes. */
const MAX_FORGOTTEN_IDS = 10_000

/**
 * Results by request id, for fetching as often as a client likes while its session lasts.
 *
 * @param maxResultBytes beyond it the results fetched longest ago are forgotten, never one that somebody may still wait for
 */
export function createFutures(maxResultBytes: number): FutureTable {
  const table: Table = { futures: new Map(), spent: new Set(), forgotten: new Set(), heldBytes: 0 }
  const { futures } = table
  return {
    open(id, { sessionId, cancel }) {
      if (futures.has(id)) return false
      table.forgotten.delete(id)
      const waiters = new Set<() => void>()
      futures.set(id, { sessionId, cancel, waiters, result: undefined, sizeBytes: 0, isCancelled: false })
      return true
    },
    settle: (id, result) => settle(table, id, result, maxResultBytes),
    async wait(id, holdMs, signal) {
      const future = find(table, id)
      if (future.result === undefined) await waitFor(future, holdMs, signal)
      if (future.result === undefined) return null
      if (futures.get(id) === future) table.spent.add(id)
      return future.result
    },
    cancel(id) {
      const future = find(table, id)
      future.isCancelled = true
      if (future.result !== undefined) table.spent.add(id)
      future.cancel?.()
    },
    dropSession(sessionId) {
      for (const [id, future] of futures) {
        if (future.sessionId !== sessionId) continue
        future.cancel?.()
        remove(table, id, future)
        for (const wake of future.waiters) wake()
      }
    },
    get size() {
      return futures.size
    },
  }
}

/** @throws {RequestError} 410 when the result was there and has been forgotten, 404 when nothing is known of it */
function find({ futures, forgotten }: Table, id: string): Future {
  const future = futures.get(id)
  if (future !== undefined) return future
  if (forgotten.has(id)) {
    throw new RequestError(410, 'the result was fetched before and has been forgotten to make room')
  }
  throw new RequestError(404, 'no operation has this request id', {
    hint: 'the server may have been restarted, the session may be over, or the result was fetched long ago',
  })
}

function settle(table: Table, id: string, result: FutureResult, maxResultBytes: number): void {
  const future = table.futures.get(id)
  // A session that ended took its futures along.
  if (future === undefined || future.result !== undefined) return
  future.result = result
  future.sizeBytes = sizeOf(result)
  future.cancel = undefined
  table.heldBytes += future.sizeBytes
  if (future.isCancelled) table.spent.add(id)
  for (const wake of future.waiters) wake()
  makeRoom(table, maxResultBytes)
}

function makeRoom(table: Table, maxResultBytes: number): void {
  for (const id of table.spent) {
    if (table.heldBytes <= maxResultBytes) break
    remove(table, id, table.futures.get(id)!)
    table.forgotten.add(id)
  }
  for (const id of table.forgotten) {
    if (table.forgotten.size <= MAX_FORGOTTEN_IDS) break
    table.forgotten.delete(id)
  }
}

function remove(table: Table, id: string, future: Future): void {
  table.futures.delete(id)
  table.spent.delete(id)
  table.heldBytes -= future.sizeBytes
}

function waitFor(future: Future, holdMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      future.waiters.delete(wake)
      resolve()
    }
    const timer = setTimeout(wake, holdMs)
    signal.addEventListener('abort', wake)
    future.waiters.add(wake)
    if (signal.aborted) wake()
  })
}

/** Bytes a result takes in memory, about: a number takes 8. */
function sizeOf(result: FutureResult): number {
  const overheadBytes = 500
  if (result.kind === 'pass') {
    const numbers = result.output.outputs.flatMap((output) => Object.values(output)).map(({ data }) => data.length)
    return overheadBytes + 8 * numbers.reduce((sum, count) => sum + count, 0)
  }
  if (result.kind === 'sample') {
    const { sequences, promptLogprobs = [] } = result.response
    return overheadBytes + 8 * sequences.reduce((sum, { tokens }) => sum + 2 * tokens.length, promptLogprobs.length)
  }
  return overheadBytes
}

/**
 * Runs an operation and settles its future with what comes out, be it an error.
 *
 * @param report takes what is no fault of the request, for the log
 */
export async function settleWith(
  futures: FutureTable,
  id: string,
  work: () => Promise<FutureResult>,
  report: (error: unknown) => void,
): Promise<void> {
  try {
    futures.settle(id, await work())
  } catch (error) {
    const { message, category } = describeError(error)
    if (category === 'server') report(error)
    futures.settle(id, { kind: 'failed', error: message, category })
  }
}
