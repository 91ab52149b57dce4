import { describe, expect, test } from 'vitest'
import { ConfigError, NumericalError } from '../../../core/errors.ts'
import type { AdamParams } from '../../types.ts'
import { adamwStep, createAdamState, resetAdamState } from './adamw.ts'

const specs = [
  { name: 'matrix', shape: [2, 2], offset: 0, size: 4 },
  { name: 'norm', shape: [2], offset: 4, size: 2 },
]

/** The textbook recurrence (Loshchilov & Hutter, algorithm 2) on one number, all in float64. */
function trace(weight: number, gradients: readonly number[], params: Required<AdamParams>): number {
  let [mean, square, value] = [0, 0, weight]
  gradients.forEach((gradient, index) => {
    mean = params.beta1 * mean + (1 - params.beta1) * gradient
    square = params.beta2 * square + (1 - params.beta2) * gradient * gradient
    const meanHat = mean / (1 - params.beta1 ** (index + 1))
    const squareHat = square / (1 - params.beta2 ** (index + 1))
    value -= params.learningRate * (meanHat / (Math.sqrt(squareHat) + params.eps) + params.weightDecay * value)
  })
  return value
}

describe('the update', () => {
  test('the first step moves each weight by the learning rate against the sign of its gradient', () => {
    const weights = new Float32Array(6)
    const state = createAdamState(6)
    adamwStep(specs, weights, Float32Array.of(3, -0.01, 1e-6, 0, 5, -5), state, { learningRate: 0.125 })
    expect([...weights].map((value) => Math.fround(value))).toEqual([
      -0.125,
      0.125,
      expect.closeTo(-0.125, 6),
      0,
      -0.125,
      0.125,
    ])
  })

  test('twenty steps follow the float64 recurrence, decay on the matrix alone', () => {
    const params = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1, gradClipNorm: 0 }
    const start = [0.5, -1, 2, 0.25, 1, -0.75]
    const history = start.map((_, i) =>
      Array.from({ length: 20 }, (_, step) => Math.fround(0.5 + Math.sin(3 * i + step))),
    )
    const weights = Float32Array.from(start)
    const state = createAdamState(6)
    for (let step = 0; step < 20; step += 1) {
      const gradients = Float32Array.from(history, (gradients) => gradients[step]!)
      expect(adamwStep(specs, weights, gradients, state, params).step).toBe(step + 1)
    }
    start.forEach((weight, i) => {
      const expected = trace(weight, history[i]!, i < 4 ? params : { ...params, weightDecay: 0 })
      expect(Math.abs(weights[i]! - expected)).toBeLessThan(2e-6)
      // the reference itself must have moved, or the comparison would say nothing
      expect(Math.abs(expected - weight)).toBeGreaterThan(0.005)
    })
  })

  test('two steps by hand: gradient 1 then -1, learning rate 0.1, beta 0.5 and 0.5', () => {
    // m: 0.5, -0.25 → hat 1, -1/3; v: 0.5, 0.75 → hat 1, 1; w: 1 - 0.1 + 0.1/3
    const weights = Float32Array.of(1)
    const state = createAdamState(1)
    const one = [{ name: 'w', shape: [1], offset: 0, size: 1 }]
    const params = { learningRate: 0.1, beta1: 0.5, beta2: 0.5 }
    adamwStep(one, weights, Float32Array.of(1), state, params)
    expect(weights[0]).toBeCloseTo(0.9, 6)
    adamwStep(one, weights, Float32Array.of(-1), state, params)
    expect(weights[0]).toBeCloseTo(0.9 + 0.1 / 3, 6)
    expect([...state.first, ...state.second]).toEqual([-0.25, 0.75])
  })

  test('the defaults are the Tinker API ones', () => {
    const run = (params: AdamParams) => {
      const weights = Float32Array.of(1, 1, 1, 1, 1, 1)
      const state = createAdamState(6)
      for (const size of [1, -2, 3])
        adamwStep(specs, weights, Float32Array.of(size, 2, 3, 4, 5 * size, 6), state, params)
      return [...weights]
    }
    const spelled = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, eps: 1e-12, weightDecay: 0, gradClipNorm: 0 }
    expect(run({ learningRate: 0.1 })).toEqual(run(spelled))
    expect(run({ learningRate: 0.1, beta2: 0.999 })).not.toEqual(run(spelled))
  })

  test('after a reset the next step is a first step again', () => {
    const gradients = Float32Array.of(1, 2, 3, 4, 5, 6)
    const state = createAdamState(6)
    const fresh = new Float32Array(6)
    adamwStep(specs, fresh, gradients, createAdamState(6), { learningRate: 0.1 })
    adamwStep(specs, new Float32Array(6), Float32Array.of(9, -9, 9, -9, 9, -9), state, { learningRate: 0.1 })
    resetAdamState(state)
    const weights = new Float32Array(6)
    expect(adamwStep(specs, weights, gradients, state, { learningRate: 0.1 }).step).toBe(1)
    expect(weights).toEqual(fresh)
  })
})

describe('the norm and the clip', () => {
  test('the norm before clipping and the norm of the new weights are reported', () => {
    const weights = Float32Array.of(1, 1, 1, 1, 0, 0)
    const result = adamwStep(specs, weights, Float32Array.of(1, 2, 4, 2, 0, 0), createAdamState(6), {
      learningRate: 0,
      gradClipNorm: 1,
    })
    expect(result).toEqual({ step: 1, gradNorm: 5, paramNorm: 2 })
  })

  test('a gradient above the norm enters the moments scaled down to it, one below enters unscaled', () => {
    const moments = (gradClipNorm: number) => {
      const state = createAdamState(6)
      const params = { learningRate: 0.1, beta1: 0.5, gradClipNorm }
      adamwStep(specs, new Float32Array(6), Float32Array.of(3, 0, 0, 0, 4, 0), state, params)
      return [...state.first]
    }
    expect(moments(2.5)).toEqual([0.75, 0, 0, 0, 1, 0])
    expect(moments(5)).toEqual([1.5, 0, 0, 0, 2, 0])
    expect(moments(0)).toEqual([1.5, 0, 0, 0, 2, 0])
  })
})

describe('refusals', () => {
  test.each([
    ['matrix', 2, Number.NaN],
    ['norm', 5, Number.POSITIVE_INFINITY],
  ])('a gradient of tensor "%s" that is not finite names it and changes nothing', (name, index, value) => {
    const gradients = Float32Array.of(1, 1, 1, 1, 1, 1)
    gradients[index] = value
    const weights = Float32Array.of(1, 2, 3, 4, 5, 6)
    const state = createAdamState(6)
    const step = () => adamwStep(specs, weights, gradients, state, { learningRate: 0.1 })
    expect(step).toThrow(NumericalError)
    expect(step).toThrow(`"${name}"`)
    expect([...weights]).toEqual([1, 2, 3, 4, 5, 6])
    expect(state).toEqual(createAdamState(6))
  })

  test('an update that overflows float32 is named', () => {
    const step = () =>
      adamwStep(specs, new Float32Array(6), Float32Array.of(0, 0, 0, 0, 1, 0), createAdamState(6), {
        learningRate: 1e39,
      })
    expect(step).toThrow(NumericalError)
    expect(step).toThrow('"norm"')
  })

  test.each([
    { learningRate: -1 },
    { learningRate: Number.NaN },
    { learningRate: 1, beta1: 1 },
    { learningRate: 1, beta2: -0.1 },
    { learningRate: 1, eps: 0 },
    { learningRate: 1, weightDecay: -1 },
    { learningRate: 1, gradClipNorm: Number.NaN },
  ])('hyper-parameters out of range are refused: %o', (params) => {
    const step = () => adamwStep(specs, new Float32Array(6), new Float32Array(6), createAdamState(6), params)
    expect(step).toThrow(ConfigError)
  })
})
