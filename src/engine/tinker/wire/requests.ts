/**
 * The JSON bodies a client sends, with the defaults of the official SDK. Unknown fields are dropped: every SDK generation
 * adds some. `null` means absent, as Python writes it.
 */
import { z } from 'zod'

/** Prefix of every path below. */
export const API = '/api/v1'

const count = z.int().nonnegative()
const metadata = z.record(z.string(), z.unknown()).nullish()
const type = z.string().optional()
/** Chosen by us: a hundred years, which every clock can still add to now. */
const MAX_TTL_SECONDS = 100 * 365 * 86_400
const timeToLive = z.int().positive().max(MAX_TTL_SECONDS)

/** POST client/config and client/dynamic_config. */
export const clientConfigRequest = z.object({ sdk_version: z.string().nullish() })

/** POST create_session. */
export const createSessionRequest = z.object({
  type,
  tags: z.array(z.string()).default([]),
  user_metadata: metadata,
  sdk_version: z.string().default(''),
  project_id: z.string().nullish(),
})

/** POST session_heartbeat. */
export const sessionHeartbeatRequest = z.object({ type, session_id: z.string() })

/** The adapter of a new model; its alpha is not on the wire. */
export const loraConfig = z.object({
  rank: count,
  seed: z.int().nullish(),
  train_unembed: z.boolean().default(true),
  train_mlp: z.boolean().default(true),
  train_attn: z.boolean().default(true),
})

/** POST create_model. `model_seq_id` counts the models of a session from 0. */
export const createModelRequest = z.object({
  type,
  session_id: z.string(),
  model_seq_id: count,
  base_model: z.string(),
  user_metadata: metadata,
  lora_config: loraConfig.nullish(),
})

/** POST get_info and unload_model. */
export const modelRequest = z.object({ type, model_id: z.string() })

export const adamParams = z.object({
  learning_rate: z.number().default(1e-4),
  beta1: z.number().default(0.9),
  beta2: z.number().default(0.95),
  eps: z.number().default(1e-12),
  weight_decay: z.number().default(0),
  /** 0 means no clipping. */
  grad_clip_norm: z.number().default(0),
})

/** POST optim_step. */
export const optimStepRequest = z.object({
  type,
  model_id: z.string(),
  seq_id: z.int().nullish(),
  adam_params: adamParams,
})

/** POST save_weights: weights and optimizer state under a name. */
export const saveWeightsRequest = z.object({
  type,
  model_id: z.string(),
  path: z.string().nullish(),
  seq_id: z.int().nullish(),
  ttl_seconds: timeToLive.nullish(),
  overwrite: z.boolean().default(false),
  user_metadata: metadata,
})

/** POST save_weights_for_sampler: with a name kept, without one as long as the session. */
export const saveWeightsForSamplerRequest = z.object({
  type,
  model_id: z.string(),
  path: z.string().nullish(),
  sampling_session_seq_id: count.nullish(),
  seq_id: z.int().nullish(),
  ttl_seconds: timeToLive.nullish(),
})

/** POST load_weights: into a model (model_id, seq_id), or as a new model of a session (session_id, model_seq_id). */
export const loadWeightsRequest = z.object({
  type,
  model_id: z.string().nullish(),
  seq_id: z.int().nullish(),
  session_id: z.string().nullish(),
  model_seq_id: count.nullish(),
  base_model: z.string().nullish(),
  user_metadata: metadata,
  path: z.string(),
  optimizer: z.boolean().default(false),
  weights_access_token: z.string().nullish(),
})

/** POST weights_info. */
export const weightsInfoRequest = z.object({ tinker_path: z.string() })

/** POST create_sampling_session. The counter is shared with ephemeral saves. */
export const createSamplingSessionRequest = z.object({
  type,
  session_id: z.string(),
  sampling_session_seq_id: count,
  base_model: z.string().nullish(),
  model_path: z.string().nullish(),
})

/** A chunk of a prompt in JSON; what is not text is kept by its type alone. */
export const promptChunk = z.union([
  z.object({ type: z.literal('encoded_text').default('encoded_text'), tokens: z.array(z.int()) }),
  z.object({ type: z.string() }),
])

export const samplingParams = z.object({
  max_tokens: z.int().positive().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()), z.array(z.int())]).nullish(),
  temperature: z.number().nonnegative().default(1),
  top_k: z.int().default(-1),
  top_p: z.number().default(1),
})

/** POST asample. */
export const sampleRequest = z.object({
  type,
  sampling_session_id: z.string().nullish(),
  seq_id: z.int().nullish(),
  base_model: z.string().nullish(),
  model_path: z.string().nullish(),
  num_samples: z.int().positive().default(1),
  prompt: z.object({ chunks: z.array(promptChunk) }),
  sampling_params: samplingParams,
  prompt_logprobs: z.boolean().nullish(),
  topk_prompt_logprobs: count.default(0),
  topk_sample_logprobs: count.default(0),
})

/** POST retrieve_future. */
export const retrieveFutureRequest = z.object({
  request_id: z.string(),
  allow_metadata_only: z.boolean().default(false),
})

/** POST cancel_future. */
export const cancelFutureRequest = z.object({ request_id: z.string() })

/** PUT training_runs/…/ttl. */
export const ttlRequest = z.object({ ttl_seconds: timeToLive.nullable() })

export type LoraConfigBody = z.input<typeof loraConfig>
export type SamplingParamsBody = z.input<typeof samplingParams>
