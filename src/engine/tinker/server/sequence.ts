import { clock } from '../../../core/clock.ts'
import { RequestError } from './errors.ts'
import { createNumbers, type Numbered, type Numbers } from './numbers.ts'

/** What a number stands for; each call is given the request id. */
export type Operation = {
  /** Called once, before any other. */
  readonly accept: (requestId: string) => void
  /** Never rejects. */
  readonly run: (requestId: string) => Promise<void>
  /** Instead of `run`. */
  readonly fail: (requestId: string, error: RequestError) => void
}

export type Sequence = {
  /**
   * @returns the request id of an operation that was taken before
   * @throws {RequestError} as `submit`
   */
  known(call: Numbered): string | undefined
  /**
   * Takes an operation and runs it when its turn comes; one that was taken before is not run again.
   *
   * @returns its request id
   * @throws {RequestError} 400 when the number was used for another body, or passed while its gap was waited for
   */
  submit(call: Numbered, operation: Operation): string
  /** Marks a number as used by a request that was refused, so that those after it do not wait for it. */
  reject(call: Numbered, error: RequestError): void
  /** Fails all that waits and refuses what comes. */
  close(error: RequestError): void
}

/**
 * The operations of one model, run one at a time in the order of their numbers, whatever the order of arrival: official
 * clients send the first part of a batch last. A number runs once, however often it is sent.
 *
 * @param options.gapTimeoutMs how long those that arrived wait for one before them; then they fail, the missing ones are
 *   refused when they come, and what is sent later runs
 * @param options.requestId makes the id of a number
 */
export function createSequence(options: {
  readonly firstSeqId: number
  readonly gapTimeoutMs: number
  readonly requestId: (seqId: number) => string
}): Sequence {
  const numbers = createNumbers(options.firstSeqId, options.requestId)
  const line = createLine(numbers, options.gapTimeoutMs)
  let closed: RequestError | undefined
  function known(call: Numbered): string | undefined {
    const requestId = numbers.known(call)
    if (requestId === undefined && closed !== undefined) throw closed
    return requestId
  }
  return {
    known,
    submit(call, operation) {
      const earlier = known(call)
      if (earlier !== undefined) return earlier
      const { seqId, requestId } = numbers.accept(call)
      line.join(seqId, { requestId, operation })
      return requestId
    },
    reject(call, error) {
      numbers.reject(call, error)
      line.advance()
    },
    close(error) {
      closed ??= error
      line.close(error)
    },
  }
}

type Waiting = { readonly requestId: string; readonly operation: Operation }

/** Operations that wait for their turn. */
type Line = {
  join(seqId: number, waiting: Waiting): void
  /** Runs what has its turn now. */
  advance(): void
  /** Fails all that waits. */
  close(error: RequestError): void
}

function createLine(numbers: Numbers, gapTimeoutMs: number): Line {
  const waiting = new Map<number, Waiting>()
  const gap = createGapTimer(gapTimeoutMs, giveUp)
  let isRunning = false
  function advance(): void {
    if (isRunning) return
    const seqId = numbers.next
    const next = waiting.get(seqId)
    if (next === undefined) {
      if (waiting.size > 0) gap.waitFor(seqId)
      return
    }
    gap.stop()
    waiting.delete(seqId)
    isRunning = true
    void next.operation.run(next.requestId).finally(() => {
      isRunning = false
      numbers.passOver(seqId)
      advance()
    })
  }
  function giveUp(missing: number, waitedMs: number): void {
    numbers.loseUpTo(Math.max(...waiting.keys()))
    const message = `seq_id ${missing} did not arrive within ${(waitedMs / 1000).toFixed(0)} s`
    const hint =
      'operations run in the order of their numbers; send them all, or start a new model from the last saved state'
    failAll(new RequestError(400, message, { hint }))
  }
  function failAll(error: RequestError): void {
    const failed = [...waiting.values()]
    waiting.clear()
    for (const { requestId, operation } of failed) operation.fail(requestId, error)
  }
  return {
    join(seqId, entry) {
      waiting.set(seqId, entry)
      entry.operation.accept(entry.requestId)
      advance()
    },
    advance,
    close(error) {
      gap.stop()
      failAll(error)
    },
  }
}

type GapTimer = {
  /** More arrivals behind a gap do not prolong the wait for it. */
  waitFor(seqId: number): void
  stop(): void
}

function createGapTimer(timeoutMs: number, giveUp: (seqId: number, waitedMs: number) => void): GapTimer {
  let gap: { readonly seqId: number; readonly timer: NodeJS.Timeout } | undefined
  const stop = (): void => {
    clearTimeout(gap?.timer)
    gap = undefined
  }
  return {
    stop,
    waitFor(seqId) {
      if (gap?.seqId === seqId) return
      stop()
      const sinceMs = clock.monotonicMs()
      const timer = setTimeout(() => {
        gap = undefined
        giveUp(seqId, clock.monotonicMs() - sinceMs)
      }, timeoutMs)
      timer.unref()
      gap = { seqId, timer }
    },
  }
}
