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
  /** Global norm of the accumulated gradient before clipping; absent where a server does not say. */
  readonly gradNorm?: number
  readonly paramNorm?: number
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

/** How a call is ended early. */
export type CallOptions = {
  /** Ends the call with an EngineError of code E_ABORTED, at the next token or micro-batch; nothing half done remains. */
  readonly signal?: AbortSignal | undefined
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
  sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    options?: CallOptions,
  ): Promise<readonly (readonly SampledSequence[])[]>
}

/** A model that is only read: a base model, or a snapshot that later training does not reach. */
export interface FrozenClient extends SamplingClient {
  /** As `TrainingClient.forward`. */
  forward(data: readonly Datum[], loss: LossName, config?: LossConfig, options?: CallOptions): Promise<ForwardResult>
  info(): Promise<ModelInfo>
  close(): Promise<void>
}

export interface TrainingClient extends FrozenClient {
  /** Adds the gradient of the summed loss to the accumulated gradient: all of it or, when it fails, nothing. */
  forwardBackward(
    data: readonly Datum[],
    loss: LossName,
    config?: LossConfig,
    options?: CallOptions,
  ): Promise<ForwardResult>
  /** Applies AdamW to the accumulated gradient and clears it. */
  optimStep(params: AdamParams): Promise<OptimStepResult>
  /** Writes weights and optimizer state into `dir`; whole or absent. A remote engine writes a pointer to the server's own copy. */
  saveState(dir: string): Promise<void>
  /**
   * Gives back what a saved state holds outside of `dir`, before the folder is removed; absent where that is nothing. A state
   * that is gone already is no error.
   */
  forgetState?(dir: string): Promise<void>
  /** @throws {AuditError} when a file does not match its recorded hash, {DataError} when shapes do not fit the model */
  loadState(dir: string, options: { readonly optimizer: boolean }): Promise<void>
  /**
   * Writes the weights alone, in a layout that transformers and vLLM load: `model.safetensors` and `config.json`, or for
   * an adapter PEFT's `adapter_model.safetensors` and `adapter_config.json`. `merged` adds the adapter to its base first.
   */
  saveWeights(dir: string, options?: { readonly merged?: boolean | undefined }): Promise<void>
  /**
   * Replaces the trained weights by those of a folder that `saveWeights` or PEFT wrote; optimizer state is forgotten.
   *
   * @throws {DataError} naming file and tensor when the folder does not fit the model
   */
  loadWeights(dir: string): Promise<void>
  /** Forgets optimizer moments and step count: a new stage starts fresh. */
  resetOptimizer(): Promise<void>
}

export type ModelInfo = {
  /** All weights, an adapter's included; absent where a server does not say. */
  readonly parameters?: number
  /** Weights that training changes. */
  readonly trainableParameters?: number
  readonly vocabSize: number
  readonly contextLength: number
  /** Hash over all weights in parameter order: equal bytes, equal hash. Absent where a server does not say. */
  readonly weightsHash?: string
  /** Tokens of this client so far. */
  readonly usage: TokenUsage
  /** What this engine does in its own way (loss scaling, snapshots, ignored settings …), for the run's record. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

/** Tokens that went through the model, by kind of work. */
export type TokenUsage = {
  /** forwardBackward. */
  readonly trained: number
  /** forward. */
  readonly scored: number
  /** Prompts read for sampling, once per request. */
  readonly prefilled: number
  readonly sampled: number
}

/** How the frequencies of rotary position embedding are stretched beyond the length a model was trained on. */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly originalMaxPositions: number
    }
  | {
      readonly kind: 'yarn'
      readonly factor: number
      readonly originalMaxPositions: number
      readonly betaFast: number
      readonly betaSlow: number
      /** Multiplies cos and sin. */
      readonly attentionFactor: number
      /** Whether the borders of the ramp are rounded to whole pairs; transformers' default is true. */
      readonly truncate: boolean
    }

/** A dense decoder of the Llama, Qwen2 and Qwen3 families, in the field names of its `config.json`. */
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
  /** Which attention projections have a bias: none unless told, 'qkv' in Qwen2, 'qkvo' in Llama with `attention_bias`. */
  readonly attentionBias?: 'qkv' | 'qkvo'
  readonly ropeScaling?: RopeScaling
}

/** A linear layer that may carry a low-rank adapter, in PEFT's names. */
export type LoraTarget = 'q_proj' | 'k_proj' | 'v_proj' | 'o_proj' | 'gate_proj' | 'up_proj' | 'down_proj' | 'lm_head'

/** A low-rank adapter: W x + (alpha / rank) · B A x on each target, W frozen (Hu et al. 2021, §4.1). */
export type LoraConfig = {
  readonly rank: number
  readonly alpha: number
  readonly targets: readonly LoraTarget[]
}

/** One base model in memory and any number of models trained from it. */
export interface ModelHost {
  /** The base, read only. */
  readonly base: FrozenClient
  /** @returns a new model over the base: an adapter, or without `lora` a copy whose every weight is trained */
  createModel(options: { readonly lora?: LoraConfig | undefined; readonly seed: number }): Promise<TrainingClient>
  /** @returns the model of a folder that `saveWeights` wrote, frozen */
  openSnapshot(dir: string): Promise<FrozenClient>
  /** Closes every client. */
  close(): Promise<void>
}

export interface EngineFactory<Config> {
  readonly name: string
  /** @returns a client for a new model, its weights drawn from `seed` */
  create(config: Config): Promise<TrainingClient>
}
