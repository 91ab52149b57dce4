import { parseTinkerPath } from '../wire/paths.ts'
import type { Checkpoint, CheckpointId } from './catalog.ts'
import type { ServerParts } from './context.ts'
import { RequestError } from './errors.ts'
import { type CheckpointKind, checkpointKinds, tinkerPath } from './records.ts'

/**
 * The checkpoint at an address.
 *
 * @throws {DataError} when it is no address
 * @throws {RequestError} 404 when there is none, 400 when it belongs to another base
 */
export function checkpointAt(parts: ServerParts, address: string): Checkpoint {
  const { run: runId, kind, name } = parseTinkerPath(address)
  // SkyRL's short form names a sampler.
  const checkpoint = existing(parts, { runId, kind: kind ?? 'sampler_weights', name })
  checkBase(parts, checkpoint)
  return checkpoint
}

/**
 * The checkpoint a URL names.
 *
 * @throws {RequestError} 404
 */
export function checkpointOf(parts: ServerParts, runId: string, kind: string, name: string): Checkpoint {
  const known = checkpointKinds.find((each): each is CheckpointKind => each === kind)
  if (known === undefined) throw new RequestError(404, `there are no ${kind} here`)
  return existing(parts, { runId, kind: known, name })
}

function existing({ catalog }: ServerParts, id: CheckpointId): Checkpoint {
  const found = catalog.find(id)
  if (found !== undefined) return found
  throw new RequestError(404, `there is no ${tinkerPath(id.runId, id)}`)
}

/** A checkpoint of another base would be read as noise, or not at all. */
function checkBase({ catalog, base, options }: ServerParts, checkpoint: Checkpoint): void {
  const run = catalog.findRun(checkpoint.runId)
  const isSame =
    run?.baseHash != null && base.weightsHash !== undefined
      ? run.baseHash === base.weightsHash
      : run?.baseModel === options.baseModel
  if (isSame) return
  throw new RequestError(400, `${tinkerPath(checkpoint.runId, checkpoint)} was made from another base model`, {
    hint: `it came from ${run?.baseModel ?? 'an unknown one'}, this server runs ${options.baseModel}`,
  })
}

/** @throws {RequestError} 400 unless this server runs the model */
export function checkBaseName({ options }: ServerParts, name: string): void {
  if (name === options.baseModel) return
  throw new RequestError(400, `this server does not run "${name.slice(0, 200)}"`, {
    hint: `it runs ${options.baseModel}`,
  })
}
