import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { encodingOf } from './plain-text.ts'

const root = mkdtempSync(join(tmpdir(), 'plain-text-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'file')

async function encoding(...parts: readonly (string | Uint8Array)[]): Promise<string> {
  writeFileSync(file, Buffer.concat(parts.map((part) => Buffer.from(part))))
  return encodingOf(file)
}
/** 心电图 in GB 18030. */
const chinese = Buffer.from('d0c4b5e7cdbc', 'hex')

describe('the encoding of a text file', () => {
  test('is UTF-8 when all of it is, whatever its characters and wherever a block ends', async () => {
    expect(await encoding('')).toBe('utf-8')
    expect(await encoding('a,b\n心电图,😀\n')).toBe('utf-8')
    for (let shift = 0; shift < 4; shift++)
      expect(await encoding('x'.repeat(shift), '😀'.repeat(600_000))).toBe('utf-8')
  })

  test('is GB 18030 when only ASCII stands before what is no UTF-8', async () => {
    expect(await encoding('a,b\n1,', chinese, '\n2,', chinese, '\n')).toBe('gb18030')
    expect(await encoding(chinese)).toBe('gb18030')
    writeFileSync(file, gzipSync(Buffer.concat([Buffer.from('a\n'), chinese])))
    expect(await encodingOf(file)).toBe('gb18030')
  })

  test('of a UTF-8 file with one broken byte is none, whichever byte it is: the line is named', async () => {
    const whole = Buffer.from(`题目,选项\n${'"患者出现高热头痛，最可能的诊断是",A 肺炎\n'.repeat(40)}`)
    for (let at = 3; at < whole.length; at += 7) {
      for (const byte of [0x41, 0xff]) {
        const broken = Buffer.from(whole)
        if (byte === 0x41 && (broken[at] ?? 0) < 0x80) continue
        broken[at] = byte
        const line = broken.subarray(0, at).toString('latin1').split('\n').length
        await expect(encoding(broken), `byte ${at}`).rejects.toMatchObject({ name: 'DataError', file, line })
      }
    }
  })

  test('names the line of a fault behind many blocks', async () => {
    const lines = `${'文'.repeat(500)}\n`.repeat(2000)
    await expect(encoding(lines, 'x\ny', Uint8Array.of(0xff))).rejects.toMatchObject({ line: 2002 })
    await expect(encoding(lines, 'y', Uint8Array.of(0xe5, 0xbf))).rejects.toMatchObject({ line: 2001 })
  })

  test.each<[string, Uint8Array]>([
    ['no text', Uint8Array.of(0x61, 0x0a, 0xff, 0xfe)],
    ['a GB 18030 character that is cut', Uint8Array.of(0x61, 0x0a, 0xd0)],
    ['a character that stands for one that was lost', Uint8Array.of(0x61, 0x0a, 0xd0, 0xc4, 0x84, 0x31, 0xa4, 0x37)],
  ])('is none for %s', async (_, bytes) => {
    await expect(encoding(bytes)).rejects.toMatchObject({
      message: `${file}:2: neither UTF-8 nor GB 18030`,
      hint: expect.stringContaining('iconv'),
    })
  })
})
