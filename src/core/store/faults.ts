import { dirname } from 'node:path'
import { FlemingError, StorageError } from '../errors.ts'
import type { FileSystem } from './file-system.ts'

/** `errno` names that mean "no room": full disk, used-up quota, limit on the size of a file. */
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

const HINTS: { readonly [errno: string]: string } = {
  EACCES: 'check the owner and the permissions of the directory',
  EPERM: 'check the owner and the permissions of the directory',
  EROFS: 'the file system is mounted read-only: choose another directory',
  EMFILE: 'too many open files: raise `ulimit -n` and run the same command again',
  ENFILE: 'too many open files on this computer: close some programs and run the same command again',
  ENOENT: 'the directory does not exist: make it first',
  EXDEV: 'source and target lie on different file systems',
  EIO: 'the disk reports a fault: check it, then run the same command again; finished work is kept',
}

/** File systems whose last sync failed, and why. The kernel has dropped the pages, so nothing after it can be trusted. */
const poisoned = new WeakMap<FileSystem, StorageError>()

/** The `errno` name of an error of node:fs, or null. */
export function errnoOf(cause: unknown): string | null {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null
}

/** @throws {StorageError} E_POISONED when an earlier sync failed in this process */
export function assertNotPoisoned(fileSystem: FileSystem): void {
  const cause = poisoned.get(fileSystem)
  if (cause === undefined) return
  throw new StorageError(`nothing more is written: ${cause.message}`, {
    code: 'E_POISONED',
    cause,
    hint: 'check the disk, then run the same command again: it reads back what is really there',
  })
}

/**
 * What a failed call means to the user.
 *
 * @param action what was attempted, as in `write` or `rename`
 * @param needBytes size of the whole write, for a full disk
 */
export function storageError(
  cause: unknown,
  action: string,
  file: string,
  fileSystem: FileSystem,
  needBytes?: number,
): StorageError {
  if (cause instanceof StorageError) return cause
  // A block of the caller's own making failed, not the disk.
  if (cause instanceof FlemingError) throw cause
  const errno = errnoOf(cause)
  if (errno === null) throw cause
  if (NO_SPACE.has(errno)) {
    // Free bytes of the disk say nothing about a quota or a limit on file size.
    const haveBytes = errno === 'ENOSPC' ? fileSystem.freeBytes(dirname(file)) : undefined
    const sizes = [
      needBytes === undefined ? '' : `: need ${needBytes} bytes`,
      haveBytes === undefined ? '' : `, have ${haveBytes} bytes`,
    ]
    return new StorageError(`${file}: no space to ${action} (${errno})${sizes.join('')}`, {
      code: 'E_NOSPACE',
      file,
      needBytes,
      haveBytes,
      cause,
      hint: 'free some space and run the same command again; finished work is kept',
    })
  }
  return new StorageError(`${file}: cannot ${action} (${errno})`, {
    code: 'E_IO',
    file,
    cause,
    hint: HINTS[errno] ?? 'check the disk, then run the same command again; finished work is kept',
  })
}

/**
 * Make what was written to an open file durable. A failed sync is never tried again: after it the kernel calls lost
 * pages clean, and a second sync would succeed over a hole (Rebello et al., ATC 2020).
 *
 * @throws {StorageError} E_IO or E_NOSPACE; from then on every write of this process fails with E_POISONED
 */
export function syncOrPoison(fd: number, file: string, fileSystem: FileSystem, kind: 'sync' | 'dataSync'): void {
  try {
    fileSystem[kind](fd)
  } catch (cause) {
    const error = storageError(cause, 'sync', file, fileSystem)
    poisoned.set(fileSystem, error)
    throw error
  }
}

/**
 * Write all of the bytes: one call may take only a part of them, and says so only in what it returns.
 *
 * @throws whatever the file system throws; E_IO when it accepts nothing
 */
export function writeFully(fd: number, file: string, bytes: Uint8Array, fileSystem: FileSystem): void {
  for (let written = 0; written < bytes.length; ) {
    const count = fileSystem.write(fd, bytes.subarray(written))
    if (count <= 0) {
      throw new StorageError(`${file}: the disk accepted ${written} of ${bytes.length} bytes`, { code: 'E_IO', file })
    }
    written += count
  }
}

/** @throws {StorageError} E_IO when an open file is not as long as what was written to it */
export function assertSize(fd: number, file: string, expectedBytes: number, fileSystem: FileSystem): void {
  const foundBytes = fileSystem.sizeOf(fd)
  if (foundBytes === expectedBytes) return
  throw new StorageError(`${file}: expected ${expectedBytes} bytes after the write, found ${foundBytes}`, {
    code: 'E_IO',
    file,
    hint: 'another program writes this file, or the disk loses data; run the same command again',
  })
}
