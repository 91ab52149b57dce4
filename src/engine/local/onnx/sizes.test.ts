import { expect, test } from 'vitest'
import { ShapeError } from '../../../core/errors.ts'
import { multiplySizes, resolveSize } from './sizes.ts'

test('a product of known sizes is a number, any other a name that does not depend on the order', () => {
  expect(multiplySizes(3, 4)).toBe(12)
  expect(multiplySizes('length', 'batch')).toBe('batch*length')
  expect(multiplySizes(2, multiplySizes('length', 3), 'batch')).toBe('6*batch*length')
  expect(multiplySizes(1, 'length')).toBe('length')
  expect(multiplySizes('length', 'length')).toBe('length*length')
})

test('a name has the size of its factors', () => {
  const sizes = { batch: 3, length: 5 }
  expect(resolveSize(7, sizes)).toBe(7)
  expect(resolveSize('length', sizes)).toBe(5)
  expect(resolveSize(multiplySizes(2, 'batch', 'length'), sizes)).toBe(30)
})

test('a factor without a size is named', () => {
  expect(() => resolveSize('2*rows', { batch: 3 })).toThrow(
    new ShapeError('the size "2*rows" depends on "rows", which is not given'),
  )
})
