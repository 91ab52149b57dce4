import { expect, test } from 'vitest'
import {
  AuditError,
  ConfigError,
  DataError,
  EngineError,
  FlemingError,
  NumericalError,
  ShapeError,
  StorageError,
} from './errors.ts'

test('every kind of fault has its code, its exit code and its name', () => {
  const errors = [
    new ConfigError('m'),
    new DataError('m'),
    new ShapeError('m'),
    new EngineError('m'),
    new NumericalError('m'),
    new AuditError('m'),
    new StorageError('m', { code: 'E_LOCKED' }),
  ]
  expect(errors.every((error) => error instanceof FlemingError)).toBe(true)
  expect(errors.map(({ name, code, exitCode }) => [name, code, exitCode])).toEqual([
    ['ConfigError', 'E_CONFIG', 2],
    ['DataError', 'E_DATA', 2],
    ['ShapeError', 'E_SHAPE', 1],
    ['EngineError', 'E_ENGINE', 1],
    ['NumericalError', 'E_NUMERICAL', 1],
    ['AuditError', 'E_INTEGRITY', 3],
    ['StorageError', 'E_LOCKED', 74],
  ])
})

test('a data error starts with the place, as far as it is known', () => {
  const messageAt = (place: { file?: string; line?: number }) => new DataError('no gold', place).message
  expect(messageAt({ file: 'a.jsonl', line: 7 })).toBe('a.jsonl:7: no gold')
  expect(messageAt({ file: 'a.jsonl' })).toBe('a.jsonl: no gold')
  expect(messageAt({ line: 7 })).toBe('line 7: no gold')
  expect(messageAt({})).toBe('no gold')
})

test('an error keeps its hint, its cause and what it carries', () => {
  const cause = new TypeError('inner')
  const error = new StorageError('full', { code: 'E_NOSPACE', hint: 'free space', cause, needBytes: 9, haveBytes: 4 })
  expect(error).toMatchObject({ hint: 'free space', cause, needBytes: 9, haveBytes: 4 })
  expect(new DataError('m', { file: 'f', line: 2, field: 'stem' })).toMatchObject({ file: 'f', line: 2, field: 'stem' })
  expect(new EngineError('m', { retryable: true, status: 429, requestId: 'r1' })).toMatchObject({
    retryable: true,
    status: 429,
    requestId: 'r1',
  })
  expect(new EngineError('m').retryable).toBe(false)
})

test('an error without a hint or a cause has neither property', () => {
  const error = new ConfigError('m')
  expect('hint' in error).toBe(false)
  expect('cause' in error).toBe(false)
})
