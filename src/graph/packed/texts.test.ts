import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTextPool, createTextReader, hash53 } from './texts.ts'

test('every text keeps the number of its first use and comes back whole, whatever its letters', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 300 }), (texts) => {
      const pool = createTextPool()
      const numbers = texts.map((text) => pool.number(text))
      const distinct = ['', ...new Set(texts.filter((text) => text !== ''))]
      expect(pool.count).toBe(distinct.length)
      expect(numbers).toEqual(texts.map((text) => distinct.indexOf(text)))
      const read = createTextReader(pool.finish())
      expect(numbers.map(read)).toEqual(texts)
      expect(numbers.map(pool.textOf)).toEqual(texts)
    }),
    { numRuns: 50 },
  )
})

test('a pool grows past its first tables, and the reader past its cache', () => {
  const pool = createTextPool()
  const texts = Array.from({ length: 40_000 }, (_, index) => `text ${index} ${'é'.repeat(index % 50)}`)
  const numbers = texts.map(pool.number)
  expect(texts.map(pool.number)).toEqual(numbers)
  const read = createTextReader(pool.finish())
  expect(read(numbers[39_999]!)).toBe(texts[39_999])
  expect(numbers.every((number, index) => read(number) === texts[index])).toBe(true)
})

test('a hash has 53 bits and tells similar names apart', () => {
  const hashes = Array.from({ length: 20_000 }, (_, index) => hash53(`disease ${index}`))
  expect(new Set(hashes).size).toBe(20_000)
  expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true)
  expect(Math.max(...hashes)).toBeGreaterThan(2 ** 52)
})
