import { describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../core/errors.ts'
import type { DecoderConfig, LoraConfig, LoraTarget } from '../../types.ts'
import { adapterSpecs, createParameters, initAdapter, initParameters, parameterSpecs } from './parameters.ts'

const config: DecoderConfig = {
  vocabSize: 200,
  hiddenSize: 32,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 16,
  intermediateSize: 48,
  maxPositions: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}

const llama3 = {
  kind: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxPositions: 16,
} as const
const yarn = {
  kind: 'yarn',
  factor: 4,
  originalMaxPositions: 16,
  betaFast: 32,
  betaSlow: 1,
  attentionFactor: 1,
  truncate: true,
} as const

describe('parameters', () => {
  test('carry the names and shapes of a Hugging Face Qwen3 checkpoint', () => {
    const specs = parameterSpecs({ ...config, numLayers: 1 })
    expect(specs.map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual([
      'model.embed_tokens.weight 200x32',
      'model.layers.0.input_layernorm.weight 32',
      'model.layers.0.self_attn.q_proj.weight 64x32',
      'model.layers.0.self_attn.k_proj.weight 32x32',
      'model.layers.0.self_attn.v_proj.weight 32x32',
      'model.layers.0.self_attn.q_norm.weight 16',
      'model.layers.0.self_attn.k_norm.weight 16',
      'model.layers.0.self_attn.o_proj.weight 32x64',
      'model.layers.0.post_attention_layernorm.weight 32',
      'model.layers.0.mlp.gate_proj.weight 48x32',
      'model.layers.0.mlp.up_proj.weight 48x32',
      'model.layers.0.mlp.down_proj.weight 32x48',
      'model.norm.weight 32',
    ])
  })

  test('an untied head comes last, and without QK-norm there are no head norms', () => {
    const names = parameterSpecs({ ...config, tieEmbeddings: false, qkNorm: false }).map(({ name }) => name)
    expect(names.at(-1)).toBe('lm_head.weight')
    expect(names.some((name) => name.includes('q_norm') || name.includes('k_norm'))).toBe(false)
  })

  test('a bias follows its weight: three in Qwen2, four in Llama with attention_bias', () => {
    const biases = (attentionBias: 'qkv' | 'qkvo') =>
      parameterSpecs({ ...config, numLayers: 1, attentionBias }).flatMap(({ name, shape }, index, specs) =>
        name.endsWith('.bias') ? [`${name} ${shape.join()} after ${specs[index - 1]!.name}`] : [],
      )
    const prefix = 'model.layers.0.self_attn'
    const qwen2 = [
      `${prefix}.q_proj.bias 64 after ${prefix}.q_proj.weight`,
      `${prefix}.k_proj.bias 32 after ${prefix}.k_proj.weight`,
      `${prefix}.v_proj.bias 32 after ${prefix}.v_proj.weight`,
    ]
    expect(biases('qkv')).toEqual(qwen2)
    expect(biases('qkvo')).toEqual([...qwen2, `${prefix}.o_proj.bias 32 after ${prefix}.o_proj.weight`])
  })

  test('biases start at 0 and leave the other tensors as they were', () => {
    const [plain, biased] = [initParameters(config, 7), initParameters({ ...config, attentionBias: 'qkv' }, 7)]
    expect(biased.view('model.layers.1.self_attn.k_proj.bias')).toEqual(new Float32Array(32))
    for (const { name } of plain.specs) expect(biased.view(name), name).toEqual(plain.view(name))
  })

  test('lie one behind the other in one flat array, of which the views are parts', () => {
    const parameters = createParameters(config)
    const last = parameters.specs.at(-1)!
    expect(parameters.flat.length).toBe(last.offset + last.size)
    parameters.view('model.norm.weight')[0] = 5
    expect(parameters.flat[last.offset]).toBe(5)
    expect(() => parameters.view('model.nrom.weight')).toThrow(
      new DataError('the model has no parameter "model.nrom.weight"'),
    )
  })

  test('start with norms 1, matrices at 0.02 and residual projections at 0.02 / sqrt(2 layers)', () => {
    const parameters = initParameters(config, 7)
    const deviation = (name: string) => {
      const view = parameters.view(name)
      return Math.sqrt(view.reduce((sum, value) => sum + value * value, 0) / view.length)
    }
    expect(Array.from(parameters.view('model.norm.weight'))).toEqual(Array(32).fill(1))
    expect(deviation('model.embed_tokens.weight')).toBeCloseTo(0.02, 3)
    expect(deviation('model.layers.1.mlp.gate_proj.weight')).toBeCloseTo(0.02, 3)
    expect(deviation('model.layers.0.self_attn.o_proj.weight')).toBeCloseTo(0.01, 3)
    expect(deviation('model.layers.1.mlp.down_proj.weight')).toBeCloseTo(0.01, 3)
  })

  test('a seed gives the same weights, another seed others, and a new parameter leaves the rest alone', () => {
    const [first, same, other] = [initParameters(config, 7), initParameters(config, 7), initParameters(config, 8)]
    const deeper = initParameters({ ...config, qkNorm: false }, 7)
    expect(same.flat).toEqual(first.flat)
    expect(other.flat).not.toEqual(first.flat)
    expect(deeper.view('model.layers.1.mlp.down_proj.weight')).toEqual(
      first.view('model.layers.1.mlp.down_proj.weight'),
    )
  })

  test.each<[Partial<DecoderConfig>, string]>([
    [{ numKeyValueHeads: 3 }, 'decoder.numHeads 4 is not a multiple of numKeyValueHeads 3'],
    [{ headDim: 15 }, 'decoder.headDim must be even for RoPE, found 15'],
    [{ numLayers: 0 }, 'decoder.numLayers must be a positive integer, found 0'],
    [{ vocabSize: 10.5 }, 'decoder.vocabSize must be a positive integer, found 10.5'],
    [{ rmsNormEps: 0 }, 'decoder.rmsNormEps must be positive, found 0'],
    [{ ropeScaling: { kind: 'linear', factor: Number.NaN } }, 'decoder.ropeScaling.factor must be positive, found NaN'],
    [
      { ropeScaling: { ...llama3, originalMaxPositions: 0 } },
      'decoder.ropeScaling.originalMaxPositions must be positive, found 0',
    ],
    [
      { ropeScaling: { ...llama3, highFrequencyFactor: 1 } },
      'decoder.ropeScaling.highFrequencyFactor must be above lowFrequencyFactor 1, found 1',
    ],
    [{ ropeTheta: 1, ropeScaling: yarn }, 'decoder.ropeTheta must be above 1 for yarn, found 1'],
  ])('%o is refused', (change, message) => {
    expect(() => parameterSpecs({ ...config, ...change })).toThrow(new ConfigError(message))
  })
})

describe('adapters', () => {
  const lora: LoraConfig = { rank: 4, alpha: 8, targets: ['lm_head', 'up_proj', 'k_proj', 'down_proj'] }

  test('carry PEFT’s names and shapes, in the order of a forward pass whatever the order asked for', () => {
    const specs = adapterSpecs({ ...config, numLayers: 1 }, lora)
    expect(specs.map(({ name, shape, offset }) => `${name} ${shape.join('x')} at ${offset}`)).toEqual([
      'model.layers.0.self_attn.k_proj.lora_A.weight 4x32 at 0',
      'model.layers.0.self_attn.k_proj.lora_B.weight 32x4 at 128',
      'model.layers.0.mlp.up_proj.lora_A.weight 4x32 at 256',
      'model.layers.0.mlp.up_proj.lora_B.weight 48x4 at 384',
      'model.layers.0.mlp.down_proj.lora_A.weight 4x48 at 576',
      'model.layers.0.mlp.down_proj.lora_B.weight 32x4 at 768',
      'lm_head.lora_A.weight 4x32 at 896',
      'lm_head.lora_B.weight 200x4 at 1024',
    ])
  })

  test('start as no change: B is 0, A fills ±1/sqrt(in) evenly, a seed repeats it', () => {
    const adapter = initAdapter(config, lora, 3)
    const down = adapter.view('model.layers.1.mlp.down_proj.lora_A.weight')
    const bound = 1 / Math.sqrt(48)
    expect(Math.max(...down.map(Math.abs))).toBeLessThanOrEqual(bound)
    expect(Math.max(...down.map(Math.abs))).toBeGreaterThan(0.95 * bound)
    const meanSquare = down.reduce((sum, value) => sum + value * value, 0) / down.length
    expect(meanSquare / (bound * bound)).toBeCloseTo(1 / 3, 1)
    for (const { name } of adapter.specs)
      expect(
        adapter.view(name).every((value) => value === 0),
        name,
      ).toBe(name.endsWith('lora_B.weight'))
    expect(initAdapter(config, lora, 3).flat).toEqual(adapter.flat)
    expect(initAdapter(config, lora, 4).flat).not.toEqual(adapter.flat)
  })

  const misspelt: LoraTarget = JSON.parse('"q_porj"')
  test.each<[Partial<LoraConfig>, string]>([
    [{ rank: 0 }, 'lora.rank must be a positive integer, found 0'],
    [{ alpha: -1 }, 'lora.alpha must be positive, found -1'],
    [{ targets: [] }, 'lora.targets is empty'],
    [{ targets: ['q_proj', 'q_proj'] }, 'lora.targets names q_proj twice'],
    [{ targets: [misspelt] }, 'unknown lora target "q_porj"'],
  ])('%o is refused', (change, message) => {
    const specs = () => adapterSpecs(config, { ...lora, ...change })
    expect(specs).toThrow(ConfigError)
    expect(specs).toThrow(message)
  })
})
