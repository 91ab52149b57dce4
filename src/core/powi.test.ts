import fc from 'fast-check'
import { expect, test } from 'vitest'
import { powi } from './powi.ts'

test('small powers are exact', () => {
  expect([powi(2, 0), powi(2, 1), powi(2, 10), powi(-3, 3), powi(0, 0), powi(0, 5)]).toEqual([1, 2, 1024, -27, 1, 0])
  expect(powi(2, 1023)).toBe(2 ** 1023)
})

test('it agrees with Math.pow to a relative 1e-12 for the decay rates of Adam', () => {
  const rates = fc.constantFrom(0.9, 0.95, 0.99, 0.999, 0.9999)
  fc.assert(
    fc.property(rates, fc.nat(10_000), (beta, step) => {
      const expected = beta ** step
      expect(Math.abs(powi(beta, step) - expected)).toBeLessThanOrEqual(expected * 1e-12)
    }),
  )
})

test('its bits do not depend on the version of Node', () => {
  // Lock: IEEE multiplication alone; made by this function on Node 20.20. Any conforming engine gives the same.
  const bits = new BigUint64Array(Float64Array.of(powi(0.999, 12_345), powi(0.9, 777)).buffer)
  expect([...bits].map((word) => word.toString(16))).toEqual(['3ed22391fb9458b0', '388db98e1b58509e'])
})

test('an exponent that is negative or not whole is refused', () => {
  for (const exponent of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => powi(2, exponent)).toThrow('whole exponent')
  }
})
