import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type DelimitedFormat, readDelimited } from './delimited.ts'

const dir = mkdtempSync(join(tmpdir(), 'delimited-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const commas: DelimitedFormat = { delimiter: ',', quote: '"' }

async function rowsOf(text: string, format: DelimitedFormat = commas, needed: string[] = []): Promise<string[]> {
  const file = join(dir, 'table')
  writeFileSync(file, text)
  const rows: string[] = []
  for await (const row of readDelimited(file, format, needed)) {
    rows.push(`${row.line} ${row.kind === 'row' ? row.fields.join('·') : row.detail}`)
  }
  return rows
}

test('quoted fields may hold delimiters, quotes and line ends', async () => {
  expect(await rowsOf('a,b\n"1,5","say ""so"""\n"two\nlines",x\nlast,row\n')).toEqual([
    '1 a·b',
    '2 1,5·say "so"',
    '3 two\nlines·x',
    '5 last·row',
  ])
})

test('without quoting a quote is a letter', async () => {
  expect(await rowsOf('a\tb\n"1\t5"\n', { delimiter: '\t', quote: null })).toEqual(['1 a·b', '2 "1·5"'])
})

test('a stray quote costs its own row, not the rest of the file', async () => {
  const tail = Array.from({ length: 500 }, (_, i) => `${i},x`)
  const rows = await rowsOf(['a,b', '5" pipe,x', ...tail].join('\n'))
  expect(rows[1]).toBe('2 a quote is not closed')
  expect(rows).toHaveLength(502)
  expect(rows.at(-1)).toBe('502 499·x')
})

test('rows of another width and text beside a quoted field are malformed', async () => {
  expect(await rowsOf('a,b\n1\n1,2,3\n"x"y,2\n1,2\n')).toEqual([
    '1 a·b',
    '2 1 fields instead of 2',
    '3 3 fields instead of 2',
    '4 quotes that do not fit the fields',
    '5 1·2',
  ])
})

test('comments and blank lines are no rows, and columns may be declared', async () => {
  const format = { delimiter: ',', quote: null, comment: '#', columns: ['a', 'b'] }
  expect(await rowsOf('# note\n\n1,2\n', format)).toEqual(['0 a·b', '3 1·2'])
})

test('a header without a needed column, or with it twice, is refused with what was found', async () => {
  await expect(rowsOf('a,b\n', commas, ['c'])).rejects.toThrow('no column "c" among a, b')
  await expect(rowsOf('a,a\n', commas, ['a'])).rejects.toThrow('column "a" stands there twice')
  await expect(rowsOf('', commas, ['a'])).rejects.toThrow('the file is empty')
})

test('whatever is written with quotes is read back', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é'), maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }), async (table) => {
      const text = table.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\n')
      const rows = await rowsOf(`h,k\n${text}\n`)
      expect(rows.slice(1).map((row) => row.replace(/^\d+ /, ''))).toEqual(table.map((row) => row.join('·')))
    }),
    { numRuns: 60 },
  )
})

test('thousands of stray quotes are read in one go', async () => {
  const rows = await rowsOf(`a,b\n${'x"""\n'.repeat(50_000)}`)
  expect(rows.length).toBeGreaterThan(20_000)
})
