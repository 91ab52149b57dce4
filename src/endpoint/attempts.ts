import { clock } from '../core/clock.ts'
import { EngineError } from '../core/errors.ts'
import { type BudgetKeeper, checkedUsage, estimateTokens } from './budget.ts'
import { type CallLog, type RequestHistory, requestHash } from './call-log.ts'
import { EndpointError, failureKinds } from './failure.ts'
import { type Breaker, backoffMs, type Places, type Sleep } from './flow.ts'
import type { CallOutcome, ChatModel, ChatReply, ChatRequest, PlannedCall, TokenUsage } from './types.ts'

/** What the calls of one run share. */
export type CallRun = {
  readonly model: ChatModel
  readonly log: CallLog
  readonly budget: BudgetKeeper
  readonly breaker: Breaker
  readonly places: Places
  readonly sleep: Sleep
  /** Replies of a call that may be refused. */
  readonly maxAttempts: number
  /** Failures of a call on the way, whichever of its requests they met. */
  readonly maxFaults: number
  readonly retryDelayMs: number
  /** Ends what is under way: the caller has gone. */
  readonly signal: AbortSignal
  /** Ends pauses and keeps anything new from starting; calls under way may end, for they are paid for. */
  readonly halted: AbortSignal
  /** Halts the run for a reason, of which the first counts. */
  readonly stop: (reason: unknown) => void
  readonly counts: {
    attempts: number
    replies: number
    refused: number
    replayed: number
    changed: number
    readonly failures: Map<string, number>
  }
}

/** A call that did not end because the run did. */
export type Unfinished = { readonly kind: 'unfinished' }

/** Where a call stands: the number of its request, one more than replies were refused, and the failures on the way. */
type Step = { readonly attempt: number; readonly faults: number; readonly cause: string }
type Asked =
  | { readonly kind: 'reply'; readonly reply: ChatReply }
  | { readonly kind: 'failed'; readonly cause: string; readonly retryable: boolean; readonly waitMs: number }
  | { readonly kind: 'skipped' }
  | Unfinished

/**
 * The outcome of one call: from the log as far as it goes, then by asking. A stored reply is read again, never asked
 * for again; failures and refusals of earlier runs count, each against a limit of its own, so that a bad network does not
 * use up the chances of a reader.
 */
export async function attemptCall<Value>(
  call: PlannedCall<Value>,
  run: CallRun,
): Promise<CallOutcome<Value> | Unfinished> {
  let past = historyOf(call, 1, run)
  if (run.log.isChanged(call.key, past.hash)) run.counts.changed += 1
  let step = afterFailures({ attempt: 1, faults: 0, cause: '' }, past.history)
  let isFinal = past.history.last?.retryable === false
  for (;;) {
    const stored = past.history.reply()
    if (stored !== null) run.counts.replayed += 1
    if (stored === null && (isFinal || step.faults >= run.maxFaults)) return quarantine(call.key, step, run)
    const asked: Asked = stored === null ? await ask(call.key, step, past, run) : { kind: 'reply', reply: stored }
    if (asked.kind === 'unfinished') return asked
    if (asked.kind === 'skipped') return { kind: 'skipped', key: call.key, cause: 'budget' }
    if (asked.kind === 'failed') {
      step = { ...step, faults: step.faults + 1, cause: asked.cause }
      isFinal = !asked.retryable
      if (!isFinal && step.faults < run.maxFaults) await run.sleep(asked.waitMs, run.halted)
      continue
    }
    const verdict = readReply(call, asked.reply)
    if (verdict.kind === 'value') {
      return { kind: 'done', key: call.key, value: verdict.value, attempts: attemptsOf(step) + 1 }
    }
    if (stored === null) {
      run.counts.refused += 1
      const { attempt } = step
      await run.log.write({ kind: 'refused', key: call.key, attempt, request: past.hash, reason: verdict.reason })
    }
    step = { ...step, attempt: step.attempt + 1, cause: `refused: ${verdict.reason}` }
    if (step.attempt > run.maxAttempts) return quarantine(call.key, step, run)
    past = historyOf(call, step.attempt, run)
    step = afterFailures(step, past.history)
    isFinal = past.history.last?.retryable === false
  }
}

const attemptsOf = ({ attempt, faults }: Step): number => attempt - 1 + faults

type Past = { readonly request: ChatRequest; readonly hash: string; readonly history: RequestHistory }

function historyOf<Value>(call: PlannedCall<Value>, attempt: number, { model, log }: CallRun): Past {
  const request = call.request(attempt)
  const hash = requestHash(model, request)
  return { request, hash, history: log.history(call.key, attempt, hash) }
}

function afterFailures(step: Step, history: RequestHistory): Step {
  return {
    ...step,
    faults: step.faults + history.failures,
    cause: history.last === null ? step.cause : history.last.failure,
  }
}

/** What every reader would have to refuse: half a reply, a withheld one, none at all. */
function readReply<Value>(call: PlannedCall<Value>, reply: ChatReply): ReturnType<PlannedCall<Value>['read']> {
  if (reply.finishReason === 'length') return { kind: 'refused', reason: 'cut off at the token limit' }
  if (reply.finishReason === 'content-filter') return { kind: 'refused', reason: 'withheld by a filter' }
  if (reply.text.trim() === '') return { kind: 'refused', reason: 'empty' }
  return call.read(reply)
}

async function quarantine(key: string, step: Step, run: CallRun): Promise<CallOutcome<never>> {
  const outcome = { kind: 'quarantined', key, cause: step.cause, attempts: attemptsOf(step) } as const
  if (!run.log.isQuarantined(key)) await run.log.write(outcome)
  return outcome
}

/** One attempt, written down before and after. */
async function ask(key: string, { attempt, faults }: Step, past: Past, run: CallRun): Promise<Asked> {
  const reserved = estimateTokens(past.request)
  const entry = { key, attempt, request: past.hash }
  if (!(await run.budget.reserve(reserved))) return run.halted.aborted ? { kind: 'unfinished' } : { kind: 'skipped' }
  let used: TokenUsage | null = null
  await run.places.take()
  try {
    for (let waitMs = run.breaker.waitMs(); waitMs > 0 && !run.halted.aborted; waitMs = run.breaker.waitMs()) {
      await run.sleep(waitMs, run.halted)
    }
    if (run.halted.aborted) return { kind: 'unfinished' }
    await run.log.write({ kind: 'intent', ...entry, reserved })
    used = reserved
    run.counts.attempts += 1
    const startedMs = clock.monotonicMs()
    const said = await run.model.complete(past.request, { signal: run.signal })
    const reply = { ...said, usage: checkedUsage(said.usage) }
    const timing = { latencyMs: Math.round(clock.monotonicMs() - startedMs) }
    await run.log.write({ kind: 'reply', ...entry, reply, timing })
    used = reply.usage ?? reserved
    run.counts.replies += 1
    run.breaker.answered()
    return { kind: 'reply', reply }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    // What the caller ended has no outcome: the same as after a kill.
    if (error.code === 'E_ABORTED') return { kind: 'unfinished' }
    const fault = describe(error)
    if (!fault.mayBePaid) used = { promptTokens: 0, completionTokens: 0 }
    const { waitMs, ...written } = fault
    await run.log.write({ kind: 'failed', ...entry, ...written })
    run.counts.failures.set(fault.failure, (run.counts.failures.get(fault.failure) ?? 0) + 1)
    const reason = run.breaker.failed(error)
    if (reason !== null) {
      await run.log.write({ kind: 'stopped', cause: fault.failure })
      run.stop(reason)
    }
    // What ends the run says nothing of this call.
    if (reason !== null || !fault.counts) return { kind: 'unfinished' }
    const pauseMs = Math.max(waitMs, backoffMs(key, faults + 1, run.retryDelayMs))
    return { kind: 'failed', cause: fault.failure, retryable: fault.retryable, waitMs: pauseMs }
  } finally {
    run.places.give()
    run.budget.settle(reserved, used)
  }
}

function describe(error: EngineError) {
  const known = error instanceof EndpointError ? error : null
  return {
    failure: known?.kind ?? 'engine-error',
    status: error.status ?? null,
    message: error.message,
    retryable: error.retryable,
    counts: known?.endsRun !== true,
    mayBePaid: known === null ? error.status === undefined : failureKinds[known.kind].mayBePaid,
    waitMs: known?.retryAfterMs ?? 0,
  }
}
