/**
 * The Tinker messages that carry tensors, as plain values: what protobuf (SDK 0.25 on) and JSON (up to 0.24) both say.
 * Tensors are always dense here; floats hold what float32 can, integers what a double can.
 */

export type WireTensor = {
  readonly dtype: 'float32' | 'int64'
  readonly shape: readonly number[]
  /** Row-major, as many as the product of `shape`. */
  readonly data: readonly number[]
}

/** A piece of a prompt: token ids, or something this project does not read (an image, audio), kept by name to refuse it. */
export type WireChunk =
  | { readonly type: 'encoded_text'; readonly tokens: readonly number[] }
  | { readonly type: 'unsupported'; readonly what: string }

export type WireDatum = {
  readonly modelInput: readonly WireChunk[]
  /** By name: target_tokens, weights, logprobs, advantages. */
  readonly lossInputs: Readonly<Record<string, WireTensor>>
}

export type ForwardBackwardRequest = {
  readonly modelId: string
  readonly seqId: number
  readonly data: readonly WireDatum[]
  readonly lossFn: string
  /** Text values exist from SDK 0.26.2 on. */
  readonly lossConfig: Readonly<Record<string, number | string>>
  readonly forwardOnly: boolean
}

export type ForwardBackwardOutput = {
  /** Name of the output class, without its module. */
  readonly outputType: string
  /** One record per datum, tensors by name. */
  readonly outputs: readonly Readonly<Record<string, WireTensor>>[]
  /** By `name:reduction`. */
  readonly metrics: Readonly<Record<string, number>>
}

export type WireSequence = {
  readonly stopReason: 'stop' | 'length'
  readonly tokens: readonly number[]
  /** As many as tokens; absent where a server did not compute them. */
  readonly logprobs?: readonly number[]
}

/** The k most probable tokens at each position: [token, logprob], or null where a position has none. */
export type TopkLogprobs = {
  readonly k: number
  readonly rows: readonly (readonly (readonly [number, number])[] | null)[]
}

export type SampleResponse = {
  readonly sequences: readonly WireSequence[]
  /** One per prompt token; null where undefined, as for the first. */
  readonly promptLogprobs?: readonly (number | null)[]
  readonly topkPromptLogprobs?: TopkLogprobs
  readonly promptCacheHitTokens: number
}
