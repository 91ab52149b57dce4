import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readAll, tally } from './fixtures/read-all.ts'
import { samples, writeSample } from './fixtures/samples.ts'
import { obo } from './obo.ts'
import { plainValue, quotedValue, readOboLine } from './obo-line.ts'

const dir = mkdtempSync(join(tmpdir(), 'obo-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function read(text: string) {
  const file = join(dir, 'x.obo')
  writeFileSync(file, text)
  return readAll(obo, { files: [file] })
}

test('escapes, modifiers and comments are taken off, and only where they are', () => {
  expect(plainValue('MONDO:1 {source="a}b"} ! lung disease')).toEqual({ text: 'MONDO:1', comment: 'lung disease' })
  expect(plainValue('fever \\(lobar\\) with \\{braces\\}')).toEqual({
    text: 'fever (lobar) with {braces}',
    comment: '',
  })
  expect(plainValue('what! a {name')).toEqual({ text: 'what! a {name', comment: '' })
  expect(plainValue('"a ! b" EXACT []')).toEqual({ text: '"a ! b" EXACT []', comment: '' })
  expect(quotedValue('"say \\"so\\"" EXACT []')).toEqual({ text: 'say "so"', rest: 'EXACT []' })
  expect(quotedValue('"open')).toBeNull()
  expect(quotedValue('bare')).toBeNull()
  expect(readOboLine('no tag here')).toEqual({ kind: 'odd' })
  expect(readOboLine('[Term')).toEqual({ kind: 'odd' })
})

test('the sample gives its terms, its typed links, and the names of terms of other ontologies', async () => {
  const records = await readAll(obo, writeSample(dir, 'sample', samples.obo!))
  expect(tally(records)).toEqual({
    entities: { anatomy: 1, disease: 2, finding: 2, gene: 1, inheritance: 2, organism: 1 },
    triples: { affects: 1, caused_by_gene: 1, caused_by_organism: 1, is_a: 2 },
    rejected: {
      'ends do not fit affects': 1,
      'ends do not fit is_a': 1,
      'joined to itself': 1,
      'kind of target unknown: HP': 2,
      'kind of term unknown: XYZ': 1,
      'no phenotype': 2,
      obsolete: 1,
      'relation without counterpart: predisposes_towards': 1,
      'synonym of scope RELATED': 1,
    },
  })
  expect(records.find((record) => record.kind === 'entity' && record.key === 'MONDO:0000001')).toEqual({
    kind: 'entity',
    file: join(dir, 'sample', 'sample.obo'),
    line: 7,
    key: 'MONDO:0000001',
    label: 'lobar fever (made up)',
    type: 'disease',
    synonyms: ['fever of the lobes', 'hot "lobe" disease'],
    xrefs: ['MONDO:0000099', 'UMLS:C0000001', 'ORPHA:12'],
  })
})

test('terms without identifier or name, malformed lines and synonyms are counted, the rest is read', async () => {
  const records = await read(
    'format-version: 1.2\n\n[Term]\nid: DOID:1\nname: whole\nsynonym: "open EXACT []\n:::\n\n[Term]\nname: no id\n\n[Term]\nid: DOID:2\n',
  )
  expect(tally(records)).toEqual({
    entities: { disease: 1 },
    triples: {},
    rejected: { 'malformed line': 1, 'malformed synonym': 1, 'no identifier': 1, 'no name': 1 },
  })
})

test('parents that go round in a circle end', async () => {
  const term = (id: string, parent: string): string => `[Term]\nid: ${id}\nname: n${id}\nis_a: ${parent}\n\n`
  const records = await read(
    `format-version: 1.2\n\n${term('HP:0000100', 'HP:0000101')}${term('HP:0000101', 'HP:0000100')}`,
  )
  expect(tally(records)).toMatchObject({ entities: { finding: 2 }, triples: { is_a: 2 } })
})

test('other files are refused with what to use instead', async () => {
  await expect(read('<?xml version="1.0"?>\n<rdf:RDF/>\n')).rejects.toThrow('this is no OBO file')
  await expect(read('\n\n')).rejects.toThrow('this is no OBO file')
})

test('a value of a million braces takes linear time', async () => {
  const records = await read(`format-version: 1.2\n\n[Term]\nid: DOID:1\nname: x ${'{ '.repeat(1_000_000)}\n`)
  expect(tally(records).entities).toEqual({ disease: 1 })
})
