import { ConfigError, NumericalError } from '../../../core/errors.ts'
import { powi } from '../../../core/powi.ts'
import type { AdamParams, OptimStepResult } from '../../types.ts'
import type { ParameterSpec } from './parameters.ts'

/** Running moments of the gradient, laid out like the weights, and the number of updates made. */
export type AdamState = { step: number; readonly first: Float32Array; readonly second: Float32Array }

/** The Tinker API's defaults. */
const defaults = { beta1: 0.9, beta2: 0.95, eps: 1e-12, weightDecay: 0, gradClipNorm: 0 }

/** The state before the first update: all moments zero. */
export function createAdamState(size: number): AdamState {
  return { step: 0, first: new Float32Array(size), second: new Float32Array(size) }
}

/** Forgets moments and step count in place. */
export function resetAdamState(state: AdamState): void {
  state.step = 0
  state.first.fill(0)
  state.second.fill(0)
}

/**
 * Norms around one AdamW update, made in place on `weights` and `state`; the gradient is only read.
 *
 * Moments and weights are stored in float32, all arithmetic between loads and stores is float64. The bias correction
 * uses powi because Math.pow differs between versions of Node.
 *
 * @deviation tensors of rank 1 never decay: a norm's scale pulled towards zero shrinks the signal instead of
 *   regularising the map. The Tinker API does not say which tensors decay.
 * @param specs names, shapes and places of the tensors in the flat arrays
 * @param weights flat weights, [parameters]
 * @param gradients flat gradient of the summed loss, [parameters]
 * @returns the step just made, the global gradient norm before clipping, the weight norm after the update
 * @throws {ConfigError} when a hyper-parameter is out of range
 * @throws {NumericalError} naming the first tensor with a NaN or infinite gradient (nothing is changed then), or the
 *   first tensor the update overflowed
 */
export function adamwStep(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  gradients: Float32Array,
  state: AdamState,
  params: AdamParams,
): OptimStepResult {
  const { learningRate, beta1, beta2, eps, weightDecay, gradClipNorm } = checkParams({ ...defaults, ...params })
  const gradNorm = globalNorm(specs, gradients, `gradient at step ${state.step + 1}`)
  const scale = gradClipNorm > 0 && gradNorm > gradClipNorm ? gradClipNorm / gradNorm : 1
  state.step += 1
  const firstCorrection = 1 / (1 - powi(beta1, state.step))
  const secondCorrection = 1 / (1 - powi(beta2, state.step))
  const { first, second } = state
  for (const { offset, size, shape } of specs) {
    const kept = shape.length > 1 ? 1 - learningRate * weightDecay : 1
    for (let i = offset; i < offset + size; i += 1) {
      const gradient = gradients[i]! * scale
      const mean = beta1 * first[i]! + (1 - beta1) * gradient
      const square = beta2 * second[i]! + (1 - beta2) * gradient * gradient
      first[i] = mean
      second[i] = square
      const direction = (mean * firstCorrection) / (Math.sqrt(square * secondCorrection) + eps)
      weights[i] = kept * weights[i]! - learningRate * direction
    }
  }
  return { step: state.step, gradNorm, paramNorm: globalNorm(specs, weights, `weight after step ${state.step}`) }
}

type FullParams = Required<AdamParams>

function checkParams(params: FullParams): FullParams {
  const { learningRate, beta1, beta2, eps, weightDecay, gradClipNorm } = params
  const rules: readonly (readonly [string, boolean, string])[] = [
    ['learningRate', learningRate >= 0 && Number.isFinite(learningRate), 'a number from 0'],
    ['beta1', beta1 >= 0 && beta1 < 1, 'in [0, 1)'],
    ['beta2', beta2 >= 0 && beta2 < 1, 'in [0, 1)'],
    ['eps', eps > 0 && Number.isFinite(eps), 'above 0'],
    ['weightDecay', weightDecay >= 0 && Number.isFinite(weightDecay), 'a number from 0'],
    ['gradClipNorm', gradClipNorm >= 0 && Number.isFinite(gradClipNorm), 'a number from 0 (0 means no clipping)'],
  ]
  for (const [name, holds, expected] of rules)
    if (!holds) throw new ConfigError(`AdamW ${name} is out of range`, { hint: `it must be ${expected}` })
  return params
}

/** Euclidean norm over all tensors, summed in float64, tensor by tensor. */
function globalNorm(specs: readonly ParameterSpec[], values: Float32Array, what: string): number {
  let total = 0
  for (const { name, offset, size } of specs) {
    let sum = 0
    for (let i = offset; i < offset + size; i += 1) sum += values[i]! * values[i]!
    if (!Number.isFinite(sum))
      throw new NumericalError(`${what} is not finite in tensor "${name}"`, {
        hint: 'load the last checkpoint and lower the learning rate, or set gradClipNorm',
      })
    total += sum
  }
  return Math.sqrt(total)
}
