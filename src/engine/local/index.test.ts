import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { AuditError, ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { conformanceChecks } from '../conformance.ts'
import type { DecoderConfig, TrainingClient } from '../types.ts'
import { type LocalEngineConfig, localEngine } from './index.ts'

const decoder: DecoderConfig = {
  vocabSize: 23,
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 8,
  intermediateSize: 24,
  maxPositions: 32,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const root = mkdtempSync(join(tmpdir(), 'local-engine-'))
afterAll(() => rmSync(root, { recursive: true }))

const create = (config: Partial<LocalEngineConfig> = {}) =>
  localEngine.create({ decoder, seed: 1, threads: 2, ...config })

describe.each([
  ['in process', { inWorker: false }],
  [
    'in process, untied head, no norm of queries and keys',
    { inWorker: false, decoder: { ...decoder, tieEmbeddings: false, qkNorm: false } },
  ],
  ['in process, three rows at a time', { inWorker: false, maxBatch: 3 }],
] satisfies [string, Partial<LocalEngineConfig>][])('%s', (name, config) => {
  test.each(conformanceChecks)('$name', async ({ run }) => {
    await run({ create: () => create(config), dir: join(root, name) })
  })
})

/** What could go wrong on the way between threads; the rest is the engine in process. */
const travelling = conformanceChecks.filter(({ name }) => /loaded|same seed|typed error|order|closing/.test(name))

describe('in a worker', () => {
  test.each(travelling)('$name', async ({ run }) => {
    expect(travelling.length).toBe(5)
    await run({ create: () => create(), dir: join(root, 'worker') })
  })
})

/** A session that touches every call, as plain results. */
async function session(client: TrainingClient): Promise<unknown> {
  const data = [{ inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], logprobs: [0, -3, -3], advantages: [0, 1, -1] }]
  const results: unknown[] = [
    await client.forwardBackward(data, 'ppo', { clipLowThreshold: 0.5, clipHighThreshold: 1.5 }),
    await client.optimStep({ learningRate: 0.01, gradClipNorm: 1, weightDecay: 0.1 }),
    await client.forward(data, 'importance_sampling'),
    await client.sample([{ promptTokens: [1, 2], numSamples: 3, key: 'k' }], { maxTokens: 4 }),
    await client.info(),
  ]
  await client.resetOptimizer()
  results.push(await client.optimStep({ learningRate: 0 }))
  await client.close()
  return results
}

describe('the worker', () => {
  test('answers exactly as the engine in process', async () => {
    expect(await session(await create())).toEqual(await session(await create({ inWorker: false })))
  })

  test('leaves the main thread alive during a long call', async () => {
    const client = await create()
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 5)
    const requests = Array.from({ length: 60 }, (_, i) => ({ promptTokens: [i % 23, 3], numSamples: 8, key: `${i}` }))
    await client.sample(requests, { maxTokens: 25 })
    clearInterval(timer)
    await client.close()
    expect(ticks).toBeGreaterThan(3)
  })

  test('throws errors of the class, with the fields and with the stack of where they arose', async () => {
    const client = await create()
    const error: unknown = await client
      .sample([{ promptTokens: [99], numSamples: 1, key: 'q7' }], { maxTokens: 1 })
      .catch((thrown: unknown) => thrown)
    await client.close()
    expect(error).toBeInstanceOf(DataError)
    expect(error).toMatchObject({ code: 'E_DATA', exitCode: 2, field: 'requests[0]', name: 'DataError' })
    expect(error).toMatchObject({
      message: expect.stringContaining('"q7"'),
      hint: expect.stringContaining('tokenizer'),
    })
    expect(error).toMatchObject({ stack: expect.stringContaining('generate.ts') })
  })

  test('close ends a call that is under way, as an error', async () => {
    const client = await create()
    const requests = Array.from({ length: 200 }, (_, i) => ({ promptTokens: [i % 23], numSamples: 16, key: `${i}` }))
    const outcome = expect(client.sample(requests, { maxTokens: 31 })).rejects.toThrow(EngineError)
    await client.close()
    await outcome
  })

  test('starts under tsx, and an engine left open does not keep the process alive', async () => {
    const url = new URL('./index.ts', import.meta.url).href
    const script = `
      import { localEngine } from '${url}'
      const client = await localEngine.create({ decoder: ${JSON.stringify(decoder)}, seed: 1 })
      console.log((await client.info()).vocabSize)`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
    expect(stdout).toBe('23\n')
  })

  test('a decoder that cannot be built is refused at creation', async () => {
    const wrong = { ...decoder, numKeyValueHeads: 3 }
    await expect(create({ decoder: wrong })).rejects.toThrow(ConfigError)
    await expect(create({ decoder: wrong, inWorker: false })).rejects.toThrow(ConfigError)
  })

  test('a checkpoint that was tampered with is an AuditError here too', async () => {
    const client = await create()
    const dir = join(root, 'tampered')
    await client.saveState(dir)
    rmSync(join(dir, 'optimizer.safetensors'))
    await expect(client.loadState(dir, { optimizer: true })).rejects.toThrow(AuditError)
    await client.close()
  })
})

test('saved weights start another engine where this one stands', async () => {
  const client = await create({ inWorker: false })
  const data = [{ inputTokens: [1, 2], targetTokens: [2, 3], weights: [1, 1] }]
  await client.forwardBackward(data, 'cross_entropy')
  await client.optimStep({ learningRate: 0.01 })
  await client.saveWeights(join(root, 'weights'))
  const { weightsHash } = await client.info()
  await client.close()
  const other = await create({ inWorker: false, seed: 2, initialWeights: join(root, 'weights') })
  expect((await other.info()).weightsHash).toBe(weightsHash)
  await other.close()
})

test('loading a state forgets the gradient that was accumulated before', async () => {
  const client = await create({ inWorker: false })
  await client.saveState(join(root, 'clean'))
  const data = [{ inputTokens: [1, 2], targetTokens: [2, 3], weights: [1, 1] }]
  await client.forwardBackward(data, 'cross_entropy')
  await client.loadState(join(root, 'clean'), { optimizer: true })
  expect((await client.optimStep({ learningRate: 0 })).gradNorm).toBe(0)
  await client.close()
})

test('another seed gives other weights and other tokens', async () => {
  const results = []
  for (const seed of [1, 2]) {
    const client = await create({ inWorker: false, seed })
    const request = { promptTokens: [1], numSamples: 1, key: 'a' }
    results.push([(await client.info()).weightsHash, await client.sample([request], { maxTokens: 20 })])
    await client.close()
  }
  expect(results[0]![0]).not.toBe(results[1]![0])
  expect(results[0]![1]).not.toEqual(results[1]![1])
})
