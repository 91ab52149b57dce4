import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DataError } from './errors.ts'
import { EVENT_FILE, scalarRecord, writeEventFile } from './tensorboard.ts'
import { crc32c, frameRecord, maskedCrc32c } from './tensorboard-record.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-tensorboard-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const wallTime = new Date('2026-01-02T03:04:05.678Z')

type Event = { wallSeconds: number; step: number; version: string | null; values: [tag: string, value: number][] }

/** A reader that shares nothing with the writer but the CRC, which has vectors of its own. */
function readEvents(bytes: Buffer): Event[] {
  const events: Event[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    if (maskedCrc32c(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) throw new Error('CRC of a length')
    const data = bytes.subarray(at + 12, at + 12 + length)
    if (maskedCrc32c(data) !== bytes.readUInt32LE(at + 12 + length)) throw new Error('CRC of data')
    events.push(readEvent(data))
    at += length + 16
  }
  return events
}

function readEvent(data: Buffer): Event {
  const event: Event = { wallSeconds: 0, step: 0, version: null, values: [] }
  for (const [field, value] of readFields(data)) {
    if (field === 1 && Buffer.isBuffer(value)) event.wallSeconds = value.readDoubleLE()
    else if (field === 2 && typeof value === 'bigint') event.step = Number(value)
    else if (field === 3 && Buffer.isBuffer(value)) event.version = value.toString()
    else if (field === 5 && Buffer.isBuffer(value)) {
      for (const [, part] of readFields(value)) {
        const [tag, number] = [...readFields(part as Buffer)].map(([, inner]) => inner as Buffer)
        event.values.push([tag!.toString(), number!.readFloatLE()])
      }
    } else throw new Error(`field ${field}`)
  }
  return event
}

function* readFields(data: Buffer): Generator<[number, Buffer | bigint]> {
  let at = 0
  const varint = (): bigint => {
    for (let shift = 0n, value = 0n; ; shift += 7n) {
      const byte = BigInt(data[at++]!)
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) return value
    }
  }
  while (at < data.length) {
    const key = Number(varint())
    const field = key >> 3
    if ((key & 7) === 0) yield [field, varint()]
    else {
      const size = (key & 7) === 1 ? 8 : (key & 7) === 5 ? 4 : Number(varint())
      yield [field, data.subarray(at, at + size)]
      at += size
    }
  }
}

describe('CRC-32C', () => {
  test.each([
    // The check value of the CRC catalogue, and the vectors of RFC 3720 B.4.
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
    ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is that of the standard', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  test('masked is rotated by 15 bits, plus a constant', () => {
    expect(maskedCrc32c(Buffer.alloc(0))).toBe(0xa282ead8)
    const crc = 0xe3069283n
    const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(Number((rotated + 0xa282ead8n) & 0xffffffffn))
  })
})

test('a record is its length and its data, each with a CRC', () => {
  const frame = frameRecord(Buffer.from('abc'))
  expect(frame.length).toBe(19)
  expect(frame.subarray(0, 8)).toEqual(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]))
  expect(frame.subarray(12, 15).toString()).toBe('abc')
  expect(frame.readUInt32LE(15)).toBe(maskedCrc32c(Buffer.from('abc')))
})

describe('an event file', () => {
  test('says its version first, then each step with its values in float32', () => {
    const records = [
      { step: 1, metrics: { 'rollout/reward_mean': 0.1, 'group/count': 32 } },
      { step: 300, metrics: { 'rollout/reward_mean': -2.5 } },
      { step: 2 ** 40 + 7, metrics: {} },
    ]
    const file = writeEventFile(join(dir, 'a', 'rl-1'), records, wallTime)
    expect(file).toBe(join(dir, 'a', 'rl-1', EVENT_FILE))
    const wallSeconds = 1767323045.678
    expect(readEvents(readFileSync(file))).toEqual([
      { wallSeconds, step: 0, version: 'brain.Event:2', values: [] },
      {
        wallSeconds,
        step: 1,
        version: null,
        values: [
          ['group/count', 32],
          ['rollout/reward_mean', Math.fround(0.1)],
        ],
      },
      { wallSeconds, step: 300, version: null, values: [['rollout/reward_mean', -2.5]] },
      { wallSeconds, step: 2 ** 40 + 7, version: null, values: [] },
    ])
  })

  test('reads back whatever was written', () => {
    const metrics = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.float({ noNaN: true }))
    fc.assert(
      fc.property(fc.array(metrics, { maxLength: 8 }), (list) => {
        const records = list.map((item, index) => ({ step: index * 1000, metrics: item }))
        const [, ...events] = readEvents(readFileSync(writeEventFile(dir, records, wallTime)))
        expect(events.map(({ step, values }) => ({ step, metrics: Object.fromEntries(values) }))).toEqual(
          records.map(({ step, metrics: item }) => ({ step, metrics: Object.fromEntries(Object.entries(item)) })),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('written again after a longer history replaces the old one; equal input has equal bytes', () => {
    const records = Array.from({ length: 5 }, (_, index) => ({ step: index + 1, metrics: { b: index, a: -index } }))
    writeEventFile(dir, records.slice(0, 2), wallTime)
    const first = readFileSync(writeEventFile(dir, records, wallTime))
    const turned = records.map(({ step, metrics }) => ({ step, metrics: { a: metrics.a, b: metrics.b } }))
    expect(readFileSync(writeEventFile(dir, turned, wallTime))).toEqual(first)
    expect(readdirSync(dir)).toEqual([EVENT_FILE])
    expect(readEvents(first)).toHaveLength(6)
  })

  test('a damaged byte anywhere is found by its CRC', () => {
    const bytes = readFileSync(writeEventFile(dir, [{ step: 1, metrics: { x: 1 } }], wallTime))
    // Not the first eight: a length that lies sends the reader past the end.
    for (let at = 8; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 0x10
      expect(() => readEvents(damaged)).toThrow()
    }
  })

  test.each([
    ['the same step twice', [1, 1]],
    ['a step back', [2, 1]],
    ['a negative step', [-1]],
    ['half a step', [0.5]],
    ['no number', [Number.NaN]],
    ['a step too large to be exact', [2 ** 53]],
  ])('%s is refused, and the old file stays', (_, steps) => {
    const old = readFileSync(writeEventFile(dir, [{ step: 0, metrics: { x: 1 } }], wallTime))
    const records = steps.map((step) => ({ step, metrics: {} }))
    expect(() => writeEventFile(dir, records, wallTime)).toThrow(DataError)
    expect(readFileSync(join(dir, EVENT_FILE))).toEqual(old)
  })

  test('a time that is none is refused', () => {
    expect(() => writeEventFile(dir, [], new Date(Number.NaN))).toThrow(DataError)
  })
})

test('a line of metrics.jsonl is a step and its metrics', () => {
  expect(scalarRecord({ step: 3, 'train/loss': 0.5 })).toEqual({ step: 3, metrics: { 'train/loss': 0.5 } })
  expect(() => scalarRecord({ 'train/loss': 0.5 })).toThrow(DataError)
})
