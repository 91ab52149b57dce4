import { expect, test } from 'vitest'
import { ShapeError } from '../../../core/errors.ts'
import { GraphBuilder } from './builder.ts'
import { peakBytes, tensorBytes } from './liveness.ts'

test('the size of a tensor is that of its elements, open sizes as given', () => {
  expect(tensorBytes({ shape: [3, 5], dtype: 'float32' })).toBe(60)
  expect(tensorBytes({ shape: ['2*batch', 5], dtype: 'int64' }, { batch: 7 })).toBe(560)
  expect(() => tensorBytes({ shape: ['batch', 5], dtype: 'int64' })).toThrow(ShapeError)
  expect(tensorBytes({ shape: [], dtype: 'bool' })).toBe(1)
})

test('a chain holds two tensors at a time, whatever its length', () => {
  const builder = new GraphBuilder()
  let x = builder.input('x', [100])
  for (let link = 0; link < 10; link++) x = builder.node('Neg', [x])
  builder.output('y', x)
  expect(peakBytes(builder.graph())).toBe(2 * 400)
})

test('a graph of open sizes needs what those of the run make of it', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', ['length', 10])
  builder.output('y', builder.node('Exp', [builder.node('Neg', [x])]))
  expect(peakBytes(builder.graph(), { length: 10 })).toBe(2 * 400)
  expect(peakBytes(builder.graph(), { length: 30 })).toBe(6 * 400)
})

test('what is read again later stays, what nobody reads goes at once', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', [100])
  const kept = builder.node('Neg', [x])
  builder.node('Exp', [x])
  const middle = builder.node('Exp', [kept])
  builder.output('y', builder.node('Add', [kept, middle]))
  // kept, middle and their sum
  expect(peakBytes(builder.graph())).toBe(3 * 400)
})

test('a reshaped tensor is the same memory, and keeps it alive', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', [100])
  const first = builder.node('Neg', [x])
  const view = builder.reshape(first, [10, 10])
  const other = builder.node('Exp', [builder.node('Neg', [x])])
  builder.output('y', builder.node('Mul', [view, builder.reshape(other, [10, 10])]))
  expect(peakBytes(builder.graph())).toBe(3 * 400)
})

test('outputs stay to the end', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', [100])
  for (let index = 0; index < 5; index++) builder.output(`y${index}`, builder.node('Neg', [x]))
  expect(peakBytes(builder.graph())).toBe(6 * 400)
})
