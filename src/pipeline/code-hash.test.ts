import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { codeHash } from './code-hash.ts'

const root = mkdtempSync(join(tmpdir(), 'code-hash-'))
afterAll(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true })
  writeFileSync(join(root, file), text)
}

beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  write('graph/a.ts', 'a')
  write('graph/sources/b.ts', 'b')
  write('text/c.ts', 'c')
  write('text/d.ts', 'd')
})

const hashAfter = (
  change: () => void,
  parts: readonly string[] = ['graph', 'text/c.ts'],
): readonly [string, string] => {
  const before = codeHash(parts, root)
  change()
  return [before, codeHash(parts, root)]
}

test.each([
  ['another text', () => write('graph/a.ts', 'A')],
  ['another text further down', () => write('graph/sources/b.ts', 'B')],
  ['another text in a file that is named', () => write('text/c.ts', 'C')],
  ['a new file', () => write('graph/e.ts', 'e')],
  ['a file less', () => rmSync(join(root, 'graph/a.ts'))],
  ['another name', () => renameSync(join(root, 'graph/a.ts'), join(root, 'graph/z.ts'))],
  ['a compiled file', () => write('graph/a.js', 'a')],
])('%s is other code', (_, change) => {
  const [before, after] = hashAfter(change)
  expect(after).not.toBe(before)
})

test.each([
  ['a file of another part', () => write('text/d.ts', 'D')],
  ['a test', () => write('graph/a.test.ts', 'test')],
  ['what tests stand on', () => write('graph/fixtures/tiny.ts', 'tiny')],
  ['a note', () => write('graph/notes.md', 'note')],
])('%s is not', (_, change) => {
  const [before, after] = hashAfter(change)
  expect(after).toBe(before)
})

test('neither the order of the parts nor naming one twice matters, and the whole is more than a part', () => {
  expect(codeHash(['text', 'graph'], root)).toBe(codeHash(['graph', 'text', 'graph/a.ts'], root))
  expect(codeHash(['.'], root)).toBe(codeHash(['graph', 'text'], root))
  expect(codeHash(['.'], root)).not.toBe(codeHash(['graph'], root))
})

test('the project has a hash, and each layer its own', () => {
  const hashes = ['.', 'core', 'graph', 'pipeline/stage.ts'].map((part) => codeHash([part]))
  expect(new Set(hashes).size).toBe(4)
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
})
