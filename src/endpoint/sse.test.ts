import { expect, test } from 'vitest'
import { readSse } from './sse.ts'

const chunk = (text: string, finish: string | null = null): string =>
  `{"choices":[{"delta":{"content":"${text}"},"finish_reason":${finish === null ? 'null' : `"${finish}"`}}]}`
const events = (...data: string[]): string => data.map((line) => `data: ${line}\n\n`).join('')

test('a stream with a finish reason is whole, with and without [DONE]', () => {
  const body = events(chunk('a'), chunk('b', 'stop'))
  const whole = { kind: 'whole', events: [chunk('a'), chunk('b', 'stop')], error: null, choices: 2 }
  expect(readSse(body)).toEqual(whole)
  expect(readSse(`${body}data: [DONE]\n\n`)).toEqual(whole)
  expect(readSse(body.replaceAll('\n', '\r\n'))).toEqual(whole)
})

test('[DONE] without a finish reason, half an event, or nothing is a cut stream', () => {
  expect(readSse(events(chunk('a'), '[DONE]'))).toEqual({ kind: 'cut', events: 1 })
  expect(readSse(`${events(chunk('a'))}data: {"choi`)).toEqual({ kind: 'cut', events: 1 })
  expect(readSse('')).toEqual({ kind: 'cut', events: 0 })
})

test('every cut of a stream before its finish reason is seen', () => {
  const body = events(chunk('one'), chunk('two'), chunk('three', 'stop'))
  const finishAt = body.indexOf('"stop"') + '"stop"}]}'.length
  for (let length = 0; length < finishAt; length++) expect(readSse(body.slice(0, length)).kind).toBe('cut')
  expect(readSse(body.slice(0, finishAt)).kind).toBe('whole')
})

test('an event sent twice under one id counts once; without ids it cannot be told from a text that repeats', () => {
  const twice = `id: 1\ndata: ${chunk('a')}\n\nid: 1\ndata: ${chunk('a')}\n\nid: 2\ndata: ${chunk('', 'stop')}\n\n`
  expect(readSse(twice)).toMatchObject({ choices: 2 })
  expect(readSse(twice.replaceAll(/id: \d\n/g, ''))).toMatchObject({ choices: 3 })
})

test('an error in the stream is handed on, comments and other fields are skipped', () => {
  const body = `: ping\nevent: x\n\n${events('{"error":{"message":"busy","code":503}}')}`
  expect(readSse(body)).toMatchObject({ kind: 'whole', error: { message: 'busy', code: 503 } })
})

test('broken JSON after the finish reason, or an event that is no object, is bad JSON', () => {
  expect(readSse(events(chunk('a', 'stop'), '{x'))).toEqual({ kind: 'bad-json', event: 2 })
  expect(readSse(events('3'))).toEqual({ kind: 'bad-json', event: 1 })
})
