import { clock } from '../../../core/clock.ts'
import type { ServerContext } from './context.ts'
import type { Session } from './sessions.ts'

/** Frees what a session holds: its models, samplers, unnamed snapshots and results. Its checkpoints stay. */
export async function endSession(context: ServerContext, session: Session, why: string): Promise<void> {
  const { sessions, futures, models, samplers, log } = context
  sessions.end(session.id, why)
  futures.dropSession(session.id)
  for (const id of session.modelIds) await models.unload(id, why)
  for (const id of session.samplerIds) await samplers.remove(id)
  log(`${session.id}: over, ${why}`)
}

/** Ends sessions without a sign of life and removes checkpoints whose time is over. */
export async function sweep(context: ServerContext): Promise<void> {
  const { sessions, catalog, snapshots, samplers, log } = context
  for (const session of sessions.expired()) await endSession(context, session, 'its client sent no heartbeat')
  const expired = catalog.expired()
  for (const checkpoint of expired) {
    catalog.remove(checkpoint)
    await snapshots.drop(checkpoint.dir)
    log(`${checkpoint.kind}/${checkpoint.name} of ${checkpoint.runId}: expired`)
  }
  samplers.removeStale()
}

/**
 * Sweeps at intervals. A sweep that is late by more than an interval ends no session: the server was stopped or busy, and
 * heard no heartbeat meanwhile.
 *
 * @returns what ends it
 */
export function startSweeping(context: ServerContext, intervalMs: number): () => void {
  let dueMs = clock.monotonicMs() + intervalMs
  const timer = setInterval(() => {
    const nowMs = clock.monotonicMs()
    if (nowMs - dueMs > intervalMs) {
      context.log(`the server stood still for ${((nowMs - dueMs) / 1000).toFixed(1)} s: its sessions go on`)
      context.sessions.refreshAll()
    }
    dueMs = nowMs + intervalMs
    void sweep(context).catch(context.report)
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
