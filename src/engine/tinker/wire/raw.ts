import { z } from 'zod'
import { DataError } from '../../../core/errors.ts'
import { guardMessage, MAX_MESSAGE_BYTES } from './guard.ts'
import { wireError } from './numbers.ts'
import { type MessageName, messageTypes } from './schema.ts'

/** Messages as protobuf has them: tensors still bytes. */

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const int64 = z.string().transform((text, context) => {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  context.addIssue({ code: 'custom', message: `integer ${text} is too large for a double` })
  return z.NEVER
})

const rawTensor = z.object({
  dense: bytes.optional(),
  sparseCsr: z.object({ values: bytes, crowIndices: bytes, colIndices: bytes }).optional(),
  dtype: z.number(),
  shape: z.array(int64),
})
const rawDatum = z.object({
  modelInput: z.array(
    z.object({
      encodedText: z.object({ tokens: bytes }).optional(),
      image: bytes.optional(),
      dmel: bytes.optional(),
    }),
  ),
  lossFnInputs: z.record(z.string(), rawTensor),
})
const rawBatchedTensor = z.object({ data: bytes, offsets: bytes, dtype: z.number(), trailingShape: z.array(int64) })

const rawMessages = {
  ForwardBackwardRequest: z.object({
    modelId: z.string(),
    seqId: z.number(),
    data: z.array(rawDatum),
    lossFn: z.string(),
    lossFnConfig: z.record(z.string(), z.number()),
    forwardOnly: z.boolean(),
    lossFnConfigV2: z.record(z.string(), z.object({ number: z.number().optional(), text: z.string().optional() })),
  }),
  ForwardBackwardOutput: z.object({
    lossFnOutputType: z.string(),
    lossFnOutputs: z.array(
      z.object({ typeTag: z.string(), fields: z.record(z.string(), rawBatchedTensor), numDatums: int64 }),
    ),
    // protobuf carries NaN, zod's number refuses it: what it means is for the caller to say.
    metrics: z.record(
      z.string(),
      z.custom<number>((value) => typeof value === 'number'),
    ),
  }),
  SampleResponse: z.object({
    sequences: z.array(z.object({ stopReason: z.number(), tokens: bytes, logprobs: bytes.optional() })),
    promptLogprobs: bytes.optional(),
    topkPromptLogprobs: z.object({ tokenIds: bytes, logprobs: bytes, k: z.number(), length: z.number() }).optional(),
    promptCacheHitTokens: z.number(),
  }),
}

export type RawTensor = z.infer<typeof rawTensor>
export type RawDatum = z.infer<typeof rawDatum>
export type RawBatchedTensor = z.infer<typeof rawBatchedTensor>
export type RawMessages = { readonly [Name in MessageName]: z.infer<(typeof rawMessages)[Name]> }

const schemas: { readonly [Name in MessageName]: z.ZodType<RawMessages[Name]> } = rawMessages

/**
 * A message with its tensors still bytes.
 *
 * @param maxBytes size above which nothing is read; 256 MiB unless told
 * @throws {DataError} naming message and field when the bytes are not such a message
 */
export function decodeRaw<Name extends MessageName>(
  name: Name,
  data: Uint8Array,
  maxBytes = MAX_MESSAGE_BYTES,
): RawMessages[Name] {
  let plain: unknown
  try {
    guardMessage(name, data, maxBytes)
    const type = messageTypes[name]
    plain = type.toObject(type.decode(data), { longs: String, defaults: true })
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw wireError(name, `not protobuf: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  const parsed = schemas[name].safeParse(plain)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw wireError(`${name}: ${issue?.path.join('.') ?? ''}`, issue?.message ?? 'malformed', parsed.error)
}

/** The bytes of a message whose fields have been checked. */
export function encodeRaw(name: MessageName, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const type = messageTypes[name]
  return type.encode(type.fromObject({ ...fields })).finish()
}
