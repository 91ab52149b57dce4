import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError, DataError, EngineError, NumericalError, ShapeError } from '../../core/errors.ts'
import { createRng } from '../../core/rng.ts'
import { defaultLora, loraTargets } from '../lora.ts'
import type { Datum, LossName } from '../types.ts'
import { tinyDecoder } from './fixtures/tiny-decoder.ts'
import { adamwStep, createAdamState } from './model/adamw.ts'
import { referenceLoss } from './model/loss-reference.ts'
import { initAdapter, initParameters, type ParameterSet } from './model/parameters.ts'
import { relativeError } from './onnx/gradient-check.ts'
import { createSessionPool } from './session.ts'
import { createTrainer, type Trainer } from './trainer.ts'

const config = tinyDecoder

const limits = { threads: 2, maxTokensPerMicroBatch: 4096 }
const open: Trainer[] = []
afterEach(async () => {
  for (const trainer of open.splice(0)) await trainer.close()
})

function trainerOf(maxTokensPerMicroBatch = 4096, parameters: ParameterSet = initParameters(config, 1)): Trainer {
  const trainer = createTrainer({ config, base: parameters }, { threads: 2, maxTokensPerMicroBatch })
  open.push(trainer)
  return trainer
}

/** Ragged data whose first two positions are a prompt. */
function makeData(lengths: readonly number[], kind: 'weights' | 'advantages'): Datum[] {
  const rng = createRng(2, 'trainer')
  return lengths.map((length) => {
    const completion = (draw: () => number) => Array.from({ length }, (_, position) => (position < 2 ? 0 : draw()))
    const tokens = () => Array.from({ length }, () => rng.int(config.vocabSize))
    const [inputTokens, targetTokens] = [tokens(), tokens()]
    if (kind === 'weights') return { inputTokens, targetTokens, weights: completion(() => 0.5 + rng.uniform()) }
    return {
      inputTokens,
      targetTokens,
      logprobs: completion(() => -3 + 0.3 * rng.normal()),
      advantages: completion(() => rng.normal()),
    }
  })
}

const lengths = [9, 4, 17, 6, 6, 25, 3]
const supervised = makeData(lengths, 'weights')
const sampled = makeData(lengths, 'advantages')

describe('forwardBackward', () => {
  test('the loss is that of the reference on the log-probabilities of the forward pass', async () => {
    const trainer = trainerOf()
    const { lossSum, logprobs_DT } = await trainer.forwardBackward(supervised, 'cross_entropy')
    const all = await trainer.forward(supervised, 'cross_entropy')
    const expected = supervised.map(
      (datum, index) => referenceLoss('cross_entropy', { low: 0, high: 1 }, all.logprobs_DT[index]!, datum).lossSum,
    )
    expect(lossSum).toBeCloseTo(
      expected.reduce((sum, value) => sum + value, 0),
      4,
    )
    expect(lossSum).toBeGreaterThan(100)
    logprobs_DT.forEach((logprobs_T, index) => {
      expect(logprobs_T.length).toBe(lengths[index])
      expect(logprobs_T.slice(0, 2)).toEqual([0, 0])
      logprobs_T.slice(2).forEach((logprob, at) => {
        expect(logprob).toBeCloseTo(all.logprobs_DT[index]![at + 2]!, 5)
      })
    })
  })

  test('forward gives a log-probability for every position and leaves the gradient alone', async () => {
    const trainer = trainerOf()
    const { logprobs_DT, lossSum } = await trainer.forward(sampled, 'importance_sampling')
    expect(logprobs_DT.map((logprobs_T) => logprobs_T.length)).toEqual(lengths)
    expect(logprobs_DT.flat().every((logprob) => logprob < 0)).toBe(true)
    expect(Number.isFinite(lossSum)).toBe(true)
    expect(trainer.gradients.every((value) => value === 0)).toBe(true)
  })

  test.each<[LossName, readonly Datum[]]>([
    ['cross_entropy', supervised],
    ['ppo', sampled],
  ])('%s: splitting into micro-batches changes neither loss nor gradient', async (loss, data) => {
    const [whole, split] = [trainerOf(4096), trainerOf(24)]
    const [one, many] = [await whole.forwardBackward(data, loss), await split.forwardBackward(data, loss)]
    expect(relativeError([many.lossSum], [one.lossSum])).toBeLessThan(1e-6)
    expect(relativeError(split.gradients, whole.gradients)).toBeLessThan(1e-6)
    expect(Math.hypot(...whole.gradients)).toBeGreaterThan(1)
  })

  test('gradients add up over calls until they are cleared', async () => {
    const trainer = trainerOf()
    await trainer.forwardBackward(supervised, 'cross_entropy')
    const once = trainer.gradients.slice()
    await trainer.forwardBackward(supervised, 'cross_entropy')
    expect(
      relativeError(
        trainer.gradients,
        once.map((value) => 2 * value),
      ),
    ).toBeLessThan(1e-6)
    trainer.clearGradients()
    expect(trainer.gradients.every((value) => value === 0)).toBe(true)
  })

  test('memory kept between runs leaves nothing behind: every byte of the gradient is the same', async () => {
    const [fresh, kept] = [false, true].map((keepsMemory) => {
      const options = { threads: 2, maxTokensPerMicroBatch: 64, keepsMemory }
      const trainer = createTrainer({ config, base: initParameters(config, 1) }, options)
      open.push(trainer)
      return trainer
    })
    for (let run = 0; run < 3; run++) {
      for (const trainer of [fresh!, kept!]) await trainer.forwardBackward(supervised, 'cross_entropy')
    }
    expect(kept!.gradients).toEqual(fresh!.gradients)
    expect(Math.hypot(...kept!.gradients)).toBeGreaterThan(1)
  })

  test('on-policy, importance sampling, ppo and cispo give one gradient', async () => {
    const trainer = trainerOf()
    const { logprobs_DT } = await trainer.forwardBackward(sampled, 'importance_sampling')
    const data = sampled.map((datum, index) => ({ ...datum, logprobs: logprobs_DT[index]! }))
    const gradients: Float32Array[] = []
    for (const [loss, thresholds] of [
      ['importance_sampling', {}],
      ['ppo', {}],
      ['cispo', { clipLowThreshold: 0, clipHighThreshold: 4 }],
    ] as const) {
      trainer.clearGradients()
      await trainer.forwardBackward(data, loss, thresholds)
      gradients.push(trainer.gradients.slice())
    }
    expect(Math.hypot(...gradients[0]!)).toBeGreaterThan(1)
    expect(relativeError(gradients[1]!, gradients[0]!)).toBeLessThan(1e-7)
    expect(relativeError(gradients[2]!, gradients[0]!)).toBeLessThan(1e-7)
  })

  test('a log-ratio of 60 gives a finite loss and a finite gradient', async () => {
    const trainer = trainerOf()
    const extreme = sampled.map((datum) => ({
      ...datum,
      logprobs: datum.advantages!.map((advantage) => (advantage === 0 ? 0 : -63)),
    }))
    const { lossSum } = await trainer.forwardBackward(extreme, 'ppo')
    expect(Math.abs(lossSum)).toBeGreaterThan(1e6)
    expect(trainer.gradients.every(Number.isFinite)).toBe(true)
  })

  test('data whose weights are all zero have loss 0 and no gradient', async () => {
    const trainer = trainerOf()
    const idle = supervised.map((datum) => ({ ...datum, weights: datum.weights!.map(() => 0) }))
    const { lossSum, logprobs_DT } = await trainer.forwardBackward(idle, 'cross_entropy')
    expect([lossSum, logprobs_DT.map((logprobs_T) => logprobs_T.length)]).toEqual([0, lengths])
    expect(trainer.gradients.every((value) => value === 0)).toBe(true)
  })

  test('following the gradient lowers the loss', async () => {
    const parameters = initParameters(config, 1)
    const trainer = trainerOf(4096, parameters)
    const losses: number[] = []
    for (let step = 0; step < 30; step++) {
      trainer.clearGradients()
      losses.push((await trainer.forwardBackward(supervised, 'cross_entropy')).lossSum)
      for (let index = 0; index < parameters.flat.length; index++)
        parameters.flat[index]! -= 0.01 * trainer.gradients[index]!
    }
    expect(losses.at(-1)!).toBeLessThan(0.2 * losses[0]!)
  })

  test('two trainers, same weights and data: same bits', async () => {
    const [first, second] = [trainerOf(64), trainerOf(64)]
    const [a, b] = [await first.forwardBackward(sampled, 'ppo'), await second.forwardBackward(sampled, 'ppo')]
    expect(b).toEqual(a)
    expect(second.gradients).toEqual(first.gradients)
  })
})

describe('an adapter', () => {
  const lora = { rank: 4, alpha: 16, targets: loraTargets }

  test('learns while its base stays as it is, and its gradients are all there are', async () => {
    const base = initParameters(config, 1)
    const parameters = initAdapter(config, lora, 2)
    const trainer = createTrainer({ config, base, adapter: { lora, parameters } }, limits)
    open.push(trainer)
    const before = base.flat.slice()
    expect(trainer.gradients.length).toBe(parameters.flat.length)
    const adam = createAdamState(parameters.flat.length)
    const losses: number[] = []
    for (let step = 0; step < 40; step++) {
      trainer.clearGradients()
      losses.push((await trainer.forwardBackward(supervised, 'cross_entropy')).lossSum)
      adamwStep(parameters.specs, parameters.flat, trainer.gradients, adam, { learningRate: 0.02 })
    }
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!)
    expect(base.flat).toEqual(before)
  })

  test('a new one gives the log-probabilities of its base, bit for bit', async () => {
    const base = initParameters(config, 1)
    const adapter = { lora, parameters: initAdapter(config, lora, 2) }
    const [plain, adapted] = [createTrainer({ config, base }, limits), createTrainer({ config, base, adapter }, limits)]
    open.push(plain, adapted)
    const expected = await plain.forward(supervised, 'cross_entropy')
    expect(await adapted.forward(supervised, 'cross_entropy')).toEqual(expected)
    expect(expected.lossSum).toBeGreaterThan(100)
  })
})

describe('sessions of others', () => {
  test('two trainers of one shape share them, one of another shape does not get theirs', async () => {
    const pool = createSessionPool({ threads: 2 })
    const base = initParameters(config, 1)
    const adapter = { lora: defaultLora, parameters: initAdapter(config, defaultLora, 2) }
    const options = { ...limits, pool }
    const trainers = [
      { config, base },
      { config, base: initParameters(config, 5) },
      { config, base, adapter },
    ]
    const [first, second, third] = trainers.map((model) => createTrainer(model, options))
    const one = supervised.slice(0, 1)
    await first!.forwardBackward(one, 'cross_entropy')
    await second!.forwardBackward(one, 'cross_entropy')
    expect(pool.keys.length).toBe(1)
    await third!.forwardBackward(one, 'cross_entropy')
    expect(pool.keys.length).toBe(2)
    await first!.close()
    expect(pool.keys.length).toBe(2)
    await pool.close()
  })
})

describe('an abort', () => {
  test('between micro-batches ends the call, and nothing of it is accumulated', async () => {
    const trainer = trainerOf(24)
    await trainer.forwardBackward(supervised, 'cross_entropy')
    const before = trainer.gradients.slice()
    const controller = new AbortController()
    // The timer fires only because the trainer lets the event loop turn.
    setTimeout(() => controller.abort(), 0)
    const call = trainer.forwardBackward(supervised, 'cross_entropy', {}, { signal: controller.signal })
    await expect(call).rejects.toMatchObject({ name: 'EngineError', code: 'E_ABORTED' })
    expect(trainer.gradients).toEqual(before)
    const { lossSum } = await trainer.forwardBackward(supervised, 'cross_entropy', {}, { signal: undefined })
    expect(lossSum).toBeGreaterThan(100)
  })

  test('before the call lets nothing run', async () => {
    const pool = createSessionPool({ threads: 2 })
    const trainer = createTrainer({ config, base: initParameters(config, 1) }, { ...limits, pool })
    const call = trainer.forward(supervised, 'cross_entropy', {}, { signal: AbortSignal.abort() })
    await expect(call).rejects.toThrow(EngineError)
    expect(pool.keys).toEqual([])
  })
})

describe('refusals', () => {
  const good: Datum = { inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], weights: [0, 1, 1] }

  test.each<[string, Datum, typeof DataError | typeof ShapeError, string]>([
    [
      'lengths that differ',
      { ...good, targetTokens: [2, 3] },
      ShapeError,
      'datum 1: targetTokens has 2 entries, inputTokens has 3',
    ],
    [
      'weights too short',
      { ...good, weights: [1, 1] },
      ShapeError,
      'datum 1: weights has 2 entries, inputTokens has 3',
    ],
    [
      'a token id out of range',
      { ...good, inputTokens: [1, 23, 3] },
      DataError,
      'datum 1: inputTokens[1] is 23, not a token id below 23',
    ],
    [
      'a negative target',
      { ...good, targetTokens: [2, 3, -1] },
      DataError,
      'datum 1: targetTokens[2] is -1, not a token id below 23',
    ],
    [
      'a fractional id',
      { ...good, inputTokens: [1.5, 2, 3] },
      DataError,
      'datum 1: inputTokens[0] is 1.5, not a token id below 23',
    ],
    [
      'a weight that is not a number',
      { ...good, weights: [0, Number.NaN, 1] },
      DataError,
      'datum 1: weights[1] is NaN, not a finite number',
    ],
    ['an empty datum', { inputTokens: [], targetTokens: [], weights: [] }, DataError, 'datum 1: inputTokens is empty'],
    ['no weights', { inputTokens: [1], targetTokens: [2] }, DataError, 'datum 1: weights is missing'],
    [
      'an array the loss does not read',
      { ...good, advantages: [0, 1, 1] },
      DataError,
      'datum 1: advantages is not read by cross_entropy',
    ],
    [
      'a datum longer than the context',
      { inputTokens: Array(33).fill(1), targetTokens: Array(33).fill(1), weights: Array(33).fill(1) },
      DataError,
      'datum 1: inputTokens has 33 tokens, the context holds 32',
    ],
  ])('%s', async (_, datum, kind, message) => {
    const trainer = trainerOf()
    const call = trainer.forwardBackward([good, datum], 'cross_entropy')
    await expect(call).rejects.toThrow(kind)
    await expect(call).rejects.toThrow(message)
    expect(trainer.gradients.every((value) => value === 0)).toBe(true)
  })

  test('policy losses name the missing array', async () => {
    const { weights, ...bare } = good
    const call = trainerOf().forward([{ ...bare, advantages: [0, 1, 1] }], 'cispo', {
      clipLowThreshold: 0,
      clipHighThreshold: 4,
    })
    await expect(call).rejects.toThrow('datum 0: logprobs is missing')
    expect(weights).toEqual([0, 1, 1])
  })

  test('cispo without both thresholds is a ConfigError', async () => {
    await expect(trainerOf().forwardBackward(sampled, 'cispo', { clipHighThreshold: 4 })).rejects.toThrow(ConfigError)
  })

  test('diverged weights are a NumericalError, and the gradient so far is kept whole', async () => {
    const parameters = initParameters(config, 1)
    const trainer = trainerOf(24, parameters)
    await trainer.forwardBackward(supervised, 'cross_entropy')
    const before = trainer.gradients.slice()
    parameters.view('model.norm.weight')[3] = Number.NaN
    const call = trainer.forwardBackward(supervised, 'cross_entropy')
    await expect(call).rejects.toThrow(NumericalError)
    await expect(call).rejects.toThrow(/^datum 5: the log-probability of targetTokens\[2\] is NaN/)
    expect(trainer.gradients).toEqual(before)
  })

  test.each([
    [{ threads: 0, maxTokensPerMicroBatch: 64 }, 'threads must be a positive integer, found 0'],
    [{ threads: 1, maxTokensPerMicroBatch: Number.NaN }, 'maxTokensPerMicroBatch must be positive, found NaN'],
  ])('options %o', (options, message) => {
    expect(() => createTrainer({ config, base: initParameters(config, 1) }, options)).toThrow(message)
  })
})
