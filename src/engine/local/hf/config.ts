import { ConfigError } from '../../../core/errors.ts'
import type { DecoderConfig } from '../../types.ts'
import { checkDecoderConfig, sizeLimits } from '../model/decoder-config.ts'
import { type Fields, readFields } from './fields.ts'
import { huggingFaceRopeScaling, readRopeSettings } from './rope-config.ts'

/** Precision of the weights of a file. */
export type WeightsDtype = 'float32' | 'bfloat16' | 'float16'

type FamilyName = 'llama' | 'qwen2' | 'qwen3'

/** What transformers assumes where a `config.json` is silent (5.23, `configuration_*.py`). */
type Family = {
  readonly architecture: string
  readonly maxPositions: number
  /** Undefined: as many as query heads. */
  readonly numKeyValueHeads?: number
  /** Undefined: hidden size divided by heads. */
  readonly headDim?: number
}

const families: { readonly [Name in FamilyName]: Family } = {
  llama: { architecture: 'LlamaForCausalLM', maxPositions: 2048 },
  qwen2: { architecture: 'Qwen2ForCausalLM', maxPositions: 32_768, numKeyValueHeads: 32 },
  qwen3: { architecture: 'Qwen3ForCausalLM', maxPositions: 32_768, numKeyValueHeads: 32, headDim: 128 },
}
const DEFAULT_EPS = 1e-6

/** Fields by which a mixture of experts gives itself away, whatever it calls itself. */
const expertFields: readonly string[] = [
  'num_experts',
  'num_local_experts',
  'n_routed_experts',
  'moe_intermediate_size',
]

/**
 * The decoder that a `config.json` describes, if it is a dense model of the Llama, Qwen2 (2.5) or Qwen3 family.
 *
 * @param json the parsed file
 * @param file its name, for error messages
 * @throws {DataError} naming the field by which the model is of another kind: architecture, mixture of experts, sliding
 *   windows, biases in the feed-forward layers, another activation, quantisation, code of its own, RoPE scaling; or the
 *   field of a size beyond all bounds
 * @throws {ConfigError} when the sizes contradict each other
 */
export function readDecoderConfig(json: unknown, file: string): DecoderConfig {
  const config = readFields(json, file)
  const family = readFamily(config)
  refuseOtherFunctions(config)
  const { numKeyValueHeads, headDim, ...defaults } = families[family]
  const maxPositions = readSize(config, 'max_position_embeddings', 'maxPositions', defaults.maxPositions)
  const hiddenSize = readSize(config, 'hidden_size', 'hiddenSize')
  const numHeads = readSize(config, 'num_attention_heads', 'numHeads')
  const attentionBias = readAttentionBias(config, family)
  const decoder: DecoderConfig = {
    vocabSize: readSize(config, 'vocab_size', 'vocabSize'),
    hiddenSize,
    numLayers: readSize(config, 'num_hidden_layers', 'numLayers'),
    numHeads,
    // A null means one for each query head in every family; an absent field does so in Llama only.
    numKeyValueHeads: config.names().includes('num_key_value_heads')
      ? readSize(config, 'num_key_value_heads', 'numKeyValueHeads', numHeads)
      : (numKeyValueHeads ?? numHeads),
    headDim: readHeadDim(config, headDim, Math.floor(hiddenSize / numHeads)),
    intermediateSize: readSize(config, 'intermediate_size', 'intermediateSize'),
    maxPositions,
    rmsNormEps: config.number('rms_norm_eps', DEFAULT_EPS),
    tieEmbeddings: config.flag('tie_word_embeddings', false),
    qkNorm: family === 'qwen3',
    ...(attentionBias ? { attentionBias } : {}),
    ...readRopeSettings(config, maxPositions),
  }
  checkDecoderConfig(decoder)
  return decoder
}

/**
 * The `config.json` under which Hugging Face's transformers computes the same function; `readDecoderConfig` reads it
 * back as the same decoder.
 *
 * @param dtype precision of the weights beside it
 * @throws {ConfigError} when no family has this combination of query norms and biases
 */
export function huggingFaceConfig(
  decoder: DecoderConfig,
  dtype: WeightsDtype = 'float32',
): Readonly<Record<string, unknown>> {
  const family = familyOf(decoder)
  return {
    architectures: [families[family].architecture],
    // Qwen2 has its biases without a field for them.
    ...(family === 'qwen2' ? {} : { attention_bias: decoder.attentionBias !== undefined }),
    head_dim: decoder.headDim,
    hidden_act: 'silu',
    hidden_size: decoder.hiddenSize,
    intermediate_size: decoder.intermediateSize,
    max_position_embeddings: decoder.maxPositions,
    model_type: family,
    num_attention_heads: decoder.numHeads,
    num_hidden_layers: decoder.numLayers,
    num_key_value_heads: decoder.numKeyValueHeads,
    rms_norm_eps: decoder.rmsNormEps,
    ...(decoder.ropeScaling ? { rope_scaling: huggingFaceRopeScaling(decoder.ropeScaling) } : {}),
    rope_theta: decoder.ropeTheta,
    tie_word_embeddings: decoder.tieEmbeddings,
    torch_dtype: dtype,
    vocab_size: decoder.vocabSize,
  }
}

function familyOf({ qkNorm, attentionBias }: DecoderConfig): FamilyName {
  if (!qkNorm) return attentionBias === 'qkv' ? 'qwen2' : 'llama'
  if (attentionBias === 'qkv')
    throw new ConfigError('no family of models has both norms and biases on query, key and value alone', {
      hint: "set decoder.attentionBias to 'qkvo', or decoder.qkNorm to false",
    })
  return 'qwen3'
}

function readFamily(config: Fields): FamilyName {
  const names = Object.keys(families).filter(isFamily)
  const known = `supported: ${names.map((name) => families[name].architecture).join(', ')}`
  const architectures = config.value('architectures')
  const modelType = config.text('model_type')
  if (architectures === undefined) {
    const family = names.find((name) => name === modelType)
    return family ?? config.refuse('model_type', `is ${modelType ?? 'missing'}`, known)
  }
  const [architecture, ...others] = Array.isArray(architectures) ? architectures.map(String) : [String(architectures)]
  if (others.length > 0) return config.refuse('architectures', 'names more than one', known)
  const family = names.find((name) => families[name].architecture === architecture)
  if (family === undefined) {
    const kind = /moe|mixtral/i.test(architecture ?? '') ? ', a mixture of experts,' : ''
    return config.refuse('architectures', `"${architecture?.slice(0, 60)}"${kind} is not supported`, known)
  }
  if (modelType !== undefined && modelType !== family)
    return config.refuse('model_type', `"${modelType.slice(0, 60)}" contradicts the architecture ${architecture}`)
  return family
}

function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(families, name)
}

/** Refuses every setting under which transformers would compute something that this engine does not. */
function refuseOtherFunctions(config: Fields): void {
  const expert = expertFields.find((name) => config.has(name) && config.value(name) !== 0)
  if (expert !== undefined)
    config.refuse(expert, 'shows a mixture of experts', 'choose a dense model of the same family')
  if (config.has('quantization_config'))
    config.refuse(
      'quantization_config',
      'shows quantised weights',
      'take the model in bfloat16 or float16: quantised weights cannot be trained here',
    )
  for (const name of ['auto_map', 'trust_remote_code'])
    if (config.has(name) && config.value(name) !== false)
      config.refuse(name, 'asks for code of the model itself, which is never run', 'take a model of a built-in class')
  if (config.flag('use_sliding_window', false))
    config.refuse('use_sliding_window', 'is true: attention within a window is not supported')
  const layerTypes = config.value('layer_types')
  if (layerTypes !== undefined && !isFullAttention(layerTypes))
    config.refuse('layer_types', 'names layers without full attention, which are not supported')
  if (config.flag('mlp_bias', false))
    config.refuse('mlp_bias', 'is true: biases in feed-forward layers are not supported')
  const activation = config.text('hidden_act') ?? 'silu'
  if (activation !== 'silu') config.refuse('hidden_act', `is "${activation.slice(0, 60)}", supported: silu`)
}

/** A size of a field, refused by the field's own name when it is larger than any that is computed. */
function readSize(config: Fields, field: string, name: keyof typeof sizeLimits, fallback?: number): number {
  const size = config.count(field, fallback)
  const limit = sizeLimits[name]
  return size <= limit ? size : config.refuse(field, `is ${size}, the largest supported is ${limit}`)
}

/** Absent or null it follows from the width; where the family has a size of its own, null is no size in transformers. */
function readHeadDim(config: Fields, ownSize: number | undefined, share: number): number {
  if (ownSize === undefined) return readSize(config, 'head_dim', 'headDim', share)
  if (config.names().includes('head_dim') && !config.has('head_dim')) return config.refuse('head_dim', 'is null')
  return readSize(config, 'head_dim', 'headDim', ownSize)
}

function isFullAttention(layerTypes: unknown): boolean {
  return Array.isArray(layerTypes) && layerTypes.every((type) => type === 'full_attention')
}

function readAttentionBias(config: Fields, family: FamilyName): DecoderConfig['attentionBias'] {
  if (family === 'qwen2') return 'qkv'
  return config.flag('attention_bias', false) ? 'qkvo' : undefined
}
