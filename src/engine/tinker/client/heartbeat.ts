import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { clock } from '../../../core/clock.ts'
import { API } from '../wire/requests.ts'
import type { Http } from './http.ts'
import type { HeartbeatTrouble } from './watch.ts'

export type Heartbeat = HeartbeatTrouble & {
  /** Sends another key from now on. */
  renew(key: string): void
  stop(): Promise<void>
}

const messageSchema = z.union([
  z.object({ kind: z.literal('alive') }),
  z.object({ kind: z.literal('missed'), why: z.string() }),
])

const MAX_BEAT_MS = 10_000

/** Keeps a session alive from a thread of its own, whatever the main thread is busy with. */
export function startHeartbeat(http: Http, sessionId: string, intervalMs: number): Heartbeat {
  const entry = import.meta.url.endsWith('.ts') ? './heartbeat-from-source.mjs' : './heartbeat-worker.js'
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: {
      url: `${http.baseUrl}${API}/session_heartbeat`,
      sessionId,
      key: http.credentials.header(),
      intervalMs,
      timeoutMs: Math.min(MAX_BEAT_MS, intervalMs * 2),
    },
    // The flags of this process (tsx's, vitest's) are not the worker's.
    execArgv: [],
  })
  let missed: { readonly why: string; readonly sinceMs: number } | undefined
  const miss = (why: string): void => {
    missed = { why: http.credentials.redact(why), sinceMs: missed?.sinceMs ?? clock.monotonicMs() }
  }
  worker.on('message', (value: unknown) => {
    const message = messageSchema.parse(value)
    if (message.kind === 'alive') missed = undefined
    else miss(message.why)
  })
  worker.on('error', (error) => miss(`the heartbeat thread ended: ${error.message}`))
  // A process that has nothing else to do may end.
  worker.unref()
  return {
    trouble: () =>
      missed === undefined
        ? undefined
        : `no heartbeat for ${Math.round((clock.monotonicMs() - missed.sinceMs) / 1000)} s: ${missed.why}`,
    missingMs: () => (missed === undefined ? 0 : clock.monotonicMs() - missed.sinceMs),
    renew: (key) => worker.postMessage(key),
    stop: async () => {
      await worker.terminate()
    },
  }
}
