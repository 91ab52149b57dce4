import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../core/errors.ts'
import { clinicalSchema } from '../clinical.ts'
import { knowledgeSources } from '../registry.ts'
import { readAll, tally } from './fixtures/read-all.ts'
import { samples, writeSample } from './fixtures/samples.ts'
import { joins } from './source-kit.ts'

const dir = mkdtempSync(join(tmpdir(), 'sources-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Sources with conformance tests of their own. */
const others = ['medquad', 'starter-tables', 'wiki-agent']

test('every source has a sample here or tests of its own', () => {
  expect(knowledgeSources.names.filter((name) => samples[name] === undefined && !others.includes(name))).toEqual([])
  expect(Object.keys(samples).filter((name) => !knowledgeSources.names.includes(name))).toEqual([])
})

describe.each(Object.entries(samples))('%s', (name, sample) => {
  const source = knowledgeSources.get(name)
  const input = writeSample(dir, name, sample)

  test('gives something, and reading twice gives the same', async () => {
    const once = await readAll(source, input)
    expect(once.some(({ kind }) => kind === 'entity' || kind === 'triple')).toBe(true)
    expect(await readAll(source, input)).toEqual(once)
  })

  test('every record cites a file of the input and a line of it', async () => {
    const lengths = new Map(input.files.map((file) => [file, readFileSync(file, 'utf8').split('\n').length]))
    for (const record of await readAll(source, input)) {
      if (record.kind === 'about') continue
      expect(record.line).toBeGreaterThan(0)
      expect(record.line).toBeLessThanOrEqual(lengths.get(record.file) ?? 0)
    }
  })

  test('relations are of the clinical schema, their ends fit, nothing is joined to itself', async () => {
    const records = await readAll(source, input)
    const types = new Map<string, string[]>()
    for (const record of records) {
      if (record.kind === 'entity') types.set(record.key, [...(types.get(record.key) ?? []), record.type])
    }
    for (const record of records) {
      if (record.kind !== 'triple') continue
      expect(() => clinicalSchema.relation(record.relation)).not.toThrow()
      expect(record.head).not.toBe(record.tail)
      const heads = types.get(record.head)
      const tails = types.get(record.tail)
      if (heads === undefined || tails === undefined) continue
      const fits = heads.some((head) => tails.some((tail) => joins(record.relation, head as never, tail as never)))
      expect(fits, `${heads} ${record.relation} ${tails}`).toBe(true)
    }
  })

  test('keys are CURIEs, names are not empty, reasons are short', async () => {
    for (const record of await readAll(source, input)) {
      if (record.kind === 'entity') {
        expect(record.key).toMatch(/^[A-Z][A-Z0-9_.-]*:\S+$/)
        expect(record.label.trim()).not.toBe('')
        expect(record.synonyms).not.toContain(record.label)
      }
      if (record.kind === 'rejected') expect(record.reason.length).toBeLessThanOrEqual(100)
    }
  })

  test('closed relations are relations', () => {
    for (const relation of source.closedRelations) expect(() => clinicalSchema.relation(relation)).not.toThrow()
  })

  test('a file of another form is refused by name, not read as nothing', async () => {
    for (const [index, text] of ['', 'This is a letter.\nIt has no rows.\n'].entries()) {
      const wrong = writeSample(dir, `${name}-wrong-${index}`, {
        ...sample,
        files: Object.fromEntries(Object.keys(sample.files).map((file) => [file, text])),
      })
      await expect(readAll(source, wrong)).rejects.toThrow(DataError)
    }
  })

  test('a file that is not there, and a wrong number of files, are named', async () => {
    const files = input.files.map((file) => file.replace(dir, join(dir, 'absent')))
    await expect(readAll(source, { ...input, files })).rejects.toThrow('no such file')
    await expect((async () => readAll(source, { ...input, files: [] }))()).rejects.toThrow(ConfigError)
  })
})

test.each([
  ['obo', { 'UMLS:C0000001': 'MONDO:0000001' }],
  ['rdf', { 'MESH:D000001': 'DOID:1' }],
])('%s carries cross-references in one spelling', async (name, expected) => {
  const records = await readAll(knowledgeSources.get(name), writeSample(dir, `${name}-xrefs`, samples[name]!))
  for (const [xref, key] of Object.entries(expected)) {
    expect(records.find((record) => record.kind === 'entity' && record.key === key)).toMatchObject({
      xrefs: expect.arrayContaining([xref]),
    })
  }
})

test('every row of the PrimeKG sample is a triple or rejected', async () => {
  const records = await readAll(knowledgeSources.get('primekg'), writeSample(dir, 'primekg-rows', samples.primekg!))
  expect(tally(records)).toEqual({
    entities: { disease: 2, drug: 2, finding: 1, gene: 1 },
    triples: {
      associated_gene: 1,
      contraindicated_in: 1,
      has_finding: 1,
      interacts_with: 1,
      lacks_finding: 1,
      treated_by: 1,
    },
    rejected: {
      'hierarchy without a direction': 1,
      'mirror of another row': 3,
      'off-label use is no indication': 1,
      'relation without counterpart: pathway_protein': 1,
    },
  })
})
