import { clock } from '../core/clock.ts'
import { EngineError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { EndpointError } from './failure.ts'

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** Resolves after a time, or as soon as the signal says so. */
export const sleepFor: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })

/** Places for so many at once, given out in the order of asking. */
export type Places = { take(): Promise<void>; give(): void }

export function createPlaces(count: number): Places {
  let free = count
  const waiting: (() => void)[] = []
  return {
    take: () =>
      new Promise((resolve) => {
        if (free > 0) {
          free -= 1
          resolve()
        } else waiting.push(resolve)
      }),
    give: () => {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    },
  }
}

/** Longest pause that we choose ourselves (chosen by us). */
const MAX_BACKOFF_MS = 60_000

/**
 * The pause after a failed attempt, in milliseconds: doubled from one to the next, spread by half up and down so that
 * calls that failed together do not return together. It depends on the key, not on chance.
 */
export function backoffMs(key: string, attempts: number, baseMs: number): number {
  const spread = 0.5 + createRng(0, 'backoff', key, attempts).uniform()
  return Math.min(MAX_BACKOFF_MS, baseMs * 2 ** Math.min(attempts - 1, 20)) * spread
}

/** What one endpoint has told all calls: how long to keep away, and whether it works at all. */
export type Breaker = {
  /** Milliseconds until the endpoint wants to be asked again. */
  waitMs(): number
  /** @returns the error that ends the run, when this failure is one too many */
  failed(error: EngineError): EngineError | null
  answered(): void
}

/**
 * Stops a run whose endpoint is down or refuses everybody, before every call has burnt its attempts on it.
 *
 * @param limit failures in a row, of whatever calls, that open it
 */
export function createBreaker(limit: number): Breaker {
  let inRow = 0
  let notBeforeMs = 0
  return {
    waitMs: () => Math.max(0, notBeforeMs - clock.monotonicMs()),
    answered: () => {
      inRow = 0
    },
    failed: (error) => {
      inRow += 1
      if (error instanceof EndpointError) {
        if (error.endsRun) return error
        // A rate limit counts the calls of all; a 503 may mean one replica only.
        if (error.kind === 'rate-limit' && error.retryAfterMs !== undefined) {
          notBeforeMs = Math.max(notBeforeMs, clock.monotonicMs() + error.retryAfterMs)
        }
      }
      if (inRow < limit) return null
      return new EngineError(`${inRow} calls in a row failed; the last: ${error.message}`, {
        cause: error,
        retryable: true,
        status: error.status,
        hint: 'the endpoint seems to be down: run the same command again later; answered calls are kept',
      })
    },
  }
}
