import { expect, test } from 'vitest'
import { EngineError } from '../../../core/errors.ts'
import type { DecoderConfig } from '../../types.ts'
import { buildForwardGraph, buildTrainingGraph } from './decoder.ts'
import { checkMemory, estimateModel, estimateRun } from './memory.ts'

/** The shape of SmolLM2-135M. */
const smollm: DecoderConfig = {
  vocabSize: 49_152,
  hiddenSize: 576,
  numLayers: 30,
  numHeads: 9,
  numKeyValueHeads: 3,
  headDim: 64,
  intermediateSize: 1536,
  maxPositions: 2048,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  tieEmbeddings: true,
  qkNorm: false,
}
const lora = { rank: 16, alpha: 32, targets: ['q_proj', 'v_proj'] } as const
const bounds = { low: 0, high: 1 }

test('a model counts its weights and, for each trained one, a gradient and two moments', () => {
  const parts = (shape: Parameters<typeof estimateModel>[0], options: Parameters<typeof estimateModel>[1]) =>
    Object.fromEntries(estimateModel(shape, options).parts.map(({ what, sizeBytes }) => [what, sizeBytes]))
  const weights = 4 * 134_515_008
  expect(parts({ config: smollm }, { isTrained: false })).toEqual({ weights })
  expect(parts({ config: smollm }, { isTrained: true })).toEqual({
    weights,
    gradients: weights,
    'moments of AdamW': 2 * weights,
  })
  // 30 layers, rank 16: q 576 → 576, v 576 → 192.
  const adapter = 4 * 30 * 16 * (576 + 576 + 576 + 192)
  expect(parts({ config: smollm, lora }, { isTrained: true, sharesBase: true })).toEqual({
    adapter,
    gradients: adapter,
    'moments of AdamW': 2 * adapter,
  })
})

test('a training run needs the more the more tokens and rows it has, a forward pass less', () => {
  const training = buildTrainingGraph({ config: smollm, lora }, 'cross_entropy', bounds)
  const total = (batch: number, length: number, rows: number) => {
    return estimateRun(training, 'a run', { batch, length, rows }).totalBytes
  }
  const whole = total(2, 256, 512)
  // Measured: 1.08 GB above the weights, the runtime of ONNX included (bench memory, with all seven targets).
  expect(whole / 1e9).toBeGreaterThan(0.7)
  expect(whole / 1e9).toBeLessThan(1.4)
  expect(total(2, 256, 128)).toBeLessThan(whole - 2 * 4 * 384 * 49_152)
  expect(total(4, 256, 1024) / whole).toBeCloseTo(2, 1)
  const forward = buildForwardGraph({ config: smollm, lora })
  expect(estimateRun(forward, 'a pass', { batch: 2, length: 256, rows: 512 }).totalBytes).toBeLessThan(0.4 * whole)
})

test('what fits passes, what does not is refused with parts, sum and remedies', () => {
  const estimate = estimateModel({ config: smollm }, { isTrained: true })
  expect(() => checkMemory(estimate, estimate.totalBytes, [])).not.toThrow()
  let refusal: unknown
  try {
    checkMemory(estimate, 1.5e9, ['train an adapter (lora)', 'use a smaller model'])
  } catch (cause) {
    refusal = cause
  }
  expect(refusal).toBeInstanceOf(EngineError)
  expect(refusal).toMatchObject({ code: 'E_MEMORY', hint: 'train an adapter (lora), or use a smaller model' })
  expect(refusal).toHaveProperty(
    'message',
    [
      'a model needs about 2.15 GB of memory, 1.50 GB are available:',
      '  weights              0.54 GB',
      '  gradients            0.54 GB',
      '  moments of AdamW     1.08 GB',
    ].join('\n'),
  )
})
