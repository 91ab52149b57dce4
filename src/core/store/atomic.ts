import { basename, dirname, join, resolve } from 'node:path'
import { assertNotPoisoned, assertSize, errnoOf, storageError, syncOrPoison, writeFully } from './faults.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

let tempCount = 0

/**
 * Replace a file, or make it. When this returns, the new content survives power loss; at any moment before, a reader or
 * a crash finds the old content or the new one, whole.
 *
 * @throws {StorageError} E_NOSPACE, E_IO (also for a missing directory) or E_POISONED; the old file is then intact
 */
export function putAtomic(file: string, data: string | Uint8Array, fileSystem: FileSystem = nodeFileSystem): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data
  putBlocksAtomic(file, [bytes], bytes.length, fileSystem)
}

/**
 * {@link putAtomic} for content that is too large to hold in one piece.
 *
 * @param blocks made one after the other while they are written; one that throws leaves the old file as it was
 * @param sizeBytes of all blocks together
 * @throws {StorageError} as {@link putAtomic}, and E_IO when the blocks have another size
 */
export function putBlocksAtomic(
  file: string,
  blocks: Iterable<Uint8Array>,
  sizeBytes: number,
  fileSystem: FileSystem = nodeFileSystem,
): void {
  assertNotPoisoned(fileSystem)
  const { temp, fd } = openTemp(file, fileSystem)
  try {
    try {
      for (const block of blocks) writeFully(fd, file, block, fileSystem)
      assertSize(fd, file, sizeBytes, fileSystem)
      syncOrPoison(fd, file, fileSystem, 'sync')
    } finally {
      fileSystem.close(fd)
    }
    fileSystem.rename(temp, file)
  } catch (cause) {
    // First give the space back, so that the error reports what the next attempt will find free.
    discard(temp, fileSystem)
    throw storageError(cause, 'write', file, fileSystem, sizeBytes)
  }
  syncDir(dirname(file), fileSystem)
}

/**
 * Make a directory and its missing parents, durably. Does nothing when it exists.
 *
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
 */
export function ensureDir(dir: string, fileSystem: FileSystem = nodeFileSystem): void {
  assertNotPoisoned(fileSystem)
  let outermost: string | undefined
  try {
    outermost = fileSystem.makeDir(resolve(dir))
  } catch (cause) {
    throw storageError(cause, 'make the directory', dir, fileSystem)
  }
  if (outermost === undefined) return
  // Each new name stands in its parent, so it is the parents that have to be synced.
  for (let made = resolve(dir); ; made = dirname(made)) {
    syncDir(dirname(made), fileSystem)
    if (made === resolve(outermost)) return
  }
}

/**
 * Remove a directory with all it holds; afterwards it is not there, whether it was before or not. Atomic: a crash
 * leaves the whole directory or none under its name, never a sealed stage with a part missing.
 *
 * @throws {StorageError} E_IO or E_POISONED
 */
export function removeDir(dir: string, fileSystem: FileSystem = nodeFileSystem): void {
  assertNotPoisoned(fileSystem)
  const target = resolve(dir)
  const doomed = tempName(target)
  try {
    fileSystem.rename(target, doomed)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return
    throw storageError(cause, 'remove the directory', dir, fileSystem)
  }
  syncDir(dirname(target), fileSystem)
  try {
    fileSystem.removeTree(doomed)
  } catch (cause) {
    throw storageError(cause, 'remove the directory', dir, fileSystem)
  }
}

/**
 * Remove a file, durably; afterwards it is not there, whether it was before or not.
 *
 * @throws {StorageError} E_IO or E_POISONED
 */
export function removeFile(file: string, fileSystem: FileSystem = nodeFileSystem): void {
  assertNotPoisoned(fileSystem)
  let wasThere: boolean
  try {
    wasThere = unlinkIfThere(file, fileSystem)
  } catch (cause) {
    throw storageError(cause, 'remove', file, fileSystem)
  }
  if (wasThere) syncDir(dirname(file), fileSystem)
}

/** Whether a name is one that only a killed writer leaves behind. */
export function isLeftover(name: string): boolean {
  return /^\..*\.tmp-\d+-\d+$/.test(name)
}

/** Make the names in a directory durable. */
export function syncDir(dir: string, fileSystem: FileSystem): void {
  // Windows cannot open a directory to sync it; NTFS journals names by itself.
  if (process.platform === 'win32') return
  let fd: number
  try {
    fd = fileSystem.open(dir, 'r')
  } catch (cause) {
    throw storageError(cause, 'open the directory', dir, fileSystem)
  }
  try {
    syncOrPoison(fd, dir, fileSystem, 'sync')
  } finally {
    fileSystem.close(fd)
  }
}

/** A new, empty, open file beside `file`, for a caller that fills it and gives it its name. */
export function openTemp(file: string, fileSystem: FileSystem): { readonly temp: string; readonly fd: number } {
  for (;;) {
    const temp = tempName(file)
    try {
      return { temp, fd: fileSystem.open(temp, 'wx') }
    } catch (cause) {
      // Left by a killed process that had our id: take the next name.
      if (errnoOf(cause) !== 'EEXIST') throw storageError(cause, 'write', file, fileSystem)
    }
  }
}

/** Whether there was a file to unlink. */
export function unlinkIfThere(file: string, fileSystem: FileSystem): boolean {
  try {
    fileSystem.unlink(file)
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false
    throw cause
  }
}

/** Removes a temp file while an error is on its way; one that stays is removed by the next holder of the lock. */
function discard(temp: string, fileSystem: FileSystem): void {
  try {
    fileSystem.unlink(temp)
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause
  }
}

function tempName(file: string): string {
  return join(dirname(file), `.${basename(file)}.tmp-${process.pid}-${tempCount++}`)
}
