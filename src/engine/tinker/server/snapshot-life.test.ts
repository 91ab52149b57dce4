import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelHost } from '../../types.ts'
import { datum, freshDir, passBody, startServer, stepBody, type TestClient, tinyHost } from './fixtures/tiny-server.ts'

let host: ModelHost
let client: TestClient
const dir = freshDir()
beforeAll(async () => {
  host = await tinyHost()
  client = await startServer(host, { dir })
})
afterAll(async () => {
  await client.server.close()
  await host.close()
})

const data = [datum([1, 2, 3, 4, 5])]
let samplers = 0
let samples = 0

async function openSampler(modelPath: string): Promise<string> {
  const number = samplers++
  const reply = await client.post('create_sampling_session', {
    session_id: client.sessionId,
    sampling_session_seq_id: number,
    model_path: modelPath,
  })
  return (reply.body as { sampling_session_id: string }).sampling_session_id
}

async function promptLogprobs(samplerId: string): Promise<unknown> {
  const result = await client.call('asample', {
    sampling_session_id: samplerId,
    seq_id: samples++,
    prompt: { chunks: [{ type: 'encoded_text', tokens: [1, 2, 3] }] },
    sampling_params: { max_tokens: 1 },
    prompt_logprobs: true,
  })
  return result.error ?? result.prompt_logprobs
}

const snapshotsOnDisk = () => readdirSync(join(dir, 'ephemeral'))

describe('a sampler of named weights', () => {
  test('never samples from others that took their name after they were deleted', async () => {
    const modelId = await client.createModel()
    const save = (seqId: number) =>
      client.call('save_weights_for_sampler', { model_id: modelId, seq_id: seqId, path: 'v' })
    const { path } = await save(1)
    const sampler = await openSampler(String(path))
    const before = await promptLogprobs(sampler)
    expect((await client.send('DELETE', `training_runs/${modelId}/checkpoints/sampler_weights/v`)).status).toBe(204)
    const gone = expect.stringContaining('sampler_weights/v was deleted or has expired')
    expect(await promptLogprobs(sampler)).toEqual(gone)
    await client.call('forward_backward', passBody(modelId, 2, data))
    await client.call('optim_step', stepBody(modelId, 3, 0.05))
    await save(4)
    expect(await promptLogprobs(sampler)).toEqual(gone)
    const after = await promptLogprobs(await openSampler(String(path)))
    expect(after).toEqual([null, expect.any(Number), expect.any(Number)])
    expect(after).not.toEqual(before)
  })

  test('and states are deleted alike, once', async () => {
    const modelId = await client.createModel()
    await client.call('save_weights', { model_id: modelId, seq_id: 1, path: 'v' })
    await client.call('save_weights_for_sampler', { model_id: modelId, seq_id: 2, path: 'v' })
    for (const kind of ['weights', 'sampler_weights']) {
      const at = `training_runs/${modelId}/checkpoints/${kind}/v`
      expect((await client.send('DELETE', at)).status).toBe(204)
      expect((await client.send('DELETE', at)).status).toBe(404)
    }
    expect((await client.get(`training_runs/${modelId}/checkpoints`)).body).toEqual({ checkpoints: [] })
  })
})

describe('unnamed snapshots', () => {
  test('are four of a model at most, and go when it is unloaded', async () => {
    const modelId = await client.createModel()
    const ids: string[] = []
    for (let seqId = 1; seqId <= 6; seqId += 1) {
      const body = { model_id: modelId, seq_id: seqId, sampling_session_seq_id: samplers++ }
      const result = await client.call('save_weights_for_sampler', body)
      ids.push(String(result.sampling_session_id))
    }
    expect(snapshotsOnDisk().sort()).toEqual(ids.slice(2).sort())
    await client.call('unload_model', { model_id: modelId })
    expect(snapshotsOnDisk()).toEqual([])
    expect(await promptLogprobs(ids[5]!)).toContain('unnamed snapshots go with their model')
  })

  test('go when their client finishes its session', async () => {
    const opened = await client.post('create_session', { tags: [] })
    const { session_id } = opened.body as { session_id: string }
    const create = { session_id, model_seq_id: 0, base_model: 'tiny', lora_config: { rank: 2 } }
    const { model_id } = await client.call('create_model', create)
    await client.call('save_weights_for_sampler', { model_id, seq_id: 1, sampling_session_seq_id: 0 })
    expect(snapshotsOnDisk()).toHaveLength(1)
    expect((await client.post(`sessions/${session_id}/finish`, {})).status).toBe(204)
    expect(snapshotsOnDisk()).toEqual([])
  })
})

describe('a time to live', () => {
  test('beyond a hundred years is refused, and leaves what there is as it was', async () => {
    const modelId = await client.createModel()
    const save = { model_id: modelId, seq_id: 1, path: 't' }
    for (const [seqId, endpoint] of [
      [1, 'save_weights'],
      [2, 'save_weights_for_sampler'],
    ] as const) {
      const reply = await client.post(endpoint, { ...save, seq_id: seqId, ttl_seconds: 9e15 })
      expect([reply.status, reply.body]).toEqual([400, { detail: expect.stringContaining('ttl_seconds') }])
    }
    await client.call('save_weights', { ...save, seq_id: 3, ttl_seconds: 3_153_600_000 })
    const at = `training_runs/${modelId}/checkpoints/weights/t`
    expect((await client.send('PUT', `${at}/ttl`, { ttl_seconds: 9e15 })).status).toBe(400)
    expect((await client.get(`training_runs/${modelId}/checkpoints`)).body).toMatchObject({
      checkpoints: [{ checkpoint_id: 'weights/t', expires_at: expect.stringMatching(/^21\d\d-/) }],
    })
  })
})

describe('a model whose update is no number', () => {
  test('says what is not finite, refuses all but a load, and is sound after it', async () => {
    const modelId = await client.createModel()
    const run = async () => (await client.get(`training_runs/${modelId}`)).body
    const { path } = await client.call('save_weights', { model_id: modelId, seq_id: 1, path: 'good' })
    await client.call('forward_backward', passBody(modelId, 2, data))
    expect(await run()).toMatchObject({ corrupted: false })
    const failed = await client.call('optim_step', stepBody(modelId, 3, 1e39))
    expect(failed).toEqual({ category: 'server', error: expect.stringMatching(/weight .*is not finite.*\(load /) })
    expect(await run()).toMatchObject({ corrupted: true })
    const refused = {
      category: 'user',
      error: expect.stringMatching(/corrupted since .*is not finite.*\(load a state/),
    }
    const input = passBody('', 0, data).forward_backward_input
    for (const [seqId, endpoint, fields] of [
      [4, 'forward', { forward_input: input }],
      [5, 'forward_backward', { forward_backward_input: input }],
      [6, 'optim_step', { adam_params: { learning_rate: 0 } }],
      [7, 'save_weights', { path: 'bad' }],
      [8, 'save_weights_for_sampler', { path: 'bad' }],
      [9, 'save_weights_for_sampler', { sampling_session_seq_id: samplers++ }],
    ] as const) {
      expect(await client.call(endpoint, { model_id: modelId, seq_id: seqId, ...fields })).toEqual(refused)
    }
    expect((await client.get(`training_runs/${modelId}/checkpoints`)).body).toMatchObject({ checkpoints: [{}] })
    const load = { model_id: modelId, seq_id: 10, path, optimizer: true }
    expect(await client.call('load_weights', load)).toMatchObject({ type: 'load_weights' })
    expect(await run()).toMatchObject({ corrupted: false })
    expect(await client.call('forward_backward', passBody(modelId, 11, data))).toHaveProperty('metrics')
    expect(await client.call('optim_step', stepBody(modelId, 12))).toMatchObject({ metrics: { 'step:max': 1 } })
  })
})

describe('a folder', () => {
  test('without weights is refused where it is named', async () => {
    const folder = freshDir()
    const info = async () => (await client.post('weights_info', { tinker_path: folder })).body
    expect(await info()).toEqual({ detail: expect.stringContaining('holds neither an adapter nor weights') })
    mkdirSync(join(folder, 'model.safetensors.d'))
    writeFileSync(join(folder, 'config.json'), '{}')
    expect(await info()).toEqual({ detail: expect.stringContaining('holds neither an adapter nor weights') })
    const config = '{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["q_proj"]}'
    writeFileSync(join(folder, 'adapter_config.json'), config)
    expect(await info()).toEqual({ detail: expect.stringContaining('holds no adapter_model.safetensors') })
    writeFileSync(join(folder, 'adapter_model.safetensors'), '')
    expect(await info()).toMatchObject({ is_lora: true, lora_rank: 2 })
  })
})
