import { expect, test } from 'vitest'
import { EndpointError, failureKindOf, failureKinds, hintOf, quoted, readRetryAfterMs } from './failure.ts'

const nowMs = Date.parse('2026-03-01T10:00:00Z')

test.each<[Record<string, string>, number | undefined]>([
  [{ 'retry-after': '20' }, 20_000],
  [{ 'retry-after': ' 1.5 ' }, 1_500],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': 'Sun, 01 Mar 2026 10:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sun, 01 Mar 2026 09:00:00 GMT' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': '999999' }, 3_600_000],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': '2026' }, 2_026_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{}, undefined],
])('the headers %j ask for a pause of %s ms', (headers, expected) => {
  expect(readRetryAfterMs(new Headers(headers), nowMs)).toBe(expected)
})

test.each<[number, readonly string[], string]>([
  [429, [], 'rate-limit'],
  [429, ['insufficient_quota'], 'quota'],
  [402, [], 'quota'],
  [403, ['billing_not_active'], 'quota'],
  [401, [], 'unauthorised'],
  [404, [], 'not-found'],
  [408, [], 'timeout'],
  [409, [], 'server-error'],
  [529, [], 'server-error'],
  [413, [], 'bad-request'],
  [422, ['context_length_exceeded'], 'bad-request'],
])('status %d with the codes %j is %s', (status, codes, kind) => {
  expect(failureKindOf(status, codes)).toBe(kind)
})

test('hints name only settings that an endpoint of a configuration has', () => {
  const settings = ['timeoutSeconds', 'maxAttempts', 'acceptModel', 'keyFrom']
  const hints = Object.keys(failureKinds).map((kind) => hintOf(kind as keyof typeof failureKinds) ?? '')
  const named = hints.flatMap((hint) => hint.match(/\b[a-z]+[A-Z]\w*/g) ?? [])
  expect(new Set(named)).toEqual(new Set(['timeoutSeconds', 'acceptModel']))
  for (const name of named) expect(settings).toContain(name)
})

test('no message of a failure holds what a terminal would obey', () => {
  const { message } = new EndpointError('quota', 'm: \u001b]0;owned\u0007 a\r\nb\u202ec\u009b2J')
  expect(message).toBe('m:  ]0;owned  a b c 2J')
})

test('the key is masked before the text is cut, so that no part of it is left at the end', () => {
  expect(quoted('refused: sk-abcdef', 'sk-abcdef', 12)).toBe('refused: ***')
  expect(quoted('abc', '', 2)).toBe('ab')
  expect(quoted(`${'x'.repeat(3)}\u{1f600}`, null, 4)).toBe('xxx ')
})
