import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import { createParameters, initParameters } from './parameters.ts'
import { loadWeights, saveWeights, weightsHash } from './weights.ts'

const decoder = {
  vocabSize: 5,
  hiddenSize: 4,
  numLayers: 2,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 2,
  intermediateSize: 3,
  maxPositions: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const root = mkdtempSync(join(tmpdir(), 'weights-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = (dir: string) => join(dir, 'model.safetensors')
const tensorsOf = (dir: string) => decodeSafetensors(readFileSync(file(dir)), 'x').tensors

/** A saved model whose tensors were changed. */
function saved(name: string, change: (tensors: Map<string, Tensor>) => void = () => undefined): string {
  const dir = join(root, name)
  saveWeights(dir, decoder, initParameters(decoder, 1))
  const tensors = new Map(tensorsOf(dir))
  change(tensors)
  writeFileSync(file(dir), encodeSafetensors(tensors))
  return dir
}

describe('the Hugging Face layout', () => {
  test('tensors carry the names and shapes transformers expects, config.json describes the same model', () => {
    const dir = saved('layout')
    expect(tensorsOf(dir).get('model.layers.1.mlp.down_proj.weight')?.shape).toEqual([4, 3])
    expect(tensorsOf(dir).has('lm_head.weight')).toBe(false)
    expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'))).toMatchObject({
      architectures: ['Qwen3ForCausalLM'],
      model_type: 'qwen3',
      hidden_size: 4,
      num_key_value_heads: 1,
      head_dim: 2,
      rope_theta: 10_000,
      tie_word_embeddings: true,
    })
  })

  test('without norms of queries and keys the model is a Llama', () => {
    const dir = join(root, 'llama')
    saveWeights(dir, { ...decoder, qkNorm: false }, initParameters({ ...decoder, qkNorm: false }, 1))
    expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).architectures).toEqual(['LlamaForCausalLM'])
  })

  test('what was saved is loaded bit for bit', () => {
    const target = createParameters(decoder)
    loadWeights(saved('roundtrip'), decoder, target)
    expect(weightsHash(target)).toBe(weightsHash(initParameters(decoder, 1)))
  })

  test('a repeated tied head is ignored', () => {
    const dir = saved('tied', (tensors) => tensors.set('lm_head.weight', { shape: [1], values: new Float32Array(1) }))
    const target = createParameters(decoder)
    loadWeights(dir, decoder, target)
    expect(weightsHash(target)).toBe(weightsHash(initParameters(decoder, 1)))
  })
})

test('the hash sees one changed bit in any tensor, and nothing else', () => {
  const parameters = initParameters(decoder, 1)
  const hash = weightsHash(parameters)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(weightsHash(initParameters(decoder, 1))).toBe(hash)
  parameters.flat[parameters.flat.length - 1]! += 2 ** -22
  expect(weightsHash(parameters)).not.toBe(hash)
})

describe('a model that does not fit is refused and leaves the weights alone', () => {
  const norm = 'model.norm.weight'
  const cases: readonly (readonly [string, (tensors: Map<string, Tensor>) => void, string])[] = [
    ['a missing tensor', (t) => t.delete(norm), `"${norm}" is missing`],
    ['a tensor too many', (t) => t.set('extra', t.get(norm)!), '"extra" has no place'],
    ['another shape', (t) => t.set(norm, { shape: [2, 2], values: new Float32Array(4) }), `"${norm}" has shape [2, 2]`],
    ['a NaN', (t) => t.set(norm, { shape: [4], values: Float32Array.of(1, NaN, 1, 1) }), `"${norm}" holds NaN at 1`],
    ['an infinity', (t) => t.set(norm, { shape: [4], values: Float32Array.of(1, 1, 1, -Infinity) }), 'holds -Infinity'],
  ]
  test.each(cases)('%s', (name, change, message) => {
    const target = createParameters(decoder)
    const load = () => loadWeights(saved(name, change), decoder, target)
    expect(load).toThrow(DataError)
    expect(load).toThrow(message)
    expect(target.flat.every((value) => value === 0)).toBe(true)
  })

  test('a config of another model', () => {
    const load = () => loadWeights(saved('other'), { ...decoder, ropeTheta: 5 }, createParameters(decoder))
    expect(load).toThrow('rope_theta is 10000, the configured decoder has 5')
  })

  test('a directory without a model', () => {
    expect(() => loadWeights(join(root, 'none'), decoder, createParameters(decoder))).toThrow(DataError)
  })
})
