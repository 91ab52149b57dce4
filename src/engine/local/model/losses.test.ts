import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError, ShapeError } from '../../../core/errors.ts'
import type { LossName } from '../../types.ts'
import { backward } from '../onnx/autodiff.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import { interpret } from '../onnx/interpreter.ts'
import { referenceLoss } from './loss-reference.ts'
import { type LossInput, losses, MAX_LOG_RATIO, type RatioBounds, resolveBounds } from './losses.ts'

type Golden = {
  mask: number[][]
  logp_new: number[][]
  logp_old: number[][]
  logp_rollout: number[][]
  advantages: number[]
  cases: {
    loss: LossName
    source: string
    sampler: 'logp_old' | 'logp_rollout'
    advantageScale: 1 | '1/tokens'
    clipLowThreshold?: number
    clipHighThreshold?: number
    lossSum: number
    gradient?: number[][]
  }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('./fixtures/loss-golden.json', import.meta.url), 'utf8'))

type Inputs = {
  readonly logprobs: readonly number[]
  readonly given: { readonly [Input in LossInput]?: readonly number[] }
}

/** The loss as the training graph computes it, in float64. */
function graphLoss(
  loss: LossName,
  bounds: RatioBounds,
  { logprobs, given }: Inputs,
): { lossSum: number; gradient_T: number[] } {
  const builder = new GraphBuilder()
  const policy = builder.parameter('policy', [logprobs.length])
  const total = losses[loss].build(builder, policy, (name) => builder.input(name, [logprobs.length]), bounds)
  builder.output('loss', total)
  builder.output('gradient', backward(builder, total, [policy])[0]!)
  const dense = (values: readonly number[]) => ({ shape: [values.length], data: Float64Array.from(values) })
  const feeds = Object.fromEntries(losses[loss].inputs.map((name) => [name, dense(given[name]!)]))
  const found = interpret(builder.graph(), { ...feeds, policy: dense(logprobs) })
  return { lossSum: found.loss!.data[0]!, gradient_T: Array.from(found.gradient!.data) }
}

function inputsOf({ sampler, advantageScale }: Golden['cases'][number]): Inputs {
  const tokens = golden.mask.flat().reduce((sum, value) => sum + value, 0)
  const scale = advantageScale === 1 ? 1 : 1 / tokens
  const advantages = golden.mask.flatMap((row, index) => row.map((value) => value * golden.advantages[index]! * scale))
  return {
    logprobs: golden.logp_new.flat(),
    given: { weights: advantages, logprobs: golden[sampler].flat(), advantages },
  }
}

describe.each(golden.cases)('golden: $source', (item) => {
  const { loss, lossSum, gradient, source, sampler, advantageScale, ...config } = item
  const bounds = resolveBounds(loss, config)

  test('the reference gives the loss and the gradient of every token', () => {
    const { logprobs, given } = inputsOf(item)
    const found = referenceLoss(loss, bounds, logprobs, given)
    expect(found.lossSum).toBeCloseTo(lossSum, 7)
    gradient?.flat().forEach((expected, token) => {
      expect(found.gradient_T[token]).toBeCloseTo(expected, 8)
    })
  })

  test('the graph gives them too', () => {
    const found = graphLoss(loss, bounds, inputsOf(item))
    expect(found.lossSum).toBeCloseTo(lossSum, 7)
    gradient?.flat().forEach((expected, token) => {
      expect(found.gradient_T[token]).toBeCloseTo(expected, 7)
    })
  })
})

test('at least four golden cases carry gradients', () => {
  expect(golden.cases.filter(({ gradient }) => gradient).length).toBeGreaterThanOrEqual(4)
})

/** Log-ratios on, within and beyond every bound, for either sign of the advantage. Bounds that float32 holds exactly. */
const logRatios = [-60, -MAX_LOG_RATIO, -3, Math.log(0.75), -0.1, 0, 0.1, Math.log(1.25), 3, MAX_LOG_RATIO, 60]
const sweep = logRatios.flatMap((logRatio) => [-2, 0, 1.5].map((advantage) => ({ logRatio, advantage })))
const sampled = sweep.map((_, index) => -0.1 * index)
const swept: Inputs = {
  logprobs: sweep.map(({ logRatio }, index) => sampled[index]! + logRatio),
  given: {
    weights: sweep.map(({ advantage }) => advantage),
    logprobs: sampled,
    advantages: sweep.map(({ advantage }) => advantage),
  },
}
const names: readonly LossName[] = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo']
const sweepBounds: RatioBounds = { low: 0.75, high: 1.25 }

test.each(names)('%s: graph and reference agree on every side of every bound', (loss) => {
  const found = graphLoss(loss, sweepBounds, swept)
  const expected = referenceLoss(loss, sweepBounds, swept.logprobs, swept.given)
  expect(found.lossSum / expected.lossSum).toBeCloseTo(1, 12)
  expected.gradient_T.forEach((value, token) => {
    expect(found.gradient_T[token]! / (Math.abs(value) + 1), `token ${token}`).toBeCloseTo(
      value / (Math.abs(value) + 1),
      12,
    )
  })
})

test.each(names)('%s: the reference gradient equals central differences away from the kinks', (loss) => {
  const step = 1e-6
  for (const [index, { logRatio }] of sweep.entries()) {
    if (
      Math.abs(Math.abs(logRatio) - MAX_LOG_RATIO) < 0.01 ||
      [0.75, 1.25].some((bound) => Math.abs(logRatio - Math.log(bound)) < 0.01)
    )
      continue
    const at = (moved: number) =>
      referenceLoss(loss, sweepBounds, [moved], {
        weights: [swept.given.weights![index]!],
        logprobs: [sampled[index]!],
        advantages: [swept.given.advantages![index]!],
      })
    const here = at(swept.logprobs[index]!)
    const slope = (at(swept.logprobs[index]! + step).lossSum - at(swept.logprobs[index]! - step).lossSum) / (2 * step)
    // cispo's weight is held fixed: its gradient is not the slope of the printed loss, but -weight.
    const expected = loss === 'cispo' ? here.lossSum / swept.logprobs[index]! : slope
    if (swept.logprobs[index] === 0) continue
    expect(here.gradient_T[0]! / (Math.abs(expected) + 1), `log-ratio ${logRatio}`).toBeCloseTo(
      expected / (Math.abs(expected) + 1),
      6,
    )
  }
})

test('a log-ratio of 60 stays finite: the ratio is exp(20)', () => {
  const given = { logprobs: [-60], advantages: [-1] }
  expect(referenceLoss('importance_sampling', { low: 0, high: 1 }, [0], given)).toEqual({
    lossSum: Math.exp(20),
    gradient_T: [0],
  })
  expect(referenceLoss('ppo', { low: 0.8, high: 1.2 }, [0], given).lossSum).toBe(Math.exp(20))
  expect(
    Number.isFinite(Math.fround(graphLoss('ppo', { low: 0.8, high: 1.2 }, { logprobs: [0], given }).lossSum)),
  ).toBe(true)
})

test('ppo lets no gradient through where clipping is the smaller side', () => {
  const gradient = (logRatio: number, advantage: number) =>
    referenceLoss('ppo', { low: 0.8, high: 1.2 }, [logRatio], { logprobs: [0], advantages: [advantage] }).gradient_T[0]
  expect(gradient(Math.log(1.5), 1)).toBe(0)
  expect(gradient(Math.log(0.5), 1)).toBeCloseTo(-0.5, 12)
  expect(gradient(Math.log(1.5), -1)).toBeCloseTo(1.5, 12)
  expect(gradient(Math.log(0.5), -1)).toBe(0)
})

test('on-policy, importance sampling, ppo and cispo have one gradient: -advantage', () => {
  const given = { logprobs: [-1, -2, -0.5], advantages: [0.5, -0.25, 0] }
  for (const loss of ['importance_sampling', 'ppo', 'cispo'] as const) {
    const { gradient_T } = referenceLoss(loss, { low: 0.8, high: 1.2 }, [-1, -2, -0.5], given)
    expect(gradient_T.map((value) => value + 0)).toEqual([-0.5, 0.25, 0])
  }
})

test('an array that is missing or too short is named', () => {
  const run = () => referenceLoss('ppo', { low: 0, high: 1 }, [-1, -2], { logprobs: [-1, -2], advantages: [1] })
  expect(run).toThrow(ShapeError)
  expect(run).toThrow('advantages has 1 entries for 2 log-probabilities')
})

describe('ratio bounds', () => {
  test('ppo has defaults, and each can be set alone', () => {
    expect(resolveBounds('ppo')).toEqual({ low: 0.8, high: 1.2 })
    expect(resolveBounds('ppo', { clipHighThreshold: 1.28 })).toEqual({ low: 0.8, high: 1.28 })
  })

  test('cispo must be given both', () => {
    expect(resolveBounds('cispo', { clipLowThreshold: 0, clipHighThreshold: 5 })).toEqual({ low: 0, high: 5 })
    for (const config of [{}, { clipLowThreshold: 0 }, { clipHighThreshold: 5 }]) {
      expect(() => resolveBounds('cispo', config)).toThrow('cispo needs clipLowThreshold and clipHighThreshold')
    }
  })

  test('losses without a ratio bound refuse one', () => {
    expect(() => resolveBounds('importance_sampling', { clipHighThreshold: 1.2 })).toThrow(
      'importance_sampling has no clip thresholds',
    )
    expect(() => resolveBounds('cross_entropy', { clipLowThreshold: 0.8 })).toThrow(ConfigError)
  })

  test('bounds must be in order, finite and not negative', () => {
    for (const [clipLowThreshold, clipHighThreshold] of [
      [1.3, 1.2],
      [-0.2, 1.2],
      [0, Number.POSITIVE_INFINITY],
      [Number.NaN, 1],
    ] as const) {
      expect(() => resolveBounds('ppo', { clipLowThreshold, clipHighThreshold })).toThrow(
        /ppo needs 0 <= clipLowThreshold/,
      )
    }
  })
})
