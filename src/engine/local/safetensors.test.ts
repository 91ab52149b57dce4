import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts'

/** A file made by hand: the given header text, then `dataBytes` bytes 0, 1, 2 … */
function handMade(header: string | Uint8Array, dataBytes: number, headerLength?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true)
  bytes.set(text, 8)
  for (let i = 0; i < dataBytes; i += 1) bytes[8 + text.length + i] = i
  return bytes
}

const f32 = (begin: number, end: number, shape = `[${(end - begin) / 4}]`) =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`

describe('what is written is read back', () => {
  test('any set of tensors survives, bit for bit, and equal tensors give equal bytes', () => {
    const tensor = fc
      .array(fc.nat(4), { maxLength: 3 })
      .chain((shape) => {
        const size = shape.reduce((product, length) => product * length, 1)
        return fc.tuple(fc.constant(shape), fc.array(fc.float(), { minLength: size, maxLength: size }))
      })
      .map(([shape, values]): Tensor => ({ shape, values: Float32Array.from(values) }))
    const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', '12', 'é𝄞'))
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 }), (pairs) => {
        fc.pre(pairs.every(([key]) => key !== '__metadata__'))
        const bytes = encodeSafetensors(new Map(pairs))
        const { tensors, metadata } = decodeSafetensors(bytes, 'x.safetensors')
        expect(metadata).toEqual({ format: 'pt' })
        expect(tensors.size).toBe(pairs.length)
        for (const [key, { shape, values }] of pairs) {
          expect(tensors.get(key)?.shape).toEqual(shape)
          expect(new Uint32Array(tensors.get(key)!.values.buffer)).toEqual(new Uint32Array(values.buffer))
        }
        expect(encodeSafetensors(new Map([...pairs].reverse()))).toEqual(bytes)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('the data section starts at a multiple of eight bytes and the header at its brace', () => {
    const bytes = encodeSafetensors(new Map([['a', { shape: [1], values: Float32Array.of(1) }]]))
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect((8 + headerBytes) % 8).toBe(0)
    expect(bytes[8]).toBe('{'.charCodeAt(0))
    expect(new DataView(bytes.buffer).getFloat32(8 + headerBytes, true)).toBe(1)
  })

  test('a view into a larger buffer is written without its neighbours', () => {
    const values = new Float32Array([9, 1, 2, 9]).subarray(1, 3)
    const { tensors } = decodeSafetensors(encodeSafetensors(new Map([['a', { shape: [2], values }]])), 'x')
    expect([...tensors.get('a')!.values]).toEqual([1, 2])
  })

  test('a tensor whose shape does not fit its values is refused', () => {
    expect(() => encodeSafetensors(new Map([['a', { shape: [3], values: new Float32Array(2) }]]))).toThrow(DataError)
  })
})

describe('other dtypes become float32', () => {
  const header = (dtype: string, count: number, width: number) =>
    `{"a":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${count * width}]}}`

  test('F16: one, minus two, largest, smallest subnormal, infinities, NaN', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555)
    const bytes = handMade(header('F16', halves.length, 2), halves.byteLength)
    bytes.set(new Uint8Array(halves.buffer), bytes.length - halves.byteLength)
    const { values } = decodeSafetensors(bytes, 'x').tensors.get('a')!
    expect([...values]).toEqual([1, -2, 65504, 2 ** -24, -0, Infinity, -Infinity, NaN, 0.333251953125])
  })

  test('BF16 is the upper half of a float32', () => {
    const halves = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x4049)
    const bytes = handMade(header('BF16', halves.length, 2), halves.byteLength)
    bytes.set(new Uint8Array(halves.buffer), bytes.length - halves.byteLength)
    expect([...decodeSafetensors(bytes, 'x').tensors.get('a')!.values]).toEqual([1, -2, Infinity, 3.140625])
  })

  test('I64 is read where float32 is exact and refused where it is not', () => {
    const read = (value: bigint) => {
      const numbers = BigInt64Array.of(value)
      const bytes = handMade(header('I64', 1, 8), 8)
      bytes.set(new Uint8Array(numbers.buffer), bytes.length - 8)
      return decodeSafetensors(bytes, 'x').tensors.get('a')!.values[0]
    }
    expect(read(-5n)).toBe(-5)
    expect(read(1n << 40n)).toBe(2 ** 40)
    expect(() => read((1n << 24n) + 1n)).toThrow('no exact float32')
    expect(() => read((1n << 60n) + 1n)).toThrow('no exact float32')
  })
})

describe('hostile files are refused by name', () => {
  const badUtf8 = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['empty file', new Uint8Array(0), 'too few'],
    ['seven bytes', new Uint8Array(7), 'too few'],
    ['header longer than the file', handMade('{}', 0, 3n), 'ends after the file'],
    ['header of 2^63 bytes', handMade('{}', 0, 1n << 63n), 'exceeds the limit'],
    ['header of 100 MB and one byte', handMade('{}', 0, 100_000_001n), 'exceeds the limit'],
    ['header that is a list', handMade('[]', 0), 'does not start with {'],
    ['header that starts with a space', handMade(' {}', 0), 'does not start with {'],
    ['header of no bytes', handMade('{}', 0, 0n), 'not JSON'],
    ['header cut in the middle', handMade(`{"a":${f32(0, 4)}`, 4), 'x.safetensors'],
    ['header with a byte order mark', handMade('\uFEFF{}', 0), 'does not start with {'],
    ['bad UTF-8', handMade(badUtf8, 0), 'not valid UTF-8'],
    ['duplicate names', handMade(`{"a":${f32(0, 4)},"a":${f32(4, 8)}}`, 8), 'appears twice'],
    ['duplicate names by escape', handMade(`{"a":${f32(0, 4)},"\\u0061":${f32(4, 8)}}`, 8), 'appears twice'],
    ['hole at the start', handMade(`{"a":${f32(4, 8)}}`, 8), 'hole of 4 bytes'],
    ['hole in the middle', handMade(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12), 'hole of 4 bytes before tensor "b"'],
    ['overlap', handMade(`{"a":${f32(0, 8)},"b":${f32(4, 8)}}`, 8), 'overlaps'],
    ['the same bytes twice', handMade(`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4), 'overlaps'],
    ['bytes after the last tensor', handMade(`{"a":${f32(0, 4)}}`, 5), '1 bytes after the last tensor'],
    ['data cut short', handMade(`{"a":${f32(0, 8)}}`, 7), 'ends at byte 8 of 7'],
    ['data without tensors', handMade('{}', 1), 'after the last tensor'],
    ['end before begin', handMade(`{"a":${f32(4, 0, '[1]')}}`, 4), 'needs 4 bytes'],
    ['negative offset', handMade('{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', 0), 'data_offsets'],
    ['three offsets', handMade('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', 4), 'data_offsets'],
    ['offset 2^53 + 1', handMade(`{"a":${f32(0, 4).replace('[0,4]', '[0,9007199254740993]')}}`, 4), 'data_offsets'],
    ['negative length', handMade(`{"a":${f32(0, 4, '[-1]')}}`, 4), 'shape'],
    ['fractional length', handMade(`{"a":${f32(0, 4, '[0.5]')}}`, 4), 'shape'],
    ['length as text', handMade(`{"a":${f32(0, 4, '["1"]')}}`, 4), 'shape'],
    ['shape that overflows', handMade(`{"a":${f32(0, 4, '[4294967296,4294967296,4294967296]')}}`, 4), 'too large'],
    ['shape that does not match', handMade(`{"a":${f32(0, 8, '[3]')}}`, 8), 'needs 12 bytes'],
    ['unknown dtype', handMade('{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8), 'dtype F64'],
    ['dtype of the prototype', handMade('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,8]}}', 8), 'dtype'],
    ['dtype missing', handMade('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), 'dtype undefined'],
    ['unknown field', handMade(`{"a":${f32(0, 4).replace('}', ',"x":1}')}}`, 4), 'unknown field "x"'],
    ['tensor that is null', handMade('{"a":null}', 0), 'tensor "a" is not an object'],
    ['tensor that is a list', handMade('{"a":[]}', 0), 'tensor "a" is not an object'],
    ['metadata that is a number', handMade('{"__metadata__":{"format":1}}', 0), '"format" is not a string'],
    ['metadata that is a list', handMade('{"__metadata__":[]}', 0), '__metadata__ is not an object'],
  ]
  test.each(cases)('%s', (_title, bytes, message) => {
    const read = () => decodeSafetensors(bytes, 'x.safetensors')
    expect(read).toThrow(DataError)
    expect(read).toThrow(message)
    expect(read).toThrow('x.safetensors')
  })

  test('every cut of a good file is refused', () => {
    const bytes = encodeSafetensors(new Map([['a', { shape: [2], values: Float32Array.of(1, 2) }]]))
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeSafetensors(bytes.subarray(0, length), 'x')).toThrow(DataError)
  })

  test('a tensor named __proto__ is a tensor like any other', () => {
    const { tensors } = decodeSafetensors(handMade(`{"__proto__":${f32(0, 4)}}`, 4), 'x')
    expect([...tensors.keys()]).toEqual(['__proto__'])
  })

  test('a scalar and an empty tensor are read', () => {
    const { tensors } = decodeSafetensors(handMade(`{"s":${f32(0, 4, '[]')},"e":${f32(4, 4, '[0, 7]')}}`, 4), 'x')
    expect(tensors.get('s')?.values.length).toBe(1)
    expect(tensors.get('e')?.values.length).toBe(0)
  })
})
