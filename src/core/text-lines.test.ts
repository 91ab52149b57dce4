import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { DataError } from './errors.ts'
import { readPlainBlocks, readTextLines } from './text-lines.ts'

const dir = mkdtempSync(join(tmpdir(), 'text-lines-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function put(name: string, data: string | Buffer): string {
  const file = join(dir, name)
  writeFileSync(file, data)
  return file
}

async function linesOf(file: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { text, line } of readTextLines(file)) lines.push(`${line}:${text}`)
  return lines
}

test('lines are counted from 1, without byte-order mark and carriage returns, blank ones too', async () => {
  const file = put('plain', '\ufeffname\r\n\r\nBehçet 病\nlast')
  expect(await linesOf(file)).toEqual(['1:name', '2:', '3:Behçet 病', '4:last'])
})

test('a carriage return inside a line stays', async () => {
  expect(await linesOf(put('cr', 'a\rb\n\r\n'))).toEqual(['1:a\rb', '2:'])
})

test('a newline at the end makes no further line, and an empty file has none', async () => {
  expect(await linesOf(put('end', 'a\n'))).toEqual(['1:a'])
  expect(await linesOf(put('empty', ''))).toEqual([])
})

test('gzip is unpacked whatever the file is called', async () => {
  expect(await linesOf(put('packed.tsv', gzipSync('a\tb\n1\t2\n')))).toEqual(['1:a\tb', '2:1\t2'])
})

test('several gzip members in one file are read to the end', async () => {
  const file = put('members', Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]))
  expect(await linesOf(file)).toEqual(['1:one', '2:two'])
})

test('lines that cross blocks are whole', async () => {
  const long = 'é'.repeat(700_000)
  const file = put('crossing', `${long}\nb\n${long}`)
  const lines = await linesOf(file)
  expect(lines.map((line) => line.length)).toEqual([700_002, 3, 700_002])
  expect(lines[2]).toBe(`3:${long}`)
})

test('a bomb is refused before it is unpacked', async () => {
  const file = put('bomb', gzipSync(Buffer.alloc(64 << 20, 'a')))
  await expect(linesOf(file)).rejects.toThrow('unpacks to more than 200 times its size')
})

test('a gzip that ends early is named as broken', async () => {
  const whole = gzipSync(Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i * 7919}\n`).join('')))
  const error = await linesOf(put('short.gz', whole.subarray(0, whole.length - 100))).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(DataError)
  expect((error as DataError).message).toContain('broken gzip')
  expect((error as DataError).file).toBe(join(dir, 'short.gz'))
})

test('junk after the gzip does not make the reader wait for ever', async () => {
  const file = put('junk', Buffer.concat([gzipSync('one\n'), Buffer.alloc(5 << 20)]))
  expect(await linesOf(file)).toEqual(['1:one'])
})

test('a reader that stops early lets go of a packed file', async () => {
  const file = put('early', gzipSync(Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => `${i}\n`).join(''))))
  for (let round = 0; round < 3; round++) {
    for await (const { text } of readTextLines(file)) {
      expect(text).toBe('0')
      break
    }
  }
  const blocks = readPlainBlocks(file)
  await blocks.next()
  expect((await blocks.return(undefined)).done).toBe(true)
})

test('bytes that are no UTF-8 are refused with their line', async () => {
  const file = put(
    'latin',
    Buffer.concat([Buffer.from('fine\nalso fine\nBeh'), Buffer.from([0xe7]), Buffer.from('et\n')]),
  )
  await expect(linesOf(file)).rejects.toThrow(`${file}:3: not UTF-8`)
})

test('a line without end is refused with its number, not kept in memory', async () => {
  const file = join(dir, 'endless')
  const fd = openSync(file, 'w')
  const block = Buffer.alloc(1 << 20, 'x')
  writeSync(fd, 'a\n')
  for (let i = 0; i < 66; i++) writeSync(fd, block)
  closeSync(fd)
  await expect(linesOf(file)).rejects.toThrow(`${file}:2: a line of more than 64 MiB`)
})

test('a file that is not there is named', async () => {
  await expect(linesOf(join(dir, 'absent'))).rejects.toThrow('no such file')
})
