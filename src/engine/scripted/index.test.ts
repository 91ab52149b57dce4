import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError, EngineError } from '../../core/errors.ts'
import { scriptedEngine } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'scripted-'))
afterAll(() => rmSync(root, { recursive: true }))

const create = () =>
  scriptedEngine.create({ respond: ({ promptTokens }, sample) => ({ tokens: [...promptTokens, sample, 9, 8] }) })

test('completions are the script’s, cut at the first stop token or at maxTokens', async () => {
  const client = await create()
  const requests = [{ promptTokens: [5], numSamples: 2, key: 'a' }]
  expect(await client.sample(requests, { maxTokens: 10, stopTokens: [9] })).toEqual([
    [
      { tokens: [5, 0, 9], logprobs: [-1, -1, -1], stopReason: 'stop' },
      { tokens: [5, 1, 9], logprobs: [-1, -1, -1], stopReason: 'stop' },
    ],
  ])
  expect((await client.sample(requests, { maxTokens: 2, stopTokens: [9] }))[0]?.[0]).toEqual({
    tokens: [5, 0],
    logprobs: [-1, -1],
    stopReason: 'length',
  })
})

test('log-probabilities of data are the ones they were sampled with', async () => {
  const client = await create()
  const data = [{ inputTokens: [1, 2], targetTokens: [2, 3], logprobs: [0, -0.5], advantages: [0, 1] }]
  expect(await client.forward(data, 'ppo')).toEqual({ lossSum: 0, logprobs_DT: [[0, -0.5]] })
})

test('calls are recorded with their arguments, in order', async () => {
  const client = await create()
  const data = [{ inputTokens: [1], targetTokens: [2], weights: [1] }]
  await client.forwardBackward(data, 'cross_entropy')
  await client.optimStep({ learningRate: 0.1 })
  expect(client.calls).toEqual([
    { method: 'forwardBackward', data, loss: 'cross_entropy', config: undefined },
    { method: 'optimStep', params: { learningRate: 0.1 } },
  ])
})

test('each update changes the weights hash, and saving and loading restores hash and step', async () => {
  const client = await create()
  const hashes = [(await client.info()).weightsHash]
  for (let step = 1; step <= 2; step += 1) {
    expect(await client.optimStep({ learningRate: 1 })).toEqual({ step, gradNorm: 0, paramNorm: 1 })
    hashes.push((await client.info()).weightsHash)
  }
  expect(new Set(hashes).size).toBe(3)
  await client.saveState(join(root, 'two'))
  const other = await create()
  await other.loadState(join(root, 'two'), { optimizer: true })
  expect((await other.info()).weightsHash).toBe(hashes[2])
  expect((await other.optimStep({ learningRate: 1 })).step).toBe(3)
  await other.loadState(join(root, 'two'), { optimizer: false })
  expect((await other.optimStep({ learningRate: 1 })).step).toBe(1)
})

test('loading from nowhere and calling after close are named errors', async () => {
  const client = await create()
  await expect(client.loadState(join(root, 'nowhere'), { optimizer: true })).rejects.toThrow(DataError)
  await client.close()
  await client.close()
  await expect(client.resetOptimizer()).rejects.toThrow(EngineError)
})
