import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { keyLines } from './json-places.ts'
import { streamObjects } from './json-stream.ts'

const dir = mkdtempSync(join(tmpdir(), 'json-stream-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function stream(text: string | Buffer, ...paths: string[]): Promise<unknown[][]> {
  const file = join(dir, 'x.json')
  writeFileSync(file, text)
  const found: unknown[][] = []
  for await (const { path, value, line } of streamObjects(file, paths)) found.push([path, line, value])
  return found
}

test('objects of an array come one by one with the line they start on', async () => {
  const text = '{\n "meta": {"results": {"total": 2}},\n "results": [\n  {"a": "}\\"]{"},\n  {"b": [{"c": 1}]}\n ]\n}'
  expect(await stream(text, 'results', 'meta')).toEqual([
    ['meta', 2, { results: { total: 2 } }],
    ['results', 4, { a: '}"]{' }],
    ['results', 5, { b: [{ c: 1 }] }],
  ])
})

test('a path of two keys is not met by the same key elsewhere', async () => {
  const text = '{"bindings": [{"no": 1}], "results": {"distinct": false, "bindings": [{"yes": 1}]}}'
  expect(await stream(text, 'results.bindings')).toEqual([['results.bindings', 1, { yes: 1 }]])
})

test('values longer than a block are whole, byte-order mark and letters beyond ASCII included', async () => {
  const long = '病"'.repeat(600_000)
  const found = await stream(`\ufeff${JSON.stringify({ results: [{ long }, { next: 1 }] })}`, 'results')
  expect(found).toEqual([
    ['results', 1, { long }],
    ['results', 1, { next: 1 }],
  ])
})

test.each([
  ['', 'is empty'],
  ['[{"a": 1}]', 'starts with an array'],
  ['word', 'is no JSON object'],
  ['{"results": [{"a": 1}', 'ends in the middle'],
  ['{"results": [}', 'brackets that do not fit'],
  ['{"results": []} {"a": 1}', 'goes on after its end'],
  ['{"results": []} x', 'goes on after its end'],
  ['{"results": [{"a": NaN}]}', 'not JSON'],
  ['{"results": [{"a": 1, "a": 2}]}', 'appears twice'],
  [`{"results": ${'['.repeat(2000)}`, 'nested deeper than 1000'],
])('%.30s is refused: %s', async (text, message) => {
  await expect(stream(text, 'results')).rejects.toThrow(message)
})

test('bytes that are no UTF-8 are refused', async () => {
  const bytes = Buffer.concat([Buffer.from('{"results": [{"a": "'), Buffer.from([0xff]), Buffer.from('"}]}')])
  await expect(stream(bytes, 'results')).rejects.toThrow('not UTF-8')
})

test('whatever JSON writes is streamed back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), async (results) => {
      const plain = JSON.parse(JSON.stringify(results)) as unknown[]
      const found = await stream(
        JSON.stringify({ other: [[{}], '"results": ['], results: plain }, undefined, 1),
        'results',
      )
      expect(found.map(([, , value]) => value)).toEqual(plain)
    }),
    { numRuns: 40 },
  )
})

test('keys of a text are found on their lines, escaped ones too', () => {
  const text = '{\n "a": {\n  "b \\u00e9": "x: \\"y\\"",\n  "c": {"d": 1}\n },\n "e": 1\n}'
  expect([...keyLines(text, 2)]).toEqual([
    ['a', 2],
    ['a\nb é', 3],
    ['a\nc', 4],
    ['e', 6],
  ])
})
