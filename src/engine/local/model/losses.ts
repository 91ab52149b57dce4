import { ConfigError } from '../../../core/errors.ts'
import type { LossConfig, LossName } from '../../types.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/graph.ts'
import { apply } from '../onnx/ops.ts'

/** The per-token arrays a loss reads besides the targets, by their names in `Datum`. */
export type LossInput = 'weights' | 'logprobs' | 'advantages'

/** Absolute bounds of the probability ratio. */
export type RatioBounds = { readonly low: number; readonly high: number }

/** A loss as part of the training graph: a scalar from log-probabilities and per-token inputs, all [rows]. */
type Loss = {
  readonly inputs: readonly LossInput[]
  readonly build: (
    graph: GraphBuilder,
    logprobs: Value,
    input: (name: LossInput) => Value,
    bounds: RatioBounds,
  ) => Value
}

/** exp(±20) is still a finite float32; beyond it a ratio says no more than "extreme" (verl clamps here too). */
export const MAX_LOG_RATIO = 20

/** Tinker's defaults for ppo. */
const PPO_BOUNDS: RatioBounds = { low: 0.8, high: 1.2 }

/** Losses without a ratio to bound. */
const UNBOUNDED: RatioBounds = { low: 0, high: Number.POSITIVE_INFINITY }

/**
 * The ratio bounds a loss works with.
 *
 * @throws {ConfigError} when cispo lacks a bound, when a loss without bounds is given one, or when the bounds are not
 *   0 ≤ low ≤ high
 */
export function resolveBounds(loss: LossName, config: LossConfig = {}): RatioBounds {
  const { clipLowThreshold, clipHighThreshold } = config
  const isGiven = clipLowThreshold !== undefined || clipHighThreshold !== undefined
  if (loss === 'cross_entropy' || loss === 'importance_sampling') {
    if (isGiven)
      throw new ConfigError(`${loss} has no clip thresholds`, { hint: 'use ppo or cispo, or drop the thresholds' })
    return UNBOUNDED
  }
  if (loss === 'cispo' && (clipLowThreshold === undefined || clipHighThreshold === undefined)) {
    throw new ConfigError('cispo needs clipLowThreshold and clipHighThreshold', {
      hint: 'implementations disagree about the defaults; 0 and 5 are ScaleRL’s',
    })
  }
  const { low, high } = { low: clipLowThreshold ?? PPO_BOUNDS.low, high: clipHighThreshold ?? PPO_BOUNDS.high }
  if (!(low >= 0 && low <= high && Number.isFinite(high))) {
    throw new ConfigError(`${loss} needs 0 <= clipLowThreshold <= clipHighThreshold, found ${low} and ${high}`)
  }
  return { low, high }
}

/** exp of the clamped log-ratio between the policy being trained and the one that sampled. */
function buildRatio(graph: GraphBuilder, logprobs: Value, samplerLogprobs: Value): Value {
  const difference = apply(graph, 'subtract', { a: logprobs, b: samplerLogprobs })
  return apply(graph, 'exp', {
    x: apply(graph, 'clip', { x: difference }, { low: -MAX_LOG_RATIO, high: MAX_LOG_RATIO }),
  })
}

function negatedSum(graph: GraphBuilder, terms: Value): Value {
  return apply(graph, 'negate', { x: apply(graph, 'sum', { x: terms }) })
}

const crossEntropy: Loss = {
  inputs: ['weights'],
  build: (graph, logprobs, input) => negatedSum(graph, apply(graph, 'multiply', { a: logprobs, b: input('weights') })),
}

const importanceSampling: Loss = {
  inputs: ['logprobs', 'advantages'],
  build: (graph, logprobs, input) => {
    const ratio = buildRatio(graph, logprobs, input('logprobs'))
    return negatedSum(graph, apply(graph, 'multiply', { a: ratio, b: input('advantages') }))
  },
}

const ppo: Loss = {
  inputs: ['logprobs', 'advantages'],
  build: (graph, logprobs, input, bounds) => {
    const ratio = buildRatio(graph, logprobs, input('logprobs'))
    const advantages = input('advantages')
    const free = apply(graph, 'multiply', { a: ratio, b: advantages })
    const clipped = apply(graph, 'multiply', { a: apply(graph, 'clip', { x: ratio }, bounds), b: advantages })
    return negatedSum(graph, apply(graph, 'minimum', { a: free, b: clipped }))
  },
}

const cispo: Loss = {
  inputs: ['logprobs', 'advantages'],
  build: (graph, logprobs, input, bounds) => {
    const ratio = buildRatio(graph, logprobs, input('logprobs'))
    const weight = apply(graph, 'detach', { x: apply(graph, 'clip', { x: ratio }, bounds) })
    const weighted = apply(graph, 'multiply', { a: weight, b: input('advantages') })
    return negatedSum(graph, apply(graph, 'multiply', { a: logprobs, b: weighted }))
  },
}

/**
 * The losses of the Tinker API, summed over tokens. With log-probability ℓ, sampler log-probability q,
 * advantage A, ratio r = exp(clamp(ℓ - q, ±20)) and sg = detach:
 *
 * - cross_entropy: -Σ wℓ
 * - importance_sampling: -Σ rA
 * - ppo: -Σ min(rA, clip(r)A); where both are equal the unclipped branch carries the gradient
 * - cispo: -Σ sg(clip(r)) ℓ A
 *
 * Beyond the clamp the ratio is constant, so importance_sampling and ppo have no gradient there; cispo keeps its own.
 */
export const losses: { readonly [Name in LossName]: Loss } = {
  cross_entropy: crossEntropy,
  importance_sampling: importanceSampling,
  ppo,
  cispo,
}
