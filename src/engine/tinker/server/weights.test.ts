import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelHost } from '../../types.ts'
import { datum, freshDir, passBody, startServer, stepBody, type TestClient, tinyHost } from './fixtures/tiny-server.ts'

let host: ModelHost
let client: TestClient
const dir = freshDir()
beforeAll(async () => {
  host = await tinyHost()
  client = await startServer(host, { dir, limits: { maxEphemeralSnapshots: 2, maxOpenSnapshots: 1 } })
})
afterAll(async () => {
  await client.server.close()
  await host.close()
})

const data = [datum([1, 2, 3, 4, 5]), datum([9, 8, 7])]
const lossOf = (result: Record<string, unknown>) => (result.metrics as Record<string, number>)['loss:sum']!

/** A model, its next numbers, and what tests do with it. */
async function trained(on: TestClient, steps: number, lora: Record<string, unknown> | null = { rank: 4, seed: 7 }) {
  const modelId = await on.createModel(lora)
  return driver(on, modelId, 1, steps)
}

async function driver(on: TestClient, modelId: string, firstSeqId: number, steps = 0) {
  let seqId = firstSeqId
  const train = async () => {
    const loss = lossOf(await on.call('forward_backward', passBody(modelId, seqId++, data)))
    await on.call('optim_step', stepBody(modelId, seqId++))
    return loss
  }
  for (let step = 0; step < steps; step += 1) await train()
  return {
    modelId,
    train,
    save: (body: object) => on.call('save_weights', { model_id: modelId, seq_id: seqId++, ...body }),
    saveForSampler: (body: object) =>
      on.call('save_weights_for_sampler', { model_id: modelId, seq_id: seqId++, ...body }),
    load: (body: object) => on.call('load_weights', { model_id: modelId, seq_id: seqId++, ...body }),
    submitLoad: (body: object) => on.post('load_weights', { model_id: modelId, seq_id: seqId++, ...body }),
  }
}

let samplerNumber = 100
async function openSampler(on: TestClient, fields: object): Promise<string> {
  const body = { session_id: on.sessionId, sampling_session_seq_id: samplerNumber++, ...fields }
  const reply = await on.post('create_sampling_session', body)
  if (reply.status !== 200) throw new Error(`${reply.status} ${(reply.body as { detail: string }).detail}`)
  return (reply.body as { sampling_session_id: string }).sampling_session_id
}

let sampleNumber = 0
async function sample(on: TestClient, samplerId: string, params: object = {}): Promise<Record<string, unknown>> {
  return on.call('asample', {
    sampling_session_id: samplerId,
    seq_id: sampleNumber++,
    num_samples: 2,
    prompt: { chunks: [{ type: 'encoded_text', tokens: [1, 2] }] },
    sampling_params: { max_tokens: 6, seed: 5, stop: [], ...params },
    prompt_logprobs: true,
  })
}

const tokensOf = (result: Record<string, unknown>) => (result.sequences as { tokens: number[] }[]).map((s) => s.tokens)

describe('a saved state', () => {
  test('loads into a new model, which trains on as the first one does', async () => {
    const first = await trained(client, 2)
    const { path } = await first.save({ path: 'two' })
    expect(path).toBe(`tinker://${first.modelId}/weights/two`)
    const expected = [await first.train(), await first.train()]
    const info = await client.post('weights_info', { tinker_path: path })
    expect(info.body).toMatchObject({ base_model: 'tiny', is_lora: true, lora_rank: 4, train_unembed: true })
    const second = await trained(client, 0, { rank: 4, seed: 99 })
    expect(await second.load({ path, optimizer: true })).toMatchObject({ model_id: second.modelId, path })
    expect([await second.train(), await second.train()]).toEqual(expected)
    // Without the optimizer's moments the first loss is the same and the way on another.
    const third = await trained(client, 0, { rank: 4, seed: 99 })
    await third.load({ path, optimizer: false })
    expect(await third.train()).toBe(expected[0])
    expect(await third.train()).not.toBe(expected[1])
  })

  test('makes a model by itself, with the adapter it was made with', async () => {
    const first = await trained(client, 1, { rank: 3, seed: 1, train_mlp: false })
    const { path } = await first.save({ path: 'one' })
    const body = { session_id: client.sessionId, model_seq_id: 500, path, optimizer: true }
    const loaded = await client.call('load_weights', body)
    expect(loaded.model_id).toBe(`${client.sessionId}:train:500`)
    const second = await driver(client, String(loaded.model_id), 1)
    expect(await second.train()).toBe(await first.train())
    const info = await client.post('get_info', { model_id: second.modelId })
    expect(info.body).toMatchObject({ is_lora: true, lora_rank: 3 })
  })

  test('of all weights does not go into an adapter, nor the other way round', async () => {
    const full = await trained(client, 1, null)
    const { path } = await full.save({ path: 'full' })
    const adapter = await trained(client, 0)
    expect(await adapter.load({ path, optimizer: false })).toMatchObject({
      error: expect.stringContaining('holds all weights, the model is an adapter of rank 4'),
      category: 'user',
    })
    const again = await trained(client, 0, { rank: 0 })
    await again.load({ path, optimizer: true })
    expect(await again.train()).toBe(await full.train())
  })

  test('keeps its name unless it may be overwritten', async () => {
    const model = await trained(client, 0)
    await model.save({ path: 'same' })
    const taken = await client.post('save_weights', { model_id: model.modelId, seq_id: 2, path: 'same' })
    expect(taken.status).toBe(400)
    expect(taken.body).toEqual({ detail: expect.stringContaining('exists') })
    const body = { model_id: model.modelId, seq_id: 3, path: 'same', overwrite: true }
    expect(await client.call('save_weights', body)).toMatchObject({ type: 'save_weights' })
    for (const path of ['../x', 'a/b', '', '.hidden']) {
      const reply = await client.post('save_weights', { model_id: model.modelId, seq_id: 4, path })
      expect(reply.status).toBe(400)
    }
  })

  test.each([
    ['tinker://nobody/weights/x', 404],
    ['tinker://../weights/x', 400],
    ['https://example.org', 400],
    ['/nowhere/at/all', 400],
    ['file://host/x', 400],
  ])('at %s is refused with %i', async (path, status) => {
    const model = await trained(client, 0)
    expect((await model.submitLoad({ path, optimizer: false })).status).toBe(status)
    expect((await client.post('weights_info', { tinker_path: path })).status).toBe(status)
    // The refused number does not block what follows.
    expect(await model.train()).toBeGreaterThan(0)
  })
})

describe('a sampler', () => {
  test('keeps its weights while training goes on, named or not', async () => {
    const model = await trained(client, 1)
    const named = await model.saveForSampler({ path: 'v1' })
    expect(named).toEqual({ type: 'save_weights_for_sampler', path: `tinker://${model.modelId}/sampler_weights/v1` })
    const { sampling_session_id: unnamed, path } = await model.saveForSampler({ sampling_session_seq_id: 700 })
    expect(path).toBe(null)
    const ids = [await openSampler(client, { model_path: named.path }), String(unnamed)]
    const before = await Promise.all(ids.map((id) => sample(client, id)))
    expect(before[0]!.prompt_logprobs).toEqual(before[1]!.prompt_logprobs)
    for (let step = 0; step < 3; step += 1) await model.train()
    const fresh = await model.saveForSampler({ sampling_session_seq_id: 701 })
    const after = await Promise.all(ids.map((id) => sample(client, id)))
    expect(after).toEqual(before)
    const moved = await sample(client, String(fresh.sampling_session_id))
    expect(moved.prompt_logprobs).not.toEqual(before[0]!.prompt_logprobs)
    const { body } = await client.get(`samplers/${ids[0]}`)
    expect(body).toEqual({ sampler_id: ids[0], base_model: 'tiny', model_path: named.path })
  })

  test('of the base, of a model just made and of the same seed sample alike; another seed does not', async () => {
    const model = await trained(client, 0)
    const { sampling_session_id: id } = await model.saveForSampler({ sampling_session_seq_id: 710 })
    const base = await openSampler(client, { base_model: 'tiny' })
    const [a, b] = [await sample(client, base), await sample(client, String(id))]
    expect(tokensOf(a)).toEqual(tokensOf(b))
    expect(tokensOf(await sample(client, base, { seed: 6 }))).not.toEqual(tokensOf(a))
    const draws = [await sample(client, base, { seed: null }), await sample(client, base, { seed: null })]
    expect(tokensOf(draws[0]!)).not.toEqual(tokensOf(draws[1]!))
  })

  test('asked the same number twice answers once, and refuses another request under it', async () => {
    const id = await openSampler(client, { base_model: 'tiny' })
    const body = {
      sampling_session_id: id,
      seq_id: 0,
      prompt: { chunks: [{ tokens: [1] }] },
      sampling_params: { max_tokens: 2 },
    }
    const [first, again] = [await client.post('asample', body), await client.post('asample', body)]
    expect(again.body).toEqual(first.body)
    expect((await client.post('asample', { ...body, num_samples: 2 })).status).toBe(400)
    const joined = await client.post('join_sampling_session', { sampling_session_id: id })
    expect(joined.body).toMatchObject({ client_counter: 1 })
  })

  test('saved without a name is saved once, though the official SDK numbers every attempt anew', async () => {
    const modelId = await client.createModel()
    const attempt = (sampling_session_seq_id: number) =>
      client.post('save_weights_for_sampler', { model_id: modelId, seq_id: 1, sampling_session_seq_id })
    const [first, again] = [await attempt(740), await attempt(741)]
    expect(again.body).toEqual(first.body)
    const { sampling_session_id } = await client.result(again)
    expect(await sample(client, String(sampling_session_id))).toHaveProperty('sequences')
    const named = { model_id: modelId, seq_id: 1, path: 'named' }
    expect((await client.post('save_weights_for_sampler', named)).status).toBe(400)
  })

  test('without a session is named by its model', async () => {
    const model = await trained(client, 1)
    const { path } = await model.saveForSampler({ path: 'x' })
    const body = {
      prompt: { chunks: [{ tokens: [1, 2] }] },
      sampling_params: { max_tokens: 3, temperature: 0, stop: [] },
    }
    const ofPath = await client.call('asample', { ...body, model_path: path })
    const sampler = await openSampler(client, { model_path: path })
    const ofSession = await sample(client, sampler, { max_tokens: 3, temperature: 0 })
    expect(tokensOf(ofPath)).toEqual(tokensOf(ofSession).slice(0, 1))
    expect((await client.post('asample', body)).status).toBe(400)
  })

  test('is not made of a training state, another base, or a name twice', async () => {
    const model = await trained(client, 0)
    const { path } = await model.save({ path: 'state' })
    await expect(openSampler(client, { model_path: path })).rejects.toThrow('is a training state')
    await expect(openSampler(client, { base_model: 'other' })).rejects.toThrow('does not run "other"')
    await expect(openSampler(client, {})).rejects.toThrow('neither model_path nor base_model')
    const id = { session_id: client.sessionId, sampling_session_seq_id: 720 }
    expect((await client.post('create_sampling_session', { ...id, base_model: 'tiny' })).status).toBe(200)
    expect((await client.post('create_sampling_session', { ...id, base_model: 'tiny', type: 'x' })).status).toBe(400)
  })

  test('without a name is kept while it is among the newest', async () => {
    const model = await trained(client, 0)
    const ids: string[] = []
    for (const number of [730, 731, 732]) {
      ids.push(String((await model.saveForSampler({ sampling_session_seq_id: number })).sampling_session_id))
    }
    expect(await sample(client, ids[0]!)).toMatchObject({
      error: expect.stringContaining('keeps the 2 of a model that were used last'),
      category: 'user',
    })
    expect(await sample(client, ids[1]!)).toHaveProperty('sequences')
    expect(ids.map((id) => existsSync(join(dir, 'ephemeral', id)))).toEqual([false, true, true])
  })
})

describe('a folder of PEFT', () => {
  test('loads with its own alpha and layers, and samples as what it was made of', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'peft-')), 'adapter')
    const lora = { rank: 2, alpha: 5, targets: ['q_proj', 'v_proj'] } as const
    const maker = await host.createModel({ lora, seed: 3 })
    const tokens = { inputTokens: [1, 2, 3], targetTokens: [2, 3, 4], weights: [1, 1, 1] }
    await maker.forwardBackward([tokens], 'cross_entropy')
    await maker.optimStep({ learningRate: 0.05 })
    await maker.saveWeights(folder)
    const expected = (await maker.forward([tokens], 'cross_entropy')).lossSum
    const forward = async (modelId: string, seqId: number) =>
      lossOf(
        await client.call('forward', {
          model_id: modelId,
          seq_id: seqId,
          forward_input: passBody('', 0, [datum([1, 2, 3, 4])]).forward_backward_input,
        }),
      )
    for (const [index, path] of [folder, `file://${folder}`].entries()) {
      const body = { session_id: client.sessionId, model_seq_id: 600 + index, path, optimizer: false }
      const { model_id } = await client.call('load_weights', body)
      expect(await forward(String(model_id), 1)).toBeCloseTo(expected, 4)
    }
    const model = await trained(client, 0, { rank: 2 })
    await model.load({ path: folder, optimizer: false })
    expect(await forward(model.modelId, 2)).toBeCloseTo(expected, 4)
    expect((await model.submitLoad({ path: folder, optimizer: true })).status).toBe(400)
    const other = await trained(client, 0, { rank: 4 })
    expect(await other.load({ path: folder, optimizer: false })).toMatchObject({
      error: expect.stringContaining('holds an adapter of rank 2, the model is an adapter of rank 4'),
    })
    const info = await client.post('weights_info', { tinker_path: folder })
    expect(info.body).toMatchObject({
      lora_rank: 2,
      lora_alpha: 5,
      train_attn: true,
      train_mlp: false,
      train_unembed: false,
    })
    await maker.close()
  })
})

describe('checkpoints over HTTP', () => {
  test('are listed, downloaded, given a time and deleted', async () => {
    const model = await trained(client, 1)
    await model.save({ path: 'a', user_metadata: { note: 'first' } })
    await model.saveForSampler({ path: 'b', ttl_seconds: 3600 })
    const runPath = `training_runs/${model.modelId}`
    const list = (await client.get(`${runPath}/checkpoints`)).body as { checkpoints: Record<string, unknown>[] }
    expect(list.checkpoints).toMatchObject([
      { checkpoint_id: 'weights/a', checkpoint_type: 'training', expires_at: null, user_metadata: { note: 'first' } },
      { checkpoint_id: 'sampler_weights/b', checkpoint_type: 'sampler', public: false },
    ])
    expect(list.checkpoints.every(({ size_bytes }) => Number(size_bytes) > 100)).toBe(true)
    expect((await client.get(runPath)).body).toMatchObject({
      last_sampler_checkpoint: { checkpoint_id: 'sampler_weights/b' },
    })

    const archive = await client.get(`${runPath}/checkpoints/sampler_weights/b/archive`)
    expect(archive.status).toBe(302)
    const download = await fetch(archive.response.headers.get('location')!)
    const target = mkdtempSync(join(tmpdir(), 'download-'))
    execFileSync('tar', ['-xf', '-', '-C', target], { input: Buffer.from(await download.arrayBuffer()) })
    expect(readdirSync(target)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']))
    expect(readFileSync(join(target, 'adapter_config.json'), 'utf8')).toContain('"lora_alpha"')

    const at = `${runPath}/checkpoints/weights/a`
    expect((await client.send('PUT', `${at}/ttl`, { ttl_seconds: 60 })).status).toBe(204)
    expect((await client.send('DELETE', at)).status).toBe(204)
    expect((await client.send('DELETE', at)).status).toBe(404)
    const all = (await client.get('checkpoints?limit=1')).body as { checkpoints: unknown[]; cursor: object }
    expect(all.checkpoints).toHaveLength(1)
    expect(all.cursor).toMatchObject({ offset: 0, limit: 1 })
    expect((await client.get('training_runs?limit=1')).body).toMatchObject({
      training_runs: [{ training_run_id: model.modelId }],
    })
  })
})

describe('the next server over the same directory', () => {
  test('has states and samplers, no models, and says so', async () => {
    const home = freshDir()
    const first = await startServer(host, { dir: home })
    const model = await trained(first, 2)
    const { path: state } = await model.save({ path: 's' })
    const { path: sampler } = await model.saveForSampler({ path: 'v' })
    const voice = await sample(first, await openSampler(first, { model_path: sampler }))
    await model.saveForSampler({ sampling_session_seq_id: 1 })
    const expected = await model.train()
    await first.server.close()

    const second = await startServer(host, { dir: home })
    try {
      expect(existsSync(join(home, 'ephemeral'))).toBe(false)
      const late = await second.post('optim_step', stepBody(model.modelId, 9))
      expect(late.status).toBe(404)
      expect(late.body).toEqual({ detail: expect.stringContaining('create one from its last saved state') })
      expect(await sample(second, await openSampler(second, { model_path: sampler }))).toEqual(voice)
      const again = await trained(second, 0)
      await again.load({ path: state, optimizer: true })
      expect(await again.train()).toBe(expected)
      expect((await second.get(`training_runs/${model.modelId}`)).body).toMatchObject({
        is_loaded: false,
        // 3 steps on 6 tokens ran on the first server, one sampling of 2 completions on each.
        usage: { trained: 18, prefilled: 4, sampled: 24, scored: 4 },
      })
    } finally {
      await second.server.close()
    }
  })

  test('refuses checkpoints of another base', async () => {
    const home = freshDir()
    const first = await startServer(host, { dir: home })
    const { path } = await (await trained(first, 0)).save({ path: 's' })
    await first.server.close()
    const other = await tinyHost(2)
    const second = await startServer(other, { dir: home })
    const model = await trained(second, 0)
    const reply = await model.submitLoad({ path, optimizer: false })
    expect(reply.status).toBe(400)
    expect(reply.body).toEqual({ detail: expect.stringContaining('made from another base model') })
    await second.server.close()
    await other.close()
  })
})
