import { expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { walkPages } from './parquet-guard.ts'

/** A page whose head says how many bytes it has unpacked and stored, with other bytes of the head in between. */
function page(storedBytes: number, statisticsBytes = 0): Buffer {
  const statistics = statisticsBytes === 0 ? [] : [0x18, ...varint(statisticsBytes), ...Array(statisticsBytes).fill(1)]
  const numbers = [0x25, ...varint(2 * storedBytes), 0x15, ...varint(2 * storedBytes)]
  return Buffer.concat([Buffer.from([...numbers, ...statistics, 0]), Buffer.alloc(storedBytes, 0xff)])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))]
}

/** Bytes that are read to walk these pages. */
function bytesRead(bytes: Buffer): number {
  let count = 0
  const read = (start: number, end: number): Uint8Array => {
    expect(end).toBeLessThanOrEqual(bytes.length)
    count += end - start
    return bytes.subarray(start, end)
  }
  walkPages(read, 0, bytes.length)
  return count
}

test.each<[string, Buffer]>([
  ['100,000 empty pages', Buffer.concat(Array(100_000).fill(page(0)))],
  ['pages of a few bytes', Buffer.concat(Array(20_000).fill(page(30)))],
  ['pages whose heads are longer than a window', Buffer.concat(Array(20).fill(page(10, 100_000)))],
  ['pages as they are', Buffer.concat(Array(5).fill(page(1 << 20)))],
  ['pages and heads just beyond a window', Buffer.concat(Array(30).fill(page(65_000, 66_000)))],
])('%s are walked by reading about what they are long', (_, bytes) => {
  expect(bytesRead(bytes)).toBeLessThan(2.2 * bytes.length)
})

test('a head that is longer than any, and one that leads out of the column, are refused', () => {
  expect(() => bytesRead(page(0, (1 << 20) + 1))).toThrow(DataError)
  expect(() => bytesRead(Buffer.concat([page(4), page(4).subarray(0, -2)]))).toThrow('a page leads out of its column')
  expect(() => bytesRead(Buffer.concat([page(4), Buffer.from([0x25])]))).toThrow('a structure has no end')
})
