import { clock } from '../../../core/clock.ts'
import { EngineError } from '../../../core/errors.ts'

/** One call on its way through the server: what a deadline error and a progress line can say about it. */
export type Operation = {
  /** The endpoint: `forward_backward`. */
  readonly label: string
  readonly startedMs: number
  readonly startedAt: Date
  readonly deadlineMs: number
  /** Number of the request at the server. */
  requestId?: string
  seqId?: number
  /** What the server said last about why it waits. */
  queueState?: string
  queueReason?: string
  /** The last thing that came back, or did not. */
  lastEvent?: string
  /** Since when no connection comes about. */
  unreachableSinceMs?: number | undefined
}

/** What a caller may show while an operation is under way. */
export type Progress = {
  readonly operation: string
  readonly requestId: string | undefined
  readonly elapsedMs: number
  readonly since: Date
  readonly queueState: string | undefined
  readonly queueReason: string | undefined
  /** Why it waits, as far as it shows: `ECONNREFUSED …`, `status 503: …`. */
  readonly lastEvent: string | undefined
  /** What the heartbeats of the session suffer, for so long. */
  readonly heartbeat: string | undefined
}

/** An operation that starts now. */
export function startOperation(label: string, deadlineMs: number): Operation {
  return { label, startedMs: clock.monotonicMs(), startedAt: clock.now(), deadlineMs }
}

/** Milliseconds until the deadline, negative beyond it. */
export function remainingMs({ startedMs, deadlineMs }: Operation): number {
  return startedMs + deadlineMs - clock.monotonicMs()
}

/** The state of an operation, for whoever watches. */
export function progressOf(operation: Operation, heartbeat?: string): Progress {
  return {
    operation: operation.label,
    requestId: operation.requestId,
    elapsedMs: clock.monotonicMs() - operation.startedMs,
    since: operation.startedAt,
    queueState: operation.queueState,
    queueReason: operation.queueReason,
    lastEvent: operation.lastEvent,
    heartbeat,
  }
}

/** Names an operation in a message: `forward_backward (seq 7, request 123)`. */
export function nameOf({ label, seqId, requestId }: Operation): string {
  const ids = [
    seqId === undefined ? [] : [`seq ${seqId}`],
    requestId === undefined ? [] : [`request ${requestId}`],
  ].flat()
  return ids.length === 0 ? label : `${label} (${ids.join(', ')})`
}

/** What to do when a server went away in the middle. */
const GO_ON = 'start the server again, then run the same command again: it goes on from the last checkpoint'

/** The error of an operation whose server cannot be reached any more. */
export function unreachableError(operation: Operation, baseUrl: string, isFirstContact: boolean): EngineError {
  const seconds = Math.round((clock.monotonicMs() - (operation.unreachableSinceMs ?? operation.startedMs)) / 100) / 10
  return new EngineError(
    `no server answers at ${baseUrl}, for ${seconds} s: ${operation.lastEvent ?? 'no connection'} (${nameOf(operation)})`,
    {
      retryable: true,
      requestId: operation.requestId,
      hint: isFirstContact
        ? `start one there, such as \`fleming engine serve\`, or set engine.tinker.url: it is ${baseUrl} now`
        : GO_ON,
    },
  )
}

/** The error of an operation that is past its deadline: what is stuck, since when, and what the server said last. */
export function deadlineError(operation: Operation): EngineError {
  const seconds = Math.round((clock.monotonicMs() - operation.startedMs) / 100) / 10
  const { queueState, queueReason, lastEvent } = operation
  const said = [
    queueState === undefined
      ? []
      : [`queue state ${queueState}${queueReason === undefined ? '' : ` (${queueReason})`}`],
    lastEvent === undefined ? [] : [`last: ${lastEvent}`],
  ].flat()
  return new EngineError(
    `${nameOf(operation)} is stuck since ${operation.startedAt.toISOString()}, ${seconds} s: ${said.join('; ') || 'the server has said nothing'}`,
    {
      retryable: true,
      requestId: operation.requestId,
      hint:
        operation.unreachableSinceMs === undefined
          ? 'look at the server’s log for this request; raise the deadline if the work really takes longer'
          : GO_ON,
    },
  )
}
