import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { DataError, EngineError } from '../../../core/errors.ts'
import type { Datum, TrainingClient } from '../../types.ts'
import { encodeRaw } from '../wire/raw.ts'
import { type Call, type Fake, type FakeOptions, type Fault, startFake } from './fixtures/fake-server.ts'
import { type TinkerConfig, tinkerEngine } from './index.ts'
import type { Progress } from './operation.ts'

const timing = {
  backoffMs: 2,
  maxBackoffMs: 20,
  pollGapMs: 1,
  pollMs: 5000,
  requestMs: 5000,
  deadlineMs: 20_000,
  submitMs: 3000,
  heartbeatMs: 50,
  throttleMs: 20,
}
const datum: Datum = { inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], weights: [0, 1, 1] }
const protobuf = { 'content-type': 'application/x-protobuf' }

const fakes: Fake[] = []
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close()
})

async function open(options: FakeOptions = {}, config: Partial<TinkerConfig> = {}) {
  const fake = await startFake(options)
  fakes.push(fake)
  const client = await tinkerEngine.create({
    baseUrl: fake.url,
    baseModel: 'toy',
    seed: 1,
    timing: { ...timing, ...config.timing },
    ...config,
  })
  return { fake, client }
}

/** A fault at the first `count` calls of an endpoint. */
function atFirst(count: number, endpoint: string, fault: Fault): NonNullable<FakeOptions['fault']> {
  return (call) => (call.endpoint === endpoint && call.index < count ? fault : undefined)
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new EngineError('nothing went wrong')
    },
    (error: Error) => error,
  )
}

function bodiesOf(fake: Fake, endpoint: string): readonly string[] {
  return fake.calls.filter((call) => call.endpoint === endpoint).map(({ body }) => Buffer.from(body).toString('hex'))
}

const step = async (client: TrainingClient) => {
  await client.forwardBackward([datum], 'cross_entropy')
  return client.optimStep({ learningRate: 0.01 })
}
const inDoubt = /the model at the server is in doubt/

describe('a reply that is lost', () => {
  test.each(['forward_backward', 'optim_step'])('of %s: sent again byte for byte, applied once', async (endpoint) => {
    const { fake, client } = await open({ fault: atFirst(2, endpoint, { kind: 'lose-reply' }) })
    await step(client)
    expect(fake.applied).toEqual(['forward_backward 1', 'optim_step 2'])
    const bodies = bodiesOf(fake, endpoint)
    expect(bodies).toHaveLength(3)
    expect(new Set(bodies).size).toBe(1)
    await client.close()
  })

  test('of a save, at a server that knows saves by name only: found, not made twice', async () => {
    const { client } = await open(
      { isSkyrl: true, fault: atFirst(1, 'save_weights', { kind: 'lose-reply' }) },
      { server: 'skyrl-jax' },
    )
    const dir = mkdtempSync(join(tmpdir(), 'fleming-'))
    await client.saveState(dir)
    await client.loadState(dir, { optimizer: true })
    await client.close()
  })

  test('of a poll: asked for again', async () => {
    const { fake, client } = await open({ fault: atFirst(3, 'retrieve_future', { kind: 'lose-reply' }) })
    await step(client)
    expect(fake.applied).toEqual(['forward_backward 1', 'optim_step 2'])
    await client.close()
  })
})

describe('a server that does not answer', () => {
  test('mid-run: the error says what is stuck, since when and why, and nothing is trained on until a state is loaded', async () => {
    const { fake, client } = await open({}, { timing: { ...timing, submitMs: 1500 } })
    await step(client)
    await fake.close()
    const started = Date.now()
    const error = await errorOf(client.forwardBackward([datum], 'cross_entropy'))
    expect(Date.now() - started).toBeLessThan(10_000)
    expect(error.message).toMatch(
      /^forward_backward \(seq 3\) is stuck since \d{4}-\d\d-\d\dT[\d:.]+Z, [\d.]+ s: last: ECONN/,
    )
    expect((await errorOf(client.optimStep({ learningRate: 0.1 }))).message).toMatch(inDoubt)
    await client.close()
  })

  test('to polls: our own patience is no failure, the poll is repeated', async () => {
    const { client } = await open(
      { fault: atFirst(4, 'retrieve_future', { kind: 'hang' }) },
      { timing: { ...timing, pollMs: 150 } },
    )
    expect((await step(client)).step).toBe(1)
    await client.close()
  })

  test('with a result: the deadline error names request, queue state and its reason', async () => {
    const waiting = {
      kind: 'answer',
      status: 408,
      body: '{"queue_state":"paused_capacity","queue_state_reason":"no room"}',
    } as const
    const seen: Progress[] = []
    const { client } = await open(
      { fault: (call) => (call.endpoint === 'retrieve_future' && call.index > 0 ? waiting : undefined) },
      { timing: { ...timing, deadlineMs: 1500, progressMs: 200 }, onProgress: (progress) => seen.push(progress) },
    )
    const error = await errorOf(client.forward([datum], 'cross_entropy'))
    expect(error.message).toMatch(
      /^forward \(seq 1, request \d+\) is stuck since .* queue state paused_capacity \(no room\)/,
    )
    expect(seen.at(-1)).toMatchObject({ operation: 'forward', queueState: 'paused_capacity', queueReason: 'no room' })
    await client.close()
  })

  test('5xx is repeated with growing pauses, and try_again is polled', async () => {
    const fault = (call: Call): Fault | undefined => {
      if (call.endpoint !== 'retrieve_future' || call.index > 5) return undefined
      if (call.index % 2 === 0) return { kind: 'answer', status: 503 }
      return { kind: 'answer', status: 200, body: '{"type":"try_again","request_id":"1","queue_state":"active"}' }
    }
    const { client } = await open({ fault })
    expect((await step(client)).step).toBe(1)
    await client.close()
  })
})

describe('a request that is refused', () => {
  test('with 400: not repeated, in the server’s words, and the model stays usable', async () => {
    const refusal = { kind: 'answer', status: 400, body: '{"detail":"rank too large"}' } as const
    const { fake, client } = await open({ fault: atFirst(1, 'optim_step', refusal) })
    await client.forward([datum], 'cross_entropy')
    const error = await errorOf(client.optimStep({ learningRate: 1 }))
    expect(error.message).toBe('optim_step (seq 2) was refused with status 400: rank too large')
    expect(fake.countOf('optim_step')).toBe(1)
    // What the server does with a number that it refused is its own affair: this one goes on counting.
    expect((await client.info()).usage.scored).toBe(3)
    await client.close()
  })

  test('a pass that fails at the server leaves no doubt: nothing was accumulated', async () => {
    const failed = { kind: 'answer', status: 200, body: '{"error":"too long","category":"user"}' } as const
    const { client } = await open({
      fault: (call) => (call.endpoint === 'retrieve_future' && call.index === 1 ? failed : undefined),
    })
    const error = await errorOf(client.forwardBackward([datum], 'cross_entropy'))
    expect(error.message).toMatch(/failed at the server \(user\): too long/)
    expect((await step(client)).step).toBe(1)
    await client.close()
  })

  test('a server that wants a newer version says so at once', async () => {
    const fault = atFirst(9, 'create_session', {
      kind: 'answer',
      status: 400,
      body: '{"detail":"SDK 0.25.0 is too old"}',
    })
    const error = await errorOf(open({ fault }))
    expect(error).toMatchObject({ message: 'the server refuses a session: SDK 0.25.0 is too old', code: 'E_ENGINE' })
    expect((error as EngineError).hint).toContain('0.25.0')
  })

  test('a wrong key is named as such', async () => {
    const fault = atFirst(9, 'client/config', { kind: 'answer', status: 401, body: '{"detail":"bad key"}' })
    const error = await errorOf(open({ fault }))
    expect((error as EngineError).hint).toContain('TINKER_API_KEY')
  })
})

describe('a result that cannot be read', () => {
  const second =
    (fault: Fault, until = 99) =>
    (call: Call) =>
      call.endpoint === 'retrieve_future' && call.index > 0 && call.index <= until ? fault : undefined
  const garbage: Fault = { kind: 'answer', status: 200, body: new Uint8Array([0x0a, 0xff, 0x01]), headers: protobuf }

  test('damaged once, it is fetched again', async () => {
    const { fake, client } = await open({ fault: second(garbage, 2) })
    await step(client)
    expect(fake.applied).toEqual(['forward_backward 1', 'optim_step 2'])
    await client.close()
  })

  test('damaged for good, the error names the message, and the gradient is in doubt', async () => {
    const { client } = await open({ fault: second(garbage) })
    const error = await errorOf(client.forwardBackward([datum], 'cross_entropy'))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('ForwardBackwardOutput')
    expect((await errorOf(client.optimStep({ learningRate: 1 }))).message).toMatch(inDoubt)
    await client.close()
  })

  test('NaN in a loss or a log-probability is an error, not a number', async () => {
    const body = encodeRaw('ForwardBackwardOutput', { metrics: { 'loss:sum': Number.NaN } })
    const { client } = await open({ fault: second({ kind: 'answer', status: 200, body, headers: protobuf }) })
    const error = await errorOf(client.forwardBackward([datum], 'cross_entropy'))
    expect(error.message).toBe('ForwardBackwardOutput: metrics.loss:sum: is NaN')
    await client.close()
  })

  test('unknown fields, flags and results of newer servers are read over', async () => {
    const flags = { sample_future_thing: true, custom_loss_server_side: true }
    const { client } = await open({ flags, health: { version: '9.9' } })
    expect((await step(client)).step).toBe(1)
    await client.close()
  })
})

describe('a result that the server lost', () => {
  const gone: Fault = { kind: 'answer', status: 410, body: '{"detail":"expired"}' }

  test('of a sample: asked for again under a new number, the same draw', async () => {
    const ask = async (options: FakeOptions) => {
      const { fake, client } = await open(options)
      const [sequences] = await client.sample([{ promptTokens: [1, 2], numSamples: 2, key: 'k' }], { maxTokens: 4 })
      await client.close()
      const numbers = fake.calls
        .filter(({ endpoint }) => endpoint === 'asample')
        .map(({ body }) => JSON.parse(Buffer.from(body).toString()).seq_id)
      return { sequences, numbers }
    }
    const calm = await ask({})
    const lost = await ask({
      fault: (call) => (call.endpoint === 'retrieve_future' && call.index === 2 ? gone : undefined),
    })
    expect([calm.numbers, lost.numbers]).toEqual([[0], [0, 1]])
    expect(lost.sequences).toEqual(calm.sequences)
  })

  test('of a step: nobody knows whether it was applied, so only a saved state goes on', async () => {
    let isLosing = false
    const { client } = await open({
      fault: (call) => (isLosing && call.endpoint === 'retrieve_future' ? gone : undefined),
    })
    const dir = mkdtempSync(join(tmpdir(), 'fleming-'))
    await step(client)
    await client.saveState(dir)
    isLosing = true
    expect((await errorOf(client.optimStep({ learningRate: 1 }))).message).toMatch(
      /^the server has lost optim_step \(seq 4/,
    )
    isLosing = false
    expect((await errorOf(client.saveState(dir))).message).toMatch(inDoubt)
    await client.loadState(dir, { optimizer: true })
    expect((await step(client)).step).toBe(2)
    await client.close()
  })
})

describe('a storm of 429', () => {
  test('pauses all sampling, then every completion comes, each request under its first number', async () => {
    const { fake, client } = await open({
      fault: atFirst(30, 'asample', { kind: 'answer', status: 429, body: '{"detail":"too many"}' }),
    })
    const requests = Array.from({ length: 20 }, (_, i) => ({ promptTokens: [1, 2], numSamples: 1, key: `${i}` }))
    const results = await client.sample(requests, { maxTokens: 3 })
    expect(results.map((sequences) => sequences.length)).toEqual(Array(20).fill(1))
    expect(fake.countOf('asample')).toBe(50)
    expect(new Set(bodiesOf(fake, 'asample')).size).toBe(20)
    await client.close()
  })

  test('that never ends is a deadline error', async () => {
    const storm = atFirst(1e9, 'asample', { kind: 'answer', status: 429, body: '{"detail":"too many samples"}' })
    const { client } = await open({ fault: storm }, { timing: { ...timing, deadlineMs: 1500 } })
    const error = await errorOf(client.sample([{ promptTokens: [1], numSamples: 1, key: 'k' }], { maxTokens: 1 }))
    expect(error.message).toMatch(/^asample \(seq 0\) is stuck since .* last: status 429: too many samples/)
    await client.close()
  })
})

describe('the key', () => {
  const SECRET = 'tml-verysecretkey123'
  test('goes to the server, and into no error, no fact, no progress and no file', async () => {
    const before = process.env.TINKER_API_KEY
    process.env.TINKER_API_KEY = SECRET
    try {
      const echo = { kind: 'answer', status: 400, body: `{"detail":"key ${SECRET} may not do this"}` } as const
      const retry = { kind: 'answer', status: 503, body: `{"detail":"${SECRET}"}` } as const
      const seen: unknown[] = []
      const { fake, client } = await open(
        {
          fault: (call) =>
            call.endpoint === 'optim_step' && call.index === 1
              ? echo
              : call.endpoint === 'forward_backward' && call.index === 0
                ? retry
                : undefined,
        },
        {
          timing: { ...timing, backoffMs: 200, maxBackoffMs: 200, progressMs: 20 },
          onProgress: (progress) => seen.push(progress),
        },
      )
      const dir = mkdtempSync(join(tmpdir(), 'fleming-'))
      await step(client)
      await client.saveState(dir)
      const error = await errorOf(client.optimStep({ learningRate: 1 }))
      const info = await client.info()
      await client.close()
      expect(new Set(fake.calls.map(({ headers }) => headers['x-api-key']))).toEqual(new Set([SECRET]))
      expect(error.message).toContain('key [key] may not do this')
      const files = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'))
      const sent = fake.calls.map(({ body }) => Buffer.from(body).toString('latin1'))
      expect(files.join()).toContain('tinker://')
      expect(seen.length).toBeGreaterThan(0)
      const written = [
        error.message,
        error.stack,
        String(error.cause),
        JSON.stringify({ ...error, info, seen }),
        ...files,
        ...sent,
      ]
      expect(written.join('\n')).not.toContain(SECRET)
    } finally {
      if (before === undefined) delete process.env.TINKER_API_KEY
      else process.env.TINKER_API_KEY = before
    }
  })

  test('does not go where a redirect points', async () => {
    const { fake, client } = await open({
      fault: atFirst(1, 'optim_step', { kind: 'answer', status: 302, headers: { location: '/elsewhere' } }),
    })
    const error = await errorOf(client.optimStep({ learningRate: 1 }))
    expect(error.message).toContain('was refused with status 302')
    expect(fake.countOf('/elsewhere')).toBe(0)
    await client.close()
  })

  test('is not taken from an address', async () => {
    await expect(open({}, { baseUrl: 'http://me:secret@127.0.0.1:1' })).rejects.toThrow(
      'holds a user, a password or a query',
    )
  })
})
