import { describe, expect, test } from 'vitest'
import { EngineError, ShapeError } from '../../../core/errors.ts'
import { backward } from './autodiff.ts'
import { GraphBuilder } from './builder.ts'
import { normalTensor, numericalGradient, relativeError } from './gradient-check.ts'
import { interpret } from './interpreter.ts'
import { apply } from './ops.ts'

describe('the builder', () => {
  test('stores equal small constants once, but keeps types and shapes apart', () => {
    const builder = new GraphBuilder()
    const names = [
      builder.scalar(1),
      builder.scalar(1),
      builder.constant(Float32Array.of(1), [1]),
      builder.integers([1]),
      builder.constant(Float64Array.of(1), []),
      builder.integers([1]),
    ].map(({ name }) => name)
    expect(names).toEqual(['c0', 'c0', 'c1', 'c2', 'c3', 'c2'])
    expect(builder.graph().constants.map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'int64', 'float64'])
  })

  test('names nodes after their scope and number', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', [2])
    builder.scoped('layer0', () => builder.scoped('norm', () => builder.node('Neg', [x])))
    builder.node('Exp', [x])
    expect(builder.graph().nodes.map(({ name }) => name)).toEqual(['/layer0/norm/Neg_0', '/Exp_1'])
  })

  test('refuses two inputs of one name', () => {
    const builder = new GraphBuilder()
    builder.input('x', [2])
    expect(() => builder.parameter('x', [3])).toThrow(new ShapeError('two graph inputs are named "x"'))
  })

  test('reads sizes that no reshape can infer from the inputs that have them', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['batch*length', 6])
    const mask = builder.input('mask', ['length', 1])
    const split = builder.reshape(x, ['batch', 'length', 2, 3])
    expect(split.shape).toEqual(['batch', 'length', 2, 3])
    const zeros = builder.node('Expand', [builder.scalar(0), builder.shapeTensor(['batch*length', 2])])
    expect(zeros.shape).toEqual(['batch*length', 2])
    // Read once, however often it is asked for.
    expect(builder.shapeTensor(['batch*length', 2])).toBe(builder.shapeTensor(['batch*length', 2]))
    expect(() => builder.shapeTensor(['batch'])).toThrow('no graph input has an axis "batch" to read its size from')
    builder.output('split', builder.node('Add', [split, builder.reshape(mask, [1, 'length', 1, 1])]))
    builder.output('zeros', zeros)
    const found = interpret(builder.graph(), {
      x: { shape: [8, 6], data: Float64Array.from({ length: 48 }, (_, index) => index) },
      mask: { shape: [4, 1], data: Float64Array.of(0, 100, 200, 300) },
    })
    expect(found.split!.shape).toEqual([2, 4, 2, 3])
    expect(found.split!.data[47]).toBe(347)
    expect(found.zeros!.shape).toEqual([8, 2])
  })

  test('refuses a constant whose shape does not hold its data', () => {
    expect(() => new GraphBuilder().constant(Float32Array.of(1, 2, 3), [2, 2])).toThrow(
      'a constant [2, 2] cannot hold 3 elements',
    )
  })

  test('reshapes around one unknown size, and keeps one that stays in place', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['batch', 12])
    const split = builder.reshape(x, ['batch', 3, 4])
    const rows = builder.reshape(split, ['rows', 4])
    expect([split.shape, rows.shape]).toEqual([
      ['batch', 3, 4],
      ['rows', 4],
    ])
    expect(builder.graph().constants.map(({ data }) => Array.from(data, Number))).toEqual([
      [0, 3, 4],
      [-1, 4],
    ])
    expect(() => builder.reshape(rows, ['heads', 'time', 4])).toThrow(/two unknown sizes/)
    expect(() => builder.reshape(builder.input('y', [6]), [4, 2])).toThrow(ShapeError)
  })

  test('refuses a declared shape that contradicts the inferred one', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', [2, 3])
    expect(() => builder.node('Neg', [x], {}, [2, 4])).toThrow('/Neg_0: declared [2, 4], inferred [2, 3]')
  })

  test('refuses a shape that is not a constant', () => {
    const builder = new GraphBuilder()
    const shape = builder.input('shape', [2], 'int64')
    expect(() => builder.node('Reshape', [builder.input('x', [6]), shape])).toThrow(
      '"shape" decides a shape, so it must be a constant',
    )
  })
})

describe('reverse mode', () => {
  test('sums what several consumers send back, those that take over a present gradient included', () => {
    const builder = new GraphBuilder()
    const [x, table] = [builder.parameter('x', [3, 4]), builder.parameter('table', [4, 4])]
    const rows = builder.constant(BigInt64Array.of(1n, 1n, 3n), [3])
    const looked = apply(builder, 'gatherRows', { table, rows })
    const mixed = apply(builder, 'linear', { x, weight: table, residual: looked })
    const again = apply(builder, 'linear', { x: mixed, weight: table, residual: x })
    const both = apply(builder, 'multiply', { a: again, b: apply(builder, 'multiply', { a: mixed, b: x }) })
    const loss = apply(builder, 'sum', { x: both })
    builder.output('loss', loss)
    backward(builder, loss, [x, table]).forEach((gradient, index) => {
      builder.output(`gradient${index}`, gradient)
    })
    const feeds = { x: normalTensor('x', [3, 4]), table: normalTensor('table', [4, 4]) }
    const found = interpret(builder.graph(), feeds)
    expect(relativeError(found.gradient0!.data, numericalGradient(builder.graph(), feeds, 'x'))).toBeLessThan(1e-8)
    expect(relativeError(found.gradient1!.data, numericalGradient(builder.graph(), feeds, 'table'))).toBeLessThan(1e-8)
  })

  test('a detached value is a constant: d(x·sg(x))/dx = x', () => {
    const builder = new GraphBuilder()
    const x = builder.parameter('x', [3])
    const loss = apply(builder, 'sum', { x: apply(builder, 'multiply', { a: x, b: apply(builder, 'detach', { x }) }) })
    const [gradient] = backward(builder, loss, [x])
    builder.output('gradient', gradient!)
    const found = interpret(builder.graph(), { x: { shape: [3], data: Float64Array.of(2, -3, 5) } })
    expect(Array.from(found.gradient!.data)).toEqual([2, -3, 5])
  })

  test('where both sides of a minimum are equal the first one carries the gradient', () => {
    const builder = new GraphBuilder()
    const [a, b] = [builder.parameter('a', [3]), builder.parameter('b', [3])]
    const loss = apply(builder, 'sum', { x: apply(builder, 'minimum', { a, b }) })
    backward(builder, loss, [a, b]).forEach((gradient, index) => {
      builder.output(`gradient${index}`, gradient)
    })
    const feeds = {
      a: { shape: [3], data: Float64Array.of(1, 2, 3) },
      b: { shape: [3], data: Float64Array.of(2, 2, 2) },
    }
    const found = interpret(builder.graph(), feeds)
    expect([Array.from(found.gradient0!.data), Array.from(found.gradient1!.data)]).toEqual([
      [1, 1, 0],
      [0, 0, 1],
    ])
  })

  test('a clipped value passes the gradient up to and on its bounds', () => {
    const builder = new GraphBuilder()
    const x = builder.parameter('x', [5])
    const loss = apply(builder, 'sum', { x: apply(builder, 'clip', { x }, { low: -1, high: 2 }) })
    builder.output('gradient', backward(builder, loss, [x])[0]!)
    const found = interpret(builder.graph(), { x: { shape: [5], data: Float64Array.of(-1.5, -1, 0, 2, 2.5) } })
    expect(Array.from(found.gradient!.data)).toEqual([0, 1, 1, 1, 0])
  })

  test('refuses to differentiate by what the loss does not depend on', () => {
    const builder = new GraphBuilder()
    const [x, y] = [builder.parameter('x', [2]), builder.parameter('y', [2])]
    const loss = apply(builder, 'sum', { x })
    expect(() => backward(builder, loss, [x, y])).toThrow(
      new EngineError('the loss does not depend on "y", so it has no gradient'),
    )
  })
})

test('the interpreter names a missing input', () => {
  const builder = new GraphBuilder()
  builder.output('y', builder.node('Neg', [builder.input('x', [2])]))
  expect(() => interpret(builder.graph(), {})).toThrow('the interpreter has no value for "x"')
})
