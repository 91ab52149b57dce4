import { expect, test } from 'vitest'
import { AuditError, ConfigError, DataError, EngineError, StorageError } from '../core/errors.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { reportError } from './report-error.ts'
import { wantsColor } from './shell.ts'

function report(cause: unknown) {
  const shell = recordingShell()
  return { code: reportError(cause, shell), err: shell.stderr.join('') }
}

test('a fault is told with its code, its message and its hint, and ends with the exit code of its class', () => {
  expect(report(new DataError('unknown relation "cures"', { file: 'a.tsv', line: 3, hint: 'known: treats' }))).toEqual({
    code: 2,
    err: 'error[E_DATA]: a.tsv:3: unknown relation "cures"\nhint: known: treats\n',
  })
  expect(report(new ConfigError('x')).code).toBe(2)
  expect(report(new EngineError('x')).code).toBe(1)
  expect(report(new AuditError('x')).code).toBe(3)
  expect(report(new StorageError('x', { code: 'E_NOSPACE' }))).toMatchObject({ code: 74, err: 'error[E_NOSPACE]: x\n' })
})

test('a bug of ours is told with its stack and ends with 70', () => {
  const { code, err } = report(new TypeError('cannot read x of undefined'))
  expect(code).toBe(70)
  expect(err).toMatch(/^error\[E_BUG\]: .*\nTypeError: cannot read x of undefined\n\s+at /)
})

test('colour is for terminals, NO_COLOR forbids it and FORCE_COLOR asks for it', () => {
  expect(wantsColor(true, {})).toBe(true)
  expect(wantsColor(false, {})).toBe(false)
  expect(wantsColor(true, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColor(true, { TERM: 'dumb' })).toBe(false)
  expect(wantsColor(false, { FORCE_COLOR: '1' })).toBe(true)
  expect(wantsColor(false, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false)
})
