import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EngineError } from '../core/errors.ts'
import { conformanceChecks } from './conformance.ts'
import { lawDistance, nucleus, tempered } from './conformance-kit.ts'
import { localEngine } from './local/index.ts'
import type { SampledSequence, TrainingClient } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'conformance-'))
afterAll(() => rmSync(root, { recursive: true }))

const decoder = {
  vocabSize: 23,
  hiddenSize: 16,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 8,
  intermediateSize: 24,
  maxPositions: 32,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
let seed = 0
const sound = (seed: number) => localEngine.create({ decoder, seed, inWorker: false })

/** Changes the sampled sequences of a client. */
function resampled(client: TrainingClient, change: (sequence: SampledSequence) => SampledSequence): TrainingClient {
  return {
    ...client,
    sample: async (requests, params) =>
      (await client.sample(requests, params)).map((sequences) => sequences.map(change)),
  }
}

/** For each check an engine that is sound but for one defect. */
const defects: Readonly<Record<string, () => Promise<TrainingClient>>> = {
  'the loss falls on two data': async () => ({
    ...(await sound(1)),
    optimStep: async () => ({ step: 1, gradNorm: 1, paramNorm: 1 }),
  }),
  'sampler and trainer agree on log-probabilities, ragged prompts included': async () =>
    resampled(await sound(1), (s) => ({ ...s, logprobs: s.logprobs.map((logprob) => logprob + 2e-5) })),
  'temperature raises the softmax to its inverse': async () => {
    const client = await sound(1)
    return { ...client, sample: (requests, params) => client.sample(requests, { ...params, temperature: 1 }) }
  },
  'top-k and top-p keep the most probable tokens and renormalise': async () => {
    const client = await sound(1)
    return {
      ...client,
      sample: (requests, { topK, ...params }) =>
        client.sample(requests, topK === undefined ? params : { ...params, topK: topK + 1 }),
    }
  },
  'a stop token ends the completion and is part of it': async () =>
    resampled(await sound(1), (s) => (s.stopReason === 'stop' ? { ...s, tokens: s.tokens.slice(0, -1) } : s)),
  'a request draws the same tokens alone and in company': async () => {
    const client = await sound(1)
    return {
      ...client,
      sample: (requests, params) =>
        client.sample(
          requests.map((request) => ({ ...request, key: `${request.key} of ${requests.length}` })),
          params,
        ),
    }
  },
  'a loaded state is the saved one and trains on as if never interrupted': async () => {
    const client = await sound(1)
    return { ...client, loadState: (dir) => client.loadState(dir, { optimizer: false }) }
  },
  'the same seed gives the same tokens and weights': () => {
    seed += 1
    return sound(seed)
  },
  'gradients of several calls add up until the optimizer step': async () => {
    const client = await sound(1)
    let isFirst = true
    return {
      ...client,
      forwardBackward: (...args) => {
        if (!isFirst) return client.forward(...args)
        isFirst = false
        return client.forwardBackward(...args)
      },
    }
  },
  'a bad datum is a typed error and leaves no trace': async () => {
    const client = await sound(1)
    return {
      ...client,
      forwardBackward: async (...args) => {
        try {
          return await client.forwardBackward(...args)
        } catch (cause) {
          throw new TypeError('cannot read properties of undefined', { cause })
        }
      },
    }
  },
  'calls are processed in the order they are made': async () => {
    const client = await sound(1)
    return {
      ...client,
      optimStep: async (params) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return client.optimStep(params)
      },
    }
  },
  'closing is final and may be repeated': async () => ({ ...(await sound(1)), close: async () => undefined }),
}

describe('each check is failed by an engine with the defect it looks for', () => {
  test.each(conformanceChecks)('$name', async ({ name, run }) => {
    const create = defects[name]
    expect(create).toBeDefined()
    await expect(run({ create: create!, dir: join(root, name) })).rejects.toThrow(EngineError)
  })
})

describe('the arithmetic of the checks', () => {
  test('temperature a half squares, two takes the root', () => {
    expect(tempered([0.1, 0.2, 0.7], 0.5).map((p) => Math.round(p * 54))).toEqual([1, 4, 49])
    expect(tempered([0.5, 0.32, 0.18], 2)[0]).toBeCloseTo(5 / (5 + 4 + 3), 12)
  })

  test('the nucleus is the smallest most probable set that reaches the share', () => {
    expect(nucleus([0.5, 0.3, 0.2], { topK: 3, topP: 0.7 })).toEqual([0.625, 0.37499999999999994, 0])
    expect(nucleus([0.2, 0.3, 0.5], { topK: 1, topP: 1 })).toEqual([0, 0, 1])
  })

  test('the distance is 0 on average under the law and large off it', () => {
    expect(lawDistance([50, 50], [0.5, 0.5])).toBeCloseTo(-1 / Math.sqrt(2), 12)
    expect(lawDistance([60, 40], [0.5, 0.5])).toBeCloseTo((4 - 1) / Math.sqrt(2), 12)
    expect(lawDistance([3000, 0], [1, 0])).toBe(0)
  })
})
