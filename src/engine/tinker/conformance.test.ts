import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformanceChecks } from '../conformance.ts'
import { fingerprint, prompts, train } from '../conformance-kit.ts'
import { tinyDecoder } from '../local/fixtures/tiny-decoder.ts'
import { localHost } from '../local/index.ts'
import type { ModelHost } from '../types.ts'
import { type TinkerConfig, tinkerEngine } from './client/index.ts'
import { probeServer } from './client/probe.ts'
import { createTinkerServer, type TinkerServer } from './server/index.ts'

const decoder = tinyDecoder
const root = mkdtempSync(join(tmpdir(), 'fleming-tinker-'))
const timing = { pollGapMs: 1, deadlineMs: 30_000, submitMs: 15_000 }
const adapter = { rank: 8, trainUnembed: true }

let host: ModelHost
let server: TinkerServer
beforeAll(async () => {
  host = await localHost.create({ decoder, seed: 1, threads: 2 })
  server = await createTinkerServer({
    host,
    baseModel: 'tiny',
    dir: join(root, 'server'),
    listen: { hostname: '127.0.0.1', port: 0 },
  })
})
afterAll(async () => {
  await server.close()
  await host.close()
  rmSync(root, { recursive: true })
})

const create = (config: Partial<TinkerConfig> = {}) =>
  tinkerEngine.create({ baseUrl: server.url, baseModel: 'tiny', seed: 1, timing, ...config })

describe('our client over our server with the embedded engine conforms, all weights trained:', () => {
  test.each(conformanceChecks)('$name', async ({ run }) => {
    await run({ create, dir: join(root, 'full') })
  })
})

/** What depends on how a model is made, saved and sampled. */
const ofAdapters = conformanceChecks.filter(({ name }) => /agree|loaded|same seed|order/.test(name))

describe('with an adapter, over JSON:', () => {
  test.each(ofAdapters)('$name', async ({ run }) => {
    expect(ofAdapters).toHaveLength(4)
    await run({ create: () => create({ lora: adapter, encoding: 'json' }), dir: join(root, 'adapter') })
  })

  test('weights go into a folder and from there into another model', async () => {
    const dir = join(root, 'weights')
    const client = await create({ lora: adapter })
    await train(client, 3)
    await client.saveWeights(dir)
    expect(readdirSync(dir)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']))
    const saved = await fingerprint(client)
    await train(client, 2)
    expect(await fingerprint(client)).not.toBe(saved)
    await client.loadWeights(dir)
    expect(await fingerprint(client)).toBe(saved)
    await client.close()
  })

  test('a state outlives the client that saved it, a sampler of another model does not reach it', async () => {
    const dir = join(root, 'state')
    const [first, second] = [await create({ lora: adapter }), await create({ lora: adapter })]
    await train(first, 3)
    await first.saveState(dir)
    const saved = await fingerprint(first)
    await first.close()
    const request = { promptTokens: prompts[0], numSamples: 2, key: 'k' }
    const before = await second.sample([request], { maxTokens: 4 })
    await second.loadState(dir, { optimizer: true })
    expect(await fingerprint(second)).toBe(saved)
    expect((await second.optimStep({ learningRate: 0 })).step).toBe(4)
    expect(await second.sample([request], { maxTokens: 4 })).not.toEqual(before)
    await second.close()
  })
})

test('the probe finds our own server as it is: sums, immutable snapshots, clipping', async () => {
  const report = await probeServer({ baseUrl: server.url, baseModel: 'tiny', seed: 1, timing, lora: adapter })
  expect(report.serverKind).toBe('fleming')
  expect(report.losses.map(({ scaling }) => scaling)).toEqual(['sum', 'sum', 'sum', 'sum'])
  expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([])
})
