import { ConfigError, DataError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import type { DecoderConfig } from '../../types.ts'

export type ParameterSpec = {
  /** The name Hugging Face gives it. */
  readonly name: string
  readonly shape: readonly number[]
  /** Where it starts in the flat array, in elements. */
  readonly offset: number
  readonly size: number
}

/**
 * All weights of a model in one flat array. ONNX Runtime reads the views without a copy, the optimiser walks the flat
 * array: an update in place reaches both.
 */
export type ParameterSet = {
  readonly specs: readonly ParameterSpec[]
  readonly flat: Float32Array
  /** A view of one tensor. @throws {DataError} when the model has no such parameter */
  readonly view: (name: string) => Float32Array
}

/** Standard deviation of freshly drawn matrices, as in GPT-2 and Qwen3's `initializer_range`. */
const INITIAL_DEVIATION = 0.02

/**
 * Refuses a decoder that cannot be built.
 *
 * @throws {ConfigError} naming the setting
 */
export function checkDecoderConfig(config: DecoderConfig): void {
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
  for (const name of sizes) {
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new ConfigError(`decoder.${name} must be a positive integer, found ${config[name]}`)
  }
  for (const name of ['ropeTheta', 'rmsNormEps'] as const) {
    if (!Number.isFinite(config[name]) || config[name] <= 0)
      throw new ConfigError(`decoder.${name} must be positive, found ${config[name]}`)
  }
  if (config.numHeads % config.numKeyValueHeads !== 0) {
    throw new ConfigError(
      `decoder.numHeads ${config.numHeads} is not a multiple of numKeyValueHeads ${config.numKeyValueHeads}`,
    )
  }
  if (config.headDim % 2 !== 0) throw new ConfigError(`decoder.headDim must be even for RoPE, found ${config.headDim}`)
}

function layerShapes(config: DecoderConfig, layer: number): [string, readonly number[]][] {
  const { hiddenSize, headDim, intermediateSize } = config
  const [queryWidth, keyWidth] = [config.numHeads * headDim, config.numKeyValueHeads * headDim]
  const prefix = `model.layers.${layer}.`
  const headNorms: [string, readonly number[]][] = [
    [`${prefix}self_attn.q_norm.weight`, [headDim]],
    [`${prefix}self_attn.k_norm.weight`, [headDim]],
  ]
  return [
    [`${prefix}input_layernorm.weight`, [hiddenSize]],
    [`${prefix}self_attn.q_proj.weight`, [queryWidth, hiddenSize]],
    [`${prefix}self_attn.k_proj.weight`, [keyWidth, hiddenSize]],
    [`${prefix}self_attn.v_proj.weight`, [keyWidth, hiddenSize]],
    ...(config.qkNorm ? headNorms : []),
    [`${prefix}self_attn.o_proj.weight`, [hiddenSize, queryWidth]],
    [`${prefix}post_attention_layernorm.weight`, [hiddenSize]],
    [`${prefix}mlp.gate_proj.weight`, [intermediateSize, hiddenSize]],
    [`${prefix}mlp.up_proj.weight`, [intermediateSize, hiddenSize]],
    [`${prefix}mlp.down_proj.weight`, [hiddenSize, intermediateSize]],
  ]
}

/**
 * The parameters of a decoder in their fixed order, under the names and shapes of a Hugging Face checkpoint.
 *
 * @throws {ConfigError} see `checkDecoderConfig`
 */
export function parameterSpecs(config: DecoderConfig): readonly ParameterSpec[] {
  checkDecoderConfig(config)
  const embedding: readonly number[] = [config.vocabSize, config.hiddenSize]
  const shapes: [string, readonly number[]][] = [
    ['model.embed_tokens.weight', embedding],
    ...Array.from({ length: config.numLayers }, (_, layer) => layerShapes(config, layer)).flat(),
    ['model.norm.weight', [config.hiddenSize]],
    ...(config.tieEmbeddings ? [] : [['lm_head.weight', embedding] satisfies [string, readonly number[]]]),
  ]
  let offset = 0
  return shapes.map(([name, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, 1)
    const spec = { name, shape, offset, size }
    offset += size
    return spec
  })
}

/** All parameters of a decoder, zero. @throws {ConfigError} see `checkDecoderConfig` */
export function createParameters(config: DecoderConfig): ParameterSet {
  const specs = parameterSpecs(config)
  const flat = new Float32Array(specs.reduce((total, spec) => total + spec.size, 0))
  const views = new Map(specs.map(({ name, offset, size }) => [name, flat.subarray(offset, offset + size)]))
  return {
    specs,
    flat,
    view: (name) => {
      const view = views.get(name)
      if (!view) throw new DataError(`the model has no parameter "${name}"`)
      return view
    },
  }
}

/**
 * All parameters of a new decoder: norms 1, matrices normal(0, 0.02), and the two projections that write into the
 * residual stream of each layer scaled by 1/√(2·layers), so that its variance does not grow with depth (GPT-2 §2.3).
 *
 * Every tensor draws from a stream of its own name, so that adding a parameter leaves the others as they were.
 *
 * @param seed of the model
 * @throws {ConfigError} see `checkDecoderConfig`
 */
export function initParameters(config: DecoderConfig, seed: number): ParameterSet {
  const parameters = createParameters(config)
  for (const { name, shape } of parameters.specs) {
    const view = parameters.view(name)
    if (shape.length === 1) {
      view.fill(1)
      continue
    }
    const rng = createRng(seed, 'parameters', name)
    const isResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight')
    const deviation = isResidual ? INITIAL_DEVIATION / Math.sqrt(2 * config.numLayers) : INITIAL_DEVIATION
    for (let index = 0; index < view.length; index++) view[index] = deviation * rng.normal()
  }
  return parameters
}
