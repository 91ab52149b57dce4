import { setImmediate } from 'node:timers/promises'
import { EngineError } from '../../core/errors.ts'

/** One client's calls, processed in the order they were made. */
export type Lane = {
  /**
   * Runs a piece of work when the lane's earlier work is done and its turn has come.
   *
   * @param work ends with an E_ABORTED error soon after the signal it is given has fired, or runs to its end
   * @param signal takes the work back: out of the queue, or at the next point where the work looks at its own signal
   * @returns what the work returns
   * @throws {EngineError} of code E_ABORTED when `signal` fired first, `closedError` after `close`
   */
  run<Result>(
    work: (signal: AbortSignal) => Result | Promise<Result>,
    signal?: AbortSignal | undefined,
  ): Promise<Result>
  /** Fails waiting work, ends the work under way, then runs `last`; later closes wait for the first. */
  close(last: () => Promise<void>): Promise<void>
}

/** Work of several lanes, one piece at a time: in order within a lane, the lanes taking turns. */
export type Queue = {
  /** A lane that waits for nobody but its own work and one piece of each other lane. */
  openLane(): Lane
}

type Job = {
  /** Runs it to the end; never rejects. */
  readonly run: () => Promise<void>
  /** Ends it: at once when it waits, at its next look at the signal when it runs. */
  readonly end: (error: EngineError) => void
}

/** A queue without lanes. */
export function createQueue(): Queue {
  /** Waiting work of each lane; the lane whose turn is next stands first. */
  const lanes: Job[][] = []
  let isRunning = false

  function takeNext(): Job | undefined {
    const at = lanes.findIndex((waiting) => waiting.length > 0)
    if (at < 0) return undefined
    const [lane = []] = lanes.splice(at, 1)
    lanes.push(lane)
    return lane.shift()
  }
  async function runAll(): Promise<void> {
    if (isRunning) return
    isRunning = true
    // Work enqueued in the same turn by other lanes shall take part in the first choice.
    await undefined
    for (let job = takeNext(); job; job = takeNext()) await job.run()
    isRunning = false
  }
  function openLane(): Lane {
    const waiting: Job[] = []
    lanes.push(waiting)
    const open = new Set<Job>()
    let closing: Promise<void> | undefined

    function enqueue<Result>(
      work: (signal: AbortSignal) => Result | Promise<Result>,
      signal?: AbortSignal,
    ): Promise<Result> {
      return new Promise((resolve, reject) => {
        const job = createJob(work, signal, {
          done: (settle) => {
            open.delete(job)
            settle()
          },
          resolve,
          reject,
          withdraw: () => {
            const at = waiting.indexOf(job)
            if (at >= 0) waiting.splice(at, 1)
            return at >= 0
          },
        })
        open.add(job)
        waiting.push(job)
        void runAll()
      })
    }
    return {
      async run(work, signal) {
        if (closing !== undefined) throw closedError()
        if (signal?.aborted) throw abortedError(signal)
        return enqueue(work, signal)
      },
      close(last) {
        if (closing !== undefined) return closing
        for (const job of [...open]) job.end(closedError())
        closing = enqueue(last).finally(() => lanes.splice(lanes.indexOf(waiting), 1))
        return closing
      },
    }
  }
  return { openLane }
}

type Outcome<Result> = {
  readonly done: (settle: () => void) => void
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
  /** Takes the job out of the queue. @returns whether it still waited */
  readonly withdraw: () => boolean
}

function createJob<Result>(
  work: (signal: AbortSignal) => Result | Promise<Result>,
  signal: AbortSignal | undefined,
  { done, resolve, reject, withdraw }: Outcome<Result>,
): Job {
  const controller = new AbortController()
  let ending: EngineError | undefined
  const onAbort = () => end(abortedError(signal))
  const finish = (settle: () => void) => {
    signal?.removeEventListener('abort', onAbort)
    done(settle)
  }
  function end(error: EngineError): void {
    if (ending !== undefined) return
    ending = error
    if (withdraw()) finish(() => reject(error))
    else controller.abort(error)
  }
  signal?.addEventListener('abort', onAbort)
  async function run(): Promise<void> {
    try {
      const result = await work(controller.signal)
      finish(() => resolve(result))
    } catch (error) {
      // Work that was told to end says so in its own words; the caller hears why.
      const isEnded = error instanceof EngineError && error.code === 'E_ABORTED'
      finish(() => reject(isEnded && ending !== undefined ? ending : error))
    }
  }
  return { run, end }
}

/**
 * Lets timers and messages in, then ends the work if its caller no longer wants it.
 *
 * @throws {EngineError} of code E_ABORTED
 */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  if (signal?.aborted) throw abortedError(signal)
}

/** The error of a call that its caller took back. */
export function abortedError(signal?: AbortSignal | undefined): EngineError {
  return new EngineError('the call was aborted', { code: 'E_ABORTED', cause: signal?.reason })
}

/** The error of a call to an engine after `close`. */
export function closedError(): EngineError {
  return new EngineError('the engine is closed', { hint: 'create a new one' })
}
