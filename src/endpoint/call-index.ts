import { addSpending } from './budget.ts'
import type { CallRecord } from './call-log.ts'
import type { Prices, Spending, TokenUsage } from './types.ts'

/** Failures of one request of a call. */
export type RequestFailures = {
  /** Those that count as attempts. */
  readonly count: number
  /** Name of the last of them, and whether it ruled out another attempt. */
  readonly last: { readonly failure: string; readonly retryable: boolean } | null
}

/** What a call log says of each request, in some 100 bytes a call: names are kept as numbers, replies as places. */
export type CallIndex = {
  /** Takes the records of a log in their order; `offsetBytes` is where the record stands. */
  add(entry: CallRecord, offsetBytes: number): void
  /** Ends the log: what is still under way was cut off. */
  end(): void
  /** Where the reply to a request stands, in bytes. Of another request in one case of 2^53: compare before use. */
  replyAt(key: string, attempt: number, request: string): number | null
  failuresOf(key: string, attempt: number, request: string): RequestFailures
  /** The log knows the key's first request as another one. */
  isChanged(key: string, request: string): boolean
  isQuarantined(key: string): boolean
  /** Calls that were under way when a process ended; they may have been paid for. */
  readonly interrupted: number
  readonly spending: Spending
}

const noFailures: RequestFailures = { count: 0, last: null }
const unpaid: TokenUsage = { promptTokens: 0, completionTokens: 0 }

/**
 * An empty index.
 *
 * Failures in a row that ended a run, because its endpoint was down or refused everybody, count for nothing: they say
 * nothing of their calls. A row begins behind the last reply.
 */
export function createCallIndex(prices: Prices | undefined): CallIndex {
  const replies = new Map<number, number>()
  const failures = new Map<number, RequestFailures>()
  const underWay = new Map<number, TokenUsage>()
  const keys = new Set<number>()
  const quarantined = new Set<number>()
  let spending: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }
  let interrupted = 0
  let row: { readonly slot: number; readonly before: RequestFailures }[] = []
  let isStopped = false
  const spend = (used: TokenUsage): void => {
    spending = addSpending(spending, used, prices)
  }
  const interrupt = (reserved: TokenUsage): void => {
    interrupted += 1
    spend(reserved)
  }
  const fail = (slot: number, { counts, failure, retryable }: Extract<CallRecord, { kind: 'failed' }>): void => {
    const before = failures.get(slot) ?? noFailures
    const isCounted = counts && !isStopped
    failures.set(slot, isCounted ? { count: before.count + 1, last: { failure, retryable } } : before)
    if (isCounted) row.push({ slot, before })
  }
  const forgive = (): void => {
    for (const { slot, before } of row.reverse()) failures.set(slot, before)
    row = []
    isStopped = true
  }
  const addCall = (entry: Extract<CallRecord, { kind: 'intent' | 'reply' | 'failed' }>, offsetBytes: number): void => {
    const slot = slotOf(entry.key, entry.attempt, entry.request)
    keys.add(hash53(entry.key))
    const reserved = underWay.get(slot)
    if (entry.kind === 'intent') {
      // The one before was cut off by the end of its process.
      if (reserved !== undefined) interrupt(reserved)
      underWay.set(slot, entry.reserved)
      return
    }
    underWay.delete(slot)
    if (entry.kind === 'reply') {
      replies.set(slot, offsetBytes)
      row = []
      spend(entry.reply.usage ?? reserved ?? unpaid)
    } else {
      fail(slot, entry)
      spend(entry.mayBePaid ? (reserved ?? unpaid) : unpaid)
    }
  }
  return {
    add: (entry, offsetBytes) => {
      if (entry.kind === 'opened') {
        row = []
        isStopped = false
      } else if (entry.kind === 'stopped') forgive()
      else if (entry.kind === 'quarantined') quarantined.add(hash53(entry.key))
      else if (entry.kind !== 'refused') addCall(entry, offsetBytes)
    },
    end: () => {
      for (const reserved of underWay.values()) interrupt(reserved)
      row = []
    },
    replyAt: (key, attempt, request) => replies.get(slotOf(key, attempt, request)) ?? null,
    failuresOf: (key, attempt, request) => failures.get(slotOf(key, attempt, request)) ?? noFailures,
    isChanged: (key, request) => {
      const first = slotOf(key, 1, request)
      return keys.has(hash53(key)) && !replies.has(first) && !failures.has(first) && !underWay.has(first)
    },
    isQuarantined: (key) => quarantined.has(hash53(key)),
    get interrupted() {
      return interrupted
    },
    get spending() {
      return spending
    },
  }
}

function slotOf(key: string, attempt: number, request: string): number {
  return hash53(`${attempt}:${request}:${key}`)
}

/** A number in [0, 2^53) from a text: two rounds of multiplication, as in MurmurHash, over its UTF-16 units. */
function hash53(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return (low >>> 0) * 0x20_0000 + (high >>> 11)
}
