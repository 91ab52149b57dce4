import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { hashFile } from '../../core/hash.ts'
import { readKnowledge } from './read-source.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-read-source-'))
afterAll(() => rmSync(root, { recursive: true }))
const write = (name: string, text: string): string => {
  const file = join(root, name)
  writeFileSync(file, text)
  return file
}

test('a folder is read, and each of its files is told with its hash', async () => {
  const reading = await readKnowledge('starter-tables', ['data/starter'])
  expect(reading.entities).toBeGreaterThan(100)
  expect(reading.rejected).toBe(0)
  expect(reading.files.map(({ file }) => file)).toContain('data/starter/source.yaml')
  expect(reading.files.filter(({ file }) => file.startsWith('data/starter/triples/')).length).toBeGreaterThan(1)
  for (const { file, sha256, sizeBytes } of reading.files) expect(hashFile(file)).toEqual({ sha256, sizeBytes })
})

test('a mapping is one of the files that are read', async () => {
  const table = write('t.csv', 'disease,symptom\nFabrosis,hot palms\n')
  const mapping = write(
    'm.yaml',
    `format: { delimiter: ",", quote: '"' }
entities:
  ill: { key: { column: disease, prefix: MINE, isName: true }, label: disease, type: disease }
  sign: { key: { column: symptom, prefix: MINE, isName: true }, label: symptom, type: finding }
rules:
  - { head: ill, relation: has_finding, tail: sign }
`,
  )
  const reading = await readKnowledge('columns', [table], { mapping })
  expect(reading.files.map(({ file }) => file)).toEqual([table, mapping])
  expect(reading).toMatchObject({ triples: 1, rejected: 0, examples: ['Fabrosis — has_finding → hot palms'] })
})

test('a file that is not there is an error that names it', async () => {
  const file = join(root, 'none.obo')
  await expect(readKnowledge('obo', [file])).rejects.toBeInstanceOf(DataError)
  await expect(readKnowledge('obo', [file])).rejects.toMatchObject({ file })
})
