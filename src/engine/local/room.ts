import { availableMemoryBytes } from './available-memory.ts'
import { checkMemory, type MemoryEstimate } from './model/memory.ts'
import type { SessionPool } from './session.ts'

export type Room = {
  readonly pool: SessionPool
  /** Bytes that may still be allocated; what the computer has free unless told. */
  readonly availableBytes?: (() => number) | undefined
}

/**
 * Sees to it that a run fits, if need be at the cost of what idle sessions keep.
 *
 * @param session key of the session that runs
 * @param remedies what the user may change, as imperatives
 * @throws {EngineError} of code E_MEMORY, with the parts of the estimate, when it does not fit even then
 */
export async function makeRoom(
  { pool, availableBytes = availableMemoryBytes }: Room,
  session: string,
  need: MemoryEstimate,
  remedies: readonly string[],
): Promise<void> {
  const held = pool.heldBytes(session)
  if (need.totalBytes <= held) return
  if (need.totalBytes > held + availableBytes()) await pool.releaseOthers(session)
  checkMemory(need, held + availableBytes(), remedies)
}
