import { basename, dirname, resolve } from 'node:path'
import { AuditError, ConfigError, DataError, EngineError } from '../../../core/errors.ts'
import { contentId } from '../../../core/hash.ts'
import { downloadSampler } from './archive.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { Eraser } from './eraser.ts'
import type { Handle } from './handle.ts'
import { describeState, type RemoteModel } from './model.ts'
import { findPointer, readPointer, removePointer, type StatePointer, writePointer } from './pointer.ts'
import type { Rollouts } from './rollouts.ts'
import type { Scaler } from './scaling.ts'

export type SavingParts = {
  readonly connection: Connection
  readonly dialect: Dialect
  readonly handle: Handle
  readonly rollouts: Rollouts
  readonly scaler: Scaler
  readonly eraser: Eraser
  readonly baseModel: string
  readonly rank: number
}

/** A name that no other save has: servers refuse a second one of the same. */
function saveName(kind: 'state' | 'weights', { handle }: SavingParts, dir: string, model: RemoteModel): string {
  return contentId(kind, { dir: resolve(dir), model: model.id, steps: handle.steps, save: handle.nextSave() })
}

/** Saves a state at the server, and a pointer to it in the folder; the state that it pointed to before is given back. */
export async function saveRemoteState(parts: SavingParts, dir: string): Promise<void> {
  const { connection, dialect, handle, baseModel, rank } = parts
  handle.assertSound(false)
  const before = handle.settled()
  const replaced = ownPointer(parts, dir)
  removePointer(dir)
  const model = await handle.current()
  const step = handle.steps
  const path = await model.saveState(saveName('state', parts, dir, model))
  // A step before this save may turn out to be in doubt only now: then nobody knows what was saved.
  await before
  handle.assertSound(false)
  writePointer(dir, { server: connection.http.baseUrl, serverKind: dialect.kind, path, step, baseModel, rank })
  if (replaced !== undefined && replaced.path !== path) await parts.eraser.erase(replaced.path)
}

/** Gives back the state that a folder points to; the folder holds none afterwards. */
export async function forgetRemoteState(parts: SavingParts, dir: string): Promise<void> {
  parts.handle.assertOpen()
  const pointer = ownPointer(parts, dir)
  if (pointer === undefined) return
  await parts.eraser.erase(pointer.path)
  removePointer(dir)
}

/** Where the state of a folder lies, if it lies at this server. What cannot be given back is remembered. */
function ownPointer({ connection, eraser }: SavingParts, dir: string): StatePointer | undefined {
  try {
    const pointer = findPointer(dir)
    if (pointer === undefined || pointer.server === connection.http.baseUrl) return pointer
    eraser.leave(`${pointer.path} lies at ${pointer.server}`)
  } catch (error) {
    // The folder is about to be overwritten or removed: a damaged pointer hurts nobody any more.
    if (!(error instanceof AuditError || error instanceof DataError)) throw error
    eraser.leave(error.message)
  }
  return undefined
}

/** Loads the state that a folder points to. */
export async function loadRemoteState(parts: SavingParts, dir: string, optimizer: boolean): Promise<void> {
  const { connection, handle, baseModel, rank } = parts
  handle.assertOpen()
  const pointer = readPointer(dir, { baseModel, rank })
  await replaceBy(parts, optimizer ? pointer.step : 0, async (old) => {
    await assertExists(connection, pointer, dir)
    return handle.exchange(old, pointer.path, optimizer)
  })
}

/** Saves the weights and loads them without the optimizer: the one way that every server has to forget it. */
export async function resetRemoteOptimizer(parts: SavingParts): Promise<void> {
  const { handle } = parts
  handle.assertSound(false)
  await replaceBy(parts, 0, async (old) => {
    const path = await old.saveState(saveName('state', parts, 'reset', old))
    const fresh = await handle.exchange(old, path, false)
    await parts.eraser.erase(path)
    return fresh
  })
}

/** Puts another model in the place of this one. */
async function replaceBy(
  { handle, rollouts, scaler }: SavingParts,
  steps: number,
  make: (old: RemoteModel) => Promise<RemoteModel>,
): Promise<void> {
  await handle.replace(async (old) => {
    const model = await make(old)
    rollouts.outdate()
    scaler.endStep()
    handle.steps = steps
    return model
  })
}

/**
 * Writes the trained weights into a folder, as the server keeps them.
 *
 * @throws {ConfigError} when they shall be merged, which no server does
 */
export async function saveRemoteWeights(parts: SavingParts, dir: string, isMerged: boolean): Promise<void> {
  const { connection, dialect, handle } = parts
  handle.assertSound(false)
  if (isMerged) {
    throw new ConfigError('a Tinker server hands out weights as it keeps them, not merged', {
      hint: 'save the adapter and merge it with a local copy of the base model',
    })
  }
  const model = await handle.current()
  const saved = await model.saveForSampler(saveName('weights', parts, dir, model))
  if (saved.kind !== 'path') throw new EngineError('the server did not keep the weights under their name')
  await downloadSampler(connection, dialect, saved.path, dir)
  // The folder is what was asked for; nobody would ever find the server's copy again.
  await parts.eraser.erase(saved.path)
}

/**
 * Loads weights of a folder that the server can read as well.
 *
 * @throws {ConfigError} when this kind of server takes none
 */
export async function loadRemoteWeights(parts: SavingParts, dir: string): Promise<void> {
  const { dialect, handle } = parts
  handle.assertOpen()
  if (!dialect.loadsFolders) {
    throw new ConfigError(`a ${dialect.kind} server takes no weights from a folder`, {
      hint: 'resume from a state that it saved, or start from a base model that has these weights',
    })
  }
  await replaceBy(parts, 0, (old) => handle.exchange(old, `file://${resolve(dir)}`, false))
}

/** @throws {DataError} when the server does not have the state that a folder points to, with the way on */
async function assertExists(connection: Connection, { path, server }: StatePointer, dir: string): Promise<void> {
  try {
    await describeState(connection, path)
  } catch (error) {
    if (!(error instanceof EngineError && (error.status === 404 || error.status === 400))) throw error
    const { baseUrl } = connection.http
    const stage = stageOf(dir)
    const where =
      server === baseUrl
        ? 'it expired or was deleted there'
        : `it was saved at ${server}: set engine.tinker.url to it, or`
    const how = `delete the folder ${stage} and run the same command again: that stage is made anew, since its weights were at the server alone`
    throw new DataError(`${baseUrl} does not have ${path}, which this folder points to`, {
      file: dir,
      cause: error,
      hint: server === baseUrl ? `${where}; ${how}` : `${where} ${how}`,
    })
  }
}

/** The folder of the stage that a state belongs to: runs keep it as `final`, and under `checkpoints` on the way there. */
function stageOf(dir: string): string {
  const full = resolve(dir)
  if (basename(dirname(full)) === 'checkpoints') return dirname(dirname(full))
  return basename(full) === 'final' ? dirname(full) : full
}
