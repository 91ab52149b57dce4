import { join } from 'node:path'
import { clock } from '../../../core/clock.ts'
import { ensureDir, removeDir, removeFile } from '../../../core/store.ts'
import { isCheckpointName } from '../wire/paths.ts'
import { folderBytes } from './archive.ts'
import {
  CHECKPOINT_FILE,
  type Contents,
  checkpointDirOf,
  readContents,
  writeCheckpoint,
  writeRun,
} from './catalog-files.ts'
import { RequestError } from './errors.ts'
import { type CheckpointKind, type CheckpointRecord, type RunRecord, tinkerPath } from './records.ts'

/** The end of the year 9999. */
const MAX_TIME_MS = Date.UTC(10_000, 0)

/** Which checkpoint of which run. */
export type CheckpointId = { readonly runId: string; readonly kind: CheckpointKind; readonly name: string }

export type Checkpoint = CheckpointId & { readonly record: CheckpointRecord; readonly dir: string }

export type SaveOptions = {
  readonly ttlSeconds?: number | null | undefined
  readonly overwrite?: boolean | undefined
  readonly userMetadata?: Readonly<Record<string, unknown>> | null | undefined
}

export type Catalog = {
  /** Oldest first. */
  runs(): readonly RunRecord[]
  findRun(runId: string): RunRecord | undefined
  putRun(record: RunRecord): void
  /** Of one run, or of all; oldest first. */
  checkpoints(runId?: string): readonly Checkpoint[]
  find(id: CheckpointId): Checkpoint | undefined
  /**
   * Makes a checkpoint of what `write` puts into a folder; whole or absent.
   *
   * @throws {RequestError} 400 when the name is taken or no name, or the time to live reaches beyond the calendar
   */
  save(id: CheckpointId, options: SaveOptions, write: (dir: string) => Promise<void>): Promise<Checkpoint>
  /** @returns whether there was one */
  remove(id: CheckpointId): boolean
  setTtl(id: CheckpointId, ttlSeconds: number | null): Checkpoint | undefined
  /** Checkpoints whose time is over. */
  expired(): readonly Checkpoint[]
}

type Held = Contents & {
  readonly runsDir: string
  /** Addresses that are being saved. */
  readonly saving: Set<string>
  /** Number of the next folder of files: none is used twice, since snapshots in memory go by their folders. */
  nextFolder: number
}

/**
 * Runs and checkpoints in a directory, which outlive the server; what a killed server left half written is removed.
 *
 * @throws {DataError} naming a record that cannot be read
 */
export function openCatalog(dir: string): Catalog {
  const runsDir = join(dir, 'runs')
  ensureDir(runsDir)
  const { runs, checkpoints } = readContents(runsDir)
  const used = [...checkpoints.values()].map(({ record }) => Number(record.folder.slice('data-'.length)))
  const held: Held = {
    runs,
    checkpoints,
    runsDir,
    saving: new Set(),
    nextFolder: used.reduce((most, number) => Math.max(most, number + 1), 0),
  }
  return {
    runs: () => byTime([...runs.values()], (run) => run.createdAt),
    findRun: (runId) => runs.get(runId),
    putRun(record) {
      writeRun(runsDir, record)
      runs.set(record.runId, record)
    },
    checkpoints: (runId) =>
      byTime(
        [...checkpoints.values()].filter((checkpoint) => runId === undefined || checkpoint.runId === runId),
        ({ record }) => record.createdAt,
      ),
    find: (id) => checkpoints.get(tinkerPath(id.runId, id)),
    save: (id, options, write) => save(held, id, options, write),
    remove: (id) => remove(held, id),
    setTtl(id, ttlSeconds) {
      const found = checkpoints.get(tinkerPath(id.runId, id))
      return found && put(held, id, { ...found.record, expiresAt: expiry(ttlSeconds) })
    },
    expired() {
      const now = clock.now().toISOString()
      return [...checkpoints.values()].filter(({ record }) => record.expiresAt !== null && record.expiresAt <= now)
    },
  }
}

function put({ checkpoints, runsDir }: Held, id: CheckpointId, record: CheckpointRecord): Checkpoint {
  const checkpoint = writeCheckpoint(runsDir, id, record)
  checkpoints.set(tinkerPath(id.runId, id), checkpoint)
  return checkpoint
}

async function save(
  held: Held,
  id: CheckpointId,
  { ttlSeconds = null, overwrite = false, userMetadata = null }: SaveOptions,
  write: (dir: string) => Promise<void>,
): Promise<Checkpoint> {
  checkName(id.name)
  const address = tinkerPath(id.runId, id)
  if (held.saving.has(address) || (held.checkpoints.has(address) && !overwrite)) throw nameTaken(id)
  const createdAt = clock.now().toISOString()
  const expiresAt = expiry(ttlSeconds)
  const folder = `data-${held.nextFolder++}`
  const target = join(checkpointDirOf(held.runsDir, id), folder)
  held.saving.add(address)
  let old: Checkpoint | undefined
  try {
    ensureDir(target)
    await write(target)
    const sizeBytes = folderBytes(target)
    const metadata = userMetadata === null ? null : { ...userMetadata }
    // Not before: it may have been deleted while the new one was written.
    old = held.checkpoints.get(address)
    const record = { kind: id.kind, name: id.name, folder, createdAt, expiresAt, sizeBytes, userMetadata: metadata }
    return put(held, id, record)
  } catch (cause) {
    removeDir(held.checkpoints.has(address) ? target : checkpointDirOf(held.runsDir, id))
    throw cause
  } finally {
    held.saving.delete(address)
    if (old !== undefined && held.checkpoints.get(address) !== old) removeDir(old.dir)
  }
}

function remove({ checkpoints, saving, runsDir }: Held, id: CheckpointId): boolean {
  const address = tinkerPath(id.runId, id)
  const found = checkpoints.get(address)
  if (found === undefined) return false
  checkpoints.delete(address)
  const dir = checkpointDirOf(runsDir, id)
  // First the record, without which the files are no checkpoint. What is being saved under the name meanwhile stays.
  removeFile(join(dir, CHECKPOINT_FILE))
  removeDir(saving.has(address) ? found.dir : dir)
  return true
}

function byTime<Item>(items: readonly Item[], timeOf: (item: Item) => string): readonly Item[] {
  return [...items].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0))
}

function expiry(ttlSeconds: number | null): string | null {
  if (ttlSeconds === null) return null
  const end = new Date(clock.now().getTime() + ttlSeconds * 1000)
  // Years beyond four digits would neither sort nor parse as the others do.
  if (end.getTime() < MAX_TIME_MS) return end.toISOString()
  throw new RequestError(400, `a time to live of ${ttlSeconds} s reaches beyond the calendar`)
}

/** @throws {RequestError} 400 */
export function checkName(name: string): void {
  if (isCheckpointName(name)) return
  throw new RequestError(400, 'a checkpoint name is letters, digits, ".", "_" and "-", and does not start with a sign')
}

export function nameTaken(id: CheckpointId): RequestError {
  return new RequestError(400, `${tinkerPath(id.runId, id)} exists`, { hint: 'choose another name, or overwrite it' })
}
