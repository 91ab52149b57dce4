import { describe, expect, test } from 'vitest'
import { models } from './cases.ts'
import {
  generationFigures,
  gflopsOf,
  markOf,
  median,
  refillingFigures,
  trainingFigures,
  yardstickGflops,
} from './figures.ts'
import { nominalGenerationFlops, nominalTrainingFlops } from './flops.ts'
import { stepsOfBatches } from './refilling.ts'
import { describeResult } from './result.ts'

test.each([
  [[3], 3],
  [[9, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %f', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('a thousand million operations in a second are 1 GFLOP/s', () => {
  expect(gflopsOf(1e9, 1000)).toBe(1)
})

test.each([
  [0, 'Q'],
  [0.099, 'Q'],
  [0.1, 'C'],
  [null, null],
] as const)('with others on %j cores the mark is %j', (cores, mark) => {
  expect(markOf(cores)).toBe(mark)
})

/** Both products are 2³¹ operations: 21.47 ms are 100 GFLOP/s. */
const msAt100 = 2 ** 31 / 1e8

test('the yardstick is the faster product by its median, not its luckiest run', () => {
  const productMs = { tall: [msAt100, 2 * msAt100, 2 * msAt100], square: [msAt100, msAt100, 3 * msAt100] }
  expect(yardstickGflops(productMs)).toBeCloseTo(100)
})

describe('trainingFigures', () => {
  const repetitions = [
    { forwardBackwardMs: 1000, optimizerMs: 24, loss: 7 },
    { forwardBackwardMs: 500, optimizerMs: 12, loss: 6 },
    { forwardBackwardMs: 5000, optimizerMs: 24, loss: 5 },
  ]
  const all = { kind: 'training', model: 'a', headRows: 'all', keepsMemory: false } as const

  test('a step of 4,096 tokens in 1,024 ms makes 4,000 tokens a second', () => {
    expect(trainingFigures(all, repetitions, 100)).toMatchObject({
      stepMs: 1024,
      minStepMs: 512,
      forwardBackwardMs: 1000,
      optimizerMs: 24,
      tokensPerSecond: 4000,
      firstLoss: 7,
      lastLoss: 5,
    })
  })

  test('the share is the speed by the customary count over the yardstick', () => {
    const { gflops, share } = trainingFigures(all, repetitions, 100)
    expect(gflops).toBeCloseTo(nominalTrainingFlops(models.a.decoder, 4000) / 1e9)
    expect(share).toBeCloseTo(gflops / 100)
  })

  test('half the rows in the head leave the customary count alone and lower the one of real products', () => {
    const [whole, half] = [all, { ...all, headRows: 'half' as const }].map((benchCase) =>
      trainingFigures(benchCase, repetitions, 100),
    )
    expect(half!.share).toBe(whole!.share)
    // 2,048 rows less, 6 operations for each of the 2,048 · 128 weights of the head.
    const saved = gflopsOf(6 * 2048 * 2048 * 128, 1024)
    expect(whole!.countedGflops - half!.countedGflops).toBeCloseTo(saved)
    expect(half!.countedShare).toBeCloseTo(half!.countedGflops / 100)
  })
})

test('decoding is what 48 tokens take beyond 1, in 47 steps', () => {
  const repetitions = [
    { callMs: 570, firstTokenMs: 100 },
    { callMs: 1100, firstTokenMs: 160 },
    { callMs: 610, firstTokenMs: 140 },
  ]
  const figures = generationFigures({ kind: 'generation', model: 'b', rows: 64 }, repetitions, 50)
  expect(figures).toMatchObject({ stepMs: 10, minStepMs: 10, prefillMs: 140, tokensPerSecond: 6400 })
  expect(figures.callTokensPerSecond).toBeCloseTo((64 * 48) / 0.61)
  expect(figures.gflops).toBeCloseTo(nominalGenerationFlops(models.b.decoder, 6400) / 1e9)
  expect(figures.share).toBeCloseTo(figures.gflops / 50)
  expect(figures.countedShare).toBeGreaterThan(figures.share)
})

describe('refilling', () => {
  const repetitions = [
    { callMs: 1000, tokens: 3000, steps: 40, batchSteps: 100 },
    { callMs: 3000, tokens: 3000, steps: 40, batchSteps: 100 },
    { callMs: 2000, tokens: 3000, steps: 40, batchSteps: 100 },
  ]

  test('the rows of a step and the least steps leave out the first tokens, which come from prompts', () => {
    const benchCase = { kind: 'refilling', model: 'a', sequences: 100, maxBatch: 128 } as const
    const figures = refillingFigures(benchCase, repetitions, 50)
    expect(figures).toMatchObject({ callMs: 2000, tokensPerSecond: 1500, meanLength: 30, steps: 40, batchSteps: 100 })
    expect(figures).toMatchObject({ leastSteps: 23, meanRows: 72.5 })
    expect(figures.gflops).toBeCloseTo(nominalGenerationFlops(models.a.decoder, 1500) / 1e9)
    expect(figures.share).toBeCloseTo(figures.gflops / 50)
  })

  test('a batch goes on until its longest completion has ended', () => {
    expect(stepsOfBatches([5, 1, 2, 9, 4], 2)).toBe(4 + 8 + 3)
    expect(stepsOfBatches([5, 1, 2, 9, 4], 5)).toBe(8)
  })
})

describe('describeResult', () => {
  const surroundings = { productMs: { tall: [msAt100], square: [msAt100] }, othersCores: 0.01, peakRssBytes: 1e9 }
  const repetitions = [{ forwardBackwardMs: 130, optimizerMs: 9.0937, loss: 7 }]

  test('twice the tokens a second of the prototype is a ratio of 2', () => {
    const benchCase = { kind: 'training', model: 'a', headRows: 'all', keepsMemory: true } as const
    const result = describeResult(benchCase, { kind: 'training', ...surroundings, repetitions })
    expect(result).toMatchObject({ kind: 'training', mark: 'Q', prototype: { tokensPerSecond: 14_724, mark: 'Q' } })
    expect(result).toHaveProperty('ratio', expect.closeTo(2, 3))
    expect(result.yardstick).toBeCloseTo(100)
  })

  test('what the prototype never measured has no ratio', () => {
    const benchCase = { kind: 'training', model: 'a', headRows: 'half', keepsMemory: true } as const
    const result = describeResult(benchCase, { kind: 'training', ...surroundings, repetitions })
    expect(result).toMatchObject({ prototype: null, ratio: null })
  })
})
