import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../core/errors.ts'
import type { DecoderConfig, RopeScaling } from '../../types.ts'
import { huggingFaceConfig, readDecoderConfig } from './config.ts'

/** A config as Qwen2.5 ships it. */
const qwen2 = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0,
  bos_token_id: 151_643,
  eos_token_id: 151_645,
  hidden_act: 'silu',
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32_768,
  max_window_layers: 21,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  sliding_window: 32_768,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.43.1',
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 151_936,
}
const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  vocab_size: 100,
}
const read = (json: unknown) => readDecoderConfig(json, 'config.json')
const scaled = (rope: unknown, rest = {}) => read({ ...llama, rope_scaling: rope, ...rest }).ropeScaling

describe('what transformers assumes is assumed', () => {
  test('Qwen2.5 has biases on query, key and value without saying so', () => {
    expect(read(qwen2)).toEqual({
      vocabSize: 151_936,
      hiddenSize: 896,
      numLayers: 24,
      numHeads: 14,
      numKeyValueHeads: 2,
      headDim: 64,
      intermediateSize: 4864,
      maxPositions: 32_768,
      ropeTheta: 1_000_000,
      rmsNormEps: 1e-6,
      tieEmbeddings: true,
      qkNorm: false,
      attentionBias: 'qkv',
    })
  })

  test('a Llama config that says little has one key head per query head, an untied head, base 10,000', () => {
    expect(read(llama)).toEqual({
      vocabSize: 100,
      hiddenSize: 64,
      numLayers: 2,
      numHeads: 4,
      numKeyValueHeads: 4,
      headDim: 16,
      intermediateSize: 128,
      maxPositions: 2048,
      ropeTheta: 10_000,
      rmsNormEps: 1e-6,
      tieEmbeddings: false,
      qkNorm: false,
    })
  })

  test('an absent head size is 128 in Qwen3, absent key heads are 32 there, and null means one per query head', () => {
    const { model_type: _, architectures: __, ...sizes } = llama
    const qwen3 = { ...sizes, model_type: 'qwen3', num_attention_heads: 32 }
    expect(read(qwen3)).toMatchObject({ headDim: 128, numKeyValueHeads: 32, qkNorm: true, maxPositions: 32_768 })
    expect(read({ ...qwen3, num_attention_heads: 8, num_key_value_heads: null }).numKeyValueHeads).toBe(8)
    expect(() => read({ ...qwen3, head_dim: null })).toThrow('head_dim is null')
    expect(read({ ...llama, head_dim: null }).headDim).toBe(16)
    expect(read({ ...qwen3, attention_bias: true }).attentionBias).toBe('qkvo')
  })

  test('a bias of the attention is on all four projections in Llama', () => {
    expect(read({ ...llama, attention_bias: true }).attentionBias).toBe('qkvo')
  })
})

describe('rotary embedding', () => {
  test('the form of transformers 5 means the same as the old one', () => {
    const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }
    const old = read({ ...llama, rope_theta: 500_000, rope_scaling: { rope_type: 'llama3', ...llama3 } })
    const both = { rope_type: 'llama3', rope_theta: 500_000, ...llama3 }
    expect(read({ ...llama, rope_parameters: both })).toEqual(old)
    expect(read({ ...llama, rope_theta: 500_000, rope_parameters: both, rope_scaling: both })).toEqual(old)
    expect(old).toMatchObject({
      ropeTheta: 500_000,
      ropeScaling: {
        kind: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalMaxPositions: 8192,
      },
    })
  })

  test('no scaling, the default one and null are the same', () => {
    for (const rope of [undefined, null, {}, { rope_type: 'default' }, { type: 'default', rope_theta: 10_000 }])
      expect(read({ ...llama, rope_scaling: rope })).toEqual(read(llama))
  })

  test('YaRN as the Qwen2.5 card writes it, with the magnitude 0.1 ln(4) + 1', () => {
    expect(scaled({ factor: 4, original_max_position_embeddings: 32_768, type: 'yarn' })).toEqual({
      kind: 'yarn',
      factor: 4,
      originalMaxPositions: 32_768,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 0.1 * Math.log(4) + 1,
      truncate: true,
    })
  })

  test('YaRN with magnitudes of its own', () => {
    const yarn = { rope_type: 'yarn', factor: 40, original_max_position_embeddings: 4096 }
    const ratio = (0.1 * 0.6 * Math.log(40) + 1) / (0.1 * Math.log(40) + 1)
    expect(scaled({ ...yarn, mscale: 0.6, mscale_all_dim: 1 })).toMatchObject({ attentionFactor: ratio })
    expect(scaled({ ...yarn, attention_factor: 0.9, beta_fast: 16, beta_slow: 2, truncate: false })).toMatchObject({
      attentionFactor: 0.9,
      betaFast: 16,
      betaSlow: 2,
      truncate: false,
    })
  })

  test('the original length beside the scaling goes before the one within, and the length of the model after both', () => {
    const yarn = { rope_type: 'yarn', factor: 2 }
    expect(scaled(yarn)).toMatchObject({ originalMaxPositions: 2048 })
    const outside = { original_max_position_embeddings: 77 }
    expect(scaled({ ...yarn, original_max_position_embeddings: 99 }, outside)).toMatchObject({
      originalMaxPositions: 77,
    })
  })
})

describe('what the engine would compute differently is refused by name', () => {
  const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 8 }
  const cases: readonly (readonly [string, object, string])[] = [
    ['another architecture', { architectures: ['MistralForCausalLM'] }, 'architectures'],
    ['a mixture of experts', { architectures: ['Qwen3MoeForCausalLM'] }, 'architectures'],
    ['two architectures', { architectures: ['LlamaForCausalLM', 'Qwen2ForCausalLM'] }, 'architectures'],
    ['no architecture', { architectures: undefined, model_type: undefined }, 'model_type'],
    ['another model type', { architectures: undefined, model_type: 'gpt2' }, 'model_type'],
    ['a model type that contradicts', { model_type: 'qwen2' }, 'model_type'],
    ['an architecture of the prototype', { architectures: ['toString'] }, 'architectures'],
    ['experts under a known name', { num_experts: 8 }, 'num_experts'],
    ['quantised weights', { quantization_config: { quant_method: 'gptq', bits: 4 } }, 'quantization_config'],
    ['code of its own', { auto_map: { AutoModelForCausalLM: 'modeling.Evil' } }, 'auto_map'],
    ['trusted code', { trust_remote_code: true }, 'trust_remote_code'],
    ['a sliding window', { use_sliding_window: true }, 'use_sliding_window'],
    ['windowed layers', { layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types'],
    ['biases in the feed-forward layers', { mlp_bias: true }, 'mlp_bias'],
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act'],
    ['dynamic scaling', { rope_scaling: { type: 'dynamic', factor: 2 } }, 'rope_scaling.rope_type'],
    ['long scaling', { rope_parameters: { rope_type: 'longrope' } }, 'rope_parameters.rope_type'],
    ['a scaling of the prototype', { rope_scaling: { rope_type: 'constructor' } }, 'rope_scaling.rope_type'],
    ['a part of the head', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
    ['a part within', { rope_parameters: { partial_rotary_factor: 0.5 } }, 'rope_parameters.partial_rotary_factor'],
    [
      'scaling by layer',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      'rope_parameters.full_attention',
    ],
    ['an unknown field of a scaling', { rope_scaling: { ...yarn, extrapolate: 3 } }, 'rope_scaling.extrapolate'],
    ['a scaling without factor', { rope_scaling: { type: 'linear' } }, 'rope_scaling.factor'],
    ['a factor below one', { rope_scaling: { type: 'linear', factor: 0.5 } }, 'rope_scaling.factor'],
    ['a factor as text', { rope_scaling: { type: 'linear', factor: '2' } }, 'rope_scaling.factor'],
    ['two scalings', { rope_scaling: yarn, rope_parameters: { ...yarn, factor: 2 } }, 'rope_scaling'],
    ['a base of zero', { rope_theta: 0 }, 'rope_theta'],
    ['no size', { hidden_size: undefined }, 'hidden_size'],
    ['a size of null', { vocab_size: null }, 'vocab_size'],
    ['a fractional size', { num_hidden_layers: 1.5 }, 'num_hidden_layers'],
    ['a negative size', { vocab_size: -1 }, 'vocab_size'],
    ['a billion layers', { num_hidden_layers: 1e9 }, 'num_hidden_layers'],
    ['a size beyond all bounds', { vocab_size: 1e10 }, 'vocab_size'],
    ['a head beyond all bounds', { head_dim: 1e9 }, 'head_dim'],
    ['a length beyond all bounds', { max_position_embeddings: 1e9 }, 'max_position_embeddings'],
    ['a size as text', { hidden_size: '64' }, 'hidden_size'],
    ['a flag as text', { tie_word_embeddings: 'false' }, 'tie_word_embeddings'],
  ]
  test.each(cases)('%s', (_title, change, field) => {
    const call = () => read({ ...llama, ...change })
    expect(call).toThrow(DataError)
    expect(call).toThrow(expect.objectContaining({ field, file: 'config.json' }))
  })

  test('heads that do not divide', () => {
    expect(() => read({ ...llama, num_key_value_heads: 3 })).toThrow(ConfigError)
  })

  test.each([[null], [[]], ['{}'], [3]])('%j in place of an object', (json) => {
    expect(() => read(json)).toThrow('is not a JSON object')
  })
})

describe('what is written is read back as the same decoder', () => {
  const yarn: RopeScaling = {
    kind: 'yarn',
    factor: 4,
    originalMaxPositions: 32,
    betaFast: 32,
    betaSlow: 1,
    attentionFactor: 0.1 * Math.log(4) + 1,
    truncate: true,
  }
  const base = read(llama)
  const decoders: readonly (readonly [string, DecoderConfig])[] = [
    ['Llama', base],
    ['Llama with biases', { ...base, attentionBias: 'qkvo', tieEmbeddings: true }],
    ['Qwen2', read(qwen2)],
    ['Qwen3', { ...base, qkNorm: true, headDim: 128 }],
    ['Qwen3 with biases', { ...base, qkNorm: true, attentionBias: 'qkvo' }],
    ['linear', { ...base, ropeScaling: { kind: 'linear', factor: 3 } }],
    [
      'llama3',
      read({ ...llama, rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 } }),
    ],
    ['YaRN', { ...base, ropeScaling: yarn }],
    [
      'YaRN of its own',
      { ...base, ropeScaling: { ...yarn, betaFast: 20, betaSlow: 2, attentionFactor: 1, truncate: false } },
    ],
  ]
  test.each(decoders)('%s', (_name, decoder) => {
    expect(read(huggingFaceConfig(decoder))).toEqual(decoder)
    expect(read(JSON.parse(JSON.stringify(huggingFaceConfig(decoder, 'bfloat16'))))).toEqual(decoder)
  })

  test('defaults of YaRN are left out, for servers that do not know them', () => {
    expect(huggingFaceConfig({ ...base, ropeScaling: yarn }).rope_scaling).toEqual({
      rope_type: 'yarn',
      factor: 4,
      original_max_position_embeddings: 32,
    })
  })

  test('norms with biases on three projections belong to no family', () => {
    expect(() => huggingFaceConfig({ ...base, qkNorm: true, attentionBias: 'qkv' })).toThrow(ConfigError)
  })
})

test('configs that transformers wrote for every golden model are read, and come back the same', () => {
  const dir = fileURLToPath(new URL('../../../../interop/golden', import.meta.url))
  const names = readdirSync(dir).filter((name) => /^(llama|qwen).*\.json$/.test(name))
  expect(names.length).toBeGreaterThanOrEqual(7)
  for (const name of names) {
    const { config } = JSON.parse(readFileSync(join(dir, name), 'utf8'))
    const decoder = read(config)
    expect(decoder.qkNorm).toBe(name.startsWith('qwen3'))
    expect(decoder.ropeScaling?.kind ?? 'none').toBe(/llama3-rope|yarn|linear/.exec(name)?.[0].split('-')[0] ?? 'none')
    expect(read(huggingFaceConfig(decoder))).toEqual(decoder)
  }
})
