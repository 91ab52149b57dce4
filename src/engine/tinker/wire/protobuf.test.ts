import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import type { ForwardBackwardOutput, ForwardBackwardRequest, SampleResponse, WireTensor } from './messages.ts'
import {
  decodeForwardBackwardOutput,
  decodeForwardBackwardRequest,
  encodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
} from './protobuf.ts'
import { decodeRaw, encodeRaw } from './raw.ts'
import { decodeSampleResponse, encodeSampleResponse } from './sample-protobuf.ts'
import { type MessageName, messageTypes } from './schema.ts'

// Encoded with the official SDK's descriptor (tinker 0.25.0); see fixtures/README.md.
const golden: Record<string, { hex: string; message: MessageName }> = JSON.parse(
  readFileSync(new URL('./fixtures/tinker-golden.json', import.meta.url), 'utf8'),
)

function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(golden[name]!.hex, 'hex'))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function list(dtype: WireTensor['dtype'], data: readonly number[]): WireTensor {
  return { dtype, shape: [data.length], data }
}

const crossEntropy: ForwardBackwardRequest = {
  modelId: 'm',
  seqId: 1,
  data: [
    {
      modelInput: [{ type: 'encoded_text', tokens: [1, 2, 300] }],
      lossInputs: { weights: list('float32', [0, 1, 1]), target_tokens: list('int64', [2, 300, 4]) },
    },
  ],
  lossFn: 'cross_entropy',
  lossConfig: {},
  forwardOnly: false,
}
const ppo: ForwardBackwardRequest = {
  modelId: 'run:train:0',
  seqId: 7,
  data: [
    {
      modelInput: [{ type: 'encoded_text', tokens: [5, 6] }],
      lossInputs: {
        target_tokens: list('int64', [6, 7]),
        logprobs: list('float32', [-0.5, -1.25]),
        advantages: list('float32', [0, 2]),
      },
    },
  ],
  lossFn: 'ppo',
  lossConfig: { clip_low_threshold: 0.8, clip_high_threshold: 1.28 },
  forwardOnly: true,
}
const sampled: SampleResponse = {
  sequences: [
    { stopReason: 'length', tokens: [10, 11], logprobs: [-0.25, -0.75] },
    { stopReason: 'stop', tokens: [12], logprobs: [-1.5] },
  ],
  promptLogprobs: [null, -0.125],
  topkPromptLogprobs: {
    k: 2,
    rows: [
      null,
      [
        [7, -0.125],
        [9, -3],
      ],
    ],
  },
  promptCacheHitTokens: 3,
}

describe('the golden messages of the official SDK', () => {
  test.each([
    ['ce_request', crossEntropy],
    ['ppo_forward_only_request', ppo],
  ])('%s means what it says, and is written byte for byte', (name, request) => {
    expect(decodeForwardBackwardRequest(bytesOf(name))).toEqual(request)
    expect(hex(encodeForwardBackwardRequest(request))).toBe(golden[name]!.hex)
  })

  test('a sample response means what it says, and is written byte for byte', () => {
    expect(decodeSampleResponse(bytesOf('sample_response'))).toEqual(sampled)
    expect(hex(encodeSampleResponse(sampled))).toBe(golden.sample_response!.hex)
  })

  test('sparse weights become dense', () => {
    const { data } = decodeForwardBackwardRequest(bytesOf('sparse_weights_request'))
    expect(data[0]!.lossInputs.weights).toEqual({
      dtype: 'float32',
      shape: [2, 4],
      data: [0, 0, 0, 0, 0, 0, 0, 0.5],
    })
  })

  test('a result is cut into its data, the module dropped from its type', () => {
    expect(decodeForwardBackwardOutput(bytesOf('fwdbwd_output'))).toEqual({
      outputType: 'ArrayRecord',
      outputs: [{ logprobs: list('float32', [-0.5, -1]) }, { logprobs: list('float32', [-2.25]) }],
      metrics: { 'loss:sum': 3.75 },
    })
  })

  test('bfloat16 is widened', () => {
    const { outputs } = decodeForwardBackwardOutput(bytesOf('fwdbwd_output_bf16'))
    expect(outputs).toEqual([{ logprobs: list('float32', [-1, -2.5]) }])
  })

  test.each(Object.keys(golden))('the raw fields of %s are all read', (name) => {
    const { message } = golden[name]!
    const type = messageTypes[message]
    expect(hex(type.encode(type.decode(bytesOf(name))).finish())).toBe(golden[name]!.hex)
  })
})

// protobufjs leaves out the key "__proto__", to guard prototypes; no loss has a setting of that name.
const name = fc.stringMatching(/^[a-z_]{1,12}$/).filter((text) => text !== '__proto__')
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)
const tensor: fc.Arbitrary<WireTensor> = fc.oneof(
  fc.array(float32, { maxLength: 6 }).map((data) => list('float32', data)),
  fc.array(fc.maxSafeInteger(), { maxLength: 6 }).map((data) => list('int64', data)),
)
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const requests: fc.Arbitrary<ForwardBackwardRequest> = fc.record({
  modelId: fc.string(),
  seqId: int32,
  data: fc.array(
    fc.record({
      modelInput: fc.array(fc.record({ type: fc.constant('encoded_text' as const), tokens: fc.array(int32) })),
      lossInputs: fc.dictionary(name, tensor, { noNullPrototype: true }),
    }),
    { maxLength: 4 },
  ),
  lossFn: fc.string(),
  lossConfig: fc.dictionary(name, fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string()), {
    noNullPrototype: true,
  }),
  forwardOnly: fc.boolean(),
})

describe('round trips', () => {
  test('every request comes back as it was', () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(decodeForwardBackwardRequest(encodeForwardBackwardRequest(request))).toEqual(request)
      }),
    )
  })

  test('every result comes back as it was', () => {
    const outputs = fc.array(fc.array(float32, { maxLength: 5 }), { maxLength: 5 })
    fc.assert(
      fc.property(outputs, fc.double({ noNaN: true, noDefaultInfinity: true }), (lists, loss) => {
        const output: ForwardBackwardOutput = {
          outputType: 'ArrayRecord',
          outputs: lists.map((data) => ({ logprobs: list('float32', data), n: list('int64', [data.length]) })),
          metrics: { 'loss:sum': loss },
        }
        expect(decodeForwardBackwardOutput(encodeForwardBackwardOutput(output))).toEqual(output)
      }),
    )
  })

  test('every sample response comes back as it was', () => {
    const sequence = fc.array(fc.tuple(int32, float32), { maxLength: 5 }).chain((pairs) =>
      fc.constantFrom('stop' as const, 'length' as const).map((stopReason) => ({
        stopReason,
        tokens: pairs.map(([token]) => token),
        logprobs: pairs.map(([, logprob]) => logprob),
      })),
    )
    const response = fc.record(
      {
        sequences: fc.array(sequence, { maxLength: 4 }),
        promptLogprobs: fc.array(fc.option(float32)),
        promptCacheHitTokens: fc.nat(),
      },
      { requiredKeys: ['sequences', 'promptCacheHitTokens'] },
    )
    fc.assert(
      fc.property(response, (value) => {
        expect(decodeSampleResponse(encodeSampleResponse(value))).toEqual(value)
      }),
    )
  })

  test('the text of a loss setting goes into the second map, with the numbers', () => {
    const request = { ...crossEntropy, lossConfig: { mode: 'fast', beta: 0.5 } }
    const raw = decodeRaw('ForwardBackwardRequest', encodeForwardBackwardRequest(request))
    expect(raw.lossFnConfig).toEqual({ beta: 0.5 })
    expect(raw.lossFnConfigV2).toEqual({ beta: { number: 0.5 }, mode: { text: 'fast' } })
  })
})

const decoders = {
  ForwardBackwardRequest: decodeForwardBackwardRequest,
  ForwardBackwardOutput: decodeForwardBackwardOutput,
  SampleResponse: decodeSampleResponse,
}

function survives(message: MessageName, bytes: Uint8Array): void {
  try {
    decoders[message](bytes)
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    expect(error.message).toContain(message)
  }
}

describe('hostile bytes', () => {
  test('noise is a message or a DataError that names it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...Object.keys(decoders)), (bytes, message) => {
        survives(message as MessageName, bytes)
      }),
      { numRuns: 2000 },
    )
  })

  test('a golden message with bytes changed or cut is a message or a DataError', () => {
    const cases = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.option(fc.nat()),
      name: fc.constantFrom(...Object.keys(golden)),
    })
    fc.assert(
      fc.property(cases, ({ at, byte, cut, name }) => {
        const bytes = bytesOf(name)
        bytes[at % bytes.length] = byte
        survives(golden[name]!.message, cut === null ? bytes : bytes.subarray(0, cut % bytes.length))
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    [
      'a cut tensor',
      'ForwardBackwardRequest',
      tensorRequest({ dense: new Uint8Array(7), dtype: 1 }),
      'data[0].weights: 7 bytes are not whole elements of 4',
    ],
    [
      'an unknown element type',
      'ForwardBackwardRequest',
      tensorRequest({ dense: new Uint8Array(4), dtype: 9 }),
      'data[0].weights: unknown element type 9',
    ],
    [
      'a shape that lies',
      'ForwardBackwardRequest',
      tensorRequest({ dense: new Uint8Array(8), dtype: 1, shape: [3] }),
      'data[0].weights: 2 elements do not fill the shape [3]',
    ],
    [
      'a vast sparse shape',
      'ForwardBackwardRequest',
      tensorRequest({ sparseCsr: {}, dtype: 1, shape: [2 ** 30, 2 ** 30] }),
      'data[0].weights: more than 67108864 elements in one message',
    ],
    [
      'a negative shape',
      'ForwardBackwardRequest',
      tensorRequest({ sparseCsr: {}, dtype: 1, shape: [-4, -4] }),
      'data[0].weights: shape [-4, -4] has a size that is not a count',
    ],
    [
      'NaN in a tensor',
      'ForwardBackwardRequest',
      tensorRequest({ dense: new Uint8Array([0, 0, 192, 127]), dtype: 1 }),
      'data[0].weights: element 0 is NaN, not a finite number',
    ],
    [
      'a loss that is NaN',
      'ForwardBackwardOutput',
      encodeRaw('ForwardBackwardOutput', { metrics: { 'loss:sum': Number.NaN } }),
      'metrics.loss:sum: is NaN',
    ],
    [
      'a count nothing backs',
      'ForwardBackwardOutput',
      encodeRaw('ForwardBackwardOutput', { lossFnOutputs: [{ numDatums: 1e15 }] }),
      'loss_fn_outputs[0]: 1000000000000000 data',
    ],
    [
      'a log-probability that is NaN',
      'SampleResponse',
      encodeRaw('SampleResponse', {
        sequences: [{ tokens: new Uint8Array(4), logprobs: new Uint8Array([0, 0, 192, 127]) }],
      }),
      'sequences[0].logprobs[0]: is NaN',
    ],
    [
      'a reason that does not exist',
      'SampleResponse',
      encodeRaw('SampleResponse', { sequences: [{ stopReason: 5 }] }),
      'sequences[0].stop_reason: unknown number 5',
    ],
    [
      'rows of a matrix that is not there',
      'SampleResponse',
      encodeRaw('SampleResponse', { topkPromptLogprobs: { length: 2 ** 31 } }),
      '0 tokens and 0 logprobs for 2147483648 rows of 0',
    ],
  ] as const)('%s is refused by name', (_, message, bytes, expected) => {
    expect(() => decoders[message](bytes)).toThrow(expected)
    expect(() => decoders[message](bytes)).toThrow(DataError)
  })

  test('ten million empty records are refused before memory is spent on them', () => {
    const bytes = new Uint8Array(20_000_000)
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x1a
    expect(() => decodeForwardBackwardRequest(bytes)).toThrow('ForwardBackwardRequest: more than 2000000 fields')
  })

  test('a message above the cap is not read', () => {
    expect(() => decodeSampleResponse(new Uint8Array(100), 99)).toThrow('SampleResponse: 100 bytes, more than 99')
  })

  test('a number that float32 cannot hold is not sent', () => {
    const data = [{ modelInput: [], lossInputs: { weights: list('float32', [1, 1e39]) } }]
    expect(() => encodeForwardBackwardRequest({ ...crossEntropy, data })).toThrow(
      'ForwardBackwardRequest: data[0].weights[1]: 1e+39 is not a finite float32',
    )
  })
})

function tensorRequest(weights: object): Uint8Array {
  return encodeRaw('ForwardBackwardRequest', { data: [{ lossFnInputs: { weights } }] })
}
