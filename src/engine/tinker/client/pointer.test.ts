import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuditError, DataError } from '../../../core/errors.ts'
import { formatStatePath } from '../wire/paths.ts'
import { readPointer, removePointer, writePointer } from './pointer.ts'

const pointer = {
  server: 'http://127.0.0.1:8000',
  serverKind: 'fleming',
  path: formatStatePath('run', 'state_1'),
  step: 7,
  baseModel: 'tiny',
  rank: 4,
}
const expected = { baseModel: 'tiny', rank: 4 }

function written(): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'fleming-'))
  writePointer(dir, pointer)
  return { dir, file: join(dir, 'state.json') }
}

test('a pointer comes back as it was', () => {
  expect(readPointer(written().dir, expected)).toEqual(pointer)
})

test('a pointer that was edited is found out', () => {
  const { dir, file } = written()
  writeFileSync(file, readFileSync(file, 'utf8').replace('"step": 7', '"step": 8'))
  expect(() => readPointer(dir, expected)).toThrow(AuditError)
  expect(() => readPointer(dir, expected)).toThrow('does not match its hash')
})

test('the state of another engine is not taken for a pointer', () => {
  const { dir, file } = written()
  writeFileSync(file, '{"schemaVersion":1,"step":3}')
  expect(() => readPointer(dir, expected)).toThrow('does not point to a state at a server')
})

test.each([
  [{ baseModel: 'other', rank: 4 }, 'baseModel is tiny, the model has other'],
  [{ baseModel: 'tiny', rank: 0 }, 'rank is 4, the model has 0'],
])('the state of another model is refused by the field', (model, message) => {
  const { dir } = written()
  expect(() => readPointer(dir, model)).toThrow(message)
  expect(() => readPointer(dir, model)).toThrow(DataError)
})

test('a folder whose pointer was taken away holds no state', () => {
  const { dir } = written()
  removePointer(dir)
  expect(() => readPointer(dir, expected)).toThrow('there is no checkpoint here')
})
