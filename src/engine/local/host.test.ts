import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError, EngineError } from '../../core/errors.ts'
import { conformanceChecks } from '../conformance.ts'
import { loraTargets } from '../lora.ts'
import type { Datum, FrozenClient, LoraConfig, ModelHost, TrainingClient } from '../types.ts'
import { tinyDecoder } from './fixtures/tiny-decoder.ts'
import { localHost } from './index.ts'

const decoder = tinyDecoder
/** More than the layers of an adapter alone, so that the checks' few steps learn enough. */
const lora: LoraConfig = { rank: 8, alpha: 64, targets: loraTargets }
const root = mkdtempSync(join(tmpdir(), 'local-host-'))
afterAll(() => rmSync(root, { recursive: true }))

const open = (inWorker = false): Promise<ModelHost> => localHost.create({ decoder, seed: 1, threads: 2, inWorker })

const data: readonly Datum[] = [
  { inputTokens: [1, 2, 3, 4], targetTokens: [2, 3, 4, 5], weights: [1, 1, 1, 1] },
  { inputTokens: [9, 8], targetTokens: [8, 7], weights: [1, 1] },
]
const request = { promptTokens: [1, 2], numSamples: 3, key: 'k' }

/** All that a model says: log-probabilities of data and sampled sequences. */
async function voiceOf(client: FrozenClient): Promise<unknown> {
  const { logprobs_DT } = await client.forward(data, 'cross_entropy')
  return { logprobs_DT, sequences: await client.sample([request], { maxTokens: 6 }) }
}

async function train(client: TrainingClient, steps = 3): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await client.forwardBackward(data, 'cross_entropy')
    await client.optimStep({ learningRate: 0.02 })
  }
}

/** A client of a host, while other clients of it train in between; closing it closes them all. */
async function createInCompany(kind: LoraConfig | undefined): Promise<TrainingClient> {
  const host = await open()
  const [client, adapter, full] = await Promise.all([
    host.createModel({ lora: kind, seed: 1 }),
    host.createModel({ lora, seed: 2 }),
    host.createModel({ seed: 3 }),
  ])
  const others = [adapter, full]
  const disturb = () => Promise.all(others.map((other) => train(other, 1)))
  return {
    ...client,
    async optimStep(params) {
      const result = client.optimStep(params)
      await disturb()
      return result
    },
    close: () => host.close(),
  }
}

describe.each([
  ['an adapter', lora],
  ['a full copy', undefined],
])('%s among others that train', (name, kind) => {
  const checks = conformanceChecks.filter(({ name }) => !/order/.test(name))
  test.each(checks)('$name', async ({ run }) => {
    await run({ create: () => createInCompany(kind), dir: join(root, name) })
  })
})

describe.each([
  ['in process', false],
  ['in a worker', true],
])('%s', (place, inWorker) => {
  test('training one model leaves base, other adapters, full copies and snapshots bit-identical', async () => {
    const host = await open(inWorker)
    const [trained, other, full] = await Promise.all([
      host.createModel({ lora, seed: 5 }),
      host.createModel({ lora, seed: 6 }),
      host.createModel({ seed: 7 }),
    ])
    await train(other)
    await train(full)
    await trained.saveWeights(join(root, place, 'before'))
    const snapshot = await host.openSnapshot(join(root, place, 'before'))
    const bystanders = [host.base, other, full, snapshot]
    const before = await Promise.all(bystanders.map(voiceOf))
    const own = await voiceOf(trained)
    await train(trained)
    expect(await Promise.all(bystanders.map(voiceOf))).toEqual(before)
    expect(await voiceOf(trained)).not.toEqual(own)
    await host.close()
  })

  test('snapshots of adapter, full copy and merged model say what the model said', async () => {
    const host = await open(inWorker)
    const adapter = await host.createModel({ lora, seed: 1 })
    const full = await host.createModel({ seed: 1 })
    await train(adapter)
    await train(full)
    await adapter.saveWeights(join(root, place, 'merged'), { merged: true })
    const merged = await host.openSnapshot(join(root, place, 'merged'))
    const logprobsOf = async (client: FrozenClient) => (await client.forward(data, 'cross_entropy')).logprobs_DT.flat()
    const own = await logprobsOf(adapter)
    expect((await merged.info()).facts).toMatchObject({ training: 'none' })
    expect(Math.max(...(await logprobsOf(merged)).map((value, i) => Math.abs(value - own[i]!)))).toBeLessThan(1e-5)
    for (const [name, client] of [['adapter', adapter] as const, ['full', full] as const]) {
      const dir = join(root, place, name)
      await client.saveWeights(dir)
      const snapshot = await host.openSnapshot(dir)
      expect(await voiceOf(snapshot)).toEqual(await voiceOf(client))
      expect((await snapshot.info()).weightsHash).toBe((await client.info()).weightsHash)
    }
    await host.close()
  })

  test('closing a client fails its calls as closed and leaves the others', async () => {
    const host = await open(inWorker)
    const [closing, staying] = [await host.createModel({ lora, seed: 1 }), await host.createModel({ lora, seed: 1 })]
    const waiting = closing.sample([{ ...request, numSamples: 400 }], { maxTokens: 25 })
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'E_ENGINE', message: 'the engine is closed' })
    await closing.close()
    await outcome
    await closing.close()
    await expect(closing.info()).rejects.toThrow(EngineError)
    await train(staying, 1)
    await host.close()
    await expect(staying.info()).rejects.toThrow('closed')
    await expect(host.createModel({ seed: 1 })).rejects.toThrow('closed')
    await expect(host.base.info()).rejects.toThrow('closed')
  })
})

test('adapters start as the base, and the seed draws what they can learn', async () => {
  const host = await open()
  const [one, two] = [await host.createModel({ lora, seed: 1 }), await host.createModel({ lora, seed: 2 })]
  const base = (await host.base.forward(data, 'cross_entropy')).logprobs_DT.flat()
  for (const client of [one, two]) {
    const own = (await client.forward(data, 'cross_entropy')).logprobs_DT.flat()
    expect(Math.max(...own.map((logprob, i) => Math.abs(logprob - base[i]!)))).toBeLessThan(1e-6)
  }
  expect((await one.info()).weightsHash).not.toBe((await two.info()).weightsHash)
  await host.close()
})

test('info counts the tokens of its own client by kind of work, and says what is trained', async () => {
  const host = await open()
  const client = await host.createModel({ lora, seed: 1 })
  await client.forwardBackward(data, 'cross_entropy')
  await client.forward([data[1]!], 'cross_entropy')
  await client.sample([request, { ...request, key: 'l' }], { maxTokens: 5 })
  await expect(client.forward([{ ...data[0]!, targetTokens: [] }], 'cross_entropy')).rejects.toThrow()
  const { usage, facts, parameters = 0, trainableParameters = 0 } = await client.info()
  expect(usage).toEqual({ trained: 6, scored: 2, prefilled: 4, sampled: 30 })
  expect(facts).toMatchObject({ engine: 'local', threads: 2, training: 'lora', loraRank: 8, loraAlpha: 64 })
  const base = await host.base.info()
  expect(base.usage).toEqual({ trained: 0, scored: 0, prefilled: 0, sampled: 0 })
  // Rank 8 times the inputs and outputs of 7 layers in 2 blocks, and of the head.
  const [d, kv, ff] = [16, 16, 24]
  expect(trainableParameters).toBe(8 * (2 * (2 * (d + 32) + 2 * (d + kv) + 3 * (d + ff)) + d + 23))
  expect(parameters - base.parameters!).toBe(trainableParameters)
  await host.close()
})

test('a folder that is no model, or another one, is refused by name', async () => {
  const host = await open()
  await expect(host.openSnapshot(join(root, 'nothing'))).rejects.toThrow(DataError)
  const wider = await localHost.create({ decoder: { ...decoder, intermediateSize: 32 }, seed: 1, inWorker: false })
  await (await wider.createModel({ seed: 1 })).saveWeights(join(root, 'wider'))
  await expect(host.openSnapshot(join(root, 'wider'))).rejects.toThrow(/intermediate_size/)
  await wider.close()
  await host.close()
})

test('a model folder is a base as good as its decoder and weights', async () => {
  const host = await open()
  const full = await host.createModel({ seed: 1 })
  await train(full)
  await full.saveWeights(join(root, 'folder'))
  const loaded = await localHost.create({ model: join(root, 'folder'), seed: 1, threads: 2, inWorker: false })
  expect((await loaded.base.info()).weightsHash).toBe((await full.info()).weightsHash)
  expect(await voiceOf(loaded.base)).toEqual(await voiceOf(full))
  await loaded.close()
  await host.close()
})

describe.each([
  ['in process', false],
  ['in a worker', true],
])('closing after the host was closed, %s', (_place, inWorker) => {
  test('is done already, for base, models and host, and also while the host closes', async () => {
    const host = await open(inWorker)
    const [model, other] = [await host.createModel({ lora, seed: 1 }), await host.createModel({ lora, seed: 2 })]
    const together = [other.close(), host.close()]
    await Promise.all(together)
    for (const client of [model, other, host.base, host]) await expect(client.close()).resolves.toBeUndefined()
    await expect(model.info()).rejects.toThrow('the engine is closed')
  })
})

test('an adapter names the base of the hub by its name and commit there, one of a folder by the folder', async () => {
  const host = await open()
  const full = await host.createModel({ seed: 1 })
  const dir = join(root, 'downloaded')
  await full.saveWeights(dir)
  await host.close()
  const baseOf = async (name: string) => {
    const loaded = await localHost.create({ model: dir, seed: 1, inWorker: false })
    const adapter = await loaded.createModel({ lora, seed: 1 })
    await adapter.saveWeights(join(root, name))
    await expect(adapter.saveWeights(dir)).rejects.toThrow('is the folder of the base model')
    await loaded.close()
    const { base_model_name_or_path: base, revision } = JSON.parse(
      readFileSync(join(root, name, 'adapter_config.json'), 'utf8'),
    )
    return { base, revision }
  }
  expect(await baseOf('of-folder')).toEqual({ base: dir, revision: null })
  const record = { schemaVersion: 1, repo: 'owner/tiny', revision: 'main', commit: 'c0ffee', files: [] }
  writeFileSync(join(dir, 'download.json'), JSON.stringify(record))
  expect(await baseOf('of-hub')).toEqual({ base: 'owner/tiny', revision: 'c0ffee' })
})
