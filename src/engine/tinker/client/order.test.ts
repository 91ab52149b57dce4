import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineError } from '../../../core/errors.ts'
import type { Datum } from '../../types.ts'
import { decodeForwardBackwardRequest } from '../wire/protobuf.ts'
import { type Fake, type FakeOptions, startFake } from './fixtures/fake-server.ts'
import { type TinkerConfig, tinkerEngine } from './index.ts'

const timing = { backoffMs: 2, maxBackoffMs: 20, pollGapMs: 1, deadlineMs: 20_000, submitMs: 10_000, heartbeatMs: 50 }
const datum: Datum = { inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], weights: [0, 1, 1] }

const fakes: Fake[] = []
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close()
})

async function open(options: FakeOptions = {}, config: Partial<TinkerConfig> = {}) {
  const fake = await startFake(options)
  fakes.push(fake)
  const client = await tinkerEngine.create({ baseUrl: fake.url, baseModel: 'toy', seed: 1, timing, ...config })
  return { fake, client }
}

describe('order', () => {
  test('calls made without waiting are numbered and carried out in their order', async () => {
    const { fake, client } = await open()
    await Promise.all([
      client.forwardBackward([datum], 'cross_entropy'),
      client.optimStep({ learningRate: 0.01 }),
      client.forward([datum], 'cross_entropy'),
      client.saveState(mkdtempSync(join(tmpdir(), 'fleming-'))),
      client.sample([{ promptTokens: [1], numSamples: 1, key: 'k' }], { maxTokens: 1 }),
      client.optimStep({ learningRate: 0.01 }),
    ])
    expect(fake.applied).toEqual([
      'forward_backward 1',
      'optim_step 2',
      'forward_backward 3',
      'save_weights 4',
      'save_weights_for_sampler 5',
      'optim_step 6',
    ])
    await client.close()
  })

  test('a batch is cut at the server’s limits, its first part sent last, its results joined in order', async () => {
    const { fake, client } = await open({ flags: { fwdbwd_max_chunk_len: 2 } })
    const data = [2, 3, 4, 5, 6].map((token): Datum => ({ inputTokens: [1], targetTokens: [token], weights: [1] }))
    const { logprobs_DT, lossSum } = await client.forward(data, 'cross_entropy')
    const sent = fake.calls
      .filter(({ endpoint }) => endpoint === 'forward_backward')
      .map(({ body }) => decodeForwardBackwardRequest(body))
    expect(sent.map(({ seqId, data: part }) => [seqId, part.length]).sort()).toEqual([
      [1, 2],
      [2, 2],
      [3, 1],
    ])
    expect(sent.at(-1)!.seqId).toBe(1)
    const alone = await Promise.all(data.map((one) => client.forward([one], 'cross_entropy')))
    expect(logprobs_DT).toEqual(alone.map((result) => result.logprobs_DT[0]))
    expect(lossSum).toBeCloseTo(
      alone.reduce((sum, result) => sum + result.lossSum, 0),
      10,
    )
    await client.close()
  })

  test('a batch of several parts of which one is refused is half done, and said to be', async () => {
    const { fake, client } = await open({
      flags: { fwdbwd_max_chunk_len: 1 },
      fault: (call) =>
        call.endpoint === 'forward_backward' && call.index === 0
          ? { kind: 'answer', status: 400, body: '{"detail":"no"}' }
          : undefined,
    })
    await expect(client.forwardBackward([datum, datum], 'cross_entropy')).rejects.toThrow('refused with status 400: no')
    await expect(client.optimStep({ learningRate: 1 })).rejects.toThrow('the model at the server is in doubt')
    expect(fake.applied).toEqual(['forward_backward 1'])
    await client.close()
  })
})

describe('a caller who ends a call', () => {
  test('before its turn leaves no gap in the numbers', async () => {
    const { fake, client } = await open()
    const controller = new AbortController()
    const first = client.forwardBackward([datum], 'cross_entropy')
    const second = client.forwardBackward([datum], 'cross_entropy', {}, { signal: controller.signal })
    controller.abort()
    const error = await second.catch((reason: EngineError) => reason)
    await first
    await client.optimStep({ learningRate: 0.01 })
    expect(error).toMatchObject({ code: 'E_ABORTED' })
    expect(fake.applied).toEqual(['forward_backward 1', 'optim_step 2'])
    await client.close()
  })

  test('while the server works on it: E_ABORTED, and what is accumulated is in doubt until a state is loaded', async () => {
    let isSlow = false
    const controller = new AbortController()
    const { client } = await open({
      fault: (call) => {
        if (!isSlow || call.endpoint !== 'retrieve_future') return undefined
        controller.abort()
        return { kind: 'hang' }
      },
    })
    const dir = mkdtempSync(join(tmpdir(), 'fleming-'))
    await client.saveState(dir)
    isSlow = true
    const { signal } = controller
    await expect(client.forwardBackward([datum], 'cross_entropy', {}, { signal })).rejects.toMatchObject({
      code: 'E_ABORTED',
    })
    isSlow = false
    await expect(client.optimStep({ learningRate: 1 })).rejects.toThrow('in doubt')
    await client.loadState(dir, { optimizer: true })
    expect((await client.optimStep({ learningRate: 0 })).gradNorm).toBe(0)
    await client.close()
  })

  test('of sampling gets E_ABORTED at once, and nothing is in doubt', async () => {
    const { client } = await open({ fault: (call) => (call.endpoint === 'asample' ? { kind: 'hang' } : undefined) })
    const signal = AbortSignal.timeout(50)
    const work = client.sample([{ promptTokens: [1], numSamples: 1, key: 'k' }], { maxTokens: 1 }, { signal })
    await expect(work).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect((await client.optimStep({ learningRate: 0 })).step).toBe(1)
    await client.close()
  })
})

describe('samplers', () => {
  const request = { promptTokens: [1, 2], numSamples: 1, key: 'k' }

  test('end together: a draw that fails ends its siblings, which leave room for other calls', async () => {
    let isHealthy = false
    const { fake, client } = await open(
      {
        fault: ({ endpoint, index }) => {
          if (endpoint !== 'asample' || isHealthy) return undefined
          return index === 5 ? { kind: 'answer', status: 400, body: '{"detail":"bad prompt"}' } : { kind: 'hang' }
        },
      },
      { maxConcurrentSamples: 6 },
    )
    const requests = Array.from({ length: 200 }, (_, i) => ({ ...request, key: `${i}` }))
    await expect(client.sample(requests, { maxTokens: 1 })).rejects.toThrow('refused with status 400: bad prompt')
    isHealthy = true
    const [sequences] = await client.sample([request], { maxTokens: 1 })
    expect(sequences).toHaveLength(1)
    expect(fake.countOf('asample')).toBeLessThan(20)
    await client.close()
  })

  test('are saved when the weights have changed, and only then', async () => {
    const { fake, client } = await open()
    await client.sample([request], { maxTokens: 1 })
    await client.sample([request], { maxTokens: 1 })
    await client.forwardBackward([datum], 'cross_entropy')
    await client.sample([request], { maxTokens: 1 })
    expect(fake.countOf('save_weights_for_sampler')).toBe(1)
    await client.optimStep({ learningRate: 0.1 })
    await client.sample([request], { maxTokens: 1 })
    expect(fake.countOf('save_weights_for_sampler')).toBe(2)
    await client.close()
  })

  test('that follow training: a step waits until all sampling before it has come, old ones are deleted', async () => {
    const { fake, client } = await open({ isSkyrl: true, scaling: 'sequence-mean' }, { server: 'skyrl-jax' })
    const requests = Array.from({ length: 6 }, (_, i) => ({ ...request, key: `${i}` }))
    await Promise.all([client.sample(requests, { maxTokens: 2 }), client.optimStep({ learningRate: 0.1 })])
    const order = fake.calls.map(({ endpoint }) => endpoint)
    expect(order.indexOf('optim_step')).toBeGreaterThan(order.lastIndexOf('asample'))
    await client.sample([request], { maxTokens: 1 })
    expect(order.filter((endpoint) => endpoint === 'asample')).toHaveLength(6)
    await client.close()
    expect(fake.calls.map(({ endpoint }) => endpoint)).toContain(
      'training_runs/model_1/checkpoints/sampler_weights/ss0_seq1',
    )
  })

  test('a draw is named by seed and key, and the stops are always sent', async () => {
    const { fake, client } = await open()
    await client.sample([request], { maxTokens: 40, stopTokens: [3, 4] })
    const body: unknown = JSON.parse(
      Buffer.from(fake.calls.find((call) => call.endpoint === 'asample')!.body).toString(),
    )
    expect(body).toMatchObject({
      num_samples: 1,
      // The context holds 32 tokens, two of them the prompt.
      sampling_params: { max_tokens: 30, stop: [3, 4], temperature: 1, top_p: 1, top_k: -1, seed: expect.any(Number) },
    })
    await client.close()
  })
})

describe('a session', () => {
  test('counts the tokens of each kind of work', async () => {
    const { client } = await open()
    await client.forwardBackward([datum, datum], 'cross_entropy')
    await client.forward([datum], 'cross_entropy')
    const [sequences = []] = await client.sample([{ promptTokens: [1, 2], numSamples: 3, key: 'k' }], { maxTokens: 4 })
    const sampled = sequences.reduce((sum, { tokens }) => sum + tokens.length, 0)
    expect((await client.info()).usage).toEqual({ trained: 6, scored: 3, prefilled: 2, sampled })
    await client.close()
  })

  test('exchanges the key for a token where the server wants that, before anything else', async () => {
    const claims = Buffer.from(`{"exp":${Math.round(Date.now() / 1000) + 3600}}`).toString('base64url')
    const jwt = `eyJhbGciOiJub25lIn0.${claims}.x`
    const { fake, client } = await open({
      flags: { pjwt_auth_enabled: true },
      fault: (call) =>
        call.endpoint === 'auth/token' ? { kind: 'answer', status: 200, body: `{"jwt":"${jwt}"}` } : undefined,
    })
    await client.forward([datum], 'cross_entropy')
    const keyOf = (endpoint: string) => fake.calls.find((call) => call.endpoint === endpoint)?.headers['x-api-key']
    expect(['client/config', 'auth/token', 'create_session', 'forward_backward'].map(keyOf)).toEqual([
      'tml-no-key',
      'tml-no-key',
      jwt,
      jwt,
    ])
    await client.close()
  })

  test('buys every token with the key, and none any more when it could not be opened', async () => {
    const key = 'tml-thekey'
    const before = process.env.TINKER_API_KEY
    process.env.TINKER_API_KEY = key
    try {
      let isRefused = false
      const claims = Buffer.from(`{"exp":${Math.round(Date.now() / 1000) + 1}}`).toString('base64url')
      const options: FakeOptions = {
        flags: { pjwt_auth_enabled: true },
        fault: ({ endpoint }) => {
          if (endpoint === 'auth/token') return { kind: 'answer', status: 200, body: `{"jwt":"eyJ.${claims}.x"}` }
          return isRefused && endpoint === 'create_session' ? { kind: 'answer', status: 403, body: '{}' } : undefined
        },
      }
      const keysOf = (fake: Fake) =>
        fake.calls.flatMap(({ endpoint, headers }) => (endpoint === 'auth/token' ? [headers['x-api-key']] : []))
      const { fake, client } = await open(options)
      await expect.poll(() => keysOf(fake).length, { timeout: 10_000 }).toBe(3)
      expect(keysOf(fake)).toEqual([key, key, key])
      await client.close()
      isRefused = true
      const count = fake.countOf('auth/token')
      await expect(tinkerEngine.create({ baseUrl: fake.url, baseModel: 'toy', seed: 1, timing })).rejects.toThrow(
        'create_session was refused with status 403',
      )
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(fake.countOf('auth/token')).toBe(count + 1)
    } finally {
      if (before === undefined) delete process.env.TINKER_API_KEY
      else process.env.TINKER_API_KEY = before
    }
  })

  test('fetches a large result when there is room for it', async () => {
    const { fake, client } = await open({
      fault: (call) =>
        call.endpoint === 'retrieve_future' && Buffer.from(call.body).toString().includes('"allow_metadata_only":true')
          ? { kind: 'answer', status: 200, body: '{"status":"complete_metadata","response_payload_size":1000000}' }
          : undefined,
    })
    const { logprobs_DT } = await client.forward([datum], 'cross_entropy')
    expect(logprobs_DT[0]).toHaveLength(3)
    const asked = fake.calls
      .filter((call) => call.endpoint === 'retrieve_future')
      .map(({ body }) => JSON.parse(Buffer.from(body).toString()))
    expect(asked.slice(1).map((body) => body.allow_metadata_only)).toEqual([true, false])
    await client.close()
  })

  test('says how the server differs', async () => {
    const { client } = await open({ isSkyrl: true, scaling: 'sequence-mean' }, { server: 'skyrl-jax' })
    expect((await client.info()).facts).toMatchObject({
      serverKind: 'skyrl-jax',
      serverKindFrom: 'configuration',
      gradClipNorm: 'ignored by the server',
      snapshots: 'follow training: sampling is finished before every optimizer step',
      crossEntropy: 'sent as importance sampling at ratio 1, one forward pass more',
    })
    await client.close()
  })
})
