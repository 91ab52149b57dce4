import { describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../core/errors.ts'
import type { DecoderConfig } from '../../types.ts'
import { createParameters, initParameters, parameterSpecs } from './parameters.ts'
import { ropeTables } from './rope.ts'

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

  test.each([
    [{ numKeyValueHeads: 3 }, 'decoder.numHeads 4 is not a multiple of numKeyValueHeads 3'],
    [{ headDim: 15 }, 'decoder.headDim must be even for RoPE, found 15'],
    [{ numLayers: 0 }, 'decoder.numLayers must be a positive integer, found 0'],
    [{ vocabSize: 10.5 }, 'decoder.vocabSize must be a positive integer, found 10.5'],
    [{ rmsNormEps: 0 }, 'decoder.rmsNormEps must be positive, found 0'],
  ])('%o is refused', (change, message) => {
    expect(() => parameterSpecs({ ...config, ...change })).toThrow(new ConfigError(message))
  })
})

describe('RoPE tables', () => {
  test('pair i of position t is turned by t / theta^(2i/headDim)', () => {
    const { cos, sin, negatedSin, shape } = ropeTables(8, 10_000, 5)
    expect(shape).toEqual([5, 4])
    const angles = [3, 3 / 10, 3 / 100, 3 / 1000]
    expect(Array.from(cos.subarray(12, 16))).toEqual(angles.map((angle) => Math.fround(Math.cos(angle))))
    expect(Array.from(sin.subarray(12, 16))).toEqual(angles.map((angle) => Math.fround(Math.sin(angle))))
    expect(Array.from(negatedSin)).toEqual(Array.from(sin, (value) => -value))
    expect([cos[0], sin[0]]).toEqual([1, 0])
  })

  test('a longer table starts with the shorter one', () => {
    const [short, long] = [ropeTables(16, 500_000, 3), ropeTables(16, 500_000, 9)]
    expect(long.cos.subarray(0, short.cos.length)).toEqual(short.cos)
    expect(long.sin.subarray(0, short.sin.length)).toEqual(short.sin)
  })
})
