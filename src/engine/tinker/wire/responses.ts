/** The JSON bodies a server answers with. Unknown fields are dropped, so that newer servers can be read. */
import { z } from 'zod'

const type = z.string().nullish()
const bytes = z.int().positive()

/** POST client/config: what the client may do. All optional; the defaults are those of the official SDK. */
export const clientConfigResponse = z.object({
  pjwt_auth_enabled: z.boolean().default(false),
  sample_dispatch_bytes_semaphore_size: bytes.default(10 * 1024 * 1024),
  inflight_response_bytes_semaphore_size: bytes.default(50 * 1024 * 1024),
  parallel_fwdbwd_chunks: z.boolean().default(true),
  proto_write_fwdbwd: z.boolean().default(false),
  proto_compress_fwdbwd: z.boolean().default(false),
  fwdbwd_max_chunk_len: z.int().positive().default(1024),
  fwdbwd_max_chunk_bytes_count: bytes.default(5_000_000),
  fwdbwd_dispatch_bytes_semaphore_size: bytes.default(50_000_000),
  billing_exception_max_pause_duration_sec: z.number().nonnegative().default(3600),
  sample_no_retries: z.boolean().default(false),
  sample_max_concurrent_requests: z.int().positive().default(2000),
  sample_use_retrieve_futures: z.boolean().default(false),
  create_model_via_load_weights: z.boolean().default(false),
})

/** POST auth/token. */
export const authTokenResponse = z.object({ jwt: z.string() })

/** POST create_session. */
export const createSessionResponse = z.object({
  type,
  session_id: z.string().min(1),
  info_message: z.string().nullish(),
  warning_message: z.string().nullish(),
  error_message: z.string().nullish(),
})

/** What every slow call answers at once. */
export const promiseResponse = z.object({
  request_id: z.string().min(1),
  model_id: z.string().nullish(),
  /** From SDK 0.26.2 on, one per requested sample. */
  sample_sequence_ids: z.array(z.string()).nullish(),
})

/** Why an operation waits. */
export const queueState = z.enum(['active', 'paused_capacity', 'paused_rate_limit'])

/** POST retrieve_future while there is no result; also the body of a 408. */
export const tryAgainResponse = z.object({
  type: z.literal('try_again').nullish(),
  request_id: z.string().nullish(),
  queue_state: z.string().nullish(),
  queue_state_reason: z.string().nullish(),
})

/** POST retrieve_future of an operation that failed for good. */
export const failedResponse = z.object({
  error: z.string(),
  category: z.enum(['unknown', 'server', 'user']).catch('unknown').default('unknown'),
})

/** POST retrieve_future when the result is large and only its size was asked for. */
export const metadataResponse = z.object({ status: z.literal('complete_metadata'), response_payload_size: z.int() })

/** Result of create_model and unload_model. */
export const modelResponse = z.object({ type, model_id: z.string().min(1) })

/** Result of optim_step. */
export const optimStepResponse = z.object({ type, metrics: z.record(z.string(), z.number()).nullish() })

/** Result of save_weights. */
export const saveWeightsResponse = z.object({ type, path: z.string().min(1) })

/** Result of save_weights_for_sampler: a path when it was named, a sampling session when not. */
export const saveWeightsForSamplerResponse = z.object({
  type,
  path: z.string().nullish(),
  sampling_session_id: z.string().nullish(),
})

/** Result of load_weights. */
export const loadWeightsResponse = z.object({ type, path: z.string().nullish(), model_id: z.string().nullish() })

/** POST weights_info. */
export const weightsInfoResponse = z.object({
  base_model: z.string(),
  is_lora: z.boolean(),
  lora_rank: z.int().nullish(),
  train_unembed: z.boolean().nullish(),
  train_mlp: z.boolean().nullish(),
  train_attn: z.boolean().nullish(),
})

/** POST create_sampling_session. */
export const createSamplingSessionResponse = z.object({ type, sampling_session_id: z.string().min(1) })

/** GET get_server_capabilities. `vocab_size` is ours: other servers do not say it. */
export const capabilitiesResponse = z.object({
  supported_models: z.array(
    z.object({
      model_name: z.string().nullish(),
      max_context_length: z.int().positive().nullish(),
      vocab_size: z.int().positive().nullish(),
    }),
  ),
})

/** GET training_runs/…/archive when it is not a redirect. */
export const archiveResponse = z.object({ url: z.string(), expires: z.string().nullish() })

export type ClientConfig = z.infer<typeof clientConfigResponse>
export type Capabilities = z.infer<typeof capabilitiesResponse>
