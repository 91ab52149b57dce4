import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { clock } from '../../../core/clock.ts'
import type { ServerContext } from './context.ts'
import { startSweeping } from './lifecycle.ts'
import { createSessions } from './sessions.ts'

const INTERVAL_MS = 1000
let nowMs = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(clock, 'monotonicMs').mockImplementation(() => nowMs)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function trial() {
  const sessions = createSessions(4 * INTERVAL_MS)
  const context = {
    sessions,
    futures: { dropSession: () => {} },
    samplers: { removeStale: () => {} },
    catalog: { expired: () => [] },
    log: () => {},
    report: (error: unknown) => expect.unreachable(String(error)),
  } as unknown as ServerContext
  const session = sessions.open(null)
  const stop = startSweeping(context, INTERVAL_MS)
  /** The timer fires, so long after it fired the last time. */
  const sweepAfter = async (ms: number): Promise<readonly string[]> => {
    nowMs += ms
    await vi.advanceTimersByTimeAsync(INTERVAL_MS)
    return sessions.all().map(({ id }) => id)
  }
  return { session, sweepAfter, stop }
}

describe('sweeps', () => {
  test('in time end a session that has been silent for too long', async () => {
    const { session, sweepAfter, stop } = trial()
    for (let sweep = 0; sweep < 4; sweep += 1) expect(await sweepAfter(INTERVAL_MS)).toEqual([session.id])
    expect(await sweepAfter(INTERVAL_MS)).toEqual([])
    stop()
  })

  test('that are late by more than their interval end none, and give each its whole time again', async () => {
    const { session, sweepAfter, stop } = trial()
    expect(await sweepAfter(60_000)).toEqual([session.id])
    for (let sweep = 0; sweep < 4; sweep += 1) expect(await sweepAfter(INTERVAL_MS)).toEqual([session.id])
    // A little late is no standstill.
    expect(await sweepAfter(1.9 * INTERVAL_MS)).toEqual([])
    stop()
  })
})
