import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readAll, tally } from './fixtures/read-all.ts'
import { hpoaSample } from './fixtures/release-samples.ts'
import { hpoAnnotations } from './hpo-annotations.ts'

const dir = mkdtempSync(join(tmpdir(), 'hpoa-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function read(text: string) {
  const file = join(dir, 'phenotype.hpoa')
  writeFileSync(file, text)
  return readAll(hpoAnnotations, { files: [file] })
}

test('phenotypes, denied phenotypes and inheritance are three relations; the version is shown', async () => {
  const records = await read(hpoaSample)
  expect(records[0]).toEqual({ kind: 'about', revision: '2031-01-02' })
  expect(
    records.filter((record) => record.kind === 'triple').map(({ relation, tail }) => `${relation} ${tail}`),
  ).toEqual(['has_finding HP:0001945', 'lacks_finding HP:0002315', 'inherited_as HP:0000006'])
  expect(records[2]).toMatchObject({ qualifiers: { frequency: '3/7', reference: 'PMID:1', evidence: 'PCS' } })
  expect(tally(records).rejected).toEqual({
    'aspect C: clinical course': 1,
    'aspect M: clinical modifier': 1,
    'disease without identifier or name': 1,
    'malformed row': 1,
  })
})

test('the header of older releases is known', async () => {
  const old = hpoaSample.replace(
    'database_id\tdisease_name\tqualifier\thpo_id',
    '#DatabaseID\tDiseaseName\tQualifier\tHPO_ID',
  )
  expect(tally(await read(old)).triples).toEqual({ has_finding: 1, inherited_as: 1, lacks_finding: 1 })
})

test('a denied mode of inheritance is no triple', async () => {
  const records = await read(hpoaSample.replace('Lobar fever\t\tHP:0000006', 'Lobar fever\tNOT\tHP:0000006'))
  expect(tally(records)).toMatchObject({ rejected: { 'denied inheritance': 1 } })
  expect(tally(records).triples).not.toHaveProperty('inherited_as')
})

test('columns in another order are refused with the column that is wrong', async () => {
  await expect(read(hpoaSample.replace('qualifier\thpo_id', 'hpo_id\tqualifier'))).rejects.toThrow(
    'column 3 is "hpoid", not "qualifier"',
  )
})
