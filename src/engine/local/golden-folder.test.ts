import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FrozenClient, ModelHost } from '../types.ts'
import {
  adaptedModelOf,
  type GoldenGreedy,
  goldenNames,
  greedyError,
  greedyRequests,
  logitsError,
  modelOf,
  readGolden,
  writeAdapterFolder,
  writeModelFolder,
} from './fixtures/golden-kit.ts'
import { readAdapter } from './hf/adapter.ts'
import { readDecoderConfig } from './hf/config.ts'
import { loadBase } from './hf/folder.ts'
import { createHost } from './host.ts'
import { saveWeights } from './model/weights.ts'
import { decodeSafetensors } from './safetensors.ts'

const tolerance = 1e-4

/** What a client samples greedily for the golden prompts, compared with what `generate` wrote. */
async function compareGreedy(client: FrozenClient, expected: GoldenGreedy): Promise<void> {
  const maxTokens = expected[0]!.tokens.length
  const found = await client.sample(greedyRequests(expected), { maxTokens, temperature: 0 })
  expect(found.map(([sequence]) => sequence!.tokens)).toEqual(expected.map(({ tokens }) => tokens))
  expect(greedyError(found, expected)).toBeLessThan(tolerance)
}

describe.each(goldenNames)('%s as a Hugging Face folder', (name) => {
  const golden = readGolden(name)
  const root = mkdtempSync(join(tmpdir(), 'golden-'))
  let host: ModelHost
  beforeAll(async () => {
    writeModelFolder(join(root, 'base'), golden)
    host = await createHost({ model: join(root, 'base'), seed: 1, threads: 2 })
  })
  afterAll(async () => {
    await host.close()
    rmSync(root, { recursive: true })
  })

  test('loaded, it gives the logits and greedy completions of transformers', async () => {
    await compareGreedy(host.base, golden.greedy)
    expect(await logitsError(host.base, golden, golden.logits)).toBeLessThan(tolerance)
  })

  test('exported as bfloat16 in shards and loaded again, no bit is lost', () => {
    const dir = join(root, 'shards')
    saveWeights(dir, modelOf(golden), { dtype: 'bfloat16', maxShardBytes: 4096 })
    expect(readdirSync(dir).filter((file) => file.endsWith('.safetensors')).length).toBeGreaterThan(2)
    const { decoder, parameters } = loadBase(dir)
    expect(decoder).toEqual(modelOf(golden).config)
    for (const { name: tensor } of parameters.specs)
      expect(parameters.view(tensor), tensor).toEqual(golden.weights.get(tensor)!.values)
  })

  test('the config of transformers 4 is read as the same decoder', () => {
    const { rope_parameters: rope, ...rest } = golden.config
    const { rope_theta, rope_type, ...scaling } = rope as Record<string, unknown>
    const older = {
      ...rest,
      rope_theta,
      rope_scaling: rope_type === 'default' ? null : { ...scaling, type: rope_type },
    }
    expect(readDecoderConfig(older, 'config.json')).toEqual(readDecoderConfig(golden.config, 'config.json'))
  })

  describe.each(Object.entries(golden.adapters))('with the adapter "%s" as PEFT wrote it', (key, adapter) => {
    const dir = join(root, key)
    beforeAll(() => writeAdapterFolder(dir, adapter))

    test('loaded, it gives the logits and greedy completions of PEFT', async () => {
      const snapshot = await host.openSnapshot(dir)
      await compareGreedy(snapshot, adapter.greedy)
      expect(await logitsError(snapshot, golden, adapter.logits)).toBeLessThan(tolerance)
    })

    test('saved again, the adapter has the tensors and settings that PEFT wrote', () => {
      const saved = `${dir}-saved`
      saveWeights(saved, adaptedModelOf(golden, adapter))
      const file = join(saved, 'adapter_model.safetensors')
      const { tensors } = decodeSafetensors(readFileSync(file), file)
      // PEFT adds the frozen head to an adapter of it.
      const expected = [...adapter.tensors].filter(([tensor]) => !tensor.endsWith('base_layer.weight'))
      expect([...tensors.keys()].sort()).toEqual(expected.map(([tensor]) => tensor).sort())
      for (const [tensor, value] of expected) expect(tensors.get(tensor), tensor).toEqual(value)
      const settings = JSON.parse(readFileSync(join(saved, 'adapter_config.json'), 'utf8'))
      for (const field of ['peft_type', 'task_type', 'r', 'lora_alpha', 'bias', 'use_dora', 'use_rslora'])
        expect(settings[field], field).toEqual(adapter.adapterConfig[field])
      expect(readAdapter(saved, modelOf(golden).config).lora).toEqual(readAdapter(dir, modelOf(golden).config).lora)
    })

    test('merged into its base, it gives the logits of the merged model of PEFT', async () => {
      const dirMerged = `${dir}-merged`
      saveWeights(dirMerged, adaptedModelOf(golden, adapter), { merged: true })
      const merged = await createHost({ model: dirMerged, seed: 1, threads: 2 })
      await compareGreedy(merged.base, adapter.greedy)
      // A tied model with an adapter on its head has no golden merge: PEFT changes the embedding as well.
      const expected = adapter.mergedLogits.length > 0 ? adapter.mergedLogits : adapter.logits
      expect(await logitsError(merged.base, golden, expected)).toBeLessThan(tolerance)
      await merged.close()
    })
  })
})
