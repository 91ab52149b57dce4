import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { AuditError, DataError, EngineError } from '../../core/errors.ts'
import { conformanceChecks } from '../conformance.ts'
import { loraTargets } from '../lora.ts'
import type { LoraConfig, TrainingClient } from '../types.ts'
import { tinyDecoder } from './fixtures/tiny-decoder.ts'
import { type LocalEngineConfig, localEngine, localHost } from './index.ts'

const decoder = tinyDecoder
/** More than an adapter usually has, so that the checks' few steps learn enough. */
const lora: LoraConfig = { rank: 8, alpha: 64, targets: loraTargets }
const root = mkdtempSync(join(tmpdir(), 'local-engine-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Settings beside the decoder of every test. */
type Options = Partial<Omit<Extract<LocalEngineConfig, { readonly model?: undefined }>, 'model'>>

const create = (options: Options = {}) => localEngine.create({ decoder, seed: 1, threads: 2, ...options })

describe.each([
  ['in process', { inWorker: false }],
  [
    'in process, untied head, no norm of queries and keys',
    { inWorker: false, decoder: { ...decoder, tieEmbeddings: false, qkNorm: false } },
  ],
  ['in process, three rows at a time', { inWorker: false, maxBatch: 3 }],
  ['in process, an adapter over random weights', { inWorker: false, lora }],
] satisfies [string, Options][])('%s', (name, config) => {
  test.each(conformanceChecks)('$name', async ({ run }) => {
    await run({ create: () => create(config), dir: join(root, name) })
  })
})

/** What could go wrong on the way between threads; the rest is the engine in process. */
const travelling = conformanceChecks.filter(({ name }) => /loaded|same seed|typed error|order|closing/.test(name))

describe('in a worker', () => {
  test.each(travelling)('$name', async ({ run }) => {
    expect(travelling.length).toBe(5)
    await run({ create: () => create(), dir: join(root, 'in a worker') })
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
  test.each([
    ['a full model', {}],
    ['an adapter', { lora }],
  ] satisfies [string, Options][])('answers exactly as the engine in process: %s', async (_kind, options) => {
    const inWorker = await session(await create(options))
    expect(inWorker).toEqual(await session(await create({ ...options, inWorker: false })))
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

  test('takes calls back that have not begun, wait or are under way, and nothing of them is left', async () => {
    const client = await create()
    const data = Array.from({ length: 400 }, (_, i) => {
      const tokens = Array.from({ length: 30 }, (_, j) => (i + j) % 23)
      return { inputTokens: tokens.slice(0, -1), targetTokens: tokens.slice(1), weights: tokens.slice(1).map(() => 1) }
    })
    const requests = Array.from({ length: 200 }, (_, i) => ({ promptTokens: [i % 23], numSamples: 16, key: `${i}` }))
    const before = await client.info()
    const controllers = Array.from({ length: 4 }, () => new AbortController())
    const [sampling, waiting, training, scoring] = controllers.map(({ signal }) => ({ signal }))
    const calls = [
      client.sample(requests, { maxTokens: 31 }, sampling),
      client.sample(requests, { maxTokens: 31 }, waiting),
      client.forwardBackward(data, 'cross_entropy', undefined, training),
      client.forward(data, 'cross_entropy', undefined, scoring),
    ]
    const after = client.info()
    for (const [index, call] of calls.entries()) {
      setTimeout(() => controllers[index]!.abort(), 30)
      await expect(call).rejects.toMatchObject({ name: 'EngineError', code: 'E_ABORTED' })
    }
    expect(await after).toEqual(before)
    expect((await client.optimStep({ learningRate: 0 })).gradNorm).toBe(0)
    await expect(client.sample(requests, { maxTokens: 1 }, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
    const [[sequence] = []] = await client.sample([requests[0]!], { maxTokens: 2 })
    expect(sequence!.tokens.length).toBe(2)
    await client.close()
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

  test('a decoder that cannot be built is refused at creation, before its parameters are listed', async () => {
    for (const wrong of [{ numKeyValueHeads: 3 }, { numLayers: 1e9 }]) {
      const refused = { name: 'ConfigError', message: expect.stringContaining(Object.keys(wrong)[0]!) }
      for (const inWorker of [false, true])
        await expect(create({ decoder: { ...decoder, ...wrong }, inWorker })).rejects.toMatchObject(refused)
    }
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

describe('what would not fit into memory is refused before anything is loaded, with the estimate', () => {
  const huge = { ...decoder, hiddenSize: 65_536, numLayers: 200, intermediateSize: 262_144 }

  test('as a model, in a worker or not', async () => {
    for (const inWorker of [false, true]) {
      const refused = expect(create({ decoder: huge, inWorker })).rejects
      await refused.toMatchObject({ code: 'E_MEMORY', message: expect.stringMatching(/gradients +\d+\.\d+ GB/) })
    }
  })

  test('as an adapter over a base that does fit', async () => {
    const host = await localHost.create({ decoder, seed: 1, inWorker: false })
    const tooMuch = { ...lora, rank: 1_000_000_000 }
    await expect(host.createModel({ lora: tooMuch, seed: 1 })).rejects.toMatchObject({ code: 'E_MEMORY' })
    await host.close()
  })
})

/** What a process prints that trains and samples with a full model and an adapter. */
async function runElsewhere(): Promise<string> {
  const url = new URL('./index.ts', import.meta.url).href
  const script = `
    import { localHost } from '${url}'
    const host = await localHost.create({ decoder: ${JSON.stringify(decoder)}, seed: 1, threads: 2, inWorker: false })
    const data = [5, 9, 14].map((length) => {
      const tokens = Array.from({ length }, (_, i) => (7 * i + length) % 23)
      return { inputTokens: tokens.slice(0, -1), targetTokens: tokens.slice(1), weights: tokens.slice(1).map(() => 1) }
    })
    for (const lora of [undefined, ${JSON.stringify(lora)}]) {
      const client = await host.createModel({ lora, seed: 3 })
      for (let step = 0; step < 3; step++) {
        const { lossSum } = await client.forwardBackward(data, 'cross_entropy')
        console.log(lossSum, await client.optimStep({ learningRate: 0.02 }))
      }
      const requests = data.map(({ inputTokens }, i) => ({ promptTokens: inputTokens, numSamples: 40, key: String(i) }))
      console.log(JSON.stringify(await client.sample(requests, { maxTokens: 12, stopTokens: [0, 1] })))
      console.log((await client.info()).weightsHash)
    }`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  return (await promisify(execFile)(process.execPath, args, { timeout: 30_000 })).stdout
}

test('two processes train and sample a full model and an adapter bit by bit alike', async () => {
  const [one, two] = [await runElsewhere(), await runElsewhere()]
  expect(one.match(/[0-9a-f]{64}/g)?.length).toBe(2)
  expect(two).toBe(one)
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
