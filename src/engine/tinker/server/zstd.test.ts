import { Zstd } from '@hpcc-js/wasm-zstd'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { RequestError } from './errors.ts'
import { decompressZstd } from './zstd.ts'

let zstd: Zstd
beforeAll(async () => {
  zstd = await Zstd.load()
})

/** A frame that does not say how large its content is, as a streaming compressor writes it. */
function streamed(...parts: readonly Uint8Array[]): Uint8Array {
  zstd.reset()
  return Buffer.concat([...parts.map((part) => zstd.compressChunk(part)), zstd.compressEnd()])
}

async function outcome(frame: Uint8Array, maxBytes: number): Promise<number | string> {
  try {
    return (await decompressZstd(frame, maxBytes)).length
  } catch (error) {
    return error instanceof RequestError ? `${error.status}` : `untyped: ${String(error)}`
  }
}

describe('a Zstandard body', () => {
  test.each([0, 1, 255, 256, 70_000, 200_000])('of %i bytes comes back as it was', async (sizeBytes) => {
    const content = Uint8Array.from({ length: sizeBytes }, (_, i) => (i * i) % 251)
    expect(await decompressZstd(zstd.compress(content), 1e6)).toEqual(content)
  })

  test('without a declared size comes back as it was', async () => {
    const content = Buffer.from('fever, cough, '.repeat(15_000))
    const frame = streamed(content.subarray(0, 100_000), content.subarray(100_000))
    expect(Buffer.from(await decompressZstd(frame, 1e6)).equals(content)).toBe(true)
  })

  test('larger than allowed is refused, whether it says so or not', async () => {
    const bomb = new Uint8Array(50_000_000)
    expect(await outcome(zstd.compress(bomb), 1e6)).toBe('413')
    expect(await outcome(streamed(bomb), 1e6)).toBe('413')
    expect(await outcome(zstd.compress(new Uint8Array(1e6)), 1e6)).toBe(1e6)
  })

  test('that declares less than it holds is refused', async () => {
    const frame = Buffer.from(zstd.compress(new Uint8Array(50_000)))
    // Bytes 5 and 6 hold the size, less 256.
    frame.writeUInt16LE(1000 - 256, 5)
    expect(await outcome(frame, 1e6)).toBe('400')
  })

  test('cut short or continued is refused', async () => {
    const frame = zstd.compress(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251))
    expect(await outcome(frame.subarray(0, -1), 1e6)).toBe('400')
    expect(await outcome(Buffer.concat([frame, frame]), 1e6)).toBe('400')
  })

  test('of any other bytes is refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const framed = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), bytes])
        expect(await outcome(bytes, 1e6)).toBe('400')
        expect(await outcome(framed, 1e6)).not.toMatch(/untyped/)
      }),
      { numRuns: 300 },
    )
  })
})
