import type { FrozenClient, ModelHost } from '../../types.ts'

/** A client that stays open until it is given back. */
export type Lease = { readonly client: FrozenClient; release(): Promise<void> }

export type Snapshots = {
  /** @throws what the engine throws when the folder cannot be opened */
  lease(dir: string): Promise<Lease>
  /** Closes the snapshot of a folder that is about to go. */
  drop(dir: string): Promise<void>
  close(): Promise<void>
}

type Open = { readonly client: Promise<FrozenClient>; leases: number; isDropped: boolean }

/**
 * Snapshots opened when they are first sampled, the most recently used of them kept open.
 *
 * @param maxOpen of those that nobody is using at the moment
 */
export function createSnapshots(host: ModelHost, maxOpen: number): Snapshots {
  // In the order of use.
  const open = new Map<string, Open>()
  async function closeIfUnused(dir: string, entry: Open): Promise<void> {
    if (entry.leases > 0) return
    if (open.get(dir) === entry) open.delete(dir)
    await (await entry.client).close()
  }
  async function closeExcess(): Promise<void> {
    const unused = [...open].filter(([, { leases }]) => leases === 0)
    for (const [dir, entry] of unused.slice(0, Math.max(0, open.size - maxOpen))) await closeIfUnused(dir, entry)
  }
  return {
    async lease(dir) {
      const entry = open.get(dir) ?? { client: host.openSnapshot(dir), leases: 0, isDropped: false }
      open.delete(dir)
      open.set(dir, entry)
      entry.leases += 1
      try {
        const client = await entry.client
        let isHeld = true
        await closeExcess()
        return {
          client,
          async release() {
            if (!isHeld) return
            isHeld = false
            entry.leases -= 1
            if (entry.isDropped) await closeIfUnused(dir, entry)
            else await closeExcess()
          },
        }
      } catch (cause) {
        // What could not be opened is tried anew the next time.
        if (open.get(dir) === entry) open.delete(dir)
        throw cause
      }
    },
    async drop(dir) {
      const entry = open.get(dir)
      if (entry === undefined) return
      open.delete(dir)
      entry.isDropped = true
      await closeIfUnused(dir, entry)
    },
    async close() {
      const entries = [...open.values()]
      open.clear()
      for (const { client } of entries) await (await client).close()
    },
  }
}
