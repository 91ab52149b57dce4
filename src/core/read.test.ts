import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError, StorageError } from './errors.ts'
import { openReader } from './read.ts'

const root = mkdtempSync(join(tmpdir(), 'read-'))
const file = join(root, 'data')
afterAll(() => rmSync(root, { recursive: true }))

describe('a reader of byte ranges', () => {
  test('fills memory of the caller from any place, also beyond one block', () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff)
    writeFileSync(file, bytes)
    const reader = openReader(file)
    expect(reader.sizeBytes).toBe(3_000_000)
    const target = new Uint8Array(2_500_002)
    reader.read(target.subarray(1, -1), 499_999)
    expect(target[0]).toBe(0)
    expect(target.at(-1)).toBe(0)
    expect(Buffer.compare(target.subarray(1, -1), bytes.subarray(499_999, 2_999_999))).toBe(0)
    reader.close()
  })

  test('names the byte where a file ends that became shorter', () => {
    writeFileSync(file, 'abcdef')
    const reader = openReader(file)
    truncateSync(file, 4)
    expect(() => reader.read(new Uint8Array(6), 0)).toThrow(`${file}: ends at byte 4, while it is read`)
    expect(() => reader.read(new Uint8Array(1), 9)).toThrow(DataError)
    reader.close()
  })

  test('names a file that is not there, and one that is none', () => {
    expect(() => openReader(join(root, 'none'))).toThrow('no such file')
    expect(() => openReader(root).read(new Uint8Array(1), 0)).toThrow(StorageError)
  })
})
