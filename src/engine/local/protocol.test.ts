import { expect, test } from 'vitest'
import {
  AuditError,
  ConfigError,
  DataError,
  EngineError,
  NumericalError,
  ShapeError,
  StorageError,
} from '../../core/errors.ts'
import { packError, unpackError } from './protocol.ts'

const errors = [
  new ConfigError('unknown reward', { hint: 'known: format' }),
  new DataError('bad row', { file: 'a.jsonl', line: 7, field: 'gold', hint: 'fix it' }),
  new ShapeError('sizes differ', { tensor: 'ids', axis: 'batch', expected: 3, found: 4 }),
  new EngineError('busy', { retryable: true, status: 429, requestId: 'r1' }),
  new NumericalError('not finite', { step: 12, tensor: 'q_proj', lastFiniteCheckpoint: 'step-10' }),
  new AuditError('hash', { file: 'model.safetensors', expected: 'aa', found: 'bb' }),
  new StorageError('disk full', { code: 'E_NOSPACE', file: 'x', needBytes: 10, haveBytes: 3 }),
]

test.each(errors)('a $name crosses threads with class, fields, message and stack', (error) => {
  const rebuilt = unpackError(structuredClone(packError(error)))
  expect(rebuilt).toBeInstanceOf(error.constructor)
  expect(rebuilt).not.toBe(error)
  expect({ ...rebuilt }).toEqual({ ...error })
  expect([rebuilt.message, rebuilt.stack, rebuilt.name]).toEqual([error.message, error.stack, error.name])
})

test('a cause crosses with its own class', () => {
  const cause = new DataError('inner', { file: 'f' })
  const rebuilt = unpackError(structuredClone(packError(new EngineError('outer', { cause }))))
  expect(rebuilt.cause).toBeInstanceOf(DataError)
  expect((rebuilt.cause as Error).message).toBe('f: inner')
})

test('a bug stays a bug: an Error of no class of ours, with the worker’s stack', () => {
  const bug = new TypeError('x is not a function')
  const rebuilt = unpackError(structuredClone(packError(bug)))
  expect(rebuilt.constructor).toBe(Error)
  expect([rebuilt.message, rebuilt.stack]).toEqual([bug.message, bug.stack])
  expect(unpackError(structuredClone(packError('thrown text'))).message).toBe('thrown text')
})
