import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { removeDir } from '../../../core/store.ts'
import type { Snapshots } from './snapshots.ts'

/**
 * Unnamed snapshots of models, by the id of their sampler: where they lie, who uses them, and when they go. Every training
 * step of a client may leave one, so their number is bounded while a session lasts, too.
 */
export type Ephemerals = {
  /** Where a snapshot's weights lie or are to be written. */
  dirOf(id: string): string
  has(id: string): boolean
  /** Takes a snapshot that has been written, and removes those of the run that were used longest ago beyond the limit. */
  added(id: string, runId: string): Promise<void>
  /** Does work that needs the snapshot, which stays until it has ended. */
  use<Result>(id: string, work: () => Promise<Result>): Promise<Result>
  /** Removes the snapshots of a run, those in use when they no longer are. */
  dropRun(runId: string): Promise<void>
  remove(id: string): Promise<void>
  /** Calls back when a snapshot is gone. */
  onRemove(listener: (id: string) => void): void
}

type Entry = { readonly runId: string; users: number; isDoomed: boolean }

/**
 * Unnamed snapshots under a folder; those of an earlier server are removed.
 *
 * @param limits.maxEphemeralSnapshots of one run, besides those in use
 */
export function createEphemerals(
  dir: string,
  limits: { readonly maxEphemeralSnapshots: number },
  snapshots: Pick<Snapshots, 'drop'>,
): Ephemerals {
  removeDir(dir)
  // In the order of their last use.
  const entries = new Map<string, Entry>()
  const listeners: ((id: string) => void)[] = []
  const dirOf = (id: string): string => join(dir, id)
  async function remove(id: string): Promise<void> {
    entries.delete(id)
    // First the files: nobody can open the snapshot any more while it is being closed.
    removeDir(dirOf(id))
    for (const listener of listeners) listener(id)
    await snapshots.drop(dirOf(id))
  }
  async function prune(runId: string): Promise<void> {
    const idle = [...entries].filter(([, entry]) => entry.runId === runId && entry.users === 0)
    const excess = Math.max(0, idle.length - limits.maxEphemeralSnapshots)
    for (const [at, [id, { isDoomed }]] of idle.entries()) if (isDoomed || at < excess) await remove(id)
  }
  return {
    dirOf,
    has: (id) => existsSync(dirOf(id)),
    async added(id, runId) {
      entries.set(id, { runId, users: 0, isDoomed: false })
      await prune(runId)
    },
    async use(id, work) {
      const entry = entries.get(id)
      if (entry === undefined) return work()
      entry.users += 1
      entries.delete(id)
      entries.set(id, entry)
      try {
        return await work()
      } finally {
        entry.users -= 1
        await prune(entry.runId)
      }
    },
    async dropRun(runId) {
      for (const entry of entries.values()) if (entry.runId === runId) entry.isDoomed = true
      await prune(runId)
    },
    remove,
    onRemove(listener) {
      listeners.push(listener)
    },
  }
}
