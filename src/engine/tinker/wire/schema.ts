/**
 * The protobuf descriptor of the Tinker messages. Field numbers are those of the official SDK's own descriptor. A field
 * that may be absent is a oneof of its own, as in every proto3 compiler.
 */
import protobuf from 'protobufjs/light.js'

const field = (type: string, id: number): protobuf.IField => ({ type, id })
const repeated = (type: string, id: number): protobuf.IField => ({ type, id, rule: 'repeated' })
const map = (type: string, id: number): protobuf.IMapField => ({ type, id, keyType: 'string' })

// protobufjs reads `edition`, its type does not know it.
const descriptor: protobuf.INamespace & { readonly edition: 'proto3' } = {
  edition: 'proto3',
  nested: {
    ForwardBackwardRequest: {
      fields: {
        modelId: field('string', 1),
        seqId: field('int32', 2),
        data: repeated('Datum', 3),
        lossFn: field('string', 4),
        lossFnConfig: map('double', 5),
        forwardOnly: field('bool', 6),
        // From SDK 0.26.2 on; supersedes 5, which newer SDKs still fill with the numbers.
        lossFnConfigV2: map('LossConfigValue', 7),
      },
    },
    LossConfigValue: {
      oneofs: { value: { oneof: ['number', 'text'] } },
      fields: { number: field('double', 1), text: field('string', 2) },
    },
    Datum: { fields: { modelInput: repeated('Chunk', 1), lossFnInputs: map('Tensor', 2) } },
    Chunk: {
      oneofs: { chunk: { oneof: ['encodedText', 'image', 'dmel'] } },
      fields: { encodedText: field('EncodedText', 1), image: field('bytes', 2), dmel: field('bytes', 3) },
    },
    EncodedText: { fields: { tokens: field('bytes', 1) } },
    Tensor: {
      oneofs: { encoding: { oneof: ['dense', 'sparseCsr'] } },
      fields: {
        dense: field('bytes', 1),
        sparseCsr: field('SparseCsr', 2),
        dtype: field('int32', 3),
        shape: repeated('int64', 4),
      },
    },
    SparseCsr: { fields: { values: field('bytes', 1), crowIndices: field('bytes', 2), colIndices: field('bytes', 3) } },
    ForwardBackwardOutput: {
      fields: {
        lossFnOutputType: field('string', 1),
        lossFnOutputs: repeated('ArrayRecord', 2),
        metrics: map('double', 3),
      },
    },
    ArrayRecord: {
      fields: { typeTag: field('string', 1), fields: map('BatchedTensor', 2), numDatums: field('int64', 3) },
    },
    BatchedTensor: {
      fields: {
        data: field('bytes', 1),
        offsets: field('bytes', 2),
        dtype: field('int32', 3),
        trailingShape: repeated('int64', 4),
      },
    },
    SampleResponse: {
      oneofs: { _promptLogprobs: { oneof: ['promptLogprobs'] }, _topk: { oneof: ['topkPromptLogprobs'] } },
      fields: {
        sequences: repeated('SampledSequence', 1),
        promptLogprobs: field('bytes', 2),
        topkPromptLogprobs: field('TopkLogprobs', 3),
        promptCacheHitTokens: field('int32', 4),
      },
    },
    SampledSequence: {
      oneofs: { _logprobs: { oneof: ['logprobs'] } },
      fields: { stopReason: field('int32', 1), tokens: field('bytes', 2), logprobs: field('bytes', 3) },
    },
    TopkLogprobs: {
      fields: {
        tokenIds: field('bytes', 1),
        logprobs: field('bytes', 2),
        k: field('uint32', 3),
        length: field('uint32', 4),
      },
    },
  },
}

const root = protobuf.Root.fromJSON(descriptor)

/** The message types a client or server sends as a whole. */
export const messageTypes = {
  ForwardBackwardRequest: root.lookupType('ForwardBackwardRequest'),
  ForwardBackwardOutput: root.lookupType('ForwardBackwardOutput'),
  SampleResponse: root.lookupType('SampleResponse'),
}

export type MessageName = keyof typeof messageTypes

/** Numbers of the element types on the wire. */
export const DTYPE = { float32: 1, int64: 2, int32: 3, bfloat16: 4 } as const

/** Numbers of the reasons a completion ended for. */
export const STOP_REASON = { stop: 0, length: 1 } as const
