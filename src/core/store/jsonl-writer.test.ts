import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError } from '../errors.ts'
import { readJsonl } from '../jsonl.ts'
import { openJsonlWriter } from './jsonl-writer.ts'

const dir = mkdtempSync(join(tmpdir(), 'jsonl-writer-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('a file of many records reads back as written, and has its name only when it is whole', () => {
  const file = join(dir, 'many.jsonl')
  const writer = openJsonlWriter(file)
  const records = Array.from({ length: 30_000 }, (_, index) => ({ index, text: `Fieber – ${'x'.repeat(index % 90)}` }))
  for (const record of records) writer.write(record)
  expect(existsSync(file)).toBe(false)
  expect(writer.count).toBe(30_000)
  writer.finish()
  expect(existsSync(`${file}.part`)).toBe(false)
  expect(readJsonl(file, (value) => value)).toEqual(records)
})

test('what a killed writer left is not in the next file', () => {
  const file = join(dir, 'killed.jsonl')
  writeFileSync(`${file}.part`, '{"half":')
  const writer = openJsonlWriter(file)
  writer.write({ whole: true })
  writer.finish()
  expect(readFileSync(file, 'utf8')).toBe('{"whole":true}\n')
})

test('no records make an empty file; a record without JSON makes none', () => {
  const empty = openJsonlWriter(join(dir, 'empty.jsonl'))
  empty.finish()
  expect(readFileSync(join(dir, 'empty.jsonl'), 'utf8')).toBe('')
  const writer = openJsonlWriter(join(dir, 'bad.jsonl'))
  expect(() => writer.write({ loss: Number.NaN })).toThrow(DataError)
  writer.close()
  expect(existsSync(join(dir, 'bad.jsonl'))).toBe(false)
})
