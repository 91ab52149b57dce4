import { clock } from '../../../core/clock.ts'
import { contentId } from '../../../core/hash.ts'
import { RequestError } from './errors.ts'

/** What a number of a session was used for. */
export type Used = { readonly hash: string; readonly id: string }

export type Session = {
  readonly id: string
  readonly createdAt: string
  readonly userMetadata: Readonly<Record<string, unknown>> | null
  readonly modelIds: Set<string>
  readonly samplerIds: Set<string>
  /** By `model_seq_id`. */
  readonly models: Map<number, Used>
  /** By `sampling_session_seq_id`. */
  readonly samplers: Map<number, Used>
  lastSeenMs: number
}

export type Sessions = {
  open(userMetadata: Readonly<Record<string, unknown>> | null): Session
  /**
   * A session, which counts as a sign of life.
   *
   * @throws {RequestError} 410 when it is over, 404 when there was none
   */
  find(id: string): Session
  all(): readonly Session[]
  /** Those without a sign of life for too long. */
  expired(): readonly Session[]
  /** Counts now as a sign of life of all: while the server itself stood still, none could be heard. */
  refreshAll(): void
  /** @param why it ended, for whoever still asks for it */
  end(id: string, why: string): void
}

/** Sessions of clients: what they own lives as long as they do. */
export function createSessions(timeoutMs: number): Sessions {
  const sessions = new Map<string, Session>()
  const endings = new Map<string, string>()
  let count = 0
  return {
    open(userMetadata) {
      count += 1
      const createdAt = clock.now().toISOString()
      // Runs of earlier servers stay in the directory, so the moment and the process have to tell sessions apart.
      const id = contentId('session', { createdAt, pid: process.pid, startedMs: clock.monotonicMs(), count })
      const session: Session = {
        id,
        createdAt,
        userMetadata,
        modelIds: new Set(),
        samplerIds: new Set(),
        models: new Map(),
        samplers: new Map(),
        lastSeenMs: clock.monotonicMs(),
      }
      sessions.set(id, session)
      return session
    },
    find(id) {
      const session = sessions.get(id)
      if (session !== undefined) {
        session.lastSeenMs = clock.monotonicMs()
        return session
      }
      const ending = endings.get(id)
      if (ending !== undefined) throw new RequestError(410, `session ${id} is over: ${ending}`)
      throw new RequestError(404, 'no session has this id', { hint: 'the server may have been restarted' })
    },
    all: () => [...sessions.values()],
    expired: () => [...sessions.values()].filter(({ lastSeenMs }) => clock.monotonicMs() - lastSeenMs > timeoutMs),
    refreshAll() {
      for (const session of sessions.values()) session.lastSeenMs = clock.monotonicMs()
    },
    end(id, why) {
      sessions.delete(id)
      endings.set(id, why)
    },
  }
}
