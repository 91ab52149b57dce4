import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { AuditError } from '../core/errors.ts'
import { ensureDir, putAtomic, sealStage } from '../core/store.ts'
import { assertSound, auditChain, auditFolder } from './verify.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-release-'))
  putAtomic(join(dir, 'model.safetensors'), Uint8Array.of(1, 2, 3, 4))
  putAtomic(join(dir, 'README.md'), '# card\n')
  sealStage(dir, { stage: 'model', inputs: {}, outputs: ['model.safetensors', 'README.md'], seed: 1 })
})

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(join(dir, file))
  bytes[at]! ^= 1
  writeFileSync(join(dir, file), bytes)
}

describe('an audit of a release', () => {
  test('finds nothing in one that is as it was sealed', () => {
    expect(auditFolder(dir)).toMatchObject({ stage: 'model', files: 2, sizeBytes: 11, problems: [] })
  })

  test('names the file of a flipped bit, what was expected and what was found', () => {
    flipByte('model.safetensors', 2)
    const { problems } = auditFolder(dir)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: join(dir, 'model.safetensors') })
    expect(problems[0]?.expected).toContain('9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a')
    expect(problems[0]?.found).not.toBe(problems[0]?.expected)
    expect(() => assertSound(problems)).toThrow(AuditError)
    expect(() => assertSound(problems)).toThrow(`${join(dir, 'model.safetensors')}: expected 4 bytes`)
  })

  test('reports every difference, not the first alone', () => {
    flipByte('model.safetensors', 0)
    rmSync(join(dir, 'README.md'))
    expect(auditFolder(dir).problems.map(({ file, found }) => [file, found.slice(0, 7)])).toEqual([
      [join(dir, 'README.md'), 'no file'],
      [join(dir, 'model.safetensors'), '4 bytes'],
    ])
  })

  test('reports a file that no manifest names: nothing may hide beside the weights', () => {
    ensureDir(join(dir, 'extra'))
    writeFileSync(join(dir, 'extra', 'pytorch_model.bin'), 'x')
    expect(auditFolder(dir).problems).toEqual([
      { file: join(dir, 'extra/pytorch_model.bin'), expected: 'no such file', found: 'a file' },
    ])
  })

  test('reports a changed manifest as the problem that it is', () => {
    const text = readFileSync(join(dir, 'manifest.json'), 'utf8')
    writeFileSync(join(dir, 'manifest.json'), text.replace('"seed": 1', '"seed": 2'))
    const { problems, hash } = auditFolder(dir)
    expect(hash).toBeNull()
    expect(problems.map(({ file }) => file)).toEqual([join(dir, 'manifest.json')])
  })
})

describe('an audit of a chain', () => {
  const folder = (stage: string, hash: string, inputs: Record<string, string>) => ({
    ...{ dir: `run/${stage}`, stage, files: 1, sizeBytes: 1, hash, inputs, problems: [] },
  })

  test('finds a stage that was made from another one than stands beside it', () => {
    expect(auditChain([folder('graph', 'a', {}), folder('questions', 'b', { graph: 'a' })])).toEqual([])
    expect(auditChain([folder('graph', 'x', {}), folder('questions', 'b', { graph: 'a' })])).toEqual([
      { file: 'run/questions/manifest.json', expected: 'input "graph" of hash a', found: 'x' },
    ])
  })

  test('finds an input that is gone', () => {
    expect(auditChain([folder('questions', 'b', { graph: 'a' })])[0]?.found).toBe('no such stage')
  })
})
