import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { StorageError } from '../errors.ts'
import { ensureDir, putAtomic, removeDir, removeFile } from './atomic.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-store-'))
const file = join(root, 'good.json')
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => {
  rmSync(root, { recursive: true })
  mkdirSync(root)
  writeFileSync(file, 'old')
})

function fault(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno })
}

/** The real file system with some calls replaced. A new object each time: poison sticks to one. */
function withFaults(calls: Partial<FileSystem>): FileSystem {
  return { ...nodeFileSystem, ...calls }
}

function raise(errno: string): () => never {
  return () => {
    throw fault(errno)
  }
}

function storageErrorOf(call: () => void): StorageError {
  try {
    call()
  } catch (error) {
    return error as StorageError
  }
  throw new TypeError('no error')
}

describe('putAtomic', () => {
  test('makes a file and replaces one, with text as UTF-8 or with bytes, and leaves nothing beside it', () => {
    putAtomic(file, 'né')
    expect(readFileSync(file)).toEqual(Buffer.from([0x6e, 0xc3, 0xa9]))
    putAtomic(join(root, 'bytes'), Uint8Array.of(1, 2, 3))
    expect([...readFileSync(join(root, 'bytes'))]).toEqual([1, 2, 3])
    putAtomic(join(root, 'empty'), '')
    expect(readFileSync(join(root, 'empty'), 'utf8')).toBe('')
    expect(readdirSync(root).sort()).toEqual(['bytes', 'empty', 'good.json'])
  })

  test('writes every byte although each call takes only seven', () => {
    const data = Buffer.from('0123456789'.repeat(100))
    putAtomic(file, data, withFaults({ write: (fd, bytes) => nodeFileSystem.write(fd, bytes.subarray(0, 7)) }))
    expect(readFileSync(file)).toEqual(data)
  })

  test('syncs the file before the rename and the directory after it', () => {
    const calls: string[] = []
    const spy = withFaults({
      sync: (fd) => {
        calls.push('sync')
        nodeFileSystem.sync(fd)
      },
      rename: (from, to) => {
        calls.push('rename')
        nodeFileSystem.rename(from, to)
      },
    })
    putAtomic(file, 'new', spy)
    expect(calls).toEqual(['sync', 'rename', 'sync'])
  })

  test('a disk that fills up half way: old file intact, temp removed, need and have named, next attempt works', () => {
    let calls = 0
    const full = withFaults({
      write: (fd, bytes) => {
        calls += 1
        return calls === 1 ? nodeFileSystem.write(fd, bytes.subarray(0, 1000)) : raise('ENOSPC')()
      },
      freeBytes: () => 1234,
    })
    const error = storageErrorOf(() => putAtomic(file, 'x'.repeat(5000), full))
    expect(error).toMatchObject({ code: 'E_NOSPACE', exitCode: 74, needBytes: 5000, haveBytes: 1234, file })
    expect(error.message).toContain('need 5000 bytes, have 1234 bytes')
    expect(error.hint).toBe('free some space and run the same command again; finished work is kept')
    expect(readdirSync(root)).toEqual(['good.json'])
    expect(readFileSync(file, 'utf8')).toBe('old')
    putAtomic(file, 'new', withFaults({}))
    expect(readFileSync(file, 'utf8')).toBe('new')
  })

  test.each(['EDQUOT', 'EFBIG'])('%s means no space too, and reports no free bytes of the disk', (errno) => {
    const error = storageErrorOf(() => putAtomic(file, 'new', withFaults({ write: raise(errno) })))
    expect(error).toMatchObject({ code: 'E_NOSPACE', needBytes: 3 })
    expect(error.haveBytes).toBeUndefined()
  })

  test('a failed sync is not tried again, and poisons every later write of the process', () => {
    let syncs = 0
    let opens = 0
    const sick = withFaults({
      open: (name, flags) => {
        opens += 1
        return nodeFileSystem.open(name, flags)
      },
      sync: () => {
        syncs += 1
        throw fault('EIO')
      },
    })
    expect(storageErrorOf(() => putAtomic(file, 'new', sick)).code).toBe('E_IO')
    expect([syncs, opens]).toEqual([1, 1])
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(root)).toEqual(['good.json'])
    const later = [
      () => putAtomic(file, 'newer', sick),
      () => ensureDir(join(root, 'd'), sick),
      () => removeFile(file, sick),
      () => removeDir(root, sick),
    ]
    expect(later.map((call) => storageErrorOf(call).code)).toEqual(Array(4).fill('E_POISONED'))
    expect([syncs, opens]).toEqual([1, 1])
    expect(readFileSync(file, 'utf8')).toBe('old')
  })

  test('a directory that cannot be synced is an error: the rename might be lost', () => {
    let syncs = 0
    const sick = withFaults({
      sync: (fd) => {
        syncs += 1
        return syncs === 2 ? raise('EIO')() : nodeFileSystem.sync(fd)
      },
    })
    expect(storageErrorOf(() => putAtomic(file, 'new', sick)).code).toBe('E_IO')
    expect(storageErrorOf(() => putAtomic(file, 'new', sick)).code).toBe('E_POISONED')
  })

  test.each([
    ['open', 'EACCES'],
    ['open', 'EROFS'],
    ['open', 'EMFILE'],
    ['write', 'EIO'],
    ['close', 'EIO'],
    ['rename', 'EXDEV'],
    ['rename', 'EIO'],
  ] as const)('%s failing with %s is a named error; the old file stays', (call, errno) => {
    const error = storageErrorOf(() => putAtomic(file, 'new', withFaults({ [call]: raise(errno) })))
    expect(error).toMatchObject({ code: 'E_IO', exitCode: 74, file, message: `${file}: cannot write (${errno})` })
    expect(error.hint).toBeTruthy()
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(root)).toEqual(['good.json'])
  })

  test('a disk that takes nothing, or says it took more than it did, is found out', () => {
    const stuck = withFaults({ write: () => 0 })
    expect(storageErrorOf(() => putAtomic(file, 'new', stuck)).message).toContain('accepted 0 of 3 bytes')
    const liar = withFaults({
      write: (fd, bytes) => {
        nodeFileSystem.write(fd, bytes.subarray(0, 1))
        return bytes.length
      },
    })
    expect(storageErrorOf(() => putAtomic(file, 'new', liar)).message).toContain(
      'expected 3 bytes after the write, found 1',
    )
    expect(readFileSync(file, 'utf8')).toBe('old')
  })

  test('a temp file that cannot be removed does not hide why the write failed', () => {
    const sick = withFaults({ write: raise('EIO'), unlink: raise('EROFS') })
    expect(storageErrorOf(() => putAtomic(file, 'new', sick)).message).toContain('cannot write (EIO)')
  })

  test('a missing directory is a named error', () => {
    const error = storageErrorOf(() => putAtomic(join(root, 'none', 'a'), 'new'))
    expect(error).toMatchObject({ code: 'E_IO', hint: 'the directory does not exist: make it first' })
  })

  test('a bug in a caller is not dressed up as a storage error', () => {
    const broken = withFaults({
      write: () => {
        throw new TypeError('bug')
      },
    })
    expect(() => putAtomic(file, 'new', broken)).toThrow(TypeError)
  })
})

describe('directories and removal', () => {
  test('ensureDir makes the parents, syncs the parent of each new one, and may be repeated', () => {
    const synced: string[] = []
    const spy = withFaults({
      open: (name, flags) => {
        synced.push(name)
        return nodeFileSystem.open(name, flags)
      },
    })
    ensureDir(join(root, 'a', 'b', 'c'), spy)
    expect(existsSync(join(root, 'a', 'b', 'c'))).toBe(true)
    expect(synced).toEqual([join(root, 'a', 'b'), join(root, 'a'), root])
    ensureDir(join(root, 'a', 'b', 'c'), spy)
    expect(synced).toHaveLength(3)
    expect(storageErrorOf(() => ensureDir(join(file, 'd'))).code).toBe('E_IO')
  })

  test('removeDir takes the name away first, so that a crash leaves all or nothing under it', () => {
    const dir = join(root, 'stage')
    mkdirSync(join(dir, 'inner'), { recursive: true })
    writeFileSync(join(dir, 'inner', 'a'), '1')
    const error = storageErrorOf(() => removeDir(dir, withFaults({ removeTree: raise('EIO') })))
    expect(error.code).toBe('E_IO')
    expect(existsSync(dir)).toBe(false)
    mkdirSync(dir)
    removeDir(dir)
    removeDir(dir)
    expect(existsSync(dir)).toBe(false)
  })

  test('removeFile removes, and is content when there is nothing to remove', () => {
    removeFile(file)
    removeFile(file)
    expect(existsSync(file)).toBe(false)
    expect(storageErrorOf(() => removeFile(file, withFaults({ unlink: raise('EACCES') }))).code).toBe('E_IO')
  })
})
