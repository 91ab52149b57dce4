import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { readMapping } from './column-mapping.ts'
import { columns } from './columns.ts'
import { readAll } from './fixtures/read-all.ts'
import { mappingSample, samples, writeSample } from './fixtures/samples.ts'

const dir = mkdtempSync(join(tmpdir(), 'columns-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function mappingFault(text: string): DataError {
  const file = join(dir, 'mapping.yaml')
  writeFileSync(file, text)
  try {
    readMapping(file)
  } catch (cause) {
    if (cause instanceof DataError) return cause
    throw cause
  }
  throw new RangeError('the mapping was accepted')
}

test('a declared table gives entities, triples with qualifiers, and a reason for every other row', async () => {
  const records = await readAll(columns, writeSample(dir, 'sample', samples.columns!))
  expect(records.slice(0, 4)).toEqual([
    { kind: 'about', revision: '3', license: 'CC0-1.0' },
    expect.objectContaining({
      key: 'DOID:1',
      label: 'lobar fever',
      labelZh: '肺叶热',
      synonyms: ['hot lobe', 'lobe fever'],
      xrefs: ['MESH:D1', 'MESH:D2'],
      line: 3,
    }),
    expect.objectContaining({ key: 'MYDRUGS:fevercillin', type: 'drug' }),
    expect.objectContaining({ head: 'DOID:1', relation: 'treated_by', qualifiers: { score: '0.9' } }),
  ])
  const rejected = records.flatMap((record) => (record.kind === 'rejected' ? [`${record.line} ${record.reason}`] : []))
  expect(rejected).toEqual([
    '4 type without counterpart: cilin',
    '6 ends do not fit the relation',
    '7 score too low',
    '8 score too low',
    '9 skipped by hand',
    '10 no identifier in id',
    '11 no name in disease',
    '12 answer without counterpart: maybe',
    '13 type without counterpart: x',
    '14 malformed row',
  ])
})

test.each([
  ['delimiter: ";"', 'separator: ";"', 'format.delimiter: ', 3],
  ['key: { column: id, prefix: DOID }', 'key: { name: id }', 'entities.disease.key: ', 6],
  ['type: disease', 'type: illness', 'entities.disease.type: ', 9],
  ['reject: skipped by hand', 'relation: treated_by', 'rules.0: takes head, relation and tail, or reject', 17],
  ['head: disease', 'head: nobody', 'rules.1.head: no entity "nobody" above', 20],
  [
    '{ column: answer, values: { "yes": treated_by,',
    '{ column: answer, values: { "yes": heals,',
    'rules.1.relation',
    21,
  ],
])('a mapping with "%s" replaced by "%s" is refused with what is wrong and its line', (from, to, message, line) => {
  const text = mappingSample.replace(from, to)
  expect(text).not.toBe(mappingSample)
  const fault = mappingFault(text)
  expect(fault.message).toContain(message)
  expect(fault.line).toBe(line)
})

test('a mapping that is no YAML, repeats a key or expands without end is refused', () => {
  expect(mappingFault('format: [').message).toContain('not YAML')
  expect(mappingFault('format: {}\nformat: {}\n').message).toContain('not YAML')
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 12; i++)
    bomb.push(
      `k${i}: &k${i} [${Array(9)
        .fill(i === 1 ? '*a' : `*k${i - 1}`)
        .join(', ')}]`,
    )
  expect(() => mappingFault(bomb.join('\n'))).toThrow(/alias/i)
})

test('a table without a mapping, or with another header than the mapping reads, is refused', async () => {
  const input = writeSample(dir, 'no-mapping', samples.columns!)
  await expect((async () => readAll(columns, { files: input.files }))()).rejects.toThrow('needs a mapping')
  writeFileSync(input.files[0]!, 'id;disease\n1;x\n')
  await expect(readAll(columns, input)).rejects.toThrow('no column "zh"')
})
