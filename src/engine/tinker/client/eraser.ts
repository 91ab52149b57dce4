import { FlemingError } from '../../../core/errors.ts'
import { parseTinkerPath } from '../wire/paths.ts'
import type { Connection } from './connection.ts'
import { startOperation } from './operation.ts'
import { submit } from './submit.ts'

/** Gives back what saves have left at a server. What cannot be given back costs disk space there and is told, no more. */
export type Eraser = {
  /** Deletes a checkpoint; one that is gone already is no error. */
  erase(path: string): Promise<void>
  /** Remembers that something stays there. */
  leave(why: string): void
  /** How much was left and why, for the run's record; undefined when nothing was. */
  fact(): string | undefined
}

/** What servers answer that cannot delete: each kind has its own. */
const REFUSALS = [400, 401, 403, 404, 405, 409, 422, 501]

/** An eraser for one session. */
export function createEraser(connection: Connection): Eraser {
  let left = 0
  let reason = ''
  const leave = (why: string): void => {
    left += 1
    reason = why
  }
  return {
    leave,
    fact: () => (left === 0 ? undefined : `${left} checkpoints could not be deleted there: ${reason}`),
    async erase(path) {
      try {
        const refusal = await remove(connection, path)
        if (refusal !== undefined) leave(refusal)
      } catch (error) {
        if (!(error instanceof FlemingError)) throw error
        leave(error.message)
      }
    },
  }
}

/** @returns why not, or undefined when it is not there any more */
async function remove(connection: Connection, path: string): Promise<string | undefined> {
  const { run, kind, name } = parseTinkerPath(path)
  let refusal: string | undefined
  // The official form, and SkyRL's, whose ids hold no slash.
  for (const id of [`${kind}/${name}`, name]) {
    const { answer } = await submit(connection, startOperation('delete checkpoint', connection.timing.requestMs), {
      method: 'DELETE',
      endpoint: `training_runs/${encodeURIComponent(run)}/checkpoints/${id}`,
      accept: REFUSALS,
    })
    if (answer.status < 300) return undefined
    if (answer.status !== 404) refusal ??= `status ${answer.status}: ${connection.http.detail(answer)}`
  }
  return refusal
}
