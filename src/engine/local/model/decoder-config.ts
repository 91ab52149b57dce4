import { ConfigError } from '../../../core/errors.ts'
import type { DecoderConfig, RopeScaling } from '../../types.ts'

const sizes = [
  'vocabSize',
  'hiddenSize',
  'numLayers',
  'numHeads',
  'numKeyValueHeads',
  'headDim',
  'intermediateSize',
  'maxPositions',
] as const
type SizeName = (typeof sizes)[number]

/**
 * The largest size of each kind, chosen by us far beyond any model: a hostile file must not make us list the parameters
 * of a billion layers before anything is known to be wrong.
 */
export const sizeLimits: { readonly [Name in SizeName]: number } = {
  vocabSize: 4_000_000,
  hiddenSize: 1_000_000,
  numLayers: 1000,
  numHeads: 10_000,
  numKeyValueHeads: 10_000,
  headDim: 100_000,
  intermediateSize: 4_000_000,
  maxPositions: 100_000_000,
}

/** The attention projections that have a bias, in the order of their weights. */
export function biasedProjections({ attentionBias }: DecoderConfig): readonly ('q' | 'k' | 'v' | 'o')[] {
  if (attentionBias === undefined) return []
  return attentionBias === 'qkvo' ? ['q', 'k', 'v', 'o'] : ['q', 'k', 'v']
}

/**
 * Refuses a decoder that cannot be built.
 *
 * @throws {ConfigError} naming the setting
 */
export function checkDecoderConfig(config: DecoderConfig): void {
  for (const name of sizes) {
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new ConfigError(`decoder.${name} must be a positive integer, found ${config[name]}`)
    if (config[name] > sizeLimits[name])
      throw new ConfigError(`decoder.${name} is ${config[name]}, the largest supported is ${sizeLimits[name]}`)
  }
  for (const name of ['ropeTheta', 'rmsNormEps'] as const) checkPositive(`decoder.${name}`, config[name])
  if (config.numHeads % config.numKeyValueHeads !== 0) {
    throw new ConfigError(
      `decoder.numHeads ${config.numHeads} is not a multiple of numKeyValueHeads ${config.numKeyValueHeads}`,
    )
  }
  if (config.headDim % 2 !== 0) throw new ConfigError(`decoder.headDim must be even for RoPE, found ${config.headDim}`)
  const bias: unknown = config.attentionBias
  if (bias !== undefined && bias !== 'qkv' && bias !== 'qkvo')
    throw new ConfigError(`decoder.attentionBias must be qkv or qkvo, found ${bias}`)
  if (config.ropeScaling) checkRopeScaling(config.ropeScaling, config.ropeTheta)
}

function checkPositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) throw new ConfigError(`${name} must be positive, found ${value}`)
}

function checkRopeScaling(scaling: RopeScaling, theta: number): void {
  const { kind, ...settings } = scaling
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === 'number') checkPositive(`decoder.ropeScaling.${name}`, value)
  }
  if (kind === 'llama3' && scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
    throw new ConfigError(
      `decoder.ropeScaling.highFrequencyFactor must be above lowFrequencyFactor ${scaling.lowFrequencyFactor}, found ${scaling.highFrequencyFactor}`,
    )
  }
  // Its ramp is laid out along log(theta).
  if (kind === 'yarn' && theta <= 1) throw new ConfigError(`decoder.ropeTheta must be above 1 for yarn, found ${theta}`)
}
