import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { formatJsonl, readJsonl } from './jsonl.ts'
import { readLines, readText } from './read.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-jsonl-'))
const file = join(dir, 'a.jsonl')
afterAll(() => rmSync(dir, { recursive: true }))

function read(content: string | Uint8Array): unknown[] {
  writeFileSync(file, content)
  return readJsonl(file, (value) => value)
}

test('records come back in order, whatever text they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ text: fc.string({ unit: 'binary' }), n: fc.integer() })), (records) => {
      expect(read(formatJsonl(records))).toEqual(records)
    }),
    { numRuns: 50 },
  )
})

test('the text of no records is empty, each record ends its line', () => {
  expect(formatJsonl([])).toBe('')
  expect(formatJsonl([{ a: 1 }, [2]])).toBe('{"a":1}\n[2]\n')
  expect(() => formatJsonl([{ a: Number.NaN }])).toThrow('NaN at $.a')
})

test('CRLF, blank lines, a byte-order mark and a missing last newline change nothing', () => {
  expect(read('\ufeff{"a":1}\r\n\r\n  \n{"a":2}')).toEqual([{ a: 1 }, { a: 2 }])
})

test('parse sees the place of each line, blank ones counted', () => {
  writeFileSync(file, '{"a":1}\n\n{"a":2}\n')
  expect(readJsonl(file, (_, place) => place)).toEqual([
    { file, line: 1 },
    { file, line: 3 },
  ])
})

test('a bad line is an error that names it', () => {
  expect(() => read('{"a":1}\n{"a":\n')).toThrow(`${file}:2: not JSON`)
  expect(() => read('{"a":1,"a":1}\n')).toThrow(`${file}:1: key "a" appears twice`)
  expect(() => read(Buffer.from('{"a":1}\n{"a":"\xff"}\n', 'latin1'))).toThrow(`${file}:2: not UTF-8`)
})

test('a missing file is an error that names it', () => {
  expect(() => readJsonl(join(dir, 'none.jsonl'), (value) => value)).toThrow('none.jsonl: no such file')
})

test('a line that spans blocks is whole, and offsets count bytes', () => {
  const long = 'é'.repeat(1_200_000)
  writeFileSync(file, `x\n${long}\n\nend`)
  const lines = [...readLines(file)].map(({ bytes, ...rest }) => ({ ...rest, text: bytes.toString('utf8') }))
  expect(lines.map(({ text }) => text)).toEqual(['x', long, '', 'end'])
  expect(lines.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 2, 2_400_003, 2_400_004])
  expect(lines.map(({ line, isEnded }) => [line, isEnded])).toEqual([
    [1, true],
    [2, true],
    [3, true],
    [4, false],
  ])
})

test('a newline at the edge of a block ends its line once', () => {
  const edge = 'a'.repeat((1 << 20) - 1)
  writeFileSync(file, `${edge}\nb\n`)
  expect([...readLines(file)].map(({ bytes }) => bytes.length)).toEqual([edge.length, 1])
})

test('the text of a file that is not UTF-8 is an error, not replacement characters', () => {
  writeFileSync(file, Buffer.from([0x61, 0xff]))
  expect(() => readText(file)).toThrow(`${file}: not UTF-8`)
})
