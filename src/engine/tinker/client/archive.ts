import { EngineError } from '../../../core/errors.ts'
import { parseBody } from '../wire/json.ts'
import { parseTinkerPath, type SamplerPath } from '../wire/paths.ts'
import { archiveResponse } from '../wire/responses.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { type Answer, isJson } from './http.ts'
import { deadlineError, type Operation, remainingMs, startOperation } from './operation.ts'
import { openStaging } from './staging.ts'
import { assertReachable, backoffMs, jsonOf, noteSilence, submit, waitOut } from './submit.ts'
import { unpackTar } from './tar.ts'

/** Reads an archive while it comes. */
type Consume = (body: AsyncIterable<Uint8Array>) => Promise<void>

/**
 * Writes the weights of a saved sampler into a folder: PEFT files, or a whole model where the server saves one. They are
 * unpacked while they come, so that neither memory nor a second copy on the disk is needed, and get their names when all are
 * there.
 *
 * @throws {EngineError} when the server does not have it, or the archive is not ready in time
 * @throws {DataError} when the archive is damaged, or tries to write outside the folder
 * @throws {StorageError} E_NOSPACE when the disk cannot take a file of it
 */
export async function downloadSampler(
  connection: Connection,
  dialect: Dialect,
  path: SamplerPath,
  dir: string,
): Promise<void> {
  const operation = startOperation('archive', connection.timing.deadlineMs)
  const staging = openStaging(dir, (sizeBytes) => {
    operation.lastEvent = `${(sizeBytes / 1e6).toFixed(1)} MB have come`
  })
  try {
    await fetchArchive(connection, operation, endpointOf(path, dialect), async (body) => {
      // Called again when a connection broke in the middle.
      staging.restart()
      await unpackTar(body, staging)
    })
    staging.commit()
  } finally {
    staging.discard()
  }
}

function endpointOf(path: SamplerPath, dialect: Dialect): string {
  const { run, name } = parseTinkerPath(path)
  const id = dialect.archiveId === 'name' ? name : `sampler_weights/${name}`
  return `training_runs/${encodeURIComponent(run)}/checkpoints/${id}/archive`
}

/** The archive itself, or wherever the server points to, as soon as it is built. */
async function fetchArchive(
  connection: Connection,
  operation: Operation,
  endpoint: string,
  consume: Consume,
): Promise<void> {
  const { answer } = await submit(connection, operation, {
    method: 'GET',
    endpoint,
    consume,
    requestMs: connection.timing.deadlineMs,
    accept: [301, 302, 303, 307, 308],
  })
  const location = answer.status >= 300 ? answer.headers.get('location') : locationOf(answer)
  if (answer.status >= 300 && location === null) throw new EngineError('the server redirects to nowhere')
  if (location === null) return
  const url = new URL(location, `${connection.http.baseUrl}/`)
  await connection.watch.during(operation, () => fetchAddress(connection, operation, url, consume))
}

function locationOf(answer: Answer): string | null {
  return isJson(answer.headers) ? parseBody(archiveResponse, jsonOf(answer, 'archive'), 'archive').url : null
}

/** @throws {EngineError} when the address is not http, or does not answer in time */
async function fetchAddress(connection: Connection, operation: Operation, url: URL, consume: Consume): Promise<void> {
  if (!/^https?:$/.test(url.protocol)) throw new EngineError(`the server points to ${url.protocol}, not to http`)
  for (let attempt = 0; ; attempt += 1) {
    if (remainingMs(operation) <= 0) throw deadlineError(operation)
    const reply = await connection.http.send({
      method: 'GET',
      // A whole address is asked without the key, even if it is the server's own.
      path: url.href,
      timeoutMs: Math.max(1, remainingMs(operation)),
      consume,
    })
    if (reply.kind === 'silence') {
      noteSilence(operation, reply, true)
      assertReachable(connection, operation)
    } else if (reply.status === 200 && !isJson(reply.headers)) return
    else {
      operation.lastEvent = `status ${reply.status}`
      if (reply.status < 500 && reply.status !== 429) {
        throw new EngineError(`the archive was refused with status ${reply.status}: ${connection.http.detail(reply)}`, {
          status: reply.status,
        })
      }
    }
    await waitOut(backoffMs(operation, attempt, connection.timing), remainingMs(operation), undefined, operation)
  }
}
