import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { nullBareNaN } from './bare-nan.ts'
import { parquetGolden } from './fixtures/parquet-golden.ts'
import { type Row, type RowOptions, readRows } from './rows.ts'

const root = mkdtempSync(join(tmpdir(), 'rows-'))
afterAll(() => rmSync(root, { recursive: true }))

async function read(content: string | Uint8Array, options: RowOptions = {}, name = 'rows'): Promise<readonly Row[]> {
  const file = join(root, name)
  writeFileSync(file, content)
  const rows: Row[] = []
  for await (const row of readRows(file, options)) rows.push(row)
  return rows
}
const valuesOf = async (content: string | Uint8Array, options: RowOptions = {}) =>
  (await read(content, options)).map(({ value }) => value)
const linesOf = async (content: string | Uint8Array, options: RowOptions = {}) =>
  (await read(content, options)).map(({ line }) => line)

describe('a file of rows is told by its content', () => {
  test.each<[string, string]>([
    ['JSONL', '{"a":1}\n\n{"a":2}\n'],
    ['JSONL with a mark of order and Windows lines', '\ufeff{"a":1}\r\n{"a":2}\r\n'],
    ['an array', ' [{"a":1},\n{"a":2}]\n'],
    ['an object of rows by id', '{"x":{"a":1},"y":{"a":2}}'],
    ['an object of columns by row number', '{"a":{"0":1,"1":2}}'],
    ['an object of columns', '{"a":[1,2]}'],
  ])('%s', async (_, content) => {
    expect(await valuesOf(content)).toEqual([{ a: 1 }, { a: 2 }])
    expect(await valuesOf(gzipSync(content))).toEqual([{ a: 1 }, { a: 2 }])
  })

  test('CSV, with quoted commas, quotes and lines', async () => {
    const content = '\ufeffa,b\r\n"1, one","say ""a"""\r\n"two\nlines",2\n\n3,\n'
    expect(await valuesOf(content)).toEqual([
      { a: '1, one', b: 'say "a"' },
      { a: 'two\nlines', b: '2' },
      { a: '3', b: '' },
    ])
  })

  test('JSONL whose first line is longer than what is looked at', async () => {
    const long = Array.from({ length: 200_000 }, (_, index) => index + 100_000).join('')
    for (const end of ['\n', '\n\n', '\r\n']) {
      const rows = await read(`{"a":"${long}"}${end}{"a":"2"}${end}`)
      expect(rows.map(({ value, line }) => [(value as { a: string }).a.length, line])).toEqual([
        [1_200_000, 1],
        [1, end === '\n\n' ? 3 : 2],
      ])
    }
    expect(await valuesOf(gzipSync(`{"a":"${long}"}\n{"a":"2"}`))).toHaveLength(2)
    expect(await valuesOf(`{"a":"${long}"}`)).toHaveLength(1)
    expect(await valuesOf(`{"r1":{"a":"${long}"},"r2":{"a":"2"}}`)).toHaveLength(2)
    expect((await read(`{"a":"${long}\n{"a":2}\n`)).map(({ fault }) => fault !== undefined)).toEqual([true, false])
  })

  test('one object is one row, on one line or on several', async () => {
    expect(await valuesOf('{"a":1,"b":{"c":2}}')).toEqual([{ a: 1, b: { c: 2 } }])
    expect(await valuesOf('{\n"a":1,\n"b":[2]\n}')).toEqual([{ a: 1, b: [2] }])
  })

  test('columns are put in the order of their numbers, and holes are null', async () => {
    expect(await valuesOf('{"a":{"10":"x","9":"w"},"b":{"9":1}}')).toEqual([
      { a: 'w', b: 1 },
      { a: 'x', b: null },
    ])
  })

  test('Parquet: packed in any way, in groups, with structures; whole numbers are numbers', async () => {
    const medmcqa = await read(Buffer.from(parquetGolden.medmcqa, 'base64'))
    expect(medmcqa.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5])
    expect(medmcqa[3]?.value).toMatchObject({ id: 'r4', cop: 0, exp: 'They do.' })
    expect(medmcqa[4]?.value).toMatchObject({ cop: -1, opd: null, exp: null })
    const [pubmed] = await valuesOf(Buffer.from(parquetGolden.pubmedqa, 'base64'))
    expect(pubmed).toMatchObject({ pubid: 11, context: { contexts: ['We rested.', 'It was good.'] } })
    const [headqa] = await valuesOf(Buffer.from(parquetGolden.headqa, 'base64'))
    expect(headqa).toMatchObject({ ra: 2, answers: [{ aid: 1, atext: 'Vena cava' }, { aid: 2 }, { aid: 3 }] })
  })
})

describe('the line of a row', () => {
  test('is where it starts', async () => {
    expect(await linesOf('{"a":1}\n\n{"a":2}')).toEqual([1, 3])
    expect(await linesOf('[\n{\n"a":1},\n\n{"a":2}]')).toEqual([2, 5])
    expect(await linesOf('{\n"x":{"a":1},\n"y":{\n"a":2}}')).toEqual([2, 3])
    expect(await linesOf('a,b\n"1\n1",2\n3,4\n')).toEqual([2, 4])
    expect(await linesOf('a,b\r\n"1\r\n1",2\r\n\r\n3,4\n5,6')).toEqual([2, 5, 6])
  })

  test('is its number where rows share one, in columns and in Parquet', async () => {
    expect(await linesOf('[{"a":1},{"a":2},{"a":3}]')).toEqual([1, 2, 3])
    expect(await linesOf('{"a":{"5":1,"7":2}}')).toEqual([1, 2])
  })
})

describe('a fault', () => {
  test('in a line of JSONL or a record of CSV is one of the row', async () => {
    const rows = await read('{"a":1}\n{"a":\n{"a":1,"a":2}\n{"a":4}\n')
    expect(rows.map(({ fault }) => fault !== undefined)).toEqual([false, true, true, false])
    const table = await read('a,b\n1,2\n3\n4,5,6\n')
    expect(table.map(({ fault }) => fault)).toEqual([
      undefined,
      '1 cells where there are 2 columns',
      '3 cells where there are 2 columns',
    ])
  })

  test('in the first line does not hide that others are JSONL', async () => {
    expect((await read('{"a":"cut\n{"a":2}\n')).map(({ fault }) => fault !== undefined)).toEqual([true, false])
  })

  test.each<[string, string | Uint8Array]>([
    ['an empty file', ' \n '],
    ['an array that ends in the middle', '[{"a":1},{"a":'],
    ['two commas', '[{"a":1},,{"a":2}]'],
    ['a comma before the end', '[{"a":1},]'],
    ['the wrong bracket', '[{"a":1}}'],
    ['text after the end', '[{"a":1}] and more'],
    ['an element that is no JSON', '[{"a":1},\n{a:2}]'],
    ['an id that occurs twice', '{"x":{"a":1},"x":{"a":2}}'],
    ['a column that is none', '{"a":{"0":1},"b":{"x":7}}'],
    ['a column that is named twice', 'a,a\n1,2\n'],
    ['a quote that is never closed', 'a,b\n"1,2\n3,4\n'],
    ['bytes that are no text', Uint8Array.of(0x61, 0x2c, 0xff, 0xfe, 0x0a)],
    ['Parquet that is cut', Buffer.from(parquetGolden.medmcqa, 'base64').subarray(0, 900)],
    ['Parquet with a number beyond a double', Buffer.from(parquetGolden.wide, 'base64')],
  ])('of the file is an error that names it: %s', async (_, content) => {
    await expect(read(content)).rejects.toMatchObject({ name: 'DataError', file: join(root, 'rows') })
  })

  test('in any byte of a Parquet file ends in an error or in rows, soon', async () => {
    const whole = Buffer.from(parquetGolden.pubmedqa, 'base64')
    const start = performance.now()
    let errors = 0
    for (let place = 4; place < whole.length; place += 3) {
      const broken = Buffer.from(whole)
      broken[place] = (broken[place] ?? 0) ^ (place % 2 === 0 ? 0xff : 1)
      await read(broken).catch((cause: unknown) => {
        expect(cause).toBeInstanceOf(DataError)
        errors += 1
      })
    }
    expect(errors).toBeGreaterThan(100)
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  test('an element of a million brackets is refused, not a crash', async () => {
    await expect(read(`[${'['.repeat(1_000_000)}`)).rejects.toBeInstanceOf(DataError)
    await expect(read(`[${'['.repeat(5000)}${']'.repeat(5000)}]`)).rejects.toBeInstanceOf(DataError)
  })
})

describe('what a source declares', () => {
  test('bare NaN outside strings is null; within strings it is sodium amide', async () => {
    const content = '{"a": NaN, "b": "NaNH2 \\"NaN\\" -Infinity", "c": [-Infinity, Infinity]}\n{"a":1}\n'
    expect(await valuesOf(content, { bareNaN: true })).toEqual([
      { a: null, b: 'NaNH2 "NaN" -Infinity', c: [null, null] },
      { a: 1 },
    ])
    expect((await read(content)).map(({ fault }) => fault !== undefined)).toEqual([true, false])
    expect(await valuesOf('[{"a": NaN}]', { bareNaN: true })).toEqual([{ a: null }])
    expect(nullBareNaN('{"NaN\\\\":NaN}')).toBe('{"NaN\\\\":null}')
  })

  test('GB 18030 is read where it is declared, and refused elsewhere', async () => {
    const content = Buffer.concat([Buffer.from('a,b\n'), Buffer.from('d0c4', 'hex'), Buffer.from(',1\n')])
    expect(await valuesOf(content, { gb18030: true })).toEqual([{ a: '心', b: '1' }])
    await expect(read(content)).rejects.toThrow('not UTF-8')
    expect(await valuesOf('a,b\n心,1\n', { gb18030: true })).toEqual([{ a: '心', b: '1' }])
  })

  test('columns of a table without a header', async () => {
    const options: RowOptions = { csvColumns: ([first]) => (first === 'a' ? null : ['a', 'b']) }
    expect(await valuesOf('1,2\n3,4\n', options)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ])
    expect(await valuesOf('a,b\n3,4\n', options)).toEqual([{ a: '3', b: '4' }])
  })

  test('a key __proto__ is a key like others', async () => {
    const [value] = await valuesOf('{"a":{"0":1},"__proto__":{"0":2}}')
    expect(Object.keys(value as object).sort()).toEqual(['__proto__', 'a'])
  })
})
