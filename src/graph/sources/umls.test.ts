import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clinicalSchema } from '../clinical.ts'
import { readAll, tally } from './fixtures/read-all.ts'
import { samples, writeSample } from './fixtures/samples.ts'
import { umls } from './umls.ts'
import { mirroredAttributes, relationshipAttributes } from './umls-types.ts'

const dir = mkdtempSync(join(tmpdir(), 'umls-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const read = () => readAll(umls, writeSample(dir, 'sample', samples.umls!))

test('a concept has its preferred English name, whatever stands first, quotes as letters, and its Chinese name', async () => {
  const records = await read()
  expect(records.find((record) => record.kind === 'entity')).toEqual({
    kind: 'entity',
    file: join(dir, 'sample', 'MRCONSO.RRF'),
    line: 1,
    key: 'UMLS:C0000001',
    label: 'lobar "fever"',
    type: 'disease',
    synonyms: ['fevers, "lobar"'],
    xrefs: ['MESH:D000001'],
    labelZh: '肺叶热',
  })
})

test('"CUI2 RELA CUI1" is turned the way our relation runs', async () => {
  const triples = (await read()).filter((record) => record.kind === 'triple')
  expect(triples.map(({ head, relation, tail }) => `${head} ${relation} ${tail}`)).toEqual([
    'UMLS:C0000001 treated_by UMLS:C0000002',
    'UMLS:C0000001 has_finding UMLS:C0000003',
    'UMLS:C0000002 contraindicated_in UMLS:C0000001',
  ])
})

test('each of the 20 rows of names and relations is used or rejected with its reason', async () => {
  expect(tally(await read())).toEqual({
    entities: { disease: 1, drug: 1, finding: 1 },
    triples: { contraindicated_in: 1, has_finding: 1, treated_by: 1 },
    rejected: {
      'ends do not fit prevented_by': 1,
      'joined to itself': 1,
      'malformed row': 1,
      'mirror of another row': 1,
      'name in another language': 1,
      'no English name': 1,
      'relation without counterpart: mapped_to': 1,
      'relationship without an attribute': 1,
      'semantic type without counterpart': 2,
      'suppressed name': 1,
      'suppressed relationship': 1,
    },
  })
})

test('the tables name relations of the schema, and no attribute is both read and a mirror', () => {
  for (const [attribute, { relation }] of relationshipAttributes) {
    expect(() => clinicalSchema.relation(relation)).not.toThrow()
    expect(mirroredAttributes.has(attribute)).toBe(false)
  }
})

test('nothing of it may be published', () => {
  expect(umls.isPublishable).toBe(false)
})
