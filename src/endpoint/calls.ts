import { setMaxListeners } from 'node:events'
import { ConfigError, DataError, EngineError } from '../core/errors.ts'
import { attemptCall, type CallRun, type Unfinished } from './attempts.ts'
import { createBudgetKeeper } from './budget.ts'
import { type CallLog, openCallLog } from './call-log.ts'
import { createBreaker, createPlaces, type Sleep, sleepFor } from './flow.ts'
import type { Budget, CallOutcome, ChatModel, PlannedCall, Prices, Spending } from './types.ts'

export type { CallOutcome, PlannedCall } from './types.ts'

export type RunCallsOptions = {
  readonly model: ChatModel
  /** The ledger; what it holds is not asked again. Hold the lock of its directory. */
  readonly logFile: string
  readonly concurrency: number
  /** Replies to one call that are read before it is given up, over all restarts. */
  readonly maxAttempts: number
  /**
   * Failures of one call on the way, over all restarts; three times `maxAttempts` unless told. More than replies,
   * because they say nothing of the call; limited, because a request can be what a server breaks on.
   */
  readonly maxFaults?: number | undefined
  readonly budget?: Budget | undefined
  readonly prices?: Prices | undefined
  readonly signal?: AbortSignal | undefined
  /** After each outcome that is handed out. */
  readonly onProgress?: ((report: CallsReport) => void) | undefined
  /** First pause after a failure, in milliseconds; doubled from one to the next. A second unless told. */
  readonly retryDelayMs?: number | undefined
  /** Failures in a row, of whatever calls, after which the endpoint counts as down. */
  readonly breakerAfter?: number | undefined
  readonly sleep?: Sleep | undefined
}

/** How a run of calls went; `planned` is always `done` + `quarantined` + `skipped`. */
export type CallsReport = {
  readonly planned: number
  readonly done: number
  readonly quarantined: number
  readonly skipped: number
  /** Attempts of this run, replies to them, and those of the replies that were refused. */
  readonly attempts: number
  readonly replies: number
  readonly refused: number
  /** Replies that were found in the log instead of being asked for. */
  readonly replayed: number
  /** Calls under way when an earlier process ended: perhaps paid for, and asked for again. */
  readonly interrupted: number
  /** Keys whose request is another one than in the log: asked for anew. */
  readonly changed: number
  /** Failures of this run by name. */
  readonly failures: Readonly<Record<string, number>>
  /** Quarantined calls by cause. */
  readonly causes: Readonly<Record<string, number>>
  /** Of all runs with this log. */
  readonly spending: Spending
}

const DEFAULT_RETRY_DELAY_MS = 1_000
/** Calls held for their turn, for each that may be under way (chosen by us: one slow call must not stall the others). */
const WINDOW_PER_PLACE = 8
/** Chosen by us: at 40 % faults and four attempts, one call in 60,000 meets twelve. */
const FAULTS_PER_ATTEMPT = 3
const NO_LIMIT: Budget = { calls: null, tokens: null, money: null }

/**
 * The outcomes of planned calls, in planned order, each exactly once, whatever fails and however often the process dies.
 *
 * Every attempt is written to the log before it leaves and after it ends. A reply in the log is never asked for again:
 * it is read again. An attempt that was cut off by the end of a process is made once more under the same number, and
 * counted as perhaps paid for; so with a model that answers alike to like requests, faults (below `maxFaults`) and kills
 * change no outcome. Under a budget they may: whatever was interrupted or cut is charged in full, so that less is left
 * for others.
 * A key whose request has changed (prompt, settings or model) is asked for anew and counted as `changed`; the old
 * replies stay in the log. A call that was given up stays quarantined; a higher limit takes it up again, but not a request
 * that the server refused for good. Failures in a row that stopped a run count for nothing in the next one.
 *
 * Memory is bounded by the concurrency, apart from the keys of the plan.
 *
 * @returns the outcomes; the generator's own result is the report
 * @throws {EngineError} when the endpoint is down or refuses everybody (out of credit, wrong key); E_ABORTED. Calls under
 *   way end first and everything is kept: the same call again goes on from there
 * @throws {DataError} when a key stands twice in the plan, or the log is no call log
 * @throws {ConfigError} when a number cannot be
 */
export async function* runCalls<Value>(
  calls: AsyncIterable<PlannedCall<Value>> | Iterable<PlannedCall<Value>>,
  options: RunCallsOptions,
): AsyncGenerator<CallOutcome<Value>, CallsReport, void> {
  checkNumbers(options)
  const log = openCallLog(options.logFile, options.prices)
  const ending = new AbortController()
  const endAll = (): void => ending.abort()
  options.signal?.addEventListener('abort', endAll)
  if (options.signal?.aborted) endAll()
  const started: Promise<CallOutcome<Value> | Unfinished>[] = []
  const tally = createTally()
  try {
    const { run, reason } = createRun(options, log, ending.signal)
    const takeFirst = async (): Promise<CallOutcome<Value>> => {
      const outcome = await started.shift()!
      if (outcome.kind === 'unfinished') {
        // Calls under way are paid for: they end first and go into the log.
        await Promise.all(started)
        throw reason()
      }
      tally.count(outcome)
      options.onProgress?.(tally.report(run))
      return outcome
    }
    await log.write({ kind: 'opened', model: options.model.name, hash: options.model.hash })
    const keys = new Set<string>()
    for await (const call of calls) {
      if (keys.has(call.key)) throw new DataError(`key "${call.key}" stands twice in the plan of calls`)
      keys.add(call.key)
      started.push(startCall(call, run))
      while (started.length >= options.concurrency * WINDOW_PER_PLACE) yield await takeFirst()
    }
    while (started.length > 0) yield await takeFirst()
    return tally.report(run)
  } finally {
    options.signal?.removeEventListener('abort', endAll)
    endAll()
    await Promise.all(started)
    log.close()
  }
}

/** @returns the shared state, and why it was stopped, once it was */
function createRun(
  options: RunCallsOptions,
  log: CallLog,
  signal: AbortSignal,
): { readonly run: CallRun; readonly reason: () => unknown } {
  const budget = createBudgetKeeper(options.budget ?? NO_LIMIT, options.prices, log.spending)
  const halting = new AbortController()
  // Every call under way listens to both; that is no leak.
  setMaxListeners(0, signal, halting.signal)
  let reason: unknown = null
  const stop = (why: unknown): void => {
    reason ??= why
    halting.abort()
    budget.close()
  }
  const onAbort = (): void => stop(new EngineError('the calls were ended by the caller', { code: 'E_ABORTED' }))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  const run: CallRun = {
    model: options.model,
    log,
    budget,
    // A moment's outage meets every call under way at once, so the limit grows with them.
    breaker: createBreaker(options.breakerAfter ?? Math.max(20, 3 * options.concurrency)),
    places: createPlaces(options.concurrency),
    sleep: options.sleep ?? sleepFor,
    maxAttempts: options.maxAttempts,
    maxFaults: options.maxFaults ?? FAULTS_PER_ATTEMPT * options.maxAttempts,
    retryDelayMs: options.retryDelayMs ?? DEFAULT_RETRY_DELAY_MS,
    signal,
    halted: halting.signal,
    stop,
    counts: { attempts: 0, replies: 0, refused: 0, replayed: 0, changed: 0, failures: new Map() },
  }
  return { run, reason: () => reason }
}

/** Never rejects: nobody may be waiting for it yet. What went wrong stops the run and is thrown from there. */
async function startCall<Value>(call: PlannedCall<Value>, run: CallRun): Promise<CallOutcome<Value> | Unfinished> {
  try {
    return await attemptCall(call, run)
  } catch (error) {
    run.stop(error)
    return { kind: 'unfinished' }
  }
}

function createTally() {
  const causes = new Map<string, number>()
  const numbers = { done: 0, quarantined: 0, skipped: 0 }
  return {
    count: (outcome: CallOutcome<unknown>): void => {
      numbers[outcome.kind] += 1
      if (outcome.kind === 'quarantined') causes.set(outcome.cause, (causes.get(outcome.cause) ?? 0) + 1)
    },
    report: ({ counts, log, budget }: CallRun): CallsReport => ({
      planned: numbers.done + numbers.quarantined + numbers.skipped,
      ...numbers,
      attempts: counts.attempts,
      replies: counts.replies,
      refused: counts.refused,
      replayed: counts.replayed,
      interrupted: log.interrupted,
      changed: counts.changed,
      failures: sorted(counts.failures),
      causes: sorted(causes),
      spending: budget.spending,
    }),
  }
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function checkNumbers(options: RunCallsOptions): void {
  const { concurrency, maxAttempts, maxFaults = 1, retryDelayMs = 0, breakerAfter = 1 } = options
  const whole = { concurrency, maxAttempts, maxFaults, breakerAfter }
  for (const [name, value] of Object.entries(whole)) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`${name} must be a whole number from 1, found ${value}`)
  }
  if (!(retryDelayMs >= 0 && retryDelayMs < Number.POSITIVE_INFINITY)) {
    throw new ConfigError(`retryDelayMs must be a number from 0, found ${retryDelayMs}`)
  }
}
