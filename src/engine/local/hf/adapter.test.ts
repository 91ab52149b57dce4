import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError, EngineError } from '../../../core/errors.ts'
import {
  adaptedModelOf,
  goldenNames,
  modelOf,
  readGolden,
  writeAdapterFolder,
  writeModelFolder,
} from '../fixtures/golden-kit.ts'
import { modelHash } from '../model/hash.ts'
import { initAdapter, initParameters } from '../model/parameters.ts'
import { saveWeights } from '../model/weights.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import { readAdapter } from './adapter.ts'
import { loadBase } from './folder.ts'

const decoder = {
  vocabSize: 6,
  hiddenSize: 4,
  numLayers: 2,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 2,
  intermediateSize: 3,
  maxPositions: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: false,
  qkNorm: true,
}
const lora = { rank: 2, alpha: 8, targets: ['q_proj', 'down_proj', 'lm_head'] as const }
const root = mkdtempSync(join(tmpdir(), 'adapter-'))
afterAll(() => rmSync(root, { recursive: true }))
const parameters = initAdapter(decoder, lora, 5)
for (const [index] of parameters.flat.entries()) parameters.flat[index] = index / 64

let count = 0
/** An adapter as `saveWeights` writes it, its config and tensors changed. */
function folder(
  config: Record<string, unknown> = {},
  edit: (tensors: Map<string, Tensor>) => Map<string, Tensor> | undefined = () => undefined,
): string {
  count += 1
  const dir = join(root, `${count}`)
  saveWeights(dir, { config: decoder, base: initParameters(decoder, 1), adapter: { lora, parameters } })
  const configFile = join(dir, 'adapter_config.json')
  const changed = { ...JSON.parse(readFileSync(configFile, 'utf8')), ...config }
  writeFileSync(configFile, JSON.stringify(changed))
  const weightsFile = join(dir, 'adapter_model.safetensors')
  const tensors = new Map(decodeSafetensors(readFileSync(weightsFile), 'x').tensors)
  writeFileSync(weightsFile, encodeSafetensors(edit(tensors) ?? tensors))
  return dir
}

const renamed = (rename: (name: string) => string) => (tensors: Map<string, Tensor>) =>
  new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]))

describe('adapters of others are read', () => {
  test.each(goldenNames)('%s: what transformers and PEFT saved is the model and the adapter they had', (name) => {
    const golden = readGolden(name)
    const dir = join(root, name)
    writeModelFolder(join(dir, 'base'), golden)
    const base = loadBase(join(dir, 'base'))
    expect(modelHash({ config: base.decoder, base: base.parameters })).toBe(modelHash(modelOf(golden)))
    expect(Object.keys(golden.adapters).length).toBeGreaterThan(0)
    for (const [adapterName, adapter] of Object.entries(golden.adapters)) {
      writeAdapterFolder(join(dir, adapterName), adapter)
      const expected = adaptedModelOf(golden, adapter)
      const found = readAdapter(join(dir, adapterName), base.decoder, base.parameters)
      expect(found.lora.rank).toBe(expected.adapter!.lora.rank)
      expect(found.lora.alpha).toBe(expected.adapter!.lora.alpha)
      expect([...found.lora.targets].sort()).toEqual([...expected.adapter!.lora.targets].sort())
      expect(found.parameters.flat).toEqual(expected.adapter!.parameters.flat)
    }
  })

  test('without target_modules, as SkyRL writes it: the tensors say which layers', () => {
    expect(readAdapter(folder({ target_modules: null }), decoder)).toMatchObject({
      lora: { rank: 2, alpha: 8, targets: ['q_proj', 'down_proj', 'lm_head'] },
      parameters: { flat: parameters.flat },
    })
  })

  test('with a head called unembed_tokens, as Tinker archives have it', () => {
    const rename = renamed((name) => name.replace('base_model.model.lm_head', 'base_model.model.model.unembed_tokens'))
    const dir = folder({ peft_type: undefined, target_modules: undefined }, rename)
    expect(readAdapter(dir, decoder).parameters.flat).toEqual(parameters.flat)
    const named = folder({ target_modules: ['unembed_tokens', 'down_proj', 'q_proj'] }, rename)
    expect(readAdapter(named, decoder).lora.targets).toEqual(lora.targets)
  })

  test('unless there is no room for them: known before a weight is read', () => {
    const dir = folder({}, (tensors) => {
      for (const { values } of tensors.values()) values[0] = Number.NaN
      return tensors
    })
    const seen: unknown[] = []
    const refuse = (found: unknown) => {
      seen.push(found)
      throw new EngineError('no room', { code: 'E_MEMORY' })
    }
    expect(() => readAdapter(dir, decoder, undefined, refuse)).toThrow('no room')
    expect(seen).toEqual([lora])
    expect(() => readAdapter(dir, decoder)).toThrow(DataError)
  })

  test('with a copy of the head, as PEFT puts it beside an adapter on it: it must be that of the base', () => {
    const base = initParameters(decoder, 1)
    const dir = folder({}, (tensors) =>
      tensors.set('base_model.model.lm_head.base_layer.weight', {
        shape: [6, 4],
        values: base.view('lm_head.weight').slice(),
      }),
    )
    expect(readAdapter(dir, decoder, base).parameters.flat).toEqual(parameters.flat)
    base.view('lm_head.weight')[23]! += 1
    expect(() => readAdapter(dir, decoder, base)).toThrow('differs from the base\'s "lm_head.weight"')
    const short = folder({}, (tensors) =>
      tensors.set('base_model.model.lm_head.base_layer.weight', {
        shape: [5, 4],
        values: base.view('lm_head.weight').slice(0, 20),
      }),
    )
    expect(() => readAdapter(short, decoder, base)).toThrow('differs from the base')
  })

  test('all-linear means every layer but the head', () => {
    const dir = join(root, 'all')
    const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const
    const all = { rank: 1, alpha: 1, targets }
    const adapter = { lora: all, parameters: initAdapter(decoder, all, 1) }
    saveWeights(dir, { config: decoder, base: initParameters(decoder, 1), adapter })
    const file = join(dir, 'adapter_config.json')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), target_modules: 'all-linear' }))
    expect(readAdapter(dir, decoder).lora.targets).toEqual(targets)
  })

  test('fields that PEFT writes and that change nothing are let through', () => {
    const free = {
      auto_mapping: null,
      corda_config: null,
      eva_config: { rho: 2 },
      exclude_modules: null,
      layers_to_transform: null,
      loftq_config: {},
      lora_dropout: 0.1,
      megatron_core: 'megatron.core',
      peft_version: '0.21.2',
      qalora_group_size: 16,
      use_bdlora: null,
    }
    expect(readAdapter(folder(free), decoder).lora).toEqual(lora)
  })
})

describe('adapters that compute something else are refused by name', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['peft_type', 'LOHA'],
    ['task_type', 'SEQ_CLS'],
    ['bias', 'all'],
    ['use_rslora', true],
    ['use_dora', true],
    ['fan_in_fan_out', true],
    ['lora_bias', true],
    ['rank_pattern', { q_proj: 4 }],
    ['alpha_pattern', { q_proj: 4 }],
    ['modules_to_save', ['lm_head']],
    ['layers_to_transform', [0]],
    ['layer_replication', [[0, 1]]],
    ['trainable_token_indices', [3]],
    ['target_parameters', ['experts']],
    ['exclude_modules', 'q_proj'],
    ['init_lora_weights', 'pissa'],
    ['ensure_weight_tying', true],
    ['a_field_of_the_future', 1],
    ['target_modules', '.*q_proj'],
    ['target_modules', ['q_proj', 'embed_tokens']],
    ['target_modules', ['model.layers.0.self_attn.q_proj']],
    ['target_modules', []],
    ['target_modules', [7]],
    ['r', 0],
    ['r', null],
    ['r', 2.5],
    ['lora_alpha', 0],
    ['lora_alpha', 'x'],
  ]
  test.each(cases)('%s: %j', (field, value) => {
    const read = () => readAdapter(folder({ [field]: value }), decoder)
    expect(read).toThrow(DataError)
    expect(read).toThrow(expect.objectContaining({ field, file: expect.stringContaining('adapter_config.json') }))
  })
})

describe('tensors that do not fit are refused by name', () => {
  const name = 'base_model.model.model.layers.1.mlp.down_proj.lora_B.weight'
  const inner = 'model.layers.1.mlp.down_proj.lora_B.weight'
  const cases: readonly (readonly [string, (tensors: Map<string, Tensor>) => unknown, string])[] = [
    ['a layer without its pair', (t) => t.delete(name), `"${inner}" is missing`],
    ['another rank', (t) => t.set(name, { shape: [4, 1], values: new Float32Array(4) }), 'has shape [4, 1]'],
    [
      'B for A',
      (t) => t.set(name, { shape: [2, 4], values: new Float32Array(8) }),
      'has shape [2, 4], the model [4, 2]',
    ],
    ['a tensor of DoRA', (t) => t.set(`${name.slice(0, -14)}lora_magnitude_vector`, t.get(name)!), 'has no place'],
    ['an infinity', (t) => t.get(name)!.values.set([Infinity], 3), `"${inner}" holds Infinity at 3`],
    ['one tensor under two names', (t) => t.set(inner, t.get(name)!), 'is there twice'],
  ]
  test.each(cases)('%s', (_title, edit, message) => {
    const dir = folder({}, (tensors) => {
      edit(tensors)
      return undefined
    })
    expect(() => readAdapter(dir, decoder)).toThrow(DataError)
    expect(() => readAdapter(dir, decoder)).toThrow(message)
  })

  test('of a base of another width', () => {
    expect(() => readAdapter(folder(), { ...decoder, hiddenSize: 6 })).toThrow('has shape')
  })

  test('names no target and belong to none', () => {
    const dir = folder({ target_modules: null }, () => new Map([['x', { shape: [1], values: new Float32Array(1) }]]))
    expect(() => readAdapter(dir, decoder)).toThrow('names no target_modules, and no tensor belongs to one')
  })

  test('are not there at all', () => {
    const dir = folder()
    rmSync(join(dir, 'adapter_model.safetensors'))
    expect(() => readAdapter(dir, decoder)).toThrow('no such file')
    mkdirSync(join(root, 'bare'))
    expect(() => readAdapter(join(root, 'bare'), decoder)).toThrow('no adapter_config.json in this folder')
  })
})
