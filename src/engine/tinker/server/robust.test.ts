import { Zstd } from '@hpcc-js/wasm-zstd'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StorageError } from '../../../core/errors.ts'
import type { ModelHost } from '../../types.ts'
import { datum, freshDir, passBody, startServer, stepBody, type TestClient, tinyHost } from './fixtures/tiny-server.ts'

let host: ModelHost
const servers: TestClient[] = []
beforeAll(async () => {
  host = await tinyHost()
})
afterAll(async () => {
  for (const { server } of servers) await server.close()
  await host.close()
})

async function start(...args: Parameters<typeof startServer> extends [ModelHost, ...infer Rest] ? Rest : never) {
  const client = await startServer(host, ...args)
  servers.push(client)
  return client
}

const data = [datum([1, 2, 3, 4])]

describe('with a key', () => {
  const key = 'tml-correct-horse'

  test('nothing but health is answered without it, and no log line holds it', async () => {
    const client = await start({ apiKey: key, listen: { hostname: '127.0.0.1', port: 0 } }, { 'x-api-key': key })
    expect((await client.get('healthz', { 'x-api-key': '' })).status).toBe(200)
    for (const wrong of ['', 'tml-wrong', `${key}x`]) {
      const headers = { 'x-api-key': wrong }
      for (const reply of [
        await client.get('get_server_capabilities', headers),
        await client.get('training_runs', headers),
        await client.post('create_session', { tags: [] }, headers),
        await client.post('no-such-endpoint', {}, headers),
      ]) {
        expect(reply.status).toBe(401)
        expect(reply.body).toEqual({ detail: expect.not.stringContaining('horse') })
      }
    }
    const modelId = await client.createModel()
    await client.call('save_weights_for_sampler', { model_id: modelId, seq_id: 1, path: 'x' })
    const archive = await client.get(`training_runs/${modelId}/checkpoints/sampler_weights/x/archive`)
    const link = archive.response.headers.get('location')!
    expect((await fetch(link)).status).toBe(200)
    expect((await fetch(link.replace(/signature=./, 'signature=x'))).status).toBe(403)
    // Without a link of its own nobody learns whether a checkpoint is there.
    for (const other of ['weights/x', 'sampler_weights/y', 'nothing/x']) {
      expect((await fetch(link.replace('sampler_weights/x', other))).status).toBe(403)
    }
    expect(client.log.join('\n')).not.toMatch(/horse|signature/)
    expect(client.log).toContainEqual(expect.stringMatching(/^POST \/api\/v1\/create_model 200 \d+ ms$/))
  })
})

describe('a hostile body', () => {
  let client: TestClient
  beforeAll(async () => {
    client = await start({ limits: { maxBodyBytes: 100_000, maxDecodedBytes: 1_000_000 } })
  })

  test.each<[string, string | Uint8Array, Record<string, string>, number]>([
    ['no JSON', '{', {}, 400],
    ['JSON of another shape', '[]', {}, 400],
    ['a key twice', '{"session_id":"a","session_id":"b"}', {}, 400],
    ['nested too deep', `${'['.repeat(40_000)}${']'.repeat(40_000)}`, {}, 400],
    ['bytes that are no text', Uint8Array.of(0x22, 0xff, 0x22), {}, 400],
    ['larger than allowed', 'x'.repeat(100_001), {}, 413],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text, as a web page may send it', '{}', { 'content-type': 'text/plain' }, 415],
    ['protobuf where JSON is due', '{}', { 'content-type': 'application/x-protobuf' }, 415],
    ['an encoding nobody knows', '{}', { 'content-encoding': 'br' }, 415],
    ['a broken frame', '{}', { 'content-encoding': 'zstd' }, 400],
  ])('%s is refused', async (_, body, headers, status) => {
    const reply = await client.post('session_heartbeat', Buffer.from(body), headers)
    expect(reply.status).toBe(status)
    expect(reply.body).toEqual({ detail: expect.any(String) })
  })

  test('a small frame that unpacks to much is refused without unpacking it', async () => {
    const zstd = await Zstd.load()
    const bomb = zstd.compress(new Uint8Array(60_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    const headers = { 'content-encoding': 'zstd', 'content-type': 'application/x-protobuf' }
    const startMs = performance.now()
    // Unpacking it takes longer than that.
    expect((await client.post('forward_backward', bomb, headers)).status).toBe(413)
    expect(performance.now() - startMs).toBeLessThan(5000)
  })

  test('a body without an end in sight is cut off', async () => {
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 10_000
        controller.enqueue(new Uint8Array(10_000).fill(0x20))
      },
    })
    const request = fetch(`${client.server.url}/api/v1/telemetry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit)
    // The server answers while the body is still coming; some clients see only the closed connection.
    const status = await request.then(
      ({ status }) => status,
      () => 413,
    )
    expect(status).toBe(413)
    expect(sent).toBeLessThan(50_000_000)
  })

  test('a page that calls this computer by another name is refused', async () => {
    const { hostname, port } = new URL(client.server.url)
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const options = { hostname, port, path: '/api/v1/healthz', headers: { host: 'evil.example' } }
      request(options, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })
})

describe('time', () => {
  test('a poll is held and then answered with 408, and a gap fails its operations when its time is over', async () => {
    const client = await start({ limits: { futureHoldMs: 50, gapTimeoutMs: 400 } })
    const modelId = await client.createModel()
    const promise = await client.post('optim_step', stepBody(modelId, 2))
    const { request_id } = promise.body as { request_id: string }
    const startMs = performance.now()
    const poll = await client.post('retrieve_future', { request_id })
    expect(poll.status).toBe(408)
    expect(poll.body).toMatchObject({ queue_state: 'active' })
    expect(performance.now() - startMs).toBeGreaterThan(40)
    expect(await client.result(promise)).toMatchObject({
      error: expect.stringContaining('seq_id 1 did not arrive'),
      category: 'user',
    })
    expect((await client.post('forward_backward', passBody(modelId, 1, data))).status).toBe(400)
    await client.call('forward_backward', passBody(modelId, 3, data))
  })

  test('a session without heartbeat is over: its models leave the memory, its checkpoints stay', async () => {
    const client = await start({ limits: { sessionTimeoutMs: 1200 } })
    const modelId = await client.createModel()
    await client.call('save_weights', { model_id: modelId, seq_id: 1, path: 'kept' })
    // Signs of life keep it.
    for (let beat = 0; beat < 4; beat += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect((await client.post('session_heartbeat', { session_id: client.sessionId })).status).toBe(200)
    }
    const isOver = async () => expect((await client.get('sessions')).body).toEqual({ sessions: [] })
    await vi.waitFor(isOver, { timeout: 15_000, interval: 200 })
    expect((await client.post('session_heartbeat', { session_id: client.sessionId })).status).toBe(410)
    const late = await client.post('optim_step', stepBody(modelId, 2))
    expect(late.status).toBe(404)
    expect((await client.get(`training_runs/${modelId}`)).body).toMatchObject({
      is_loaded: false,
      last_checkpoint: { checkpoint_id: 'weights/kept' },
    })
    expect(client.log).toContainEqual(expect.stringContaining('its client sent no heartbeat'))
  })
})

describe('a server that stood still for longer than its sessions may be silent', () => {
  test('keeps them: it could not hear their heartbeats', async () => {
    const client = await start({ limits: { sessionTimeoutMs: 800 } })
    const modelId = await client.createModel()
    const untilMs = performance.now() + 1500
    while (performance.now() < untilMs);
    // Sweeps run before this heartbeat.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await client.post('session_heartbeat', { session_id: client.sessionId })).status).toBe(200)
    expect(await client.call('optim_step', stepBody(modelId, 1))).toHaveProperty('metrics')
    expect(client.log).toContainEqual(
      expect.stringMatching(/^the server stood still for \d\.\d s: its sessions go on$/),
    )
  })
})

describe('a server', () => {
  test('shares its directory with no other, and gives it back when it closes', async () => {
    const dir = freshDir()
    const first = await startServer(host, { dir })
    await expect(startServer(host, { dir })).rejects.toBeInstanceOf(StorageError)
    await first.server.close()
    const second = await startServer(host, { dir })
    await second.server.close()
    await second.server.close()
  })

  test('keeps so many models in memory and says how to go on', async () => {
    const client = await start({ limits: { maxModels: 1 } })
    const modelId = await client.createModel()
    const body = { session_id: client.sessionId, model_seq_id: 1, base_model: 'tiny', lora_config: { rank: 1 } }
    const refused = await client.post('create_model', body)
    expect(refused.status).toBe(400)
    expect(refused.body).toEqual({ detail: expect.stringContaining('unload one') })
    await client.call('unload_model', { model_id: modelId })
    expect(await client.call('create_model', body)).toMatchObject({ type: 'create_model' })
  })

  test('refuses models it does not run, optimizers it does not have and samplers that move', async () => {
    const client = await start()
    const body = { session_id: client.sessionId, model_seq_id: 0, base_model: 'tiny', lora_config: { rank: 1 } }
    const other = await client.post('create_model', { ...body, base_model: 'Qwen/Qwen3-8B' })
    expect(other.body).toEqual({ detail: 'this server does not run "Qwen/Qwen3-8B" (it runs tiny)' })
    const dimuon = await client.post('create_model', { ...body, optimizer_config: { type: 'dimuon' } })
    expect(dimuon.status).toBe(400)
    const { model_id } = await client.call('create_model', body)
    const moving = { model_id, seq_id: 1, sampling_session_seq_id: 0, kind: 'inflight' }
    expect((await client.post('save_weights_for_sampler', moving)).status).toBe(400)
    expect((await client.get('sessions/none')).status).toBe(404)
    expect((await client.get('billing/usage/events')).status).toBe(404)
  })

  test('ends cancelled sampling, and says at the end what each model cost', async () => {
    const client = await startServer(host)
    const sampler = await client.post('create_sampling_session', {
      session_id: client.sessionId,
      sampling_session_seq_id: 0,
      base_model: 'tiny',
    })
    const { sampling_session_id } = sampler.body as { sampling_session_id: string }
    const body = {
      sampling_session_id,
      seq_id: 0,
      prompt: { chunks: [{ tokens: [1] }] },
      sampling_params: { max_tokens: 4, stop: [] },
    }
    const promise = await client.post('asample', body)
    const { request_id } = promise.body as { request_id: string }
    expect((await client.post('cancel_future', { request_id })).status).toBe(204)
    expect(await client.result(promise)).toMatchObject({ error: expect.stringContaining('cancelled') })
    await client.call('asample', { ...body, seq_id: 1 })
    const modelId = await client.createModel()
    await client.call('forward_backward', passBody(modelId, 1, data))
    await client.server.close()
    expect(client.log.slice(-2)).toEqual([
      'base: 0 tokens trained, 0 scored, 1 prefilled, 4 sampled',
      `${modelId}: 3 tokens trained, 0 scored, 0 prefilled, 0 sampled`,
    ])
    expect(client.log.join('\n')).not.toContain('error:')
  })
})
