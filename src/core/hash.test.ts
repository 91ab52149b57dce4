import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError } from './errors.ts'
import { contentId, hashFile, sha256Hex } from './hash.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-hash-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('the hash is SHA-256, of UTF-8 for a text', () => {
  // FIPS 180-2, appendix B.1.
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256Hex('é')).toBe(sha256Hex(Uint8Array.of(0xc3, 0xa9)))
})

test('an id is the kind and the first 24 digits of the hash of the canonical JSON', () => {
  expect(contentId('question', { b: 1, a: 'x' })).toBe(`question_${sha256Hex('{"a":"x","b":1}').slice(0, 24)}`)
  expect(contentId('question', { a: 'x', b: 1 })).toBe(contentId('question', { b: 1, a: 'x' }))
  expect(contentId('question', { a: 'x', b: 2 })).not.toBe(contentId('question', { a: 'x', b: 1 }))
  expect(() => contentId('question', { a: Number.NaN })).toThrow(DataError)
})

test('a file larger than one block has the hash of its bytes', () => {
  const bytes = Buffer.alloc((5 << 20) + 3, 'fleming')
  writeFileSync(join(dir, 'big'), bytes)
  writeFileSync(join(dir, 'empty'), '')
  expect(hashFile(join(dir, 'big'))).toEqual({ sha256: sha256Hex(bytes), sizeBytes: bytes.length })
  expect(hashFile(join(dir, 'empty'))).toEqual({ sha256: sha256Hex(''), sizeBytes: 0 })
})

test('a missing file and an unreadable one are named errors', () => {
  expect(() => hashFile(join(dir, 'none'))).toThrow(`${join(dir, 'none')}: no such file`)
  expect(() => hashFile(dir)).toThrow(`${dir}: cannot read (EISDIR)`)
})
