import { dirname } from 'node:path'
import { syncDir } from './atomic.ts'
import { assertNotPoisoned, assertSize, storageError, syncOrPoison, writeFully } from './faults.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

/** A file that grows over several attempts until it is whole and gets its name. */
export type Part = {
  readonly sizeBytes: number
  /** @throws {StorageError} E_NOSPACE, E_IO or E_POISONED; what was written so far stays for the next attempt */
  append(bytes: Uint8Array): void
  /** Throws away what is there. @throws {StorageError} E_IO or E_POISONED */
  restart(): void
  /**
   * Makes the content durable and gives it the name `target`; the part is closed and gone then. Check the content first.
   *
   * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
   */
  finish(target: string): void
  /** Does nothing the second time, or after `finish`. */
  close(): void
}

/**
 * A part file opened for appending, with what an earlier attempt left in it. Until `finish` nothing is promised about its
 * content: a crash may leave it shorter or torn, so whoever resumes checks the whole.
 *
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
 */
export function openPart(file: string, fileSystem: FileSystem = nodeFileSystem): Part {
  const attempt = <Result>(action: string, call: () => Result): Result => {
    assertNotPoisoned(fileSystem)
    try {
      return call()
    } catch (cause) {
      throw storageError(cause, action, file, fileSystem)
    }
  }
  const fd = attempt('open', () => fileSystem.open(file, 'a'))
  let sizeBytes = attempt('read the size', () => fileSystem.sizeOf(fd))
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    fileSystem.close(fd)
  }
  return {
    get sizeBytes() {
      return sizeBytes
    },
    append: (bytes) =>
      attempt('write', () => {
        writeFully(fd, file, bytes, fileSystem)
        sizeBytes += bytes.length
      }),
    restart: () =>
      attempt('truncate', () => {
        fileSystem.truncate(fd, 0)
        sizeBytes = 0
      }),
    finish: (target) => {
      attempt('write', () => {
        assertSize(fd, file, sizeBytes, fileSystem)
        syncOrPoison(fd, file, fileSystem, 'sync')
        close()
        fileSystem.rename(file, target)
      })
      syncDir(dirname(target), fileSystem)
    },
    close,
  }
}
