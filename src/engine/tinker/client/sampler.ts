import { clock } from '../../../core/clock.ts'
import { EngineError } from '../../../core/errors.ts'
import { parseBody, parseSampleResult } from '../wire/json.ts'
import type { SampleResponse } from '../wire/messages.ts'
import type { SamplingParamsBody } from '../wire/requests.ts'
import { createSamplingSessionResponse, promiseResponse } from '../wire/responses.ts'
import { decodeSampleResponse } from '../wire/sample-protobuf.ts'
import type { Connection } from './connection.ts'
import { awaitDecoded } from './future.ts'
import { createGate } from './gate.ts'
import { abortedError, pause, retryAfterMs } from './http.ts'
import type { SavedSampler } from './model.ts'
import { startOperation } from './operation.ts'
import { jsonBody, jsonOf, submit } from './submit.ts'

/** Keeps all sampling of a client within what the server bears. */
export type Pacer = {
  /** Runs a sampling request when there is room for it. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** The server said 429 to a request of so many bytes: everybody waits. */
  throttle(bytes: number, askedMs: number | undefined): void
  /** Resolves when nobody has to wait. */
  clear(signal: AbortSignal | undefined): Promise<void>
}

/** As the official SDK: prompts above 128 KiB wait five times as long, and for 10 s only 10 requests are sent. */
const LARGE_PROMPT_BYTES = 128 * 1024
const CAUTIOUS_MS = 10_000
const CAUTIOUS_REQUESTS = 10
const MAX_LOST = 3

/** @param maxRequests requests under way at most, besides the server's own limit */
export function createPacer(connection: Connection, maxRequests: number): Pacer {
  const most = Math.min(maxRequests, connection.flags.sample_max_concurrent_requests)
  let pausedUntilMs = 0
  let cautiousUntilMs = 0
  const isCautious = (): boolean => clock.monotonicMs() < cautiousUntilMs
  const gate = createGate(() => (isCautious() ? Math.min(CAUTIOUS_REQUESTS, most) : most))
  return {
    run: (work) => gate.run(1, work),
    throttle(bytes, askedMs) {
      const now = clock.monotonicMs()
      const ownMs = connection.timing.throttleMs * (bytes > LARGE_PROMPT_BYTES ? 5 : 1)
      pausedUntilMs = Math.max(pausedUntilMs, now + Math.max(ownMs, askedMs ?? 0))
      cautiousUntilMs = now + CAUTIOUS_MS
    },
    async clear(signal) {
      while (clock.monotonicMs() < pausedUntilMs) {
        await pause(pausedUntilMs - clock.monotonicMs() + 1, signal)
        if (signal?.aborted) throw abortedError('asample')
      }
    },
  }
}

export type RemoteSampleRequest = {
  readonly promptTokens: readonly number[]
  readonly numSamples: number
  readonly params: SamplingParamsBody
  readonly promptLogprobs?: boolean
}

/** A sampling session at a server. */
export type RemoteSampler = {
  readonly sessionId: string
  sample(request: RemoteSampleRequest, signal?: AbortSignal): Promise<SampleResponse>
  /**
   * log-probability of each token of a text, the first undefined, nats; whatever a server's way to count them.
   *
   * @returns [token]
   */
  scorePrompt(promptTokens: readonly number[], signal?: AbortSignal): Promise<readonly (number | null)[]>
  /** Why it must not be used any more; every later call throws it. */
  retire(reason: string): void
}

/** A sampler of weights that were saved, or of a base model. */
export async function openSampler(
  connection: Connection,
  pacer: Pacer,
  source: SavedSampler | { readonly kind: 'base'; readonly baseModel: string },
): Promise<RemoteSampler> {
  if (source.kind === 'session') return createSampler(connection, pacer, source.sessionId)
  const operation = startOperation('create_sampling_session', connection.timing.submitMs)
  const { answer } = await submit(connection, operation, {
    endpoint: 'create_sampling_session',
    body: jsonBody({
      type: 'create_sampling_session',
      session_id: connection.sessionId,
      sampling_session_seq_id: connection.next('sampler'),
      ...(source.kind === 'base' ? { base_model: source.baseModel } : { model_path: source.path }),
    }),
  })
  const session = parseBody(createSamplingSessionResponse, jsonOf(answer, operation.label), operation.label)
  return createSampler(connection, pacer, session.sampling_session_id)
}

function createSampler(connection: Connection, pacer: Pacer, sessionId: string): RemoteSampler {
  let nextSeqId = 0
  let retired: string | undefined
  async function sample(request: RemoteSampleRequest, signal?: AbortSignal): Promise<SampleResponse> {
    return pacer.run(async () => {
      for (let lost = 0; ; lost += 1) {
        // A number names a request, not an order; one that the server lost is asked again under a new one.
        const seqId = nextSeqId++
        try {
          if (retired !== undefined) throw new EngineError(retired)
          return await sampleOnce(connection, pacer, sessionId, seqId, request, signal)
        } catch (error) {
          if (!(error instanceof EngineError && error.status === 410) || lost >= MAX_LOST) throw error
        }
      }
    })
  }
  return {
    sessionId,
    sample,
    async scorePrompt(promptTokens, signal) {
      const params = { max_tokens: 1, temperature: 1, top_k: -1, top_p: 1 }
      const { promptLogprobs } = await sample({ promptTokens, numSamples: 1, params, promptLogprobs: true }, signal)
      return alignPromptLogprobs(promptLogprobs, promptTokens.length)
    },
    retire: (reason) => {
      retired = reason
    },
  }
}

/**
 * One log-probability per prompt token, the first undefined: SkyRL's JAX backend leaves the first out.
 *
 * @throws {EngineError} when there are others than these two numbers of them
 */
export function alignPromptLogprobs(
  logprobs: readonly (number | null)[] | undefined,
  promptLength: number,
): readonly (number | null)[] {
  if (logprobs?.length === promptLength) return logprobs
  if (logprobs?.length === promptLength - 1) return [null, ...logprobs]
  throw new EngineError(
    `the server sent ${logprobs?.length ?? 'no'} log-probabilities for ${promptLength} prompt tokens`,
  )
}

async function sampleOnce(
  connection: Connection,
  pacer: Pacer,
  sessionId: string,
  seqId: number,
  { promptTokens, numSamples, params, promptLogprobs }: RemoteSampleRequest,
  signal: AbortSignal | undefined,
): Promise<SampleResponse> {
  const operation = startOperation('asample', connection.timing.deadlineMs)
  operation.seqId = seqId
  const body = jsonBody({
    type: 'sample',
    sampling_session_id: sessionId,
    seq_id: seqId,
    num_samples: numSamples,
    prompt: { chunks: [{ type: 'encoded_text', tokens: promptTokens }] },
    sampling_params: params,
    prompt_logprobs: promptLogprobs ?? false,
  })
  await pacer.clear(signal)
  const { answer } = await submit(connection, operation, {
    endpoint: 'asample',
    body,
    headers: { 'X-Tinker-Sampling-Backpressure': '1' },
    signal,
    onThrottled: async (refused) => {
      pacer.throttle(body.length, retryAfterMs(refused.headers))
      await pacer.clear(signal)
    },
  })
  operation.requestId = parseBody(promiseResponse, jsonOf(answer, 'asample'), 'asample').request_id
  const options = { requestType: 'Sample', wantsProtobuf: true, payloads: connection.payloads, signal }
  const response = await awaitDecoded(connection, operation, options, (result) =>
    result.kind === 'protobuf' ? decodeSampleResponse(result.bytes) : parseSampleResult(result.value),
  )
  if (response.sequences.length !== numSamples) {
    throw new EngineError(`the server sent ${response.sequences.length} completions, ${numSamples} were asked for`)
  }
  return response
}
