import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../core/errors.ts'
import { hashFile } from '../../../core/hash.ts'
import type { LoraConfig } from '../../types.ts'
import { readAdapter } from '../hf/adapter.ts'
import { loadBase } from '../hf/folder.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import { modelHash, weightsHash } from './hash.ts'
import type { Model } from './model.ts'
import { createParameters, initAdapter, initParameters } from './parameters.ts'
import { loadWeights, saveWeights } from './weights.ts'

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
const lora: LoraConfig = { rank: 2, alpha: 3, targets: ['q_proj', 'down_proj'] }
const root = mkdtempSync(join(tmpdir(), 'weights-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = (dir: string) => join(dir, 'model.safetensors')
const tensorsOf = (name: string) => decodeSafetensors(readFileSync(name), 'x').tensors
const whole = (seed: number, config = decoder): Model => ({ config, base: initParameters(config, seed) })
const empty = (config = decoder): Model => ({ config, base: createParameters(config) })

/** A model whose adapter does something. */
function adapted(seed: number, settings = lora, config = decoder): Model {
  const parameters = initAdapter(config, settings, seed)
  for (const { name } of parameters.specs) if (name.includes('lora_B')) parameters.view(name).fill(0.5)
  return { ...whole(1, config), adapter: { lora: settings, parameters } }
}

/** A saved model whose tensors were changed. */
function saved(name: string, change: (tensors: Map<string, Tensor>) => void = () => undefined): string {
  const dir = join(root, name)
  saveWeights(dir, whole(1))
  const tensors = new Map(tensorsOf(file(dir)))
  change(tensors)
  writeFileSync(file(dir), encodeSafetensors(tensors))
  return dir
}

describe('the Hugging Face layout', () => {
  test('tensors carry the names and shapes transformers expects, config.json describes the same model', () => {
    const dir = saved('layout')
    expect(tensorsOf(file(dir)).get('model.layers.1.mlp.down_proj.weight')?.shape).toEqual([4, 3])
    expect(tensorsOf(file(dir)).has('lm_head.weight')).toBe(false)
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

  test('files of the first release are written byte for byte', () => {
    // Hashes of the files that commit 24c5b60 wrote for the same weights.
    const expected = [
      [true, 'e3f90920d9f2df99', 'bd7006cf81485db7'],
      [false, '3f1bb4d08751357e', '9219b86767ad421a'],
    ] as const
    for (const [qkNorm, weights, config] of expected) {
      const dir = join(root, `bytes-${qkNorm}`)
      saveWeights(dir, whole(1, { ...decoder, qkNorm, tieEmbeddings: qkNorm }))
      expect(hashFile(file(dir)).sha256.slice(0, 16)).toBe(weights)
      expect(hashFile(join(dir, 'config.json')).sha256.slice(0, 16)).toBe(config)
    }
  })

  test('what was saved is loaded bit for bit, into a model and as a base', () => {
    const target = empty()
    loadWeights(saved('roundtrip'), target)
    expect(modelHash(target)).toBe(modelHash(whole(1)))
    expect(loadBase(join(root, 'roundtrip')).decoder).toEqual(decoder)
    expect(weightsHash(loadBase(join(root, 'roundtrip')).parameters)).toBe(modelHash(whole(1)))
  })

  test('a repeated tied head is ignored when it repeats, and refused when it does not', () => {
    const repeat = (tensors: Map<string, Tensor>) =>
      tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!)
    const target = empty()
    loadWeights(saved('tied', repeat), target)
    expect(modelHash(target)).toBe(modelHash(whole(1)))
    const other = saved('untied', (tensors) => {
      const values = tensors.get('model.embed_tokens.weight')!.values.slice()
      values[7]! += 1
      tensors.set('lm_head.weight', { shape: [5, 4], values })
    })
    expect(() => loadWeights(other, empty())).toThrow('differs from "model.embed_tokens.weight"')
  })
})

describe('shards and precisions', () => {
  test('a model larger than a shard is split in its order, with an index, and is read back', () => {
    const dir = join(root, 'shards')
    saveWeights(dir, whole(1), { maxShardBytes: 200 })
    const shards = readdirSync(dir).filter((name) => name.startsWith('model-'))
    expect(shards.length).toBeGreaterThan(3)
    expect(shards[0]).toBe(`model-00001-of-${String(shards.length).padStart(5, '0')}.safetensors`)
    const index = JSON.parse(readFileSync(join(dir, 'model.safetensors.index.json'), 'utf8'))
    expect(index.metadata.total_size).toBe(whole(1).base.flat.byteLength)
    expect(index.weight_map['model.embed_tokens.weight']).toBe(shards[0])
    expect(weightsHash(loadBase(dir).parameters)).toBe(modelHash(whole(1)))
    const target = empty()
    loadWeights(dir, target)
    expect(modelHash(target)).toBe(modelHash(whole(1)))
  })

  test('a later save leaves no weights of an earlier one behind', () => {
    const dir = join(root, 'again')
    saveWeights(dir, whole(2), { maxShardBytes: 200 })
    saveWeights(dir, whole(1))
    expect(readdirSync(dir).sort()).toEqual(['config.json', 'model.safetensors'])
    expect(weightsHash(loadBase(dir).parameters)).toBe(modelHash(whole(1)))
    saveWeights(dir, adapted(3), { merged: true, maxShardBytes: 200 })
    expect(readdirSync(dir)).not.toContain('model.safetensors')
  })

  test.each([
    ['bfloat16', 'BF16', 2 ** -8],
    ['float16', 'F16', 2 ** -11],
  ] as const)('%s halves the file and rounds each weight once', (dtype, name, ulp) => {
    const dir = join(root, dtype)
    saveWeights(dir, whole(1), { dtype })
    expect(readFileSync(file(dir), 'utf8')).toContain(`"dtype":"${name}"`)
    expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).torch_dtype).toBe(dtype)
    const { flat } = loadBase(dir).parameters
    for (const [index, value] of whole(1).base.flat.entries())
      expect(Math.abs(flat[index]! - value)).toBeLessThanOrEqual(Math.abs(value) * ulp + 2 ** -25)
  })

  test('a weight that float16 cannot hold is refused by name and leaves no model', () => {
    const model = whole(1)
    model.base.view('model.norm.weight')[2] = 70_000
    const save = () => saveWeights(join(root, 'large'), model, { dtype: 'float16' })
    expect(save).toThrow('tensor "model.norm.weight" holds 70000 at 2, which F16 cannot hold')
    expect(readdirSync(join(root, 'large'))).toEqual([])
  })

  test('shards of no size are refused', () => {
    expect(() => saveWeights(join(root, 'zero'), whole(1), { maxShardBytes: 0 })).toThrow(ConfigError)
  })
})

describe('adapters', () => {
  test("are written under PEFT's names with the settings it reads, and come back bit for bit", () => {
    const dir = join(root, 'adapter')
    saveWeights(dir, adapted(7), { baseName: 'owner/base', baseRevision: 'c0ffee' })
    expect(readdirSync(dir).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors'])
    expect(JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      r: 2,
      lora_alpha: 3,
      target_modules: ['q_proj', 'down_proj'],
      base_model_name_or_path: 'owner/base',
      revision: 'c0ffee',
      bias: 'none',
    })
    const tensor = 'base_model.model.model.layers.1.mlp.down_proj.lora_B.weight'
    expect(tensorsOf(join(dir, 'adapter_model.safetensors')).get(tensor)?.shape).toEqual([4, 2])
    const target = adapted(8)
    loadWeights(dir, target)
    expect(modelHash(target)).toBe(modelHash(adapted(7)))
    expect(readAdapter(dir, decoder).lora).toEqual(lora)
    expect(readAdapter(dir, decoder).parameters.flat).toEqual(adapted(7).adapter!.parameters.flat)
  })

  test('replace a whole model that was saved before, and are replaced by one', () => {
    const dir = join(root, 'either')
    saveWeights(dir, whole(1), { maxShardBytes: 200 })
    writeFileSync(join(dir, 'tokenizer.json'), '{}')
    saveWeights(dir, adapted(2))
    expect(readdirSync(dir).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'])
    saveWeights(dir, whole(1))
    expect(readdirSync(dir).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
  })

  test('are not saved into the folder of their base, by whatever path', () => {
    const dir = join(root, 'base')
    saveWeights(dir, whole(1))
    symlinkSync(dir, join(root, 'link'))
    for (const path of [dir, join(root, 'link')])
      expect(() => saveWeights(path, adapted(2), { baseDir: dir })).toThrow(ConfigError)
    expect(readdirSync(dir).sort()).toEqual(['config.json', 'model.safetensors'])
  })

  test('merging adds scale times B A to the targets and nothing to the rest', () => {
    const dir = join(root, 'merged')
    const model = adapted(7)
    saveWeights(dir, model, { merged: true })
    const merged = loadBase(dir).parameters
    const name = 'model.layers.1.mlp.down_proj'
    const a = model.adapter!.parameters.view(`${name}.lora_A.weight`)
    const before = model.base.view(`${name}.weight`)
    const after = merged.view(`${name}.weight`)
    // B is 0.5 everywhere, so every row gains 1.5 · 0.5 · (sum of the rows of A).
    for (const [index, value] of after.entries()) {
      const gain = 1.5 * 0.5 * (a[index % 3]! + a[3 + (index % 3)]!)
      expect(value).toBeCloseTo(before[index]! + gain, 6)
      expect(Math.abs(gain)).toBeGreaterThan(1e-4)
    }
    expect(merged.view('model.layers.1.mlp.up_proj.weight')).toEqual(
      model.base.view('model.layers.1.mlp.up_proj.weight'),
    )
  })

  test('an adapter on a tied head gives a head of its own, and the embedding stays', () => {
    const dir = join(root, 'merged-head')
    const model = adapted(7, { ...lora, targets: ['lm_head'] })
    saveWeights(dir, model, { merged: true })
    const { decoder: found, parameters } = loadBase(dir)
    expect(found).toEqual({ ...decoder, tieEmbeddings: false })
    expect(parameters.view('model.embed_tokens.weight')).toEqual(model.base.view('model.embed_tokens.weight'))
    expect(parameters.view('lm_head.weight')).not.toEqual(model.base.view('model.embed_tokens.weight'))
  })

  test.each([
    ['rank', { rank: 3 }],
    ['alpha', { alpha: 4 }],
    ['targets', { targets: ['q_proj'] }],
  ] as const)('one of another %s is refused and changes nothing', (field, change) => {
    const dir = join(root, `adapter-${field}`)
    saveWeights(dir, adapted(7))
    const target = adapted(8, { ...lora, ...change })
    expect(() => loadWeights(dir, target)).toThrow(expect.objectContaining({ field: `lora.${field}` }))
    expect(modelHash(target)).toBe(modelHash(adapted(8, { ...lora, ...change })))
  })

  test('a whole model is no adapter, and an adapter no whole model', () => {
    saveWeights(join(root, 'kind-adapter'), adapted(7))
    expect(() => loadWeights(join(root, 'kind-adapter'), empty())).toThrow('holds an adapter, the model is a whole one')
    expect(() => loadWeights(saved('kind-whole'), adapted(7))).toThrow('no adapter_config.json in this folder')
  })

  test('one NaN is refused and changes nothing', () => {
    const dir = join(root, 'adapter-nan')
    const broken = adapted(7)
    broken.adapter!.parameters.flat[5] = Number.NaN
    saveWeights(dir, broken)
    const target = adapted(8)
    expect(() => loadWeights(dir, target)).toThrow('holds NaN at 5')
    expect(modelHash(target)).toBe(modelHash(adapted(8)))
  })
})

test('the hash sees one changed bit in any tensor of base or adapter, the scale, and nothing else', () => {
  const parameters = initParameters(decoder, 1)
  const hash = weightsHash(parameters)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(weightsHash(initParameters(decoder, 1))).toBe(hash)
  parameters.flat[parameters.flat.length - 1]! += 2 ** -22
  expect(weightsHash(parameters)).not.toBe(hash)
  const models = [whole(1), adapted(7), adapted(8), adapted(7, { ...lora, alpha: 4 })]
  expect(new Set(models.map(modelHash)).size).toBe(4)
  expect(modelHash(adapted(7))).toBe(modelHash(adapted(7)))
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
    const target = empty()
    const load = () => loadWeights(saved(name, change), target)
    expect(load).toThrow(DataError)
    expect(load).toThrow(message)
    expect(target.base.flat.every((value) => value === 0)).toBe(true)
  })

  test('a config of another model', () => {
    const load = () => loadWeights(saved('other'), empty({ ...decoder, ropeTheta: 5 }))
    expect(load).toThrow('rope_theta is 10000, the configured decoder has 5')
  })

  test('a config that differs in its length alone is no other model', () => {
    const target = empty({ ...decoder, maxPositions: 4 })
    loadWeights(saved('shorter'), target)
    expect(modelHash(target)).toBe(modelHash(whole(1)))
  })

  test('a directory without a model', () => {
    expect(() => loadWeights(join(root, 'none'), empty())).toThrow(DataError)
  })
})
