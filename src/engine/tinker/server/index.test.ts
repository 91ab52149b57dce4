import { Zstd } from '@hpcc-js/wasm-zstd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelHost } from '../../types.ts'
import { parseForwardBackwardBody, parseForwardBackwardResult } from '../wire/json.ts'
import {
  decodeForwardBackwardOutput,
  encodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
} from '../wire/protobuf.ts'
import { decodeSampleResponse } from '../wire/sample-protobuf.ts'
import { datum, passBody, startServer, stepBody, type TestClient, tinyHost } from './fixtures/tiny-server.ts'

const PROTOBUF = { 'content-type': 'application/x-protobuf', accept: 'application/x-protobuf' }

let host: ModelHost
let client: TestClient
beforeAll(async () => {
  host = await tinyHost()
  client = await startServer(host)
})
afterAll(async () => {
  await client.server.close()
  await host.close()
})

const data = [datum([1, 2, 3, 4, 5]), datum([9, 8, 7])]
const lossOf = (result: Record<string, unknown>) => (result.metrics as Record<string, number>)['loss:sum']!

describe('the start of a client', () => {
  test('health, configuration and capabilities', async () => {
    expect((await client.get('healthz')).body).toEqual({ status: 'ok', server: 'fleming' })
    const config = await client.post('client/config', { sdk_version: '0.38.0', later_field: 1 })
    expect(config.body).toMatchObject({
      pjwt_auth_enabled: false,
      parallel_fwdbwd_chunks: true,
      sample_use_retrieve_futures: false,
      create_model_via_load_weights: true,
    })
    const dynamic = await client.post('client/dynamic_config', { sdk_version: '0.38.0' })
    expect(dynamic.body).toEqual({ refresh_interval_sec: 300, sample_cancel_enabled: true })
    const { body } = await client.get('get_server_capabilities')
    expect(body).toMatchObject({ supported_models: [{ model_name: 'tiny', max_context_length: 32, vocab_size: 23 }] })
    expect((await client.post('telemetry', { events: [] })).body).toEqual({ status: 'accepted' })
  })

  test('a heartbeat of an unknown session is 404, of a finished one 410', async () => {
    expect((await client.post('session_heartbeat', { session_id: client.sessionId })).status).toBe(200)
    expect((await client.post('session_heartbeat', { session_id: 'x' })).status).toBe(404)
    const other = (await client.post('create_session', { tags: [], sdk_version: '1' })).body as { session_id: string }
    const finish = await client.post(`sessions/${other.session_id}/finish`, { reason: { type: 'success' } })
    expect(finish.status).toBe(204)
    const late = await client.post('session_heartbeat', { session_id: other.session_id })
    expect(late.status).toBe(410)
    expect(late.body).toEqual({ detail: expect.stringContaining('its client finished it (success)') })
    expect((await client.get('sessions')).body).toEqual({ sessions: [client.sessionId] })
    const about = { training_run_ids: [], sampler_ids: [], user_metadata: null }
    expect((await client.get(`sessions/${client.sessionId}`)).body).toEqual(about)
  })
})

describe('a model', () => {
  test('learns: its loss falls, its step says its norms, and a result is the same when fetched again', async () => {
    const modelId = await client.createModel()
    const losses: number[] = []
    for (let step = 0; step < 5; step += 1) {
      const promise = await client.post('forward_backward', passBody(modelId, 2 * step + 1, data))
      const result = await client.result(promise)
      expect(await client.result(promise)).toEqual(result)
      losses.push(lossOf(result))
      const { metrics } = await client.call('optim_step', stepBody(modelId, 2 * step + 2))
      expect(metrics).toEqual({
        'step:max': step + 1,
        'learning_rate:mean': 0.02,
        'grad_norm:mean': expect.any(Number),
        'param_norm:mean': expect.any(Number),
      })
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9)
    expect((await client.get(`training_runs/${modelId}`)).body).toMatchObject({
      training_run_id: modelId,
      is_lora: true,
      lora_rank: 4,
      is_loaded: true,
      usage: { trained: 30, scored: 0, prefilled: 0, sampled: 0 },
    })
  })

  test('is named by session and number, as new SDKs do by themselves, and created once', async () => {
    const { session_id } = (await client.post('create_session', { tags: [] })).body as { session_id: string }
    const create = { session_id, model_seq_id: 0, base_model: 'tiny', lora_config: { rank: 2 } }
    const first = await client.post('create_model', create)
    expect(first.body).toEqual({ request_id: `${session_id}:train:0:0`, model_id: `${session_id}:train:0` })
    expect((await client.post('create_model', create)).body).toEqual(first.body)
    const other = await client.post('create_model', { ...create, lora_config: { rank: 3 } })
    expect(other.status).toBe(400)
    await client.result(first)
    const info = await client.post('get_info', { model_id: `${session_id}:train:0` })
    expect(info.body).toMatchObject({ is_lora: true, lora_rank: 2, model_data: { tokenizer_id: 'tiny' } })
  })

  test('takes its adapter’s weights from the seed, and trains all weights with rank 0', async () => {
    const lossWith = async (lora: Record<string, unknown> | null, steps: number): Promise<number> => {
      const modelId = await client.createModel(lora)
      for (let step = 0; step < steps; step += 1) {
        await client.call('forward_backward', passBody(modelId, 2 * step + 1, data))
        await client.call('optim_step', stepBody(modelId, 2 * step + 2))
      }
      const forward = {
        model_id: modelId,
        seq_id: 2 * steps + 1,
        forward_input: passBody('', 0, data).forward_backward_input,
      }
      const loss = lossOf(await client.call('forward', forward))
      await client.call('unload_model', { model_id: modelId })
      return loss
    }
    const [a, b, other] = [
      await lossWith({ rank: 2, seed: 1 }, 1),
      await lossWith({ rank: 2, seed: 1 }, 1),
      await lossWith({ rank: 2, seed: 2 }, 1),
    ]
    expect(a).toBe(b)
    expect(other).not.toBe(a)
    // All weights learn more in a step than an adapter of rank 2 on attention alone.
    const attention = await lossWith({ rank: 2, seed: 1, train_mlp: false, train_unembed: false }, 1)
    expect(await lossWith({ rank: 0 }, 1)).toBeLessThan(attention)
    expect(await lossWith(null, 1)).toBe(await lossWith({ rank: 0 }, 1))
  })

  test('is gone when it was unloaded, which may be asked for twice', async () => {
    const modelId = await client.createModel()
    const unload = await client.post('unload_model', { model_id: modelId })
    expect(await client.result(unload)).toEqual({ type: 'unload_model', model_id: modelId })
    expect((await client.post('unload_model', { model_id: modelId })).body).toEqual(unload.body)
    const late = await client.post('optim_step', stepBody(modelId, 1))
    expect(late.status).toBe(404)
    expect(late.body).toEqual({ detail: expect.stringContaining('is not in memory') })
  })

  test('trains apart from others', async () => {
    const [a, b] = await Promise.all([
      client.createModel({ rank: 4, seed: 3 }),
      client.createModel({ rank: 4, seed: 3 }),
    ])
    const before = lossOf(await client.call('forward_backward', passBody(b, 1, data)))
    await client.call('forward_backward', passBody(a, 1, data))
    await client.call('optim_step', stepBody(a, 2))
    expect(lossOf(await client.call('forward_backward', passBody(b, 2, data)))).toBe(before)
    expect(lossOf(await client.call('forward_backward', passBody(a, 3, data)))).toBeLessThan(before)
  })
})

describe('operations', () => {
  test('sent in the wrong order and twice run in theirs and once', async () => {
    const run = async (order: readonly number[]): Promise<number> => {
      const modelId = await client.createModel({ rank: 4, seed: 5 })
      const bodies = [
        passBody(modelId, 1, data),
        stepBody(modelId, 2),
        passBody(modelId, 3, data),
        stepBody(modelId, 4),
      ]
      const replies = []
      for (const seqId of order) {
        replies.push(await client.post(seqId % 2 === 1 ? 'forward_backward' : 'optim_step', bodies[seqId - 1]))
      }
      await Promise.all(replies.map((reply) => client.result(reply)))
      return lossOf(await client.call('forward_backward', passBody(modelId, 5, data)))
    }
    const inOrder = await run([1, 2, 3, 4])
    expect(await run([4, 2, 2, 3, 1, 1, 4])).toBe(inOrder)
  })

  test('refused at once use up their number, so that the next ones run', async () => {
    const modelId = await client.createModel()
    const bad = await client.post('forward_backward', passBody(modelId, 1, [datum([1, 99, 2])]))
    expect(bad.status).toBe(400)
    expect(bad.body).toEqual({ detail: 'data[0].model_input[1] is 99, not a token id below 23' })
    expect((await client.post('forward_backward', passBody(modelId, 1, data))).status).toBe(400)
    expect(lossOf(await client.call('forward_backward', passBody(modelId, 2, data)))).toBeGreaterThan(0)
    const nan = `{"model_id":"${modelId}","seq_id":3,"adam_params":{"learning_rate":"fast"}}`
    expect((await client.post('optim_step', Buffer.from(nan))).status).toBe(400)
    await client.call('optim_step', stepBody(modelId, 4))
  })

  test('never have the number 0, which is the creation’s', async () => {
    const modelId = await client.createModel()
    const refusal = { detail: 'seq_id 0 belongs to the creation of the model (its operations start at 1)' }
    for (const [endpoint, body] of [
      ['forward_backward', passBody(modelId, 0, data)],
      ['optim_step', stepBody(modelId, 0)],
      ['save_weights', { model_id: modelId, seq_id: 0, path: 'x' }],
      ['load_weights', { model_id: modelId, seq_id: 0, path: 'tinker://a/weights/x', optimizer: false }],
    ] as const) {
      const reply = await client.post(endpoint, body)
      expect([reply.status, reply.body]).toEqual([400, refusal])
    }
    // Old clients leave it out; then it is the next one.
    const { seq_id: _, ...unnumbered } = passBody(modelId, 0, data)
    const promise = await client.post('forward_backward', unnumbered)
    expect(promise.body).toMatchObject({ request_id: `${modelId}:1` })
    await client.result(promise)
  })

  test('fail for good as results of the user’s category when only the engine sees the fault', async () => {
    const modelId = await client.createModel()
    const huge = {
      ...passBody(modelId, 1, data).forward_backward_input,
      loss_fn: 'ppo',
      loss_fn_config: { clip_low_threshold: 3 },
    }
    const [first] = data
    const targets = { ...first!.loss_fn_inputs.weights, data: [0, 0, 0, 0] }
    const ppo = {
      model_input: first!.model_input,
      loss_fn_inputs: { target_tokens: first!.loss_fn_inputs.target_tokens, logprobs: targets, advantages: targets },
    }
    const body = { model_id: modelId, seq_id: 1, forward_backward_input: { ...huge, data: [ppo] } }
    expect(await client.call('forward_backward', body)).toMatchObject({ error: expect.any(String), category: 'user' })
    // The engine refused the bounds; the model goes on.
    expect(lossOf(await client.call('forward_backward', passBody(modelId, 2, data)))).toBeGreaterThan(0)
  })

  test('report sampled tokens without a signal as they are, not as 0', async () => {
    const modelId = await client.createModel()
    const tokens = datum([1, 2, 3, 4, 5])
    const floats = (...values: readonly number[]) => ({ data: values, dtype: 'float32', shape: [4] })
    const ppo = (advantage: number) => ({
      model_input: tokens.model_input,
      loss_fn_inputs: {
        target_tokens: tokens.loss_fn_inputs.target_tokens,
        logprobs: floats(0, 0, -3, -3),
        advantages: floats(0, 0, advantage, advantage),
      },
    })
    const input = { data: [ppo(0), ppo(1)], loss_fn: 'importance_sampling' }
    const result = await client.call('forward_backward', {
      model_id: modelId,
      seq_id: 1,
      forward_backward_input: input,
    })
    const [silent, loud] = parseForwardBackwardResult(result).outputs.map(({ logprobs }) => logprobs!.data)
    expect(silent!.slice(2)).toEqual(loud!.slice(2).map((value) => expect.closeTo(value, 4)))
    expect(silent!.every((value) => value < -0.1)).toBe(true)
    expect(loud!.slice(0, 2)).toEqual([0, 0])
  })
})

describe('generations of SDKs', () => {
  test('0.25: a protobuf body, compressed or not, gives a protobuf result equal to the JSON one', async () => {
    const modelId = await client.createModel()
    const json = await client.call('forward_backward', passBody(modelId, 1, data))
    const request = parseForwardBackwardBody(passBody(modelId, 2, data), false)
    const zstd = await Zstd.load()
    const bodies = [
      [encodeForwardBackwardRequest(request), {}],
      [zstd.compress(encodeForwardBackwardRequest({ ...request, seqId: 3 })), { 'content-encoding': 'zstd' }],
    ] as const
    for (const [body, headers] of bodies) {
      const promise = await client.post('forward_backward', body, { ...PROTOBUF, ...headers })
      const { request_id } = promise.body as { request_id: string }
      const { response } = await client.post(
        'retrieve_future',
        { request_id, allow_metadata_only: true },
        { accept: PROTOBUF.accept },
      )
      expect(response.headers.get('content-type')).toBe('application/x-protobuf')
      const output = decodeForwardBackwardOutput(new Uint8Array(await response.arrayBuffer()))
      const expected = parseForwardBackwardResult(json)
      expect(output).toEqual(decodeForwardBackwardOutput(encodeForwardBackwardOutput(expected)))
    }
  })

  test('0.25: forward_only passes leave no gradient', async () => {
    const modelId = await client.createModel()
    const request = parseForwardBackwardBody(passBody(modelId, 1, data), false)
    const body = encodeForwardBackwardRequest({ ...request, forwardOnly: true })
    await client.result(await client.post('forward_backward', body, PROTOBUF))
    const { metrics } = await client.call('optim_step', stepBody(modelId, 2))
    expect(metrics).toMatchObject({ 'grad_norm:mean': 0 })
  })

  test('0.26.2: a promise to sample names every sample; 0.25 reads the result as protobuf, 0.24 as JSON', async () => {
    const sampler = await client.post('create_sampling_session', {
      session_id: client.sessionId,
      sampling_session_seq_id: 900,
      base_model: 'tiny',
    })
    const { sampling_session_id } = sampler.body as { sampling_session_id: string }
    const body = {
      sampling_session_id,
      seq_id: 0,
      num_samples: 2,
      prompt: { chunks: [{ type: 'encoded_text', tokens: [1, 2] }] },
      sampling_params: { max_tokens: 3, seed: 1, stop: [] },
      prompt_logprobs: true,
    }
    const promise = await client.post('asample', body)
    const { request_id, sample_sequence_ids } = promise.body as { request_id: string; sample_sequence_ids: string[] }
    expect(sample_sequence_ids).toEqual([`${request_id}:0`, `${request_id}:1`])
    const json = await client.result(promise)
    const { response } = await client.post('retrieve_future', { request_id }, { accept: PROTOBUF.accept })
    const read = decodeSampleResponse(new Uint8Array(await response.arrayBuffer()))
    expect(read.sequences.map(({ tokens }) => tokens)).toEqual(
      (json.sequences as { tokens: number[] }[]).map(({ tokens }) => tokens),
    )
    expect(read.promptLogprobs![0]).toBe(null)
    expect(json.prompt_logprobs).toEqual([null, expect.closeTo(read.promptLogprobs![1]!, 5)])
  })

  test('broken protobuf is 400 and uses up its number when it can be read', async () => {
    const modelId = await client.createModel()
    const good = encodeForwardBackwardRequest(parseForwardBackwardBody(passBody(modelId, 1, data), false))
    expect((await client.post('forward_backward', good.subarray(0, -3), PROTOBUF)).status).toBe(400)
    const nan = Buffer.from(good)
    // The last weight, a float32 1, becomes NaN.
    nan.writeUInt32LE(0x7fc00000, nan.lastIndexOf(Buffer.from([0, 0, 0x80, 0x3f])))
    const refused = await client.post('forward_backward', nan, PROTOBUF)
    expect(refused.status).toBe(400)
    expect(refused.body).toEqual({ detail: expect.stringContaining('weights') })
    await client.call('forward_backward', passBody(modelId, 2, data))
  })
})

test('no request of all these met a bug of the server', () => {
  expect(client.log.filter((line) => line.startsWith('error'))).toEqual([])
})
