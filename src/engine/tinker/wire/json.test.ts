import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { formatJson, parseJson } from '../../../core/json.ts'
import {
  formatForwardBackwardBody,
  formatForwardBackwardResult,
  formatSampleResult,
  parseBody,
  parseForwardBackwardBody,
  parseForwardBackwardResult,
  parseSampleResult,
} from './json.ts'
import type { ForwardBackwardOutput, ForwardBackwardRequest, SampleResponse } from './messages.ts'
import { createModelRequest, optimStepRequest, sampleRequest } from './requests.ts'
import { clientConfigResponse, failedResponse, promiseResponse } from './responses.ts'

const request: ForwardBackwardRequest = {
  modelId: 'm',
  seqId: 3,
  data: [
    {
      modelInput: [{ type: 'encoded_text', tokens: [1, 2] }],
      lossInputs: {
        target_tokens: { dtype: 'int64', shape: [2], data: [2, 3] },
        weights: { dtype: 'float32', shape: [2], data: [0, 1] },
      },
    },
  ],
  lossFn: 'ppo',
  lossConfig: { clip_low_threshold: 0.8 },
  forwardOnly: false,
}

const overTheWire = (value: unknown): unknown => parseJson(formatJson(value), {})

describe('requests in JSON', () => {
  test.each([false, true])('a body comes back as the request it was made from (forward only: %s)', (forwardOnly) => {
    const body = overTheWire(formatForwardBackwardBody({ ...request, forwardOnly }))
    expect(body).toHaveProperty(forwardOnly ? 'forward_input' : 'forward_backward_input')
    expect(parseForwardBackwardBody(body, forwardOnly)).toEqual({ ...request, forwardOnly })
  })

  test('tensors without dtype and shape are lists: integers for targets, floats for the rest', () => {
    const body = {
      model_id: 'm',
      forward_input: {
        data: [
          {
            model_input: { chunks: [{ tokens: [7] }] },
            loss_fn_inputs: { target_tokens: { data: [8] }, weights: { data: [1] } },
          },
        ],
        loss_fn: 'cross_entropy',
      },
    }
    expect(parseForwardBackwardBody(body, true).data[0]).toEqual({
      modelInput: [{ type: 'encoded_text', tokens: [7] }],
      lossInputs: {
        target_tokens: { dtype: 'int64', shape: [1], data: [8] },
        weights: { dtype: 'float32', shape: [1], data: [1] },
      },
    })
  })

  test('an image is kept by its name', () => {
    const chunks = [{ type: 'image', data: 'AAAA', format: 'png' }]
    const body = {
      model_id: 'm',
      forward_input: { data: [{ model_input: { chunks }, loss_fn_inputs: {} }], loss_fn: 'x' },
    }
    expect(parseForwardBackwardBody(body, true).data[0]!.modelInput).toEqual([
      { type: 'unsupported', what: 'a chunk of type image' },
    ])
  })

  test.each([
    [{ model_id: 'm' }, 'forward_backward: forward_backward_input is missing'],
    [{ model_id: 4 }, 'forward_backward: model_id: '],
    ['text', 'forward_backward: '],
    [
      {
        model_id: 'm',
        forward_backward_input: {
          data: [{ model_input: { chunks: [] }, loss_fn_inputs: { weights: { data: [1], shape: [2] } } }],
          loss_fn: 'x',
        },
      },
      'forward_backward: data[0].weights: 1 elements do not fill the shape [2]',
    ],
  ])('a malformed body is a DataError that names the field', (body, message) => {
    expect(() => parseForwardBackwardBody(body, false)).toThrow(message)
    expect(() => parseForwardBackwardBody(body, false)).toThrow(DataError)
  })

  test('missing settings are those of the SDK, null is missing, unknown fields are dropped', () => {
    expect(parseBody(optimStepRequest, { model_id: 'm', seq_id: 1, adam_params: { later: 1 } }, 'optim_step')).toEqual({
      model_id: 'm',
      seq_id: 1,
      adam_params: { learning_rate: 1e-4, beta1: 0.9, beta2: 0.95, eps: 1e-12, weight_decay: 0, grad_clip_norm: 0 },
    })
    const model = { session_id: 's', model_seq_id: 0, base_model: 'b', lora_config: { rank: 4, seed: null } }
    expect(parseBody(createModelRequest, model, 'create_model').lora_config).toEqual({
      rank: 4,
      seed: null,
      train_unembed: true,
      train_mlp: true,
      train_attn: true,
    })
    const sample = { prompt: { chunks: [] }, sampling_params: { stop: ['a'] }, record_stability_info: true }
    expect(parseBody(sampleRequest, sample, 'asample')).toEqual({
      num_samples: 1,
      prompt: { chunks: [] },
      sampling_params: { stop: ['a'], temperature: 1, top_k: -1, top_p: 1 },
      topk_prompt_logprobs: 0,
      topk_sample_logprobs: 0,
    })
  })
})

describe('results in JSON', () => {
  test('a result of a pass comes back as it was', () => {
    const output: ForwardBackwardOutput = {
      outputType: 'ArrayRecord',
      outputs: [{ logprobs: { dtype: 'float32', shape: [2], data: [-0.5, 0] } }],
      metrics: { 'loss:sum': 1.5 },
    }
    expect(parseForwardBackwardResult(overTheWire(formatForwardBackwardResult(output)))).toEqual(output)
  })

  test('SkyRL’s result without metrics is read', () => {
    const body = {
      loss_fn_output_type: 'scalar',
      loss_fn_outputs: [{ logprobs: { data: [-1], dtype: 'float32', shape: [1] } }],
      metrics: null,
    }
    expect(parseForwardBackwardResult(body)).toEqual({
      outputType: 'scalar',
      outputs: [{ logprobs: { dtype: 'float32', shape: [1], data: [-1] } }],
      metrics: {},
    })
  })

  test('a log-probability of -0 is sent as 0', () => {
    const sequences = [{ stopReason: 'stop' as const, tokens: [1], logprobs: [-0] }]
    const body = overTheWire(formatSampleResult({ sequences, promptCacheHitTokens: 0 }))
    expect(parseSampleResult(body).sequences[0]!.logprobs).toEqual([0])
  })

  test('a sampling result comes back as it was', () => {
    const response: SampleResponse = {
      sequences: [
        { stopReason: 'stop', tokens: [1, 2], logprobs: [-0.5, -1] },
        { stopReason: 'length', tokens: [3] },
      ],
      promptLogprobs: [null, -2],
      topkPromptLogprobs: { k: 1, rows: [null, [[4, -0.25]]] },
      promptCacheHitTokens: 2,
    }
    expect(parseSampleResult(overTheWire(formatSampleResult(response)))).toEqual(response)
  })

  test('tokens without their log-probabilities are refused by name', () => {
    const body = { sequences: [{ stop_reason: 'stop', tokens: [1, 2], logprobs: [-1] }] }
    expect(() => parseSampleResult(body)).toThrow('sample result: sequences[0].logprobs: 1 for 2 tokens')
  })
})

describe('other answers', () => {
  test('flags that a server does not send are off, sizes are the SDK’s', () => {
    const config = parseBody(clientConfigResponse, { later_flag: true }, 'client/config')
    expect(config).toMatchObject({
      parallel_fwdbwd_chunks: true,
      proto_compress_fwdbwd: false,
      fwdbwd_max_chunk_len: 1024,
      fwdbwd_max_chunk_bytes_count: 5_000_000,
      sample_max_concurrent_requests: 2000,
    })
    expect(config).not.toHaveProperty('later_flag')
  })

  test('SkyRL’s promise and an unknown category of failure are read', () => {
    const promise = { future_id: '7', status: 'pending', request_id: '7' }
    expect(parseBody(promiseResponse, promise, 'asample')).toEqual({ request_id: '7' })
    expect(parseBody(failedResponse, { error: 'x', category: 'new' }, 'future').category).toBe('unknown')
  })
})
