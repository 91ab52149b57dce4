import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError, StorageError } from '../errors.ts'
import { formatJson, parseJson } from '../json.ts'
import { isLeftover, openTemp, unlinkIfThere } from './atomic.ts'
import { assertNotPoisoned, errnoOf, storageError, writeFully } from './faults.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

const LOCK_FILE = 'lock'

export type Lock = {
  /** Let the next writer in. Does nothing the second time. */
  release(): void
}

/** Which process of which boot; start and boot are null where the computer has no /proc. */
type Owner = { readonly pid: number; readonly startTicks: string | null; readonly bootId: string | null }

/**
 * The sole right to write in a directory and below, until released or until this process ends.
 *
 * A lock whose process is gone heals itself, and what that process left half written is removed. Process ids are reused,
 * so an owner is its id, its start time and the boot of the computer.
 *
 * @throws {StorageError} E_LOCKED naming the process that holds it
 */
export function acquireLock(dir: string, fileSystem: FileSystem = nodeFileSystem): Lock {
  assertNotPoisoned(fileSystem)
  const file = join(dir, LOCK_FILE)
  const text = formatJson(ownerOf(process.pid))
  while (!tryCreate(file, text, fileSystem)) healOrThrow(file, fileSystem)
  removeLeftovers(dir, fileSystem)
  let isHeld = true
  return {
    release: () => {
      if (!isHeld) return
      isHeld = false
      try {
        if (readText(file) === text) unlinkIfThere(file, fileSystem)
      } catch (cause) {
        throw storageError(cause, 'release the lock', file, fileSystem)
      }
    },
  }
}

/** Creates the lock with its text in one step: a lock that is there is never empty, even for a moment. */
function tryCreate(file: string, text: string, fileSystem: FileSystem): boolean {
  const { temp, fd } = openTemp(file, fileSystem)
  try {
    try {
      writeFully(fd, file, Buffer.from(text), fileSystem)
    } finally {
      fileSystem.close(fd)
    }
    fileSystem.link(temp, file)
    return true
  } catch (cause) {
    // ENOENT: the present holder took our temp file for a leftover.
    if (errnoOf(cause) === 'EEXIST' || errnoOf(cause) === 'ENOENT') return false
    throw storageError(cause, 'lock', file, fileSystem)
  } finally {
    unlinkIfThere(temp, fileSystem)
  }
}

function healOrThrow(file: string, fileSystem: FileSystem): void {
  const seen = readText(file)
  if (seen === null) return
  const owner = parseOwner(seen, file)
  if (owner !== null && isAlive(owner)) throwLocked(file, owner.pid)
  // Two processes may both find the lock stale. Moving it away is a race that one of them wins; the other may move the
  // winner's fresh lock, sees that from its text, and puts it back.
  const { temp: moved, fd } = openTemp(file, fileSystem)
  fileSystem.close(fd)
  try {
    fileSystem.rename(file, moved)
    const found = readText(moved)
    if (found !== seen) fileSystem.link(moved, file)
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno !== 'ENOENT' && errno !== 'EEXIST') throw storageError(cause, 'heal the lock', file, fileSystem)
  } finally {
    unlinkIfThere(moved, fileSystem)
  }
}

function throwLocked(file: string, pid: number): never {
  throw new StorageError(`${file}: held by process ${pid}`, {
    code: 'E_LOCKED',
    file,
    hint: `wait for process ${pid} to end, or use another directory`,
  })
}

function isAlive(owner: Owner): boolean {
  if (owner.bootId !== bootId()) return false
  try {
    process.kill(owner.pid, 0)
  } catch (cause) {
    // EPERM: it lives, and belongs to another user.
    if (errnoOf(cause) === 'ESRCH') return false
    if (errnoOf(cause) !== 'EPERM') throw cause
  }
  return ownerOf(owner.pid).startTicks === owner.startTicks
}

function ownerOf(pid: number): Owner {
  const stat = readText(`/proc/${pid}/stat`)
  // The name of the program may hold spaces and brackets: count from its last one. Then come the state (field 3) and,
  // as field 22, the start time. A zombie has ended; only its parent has not taken note.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTicks = fields?.[0] === 'Z' ? null : (fields?.[19] ?? null)
  return { pid, startTicks, bootId: bootId() }
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null
}

/** The owner that a lock names, or null: its text is not synced, so power loss may leave a lock without one. */
function parseOwner(text: string, file: string): Owner | null {
  try {
    const value = parseJson(text, { file }) as Partial<Owner> | null
    if (!Number.isSafeInteger(value?.pid)) return null
    return { pid: Number(value?.pid), startTicks: value?.startTicks ?? null, bootId: value?.bootId ?? null }
  } catch (cause) {
    if (cause instanceof DataError) return null
    throw cause
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ESRCH') return null
    throw cause
  }
}

function removeLeftovers(dir: string, fileSystem: FileSystem): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (isLeftover(entry.name)) fileSystem.removeTree(path)
    else if (entry.isDirectory()) removeLeftovers(path, fileSystem)
  }
}
