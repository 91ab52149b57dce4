import { expect, expectTypeOf, test } from 'vitest'
import { bindAxes } from './axes.ts'
import { ShapeError } from './errors.ts'

function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return null
}

test('the size of every axis comes back under its name', () => {
  const sizes = bindAxes({ logits: [[2, 3, 50], 'batch seq vocab'], targets: [[2, 3], 'batch seq'] })
  expect(sizes).toEqual({ batch: 2, seq: 3, vocab: 50 })
  expectTypeOf(sizes).toEqualTypeOf<Record<'batch' | 'seq' | 'vocab', number>>()
})

test('a tensor may be given by its shape, its shape property or its dims', () => {
  const tensor = { shape: [4, 5], data: Float32Array.of(1) }
  expect(bindAxes({ a: [tensor, 'rows columns'], b: [{ dims: [5] }, 'columns'], loss: [[], ''] })).toEqual({
    rows: 4,
    columns: 5,
  })
})

test('two sizes of one axis are an error that names tensor, axis and both sizes', () => {
  const error = errorOf(() => bindAxes({ logits: [[2, 3, 50], 'batch seq vocab'], targets: [[2, 4], 'batch seq'] }))
  expect(error).toBeInstanceOf(ShapeError)
  expect(error).toMatchObject({
    message: 'targets: axis seq is 4, but 3 in logits',
    tensor: 'targets',
    axis: 'seq',
    expected: 3,
    found: 4,
  })
})

test('an axis that a tensor names twice must have one size', () => {
  expect(bindAxes({ mask: [[3, 3], 'seq seq'] })).toEqual({ seq: 3 })
  expect(() => bindAxes({ mask: [[3, 4], 'seq seq'] })).toThrow('mask: axis seq is 4, but 3 in mask')
})

test('a missing axis is an error that lists names and sizes', () => {
  expect(() => bindAxes({ logits: [[2, 3], 'batch seq vocab'] })).toThrow(
    'logits: expected 3 axes [batch, seq, vocab], found 2 [2, 3]',
  )
})
