import { describe, expect, test } from 'vitest'
import { createRng } from '../../core/rng.ts'
import { dtypes, firstNonFinite, narrow } from './safetensors-dtypes.ts'

type Narrow = 'F16' | 'BF16'

function widen(dtype: Narrow, items: Uint16Array<ArrayBuffer>): Float32Array {
  const values = new Float32Array(items.length)
  dtypes[dtype].decode(items.buffer, values)
  return values
}

describe.each([
  // Half a step above the largest half; the largest float32.
  ['F16', 0x7c00, 65_520],
  ['BF16', 0x7f80, (2 - 2 ** -23) * 2 ** 127],
] as const)('%s', (dtype, infinity, tooLarge) => {
  const finite = Uint16Array.from({ length: 0x10000 }, (_, item) => item).filter(
    (item) => (item & infinity) !== infinity,
  )

  test('every finite item comes back from its float32', () => {
    expect(narrow(widen(dtype, finite), dtype)).toEqual(finite)
  })

  test('a value between two items becomes the nearer, half way the even one', () => {
    const rng = createRng(1, dtype)
    const items = Uint16Array.from({ length: 2000 }, () => 1 + rng.int(infinity - 2))
    const [below, above] = [
      widen(dtype, items),
      widen(
        dtype,
        items.map((item) => item + 1),
      ),
    ]
    const at = (share: number) => below.map((value, index) => value + (above[index]! - value) * share)
    const isTop = items.map((item) => Number(item + 1 === infinity))
    expect(isTop.includes(1)).toBe(false)
    expect(narrow(at(0.25), dtype)).toEqual(items)
    expect(narrow(at(0.75), dtype)).toEqual(items.map((item) => item + 1))
    expect(narrow(at(0.5), dtype)).toEqual(items.map((item) => item + (item & 1)))
    expect(
      narrow(
        at(0.5).map((value) => -value),
        dtype,
      ),
    ).toEqual(items.map((item) => 0x8000 | (item + (item & 1))))
  })

  test('NaN, infinities and values beyond the range are found, not written', () => {
    const largest = widen(dtype, Uint16Array.of(infinity - 1))[0]!
    expect(narrow(Float32Array.of(largest), dtype)).toEqual(Uint16Array.of(infinity - 1))
    for (const bad of [Number.NaN, -Infinity, tooLarge, -tooLarge])
      expect(narrow(Float32Array.of(1, 2, bad), dtype)).toBe(2)
    // A negative NaN whose bits overflow when they are rounded.
    expect(narrow(new Float32Array(Uint32Array.of(0xffffffff).buffer), dtype)).toBe(0)
  })
})

test('the smallest float16 is reached by rounding, and below half of it all is zero', () => {
  const values = Float32Array.of(2 ** -24, 2 ** -25, 2 ** -25 * 1.001, 2 ** -26, -(2 ** -30))
  expect(narrow(values, 'F16')).toEqual(Uint16Array.of(1, 0, 1, 0, 0x8000))
})

test('the first value that is not finite is found', () => {
  expect(firstNonFinite(Float32Array.of(0, -0, 3e38, 1e-45))).toBe(-1)
  for (const value of [Number.NaN, Infinity, -Infinity]) expect(firstNonFinite(Float32Array.of(1, 2, value, 4))).toBe(2)
})
