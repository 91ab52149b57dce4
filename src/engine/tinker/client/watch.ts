import { clock } from '../../../core/clock.ts'
import { type Operation, type Progress, progressOf } from './operation.ts'

/** What is known of a session's heartbeats. */
export type HeartbeatTrouble = {
  /** What went wrong and for how long, or undefined while the server answers. */
  trouble(): string | undefined
  /** Milliseconds since the server last took one; 0 while it answers. */
  missingMs(): number
}

/** Tells whoever asked for it what is being waited for, so that a long wait is never a silent one. */
export type Watch = {
  /** Runs `work`, which is reported when it takes long. */
  during<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result>
  /** From now on reports say what the heartbeats suffer, and a heart that stops is reported by itself. */
  observe(heartbeat: HeartbeatTrouble): void
  stop(): void
}

const MAX_TICK_MS = 1000

/**
 * A watch over all operations of a link. It reports the one that has waited longest, so that a hundred samples that wait for
 * the same server are one report.
 *
 * @param progressMs what takes longer is reported, and again after every such time
 */
export function createWatch(progressMs: number, onProgress: ((progress: Progress) => void) | undefined): Watch {
  const active = new Set<Operation>()
  let heartbeat: HeartbeatTrouble | undefined
  let timer: NodeJS.Timeout | undefined
  let toldMs = Number.NEGATIVE_INFINITY
  function tick(): void {
    if (clock.monotonicMs() - toldMs < progressMs) return
    const progress = longest(active, progressMs, heartbeat?.trouble()) ?? beatless(heartbeat, progressMs)
    if (progress === undefined) return
    toldMs = clock.monotonicMs()
    onProgress?.(progress)
  }
  function start(): void {
    if (onProgress === undefined) return
    timer ??= setInterval(tick, Math.min(MAX_TICK_MS, progressMs)).unref()
  }
  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }
  return {
    async during(operation, work) {
      active.add(operation)
      start()
      try {
        return await work()
      } finally {
        active.delete(operation)
        if (active.size === 0 && heartbeat === undefined) stop()
      }
    },
    observe(beat) {
      heartbeat = beat
      start()
    },
    stop() {
      heartbeat = undefined
      stop()
    },
  }
}

function longest(active: ReadonlySet<Operation>, leastMs: number, trouble: string | undefined): Progress | undefined {
  const [first] = [...active].sort((a, b) => a.startedMs - b.startedMs)
  if (first === undefined) return undefined
  const progress = progressOf(first, trouble)
  return progress.elapsedMs < leastMs ? undefined : progress
}

function beatless(heartbeat: HeartbeatTrouble | undefined, leastMs: number): Progress | undefined {
  const elapsedMs = heartbeat?.missingMs() ?? 0
  if (elapsedMs < leastMs) return undefined
  const trouble = heartbeat?.trouble()
  return {
    operation: 'session_heartbeat',
    requestId: undefined,
    elapsedMs,
    since: new Date(clock.now().getTime() - elapsedMs),
    queueState: undefined,
    queueReason: undefined,
    lastEvent: trouble,
    heartbeat: trouble,
  }
}
