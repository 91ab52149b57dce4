import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { AuditError, ConfigError } from '../errors.ts'
import { sha256Hex } from '../hash.ts'
import { canonicalJson, parseJson } from '../json.ts'
import { MANIFEST_FILE, readManifest, sealStage, verifyManifest } from './seal.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-seal-'))
const dir = join(root, 'questions')
const inDir = (name: string): string => join(dir, name)
const options = {
  stage: 'questions',
  inputs: { graph: 'aa', config: 'bb' },
  outputs: ['b.jsonl', 'sub/a.bin'],
  seed: 7,
}
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(inDir('sub'), { recursive: true })
  writeFileSync(inDir('b.jsonl'), '{"a":1}\n')
  writeFileSync(inDir('sub/a.bin'), Uint8Array.of(1, 2, 3))
})

function auditErrorOf(call: () => void): AuditError | null {
  try {
    call()
  } catch (error) {
    if (error instanceof AuditError) return error
    throw error
  }
  return null
}

describe('sealStage', () => {
  test('the manifest holds the hash and size of each output as it is on disk, in order of name', () => {
    const manifest = sealStage(dir, { ...options, outputs: ['sub/a.bin', 'b.jsonl'], codeHash: 'c', configHash: 'd' })
    const { hash, ...fields } = manifest
    expect(fields).toEqual({
      schemaVersion: 1,
      stage: 'questions',
      inputs: { config: 'bb', graph: 'aa' },
      outputs: [
        { file: 'b.jsonl', sha256: sha256Hex('{"a":1}\n'), sizeBytes: 8 },
        { file: 'sub/a.bin', sha256: sha256Hex(Uint8Array.of(1, 2, 3)), sizeBytes: 3 },
      ],
      seed: 7,
      codeHash: 'c',
      configHash: 'd',
    })
    expect(hash).toBe(sha256Hex(canonicalJson(fields)))
    expect(parseJson(readFileSync(inDir(MANIFEST_FILE), 'utf8'), {})).toEqual(manifest)
    expect(readManifest(dir)).toEqual(manifest)
  })

  test('sealing twice gives the same bytes, whatever the order of the fields', () => {
    sealStage(dir, options)
    const bytes = readFileSync(inDir(MANIFEST_FILE))
    const { seed, outputs, inputs, stage } = options
    sealStage(dir, {
      seed,
      outputs: outputs.toReversed(),
      inputs: { config: inputs.config, graph: inputs.graph },
      stage,
    })
    expect(readFileSync(inDir(MANIFEST_FILE))).toEqual(bytes)
  })

  test('the hash changes with every field', () => {
    const hashes = [
      sealStage(dir, options),
      sealStage(dir, { ...options, stage: 'graph' }),
      sealStage(dir, { ...options, inputs: { graph: 'aa' } }),
      sealStage(dir, { ...options, outputs: ['b.jsonl'] }),
      sealStage(dir, { ...options, seed: 8 }),
      sealStage(dir, { ...options, seed: '7' }),
      sealStage(dir, { ...options, codeHash: 'c' }),
      sealStage(dir, { ...options, configHash: 'c' }),
    ].map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('a stage with a missing output is not sealed', () => {
    const error = auditErrorOf(() => sealStage(dir, { ...options, outputs: ['b.jsonl', 'none.jsonl'] }))
    expect(error?.message).toBe(`${inDir('none.jsonl')}: expected a file, found none`)
    expect(readManifest(dir)).toBeNull()
  })

  test.each(['../other', '/etc/passwd', 'sub/../b.jsonl', './b.jsonl', '..', '.', MANIFEST_FILE])(
    'an output may not be %s',
    (file) => {
      expect(() => sealStage(dir, { ...options, outputs: [file] })).toThrow(ConfigError)
    },
  )

  test('an output may not be named twice', () => {
    expect(() => sealStage(dir, { ...options, outputs: ['b.jsonl', 'b.jsonl'] })).toThrow('"b.jsonl" is named twice')
  })
})

describe('verifyManifest', () => {
  test('an untouched stage verifies', () => {
    sealStage(dir, options)
    expect(auditErrorOf(() => verifyManifest(dir))).toBeNull()
  })

  test('a changed output is named with what was expected and found', () => {
    sealStage(dir, options)
    writeFileSync(inDir('b.jsonl'), '{"a":2}\n')
    expect(auditErrorOf(() => verifyManifest(dir))).toMatchObject({
      file: inDir('b.jsonl'),
      expected: `8 bytes, sha256 ${sha256Hex('{"a":1}\n')}`,
      found: `8 bytes, sha256 ${sha256Hex('{"a":2}\n')}`,
      exitCode: 3,
    })
  })

  test('a missing output and a missing manifest are named', () => {
    sealStage(dir, options)
    rmSync(inDir('sub/a.bin'))
    expect(auditErrorOf(() => verifyManifest(dir))?.message).toBe(`${inDir('sub/a.bin')}: expected a file, found none`)
    rmSync(inDir(MANIFEST_FILE))
    expect(auditErrorOf(() => verifyManifest(dir))?.message).toContain('expected a manifest, found none')
  })

  test('two outputs that changed places are found out', () => {
    writeFileSync(inDir('sub/a.bin'), '{"a":2}\n')
    sealStage(dir, options)
    writeFileSync(inDir('sub/a.bin'), '{"a":1}\n')
    writeFileSync(inDir('b.jsonl'), '{"a":2}\n')
    expect(auditErrorOf(() => verifyManifest(dir))?.file).toBe(inDir('b.jsonl'))
  })

  test('one flipped bit at any byte of any file, a cut at any byte and appended bytes are all named', () => {
    sealStage(dir, options)
    const damages: string[] = []
    for (const name of [...options.outputs, MANIFEST_FILE]) {
      const good = readFileSync(inDir(name))
      const bad: Buffer[] = [' ', '\n', 'x', '{}'].map((junk) => Buffer.concat([good, Buffer.from(junk)]))
      for (let at = 0; at < good.length; at++) {
        const flipped = Buffer.from(good)
        flipped[at]! ^= 1 << (at % 8)
        bad.push(flipped, good.subarray(0, at))
      }
      for (const bytes of bad) {
        writeFileSync(inDir(name), bytes)
        const error = auditErrorOf(() => verifyManifest(dir))
        if (error?.code !== 'E_INTEGRITY' || !error.message.startsWith(inDir(name))) damages.push(`${name}: ${bytes}`)
      }
      writeFileSync(inDir(name), good)
    }
    expect(damages).toEqual([])
    verifyManifest(dir)
  })

  test('a manifest edited together with an output betrays itself by its own hash', () => {
    const { hash } = sealStage(dir, options)
    appendFileSync(inDir('b.jsonl'), '{"a":2}\n')
    const text = readFileSync(inDir(MANIFEST_FILE), 'utf8')
    const forged = text
      .replace(sha256Hex('{"a":1}\n'), sha256Hex('{"a":1}\n{"a":2}\n'))
      .replace('"sizeBytes": 8', '"sizeBytes": 16')
    writeFileSync(inDir(MANIFEST_FILE), forged)
    expect(auditErrorOf(() => verifyManifest(dir))).toMatchObject({ file: inDir(MANIFEST_FILE), expected: hash })
  })
})

test('a directory without a manifest is an unfinished stage, not an error', () => {
  expect(readManifest(dir)).toBeNull()
})
