import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { StorageError } from '../errors.ts'
import { DataError } from '../errors.ts'
import { putBlocksAtomic } from './atomic.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { openPart } from './part.ts'

const root = mkdtempSync(join(tmpdir(), 'part-'))
const part = join(root, 'a.part')
const target = join(root, 'a')
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => {
  for (const name of readdirSync(root)) rmSync(join(root, name))
})

const raise = (errno: string) => (): never => {
  throw Object.assign(new Error(errno), { code: errno })
}
const withFaults = (calls: Partial<FileSystem>): FileSystem => ({ ...nodeFileSystem, ...calls })
function errorOf(call: () => void): StorageError {
  try {
    call()
  } catch (error) {
    return error as StorageError
  }
  throw new TypeError('no error')
}

describe('a part file', () => {
  test('keeps what one attempt wrote for the next, and is renamed when it is finished', () => {
    const first = openPart(part)
    first.append(Buffer.from('ab'))
    first.close()
    const second = openPart(part)
    expect(second.sizeBytes).toBe(2)
    second.append(Buffer.from('cd'))
    expect(second.sizeBytes).toBe(4)
    expect(existsSync(target)).toBe(false)
    second.finish(target)
    second.close()
    expect(readFileSync(target, 'utf8')).toBe('abcd')
    expect(readdirSync(root)).toEqual(['a'])
  })

  test('restarts at nothing', () => {
    const open = openPart(part)
    open.append(Buffer.from('wrong'))
    open.restart()
    expect(open.sizeBytes).toBe(0)
    open.append(Buffer.from('right'))
    open.finish(target)
    expect(readFileSync(target, 'utf8')).toBe('right')
  })

  test('syncs before it renames', () => {
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
    const open = openPart(part, spy)
    open.append(Buffer.from('x'))
    open.finish(target)
    expect(calls).toEqual(['sync', 'rename', 'sync'])
  })

  test('a full disk is named, and what fitted stays for the next attempt', () => {
    let calls = 0
    const full = withFaults({
      write: (fd, bytes) => (++calls === 1 ? nodeFileSystem.write(fd, bytes.subarray(0, 3)) : raise('ENOSPC')()),
    })
    const open = openPart(part, full)
    expect(errorOf(() => open.append(Buffer.from('abcdef'))).code).toBe('E_NOSPACE')
    open.close()
    expect(openPart(part).sizeBytes).toBe(3)
  })

  test('a failed sync leaves no file of the final name and poisons later writes', () => {
    const sick = withFaults({ sync: raise('EIO') })
    const open = openPart(part, sick)
    open.append(Buffer.from('x'))
    expect(errorOf(() => open.finish(target)).code).toBe('E_IO')
    expect(existsSync(target)).toBe(false)
    expect(errorOf(() => open.append(Buffer.from('y'))).code).toBe('E_POISONED')
    open.close()
  })

  test('a part that another program changed is not finished', () => {
    const open = openPart(part)
    open.append(Buffer.from('x'))
    openPart(part).append(Buffer.from('intruder'))
    expect(errorOf(() => open.finish(target)).message).toContain('expected 1 bytes after the write, found 9')
  })

  test('a directory that is not there is named', () => {
    expect(errorOf(() => openPart(join(root, 'none', 'a.part'))).code).toBe('E_IO')
  })
})

test('a block whose making fails keeps its own error, and the old file', () => {
  function* blocks(): Generator<Uint8Array> {
    yield Buffer.from('new')
    throw new DataError('no more')
  }
  putBlocksAtomic(target, [Buffer.from('o'), Buffer.from('ld')], 3)
  expect(errorOf(() => putBlocksAtomic(target, blocks(), 6))).toBeInstanceOf(DataError)
  expect(readFileSync(target, 'utf8')).toBe('old')
  expect(readdirSync(root)).toEqual(['a'])
  expect(errorOf(() => putBlocksAtomic(target, [Buffer.from('new')], 6)).message).toContain('expected 6 bytes')
  expect(readFileSync(target, 'utf8')).toBe('old')
})
