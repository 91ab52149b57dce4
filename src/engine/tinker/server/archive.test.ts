import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { folderBytes, tarBlocks } from './archive.ts'

function folder(files: Readonly<Record<string, Uint8Array>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'archive-'))
  mkdirSync(join(dir, 'sub'))
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes)
  return dir
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251)

describe('an archive', () => {
  test('is unpacked by tar into the files it was made of', () => {
    const files = { 'adapter_config.json': bytes(512), 'b.safetensors': bytes(3_000_001), 'sub/empty': bytes(0) }
    const dir = folder(files)
    const target = mkdtempSync(join(tmpdir(), 'unpacked-'))
    execFileSync('tar', ['-xf', '-', '-C', target], { input: Buffer.concat([...tarBlocks(dir)]) })
    for (const [name, content] of Object.entries(files)) {
      expect(readFileSync(join(target, name)).equals(Buffer.from(content))).toBe(true)
    }
    expect(folderBytes(dir)).toBe(3_000_513)
  })

  test('of equal files is equal bytes', () => {
    const [a, b] = [folder({ x: bytes(10) }), folder({ x: bytes(10) })].map((dir) => Buffer.concat([...tarBlocks(dir)]))
    expect(a!.equals(b!)).toBe(true)
    expect(a!.length % 512).toBe(0)
  })

  test('refuses a name that the format cannot hold', () => {
    expect(() => [...tarBlocks(folder({ ['n'.repeat(101)]: bytes(1) }))]).toThrow(DataError)
  })
})
