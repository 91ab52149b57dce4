import { ConfigError, DataError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import { loraTargets } from '../../lora.ts'
import type { DecoderConfig, LoraConfig, LoraTarget } from '../../types.ts'
import { biasedProjections, checkDecoderConfig } from './decoder-config.ts'
import { loraScale } from './model.ts'

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

type NamedShape = readonly [name: string, shape: readonly number[]]

/** Rows and columns of the linear layers of a decoder, [out, in]. */
function linearShapes(config: DecoderConfig): { readonly [Name in LoraTarget]: readonly [number, number] } {
  const { hiddenSize, headDim, intermediateSize, vocabSize } = config
  const [queryWidth, keyWidth] = [config.numHeads * headDim, config.numKeyValueHeads * headDim]
  return {
    q_proj: [queryWidth, hiddenSize],
    k_proj: [keyWidth, hiddenSize],
    v_proj: [keyWidth, hiddenSize],
    o_proj: [hiddenSize, queryWidth],
    gate_proj: [intermediateSize, hiddenSize],
    up_proj: [intermediateSize, hiddenSize],
    down_proj: [hiddenSize, intermediateSize],
    lm_head: [vocabSize, hiddenSize],
  }
}

/** The name of a linear layer without the `.weight`. */
function moduleName(target: LoraTarget, layer: number): string {
  if (target === 'lm_head') return target
  const block = target === 'gate_proj' || target === 'up_proj' || target === 'down_proj' ? 'mlp' : 'self_attn'
  return `model.layers.${layer}.${block}.${target}`
}

function layerShapes(config: DecoderConfig, layer: number): readonly NamedShape[] {
  const { hiddenSize, headDim } = config
  const shapes = linearShapes(config)
  const biased = biasedProjections(config)
  const prefix = `model.layers.${layer}.`
  const projection = (letter: 'q' | 'k' | 'v' | 'o'): readonly NamedShape[] => {
    const module = moduleName(`${letter}_proj`, layer)
    const shape = shapes[`${letter}_proj`]
    const weight: NamedShape = [`${module}.weight`, shape]
    return biased.includes(letter) ? [weight, [`${module}.bias`, [shape[0]]]] : [weight]
  }
  const feedForward = (target: 'gate_proj' | 'up_proj' | 'down_proj'): NamedShape => [
    `${moduleName(target, layer)}.weight`,
    shapes[target],
  ]
  const headNorms: readonly NamedShape[] = [
    [`${prefix}self_attn.q_norm.weight`, [headDim]],
    [`${prefix}self_attn.k_norm.weight`, [headDim]],
  ]
  return [
    [`${prefix}input_layernorm.weight`, [hiddenSize]],
    ...projection('q'),
    ...projection('k'),
    ...projection('v'),
    ...(config.qkNorm ? headNorms : []),
    ...projection('o'),
    [`${prefix}post_attention_layernorm.weight`, [hiddenSize]],
    feedForward('gate_proj'),
    feedForward('up_proj'),
    feedForward('down_proj'),
  ]
}

function placeOneAfterAnother(shapes: readonly NamedShape[]): readonly ParameterSpec[] {
  let offset = 0
  return shapes.map(([name, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, 1)
    const spec = { name, shape, offset, size }
    offset += size
    return spec
  })
}

/**
 * The parameters of a decoder in their fixed order, under the names and shapes of a Hugging Face checkpoint.
 *
 * @throws {ConfigError} see `checkDecoderConfig`
 */
export function parameterSpecs(config: DecoderConfig): readonly ParameterSpec[] {
  checkDecoderConfig(config)
  const embedding: readonly number[] = [config.vocabSize, config.hiddenSize]
  const head: readonly NamedShape[] = config.tieEmbeddings ? [] : [['lm_head.weight', embedding]]
  return placeOneAfterAnother([
    ['model.embed_tokens.weight', embedding],
    ...Array.from({ length: config.numLayers }, (_, layer) => layerShapes(config, layer)).flat(),
    ['model.norm.weight', [config.hiddenSize]],
    ...head,
  ])
}

/**
 * The parameters of an adapter in their fixed order, layer by layer in the order of `loraTargets`, under PEFT's names
 * without its prefix `base_model.model.`: A [rank, in] and B [out, rank] of each target.
 *
 * @throws {ConfigError} when decoder, rank, alpha or targets cannot work
 */
export function adapterSpecs(config: DecoderConfig, lora: LoraConfig): readonly ParameterSpec[] {
  checkDecoderConfig(config)
  loraScale(lora)
  const { rank, targets } = lora
  const known: readonly string[] = loraTargets
  const unknown = targets.find((target) => !known.includes(target))
  if (unknown !== undefined)
    throw new ConfigError(`unknown lora target "${unknown}"`, { hint: `known: ${loraTargets.join(', ')}` })
  if (targets.length === 0) throw new ConfigError('lora.targets is empty', { hint: `known: ${loraTargets.join(', ')}` })
  const twice = targets.find((target, index) => targets.indexOf(target) !== index)
  if (twice !== undefined) throw new ConfigError(`lora.targets names ${twice} twice`)
  const shapes = linearShapes(config)
  const pair = (target: LoraTarget, layer: number): readonly NamedShape[] => {
    const [out, width] = shapes[target]
    const module = moduleName(target, layer)
    return [
      [`${module}.lora_A.weight`, [rank, width]],
      [`${module}.lora_B.weight`, [out, rank]],
    ]
  }
  const ordered = loraTargets.filter((target) => targets.includes(target))
  const inLayers = ordered.filter((target) => target !== 'lm_head')
  return placeOneAfterAnother([
    ...Array.from({ length: config.numLayers }, (_, layer) => inLayers.flatMap((target) => pair(target, layer))).flat(),
    ...(ordered.includes('lm_head') ? pair('lm_head', 0) : []),
  ])
}

/** Parameters of the given layout, zero. */
export function createParameterSet(specs: readonly ParameterSpec[]): ParameterSet {
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

/** All parameters of a decoder, zero. @throws {ConfigError} see `checkDecoderConfig` */
export function createParameters(config: DecoderConfig): ParameterSet {
  return createParameterSet(parameterSpecs(config))
}

/**
 * All parameters of a new decoder: norms 1, biases 0, matrices normal(0, 0.02), and the two projections that write into
 * the residual stream of each layer scaled by 1/√(2·layers), so that its variance does not grow with depth (GPT-2 §2.3).
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
      view.fill(name.endsWith('.bias') ? 0 : 1)
      continue
    }
    const rng = createRng(seed, 'parameters', name)
    const isResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight')
    const deviation = isResidual ? INITIAL_DEVIATION / Math.sqrt(2 * config.numLayers) : INITIAL_DEVIATION
    for (let index = 0; index < view.length; index++) view[index] = deviation * rng.normal()
  }
  return parameters
}

/**
 * A new adapter, which changes nothing yet: B zero, A uniform in ±1/√in as PEFT draws it (`kaiming_uniform_` with
 * a = √5), each tensor from a stream of its own name.
 *
 * @param seed of the adapter
 * @throws {ConfigError} see `adapterSpecs`
 */
export function initAdapter(config: DecoderConfig, lora: LoraConfig, seed: number): ParameterSet {
  const parameters = createParameterSet(adapterSpecs(config, lora))
  for (const { name, shape } of parameters.specs) {
    if (!name.endsWith('lora_A.weight')) continue
    const rng = createRng(seed, 'adapter', name)
    const bound = 1 / Math.sqrt(shape[1]!)
    const view = parameters.view(name)
    for (let index = 0; index < view.length; index++) view[index] = bound * (2 * rng.uniform() - 1)
  }
  return parameters
}
