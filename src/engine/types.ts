/**
 * The engine's interface: the calls of the Tinker API, as TypeScript sees them.
 *
 * Algorithms (SFT, GRPO, mining, evaluation) are written once against these types; which engine
 * stands behind them is decided by `pipeline/`. Losses are summed over tokens and data, never averaged:
 * whoever wants a mean scales `weights` or `advantages`.
 */

export type LossName = 'cross_entropy' | 'importance_sampling' | 'ppo' | 'cispo'

/**
 * One training example. All arrays have the length of `inputTokens`: position i predicts `targetTokens[i]`. An array that
 * the loss does not read is refused, not ignored.
 */
export type Datum = {
  readonly inputTokens: readonly number[]
  readonly targetTokens: readonly number[]
  /** cross_entropy: weight of each target, 0 for positions that are not trained. */
  readonly weights?: readonly number[]
  /** policy losses: log-probability of each target when it was sampled, nats; 0 on prompt positions. */
  readonly logprobs?: readonly number[]
  /** policy losses: advantage of each target; 0 on prompt positions. */
  readonly advantages?: readonly number[]
}

/** Absolute ratio bounds, not epsilons. `ppo` defaults to 0.8 / 1.2; `cispo` must be told (no portable default). */
export type LossConfig = { readonly clipLowThreshold?: number; readonly clipHighThreshold?: number }

export type ForwardResult = {
  /** The summed loss, `loss:sum` on the wire. */
  readonly lossSum: number
  /**
   * log p(target) of the forward pass for each datum, [datum][token], nats. `forward` gives every position;
   * `forwardBackward` reports 0 where the weight or advantage is 0, since those never enter the vocabulary head.
   */
  readonly logprobs_DT: readonly (readonly number[])[]
}

export type AdamParams = {
  readonly learningRate: number
  readonly beta1?: number
  readonly beta2?: number
  readonly eps?: number
  readonly weightDecay?: number
  /** Global norm to clip to; 0 or absent means no clipping. */
  readonly gradClipNorm?: number
}

export type OptimStepResult = {
  /** 1 for the first update since initialisation or since a load without optimizer state. */
  readonly step: number
  /** Global norm of the accumulated gradient before clipping. */
  readonly gradNorm: number
  readonly paramNorm: number
}

export type SamplingParams = {
  /** A completion also ends, as `length`, where the context of the model is full. */
  readonly maxTokens: number
  /** 1 unless told; 0 means greedy. */
  readonly temperature?: number
  /** Nucleus share in (0, 1]; 1 unless told. */
  readonly topP?: number
  /** Keep the k most probable tokens; absent or -1 means all. */
  readonly topK?: number
  /** A completion ends when one of these token ids is drawn; the id is part of the completion. */
  readonly stopTokens?: readonly number[]
}

export type SampleRequest = {
  readonly promptTokens: readonly number[]
  readonly numSamples: number
  /**
   * Names the draw: sample j of this request takes its random numbers from (seed, key, j) alone, whatever the batching,
   * order and resumption. Other batches round differently, so a token may still differ where rounding decides.
   */
  readonly key: string
}

export type SampledSequence = {
  /** Completion tokens, the stop token included. */
  readonly tokens: readonly number[]
  /** log-probability of each token under the untempered, unfiltered softmax, nats, [token]. */
  readonly logprobs: readonly number[]
  readonly stopReason: 'stop' | 'length'
}

export interface SamplingClient {
  /** @returns one list of `numSamples` sequences per request, [request][sample] */
  sample(requests: readonly SampleRequest[], params: SamplingParams): Promise<readonly (readonly SampledSequence[])[]>
}

export interface TrainingClient extends SamplingClient {
  /** Adds the gradient of the summed loss to the accumulated gradient. */
  forwardBackward(data: readonly Datum[], loss: LossName, config?: LossConfig): Promise<ForwardResult>
  /** The forward pass alone: same result, no gradient. */
  forward(data: readonly Datum[], loss: LossName, config?: LossConfig): Promise<ForwardResult>
  /** Applies AdamW to the accumulated gradient and clears it. */
  optimStep(params: AdamParams): Promise<OptimStepResult>
  /** Writes weights and optimizer state into `dir`; whole or absent. */
  saveState(dir: string): Promise<void>
  /** @throws {AuditError} when a file does not match its recorded hash, {DataError} when shapes do not fit the model */
  loadState(dir: string, options: { readonly optimizer: boolean }): Promise<void>
  /** Writes the weights alone in the Hugging Face layout (`model.safetensors`, `config.json`). */
  saveWeights(dir: string): Promise<void>
  /** Forgets optimizer moments and step count: a new stage starts fresh. */
  resetOptimizer(): Promise<void>
  info(): Promise<ModelInfo>
  close(): Promise<void>
}

export type ModelInfo = {
  readonly parameters: number
  readonly vocabSize: number
  readonly contextLength: number
  /** Hash over all weights in parameter order: equal bytes, equal hash. */
  readonly weightsHash: string
}

/** A decoder of the Qwen3 family, in the field names of its `config.json`. */
export type DecoderConfig = {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly numHeads: number
  readonly numKeyValueHeads: number
  readonly headDim: number
  readonly intermediateSize: number
  readonly maxPositions: number
  readonly ropeTheta: number
  readonly rmsNormEps: number
  readonly tieEmbeddings: boolean
  readonly qkNorm: boolean
}

export interface EngineFactory<Config> {
  readonly name: string
  /** @returns a client for a new model, its weights drawn from `seed` */
  create(config: Config): Promise<TrainingClient>
}
