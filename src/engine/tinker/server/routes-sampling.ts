import type { Hono } from 'hono'
import { z } from 'zod'
import { formatForwardBackwardResult, formatSampleResult } from '../wire/json.ts'
import { encodeForwardBackwardOutput, PROTOBUF_TYPE } from '../wire/protobuf.ts'
import { API, cancelFutureRequest, createSamplingSessionRequest, retrieveFutureRequest } from '../wire/requests.ts'
import { encodeSampleResponse } from '../wire/sample-protobuf.ts'
import { checkBaseName, checkpointAt } from './addresses.ts'
import { parseSampleBody, planSample, type SampleBody } from './asample.ts'
import { jsonOf, readBody } from './body.ts'
import type { ServerContext } from './context.ts'
import { RequestError } from './errors.ts'
import { type FutureResult, settleWith } from './futures.ts'
import { emptyReply, jsonReply, readJson } from './http.ts'
import { checkpointTarget, rememberCall, type Sampler, type SamplerTarget } from './samplers.ts'

const joinRequest = z.object({ sampling_session_id: z.string() })

/** Samplers, sampling and the results of all slow calls. */
export function addSamplingRoutes(app: Hono, context: ServerContext): void {
  const { options, limits, sessions, samplers, futures } = context
  app.post(`${API}/create_sampling_session`, async (c) => {
    const { value, hash } = await readJson(c.req.raw, createSamplingSessionRequest, 'create_sampling_session', limits)
    const session = sessions.find(value.session_id)
    const target = targetOf(context, value.model_path, value.base_model)
    const { id } = samplers.open(session, value.sampling_session_seq_id, hash, target)
    return jsonReply({ type: 'create_sampling_session', sampling_session_id: id })
  })
  app.post(`${API}/join_sampling_session`, async (c) => {
    const { value } = await readJson(c.req.raw, joinRequest, 'join_sampling_session', limits)
    const sampler = samplers.find(value.sampling_session_id)
    sampler.clients += 1
    return jsonReply({ type: 'join_sampling_session', client_counter: sampler.clients })
  })
  app.get(`${API}/samplers/:id`, (c) => {
    const sampler = samplers.find(c.req.param('id'))
    const body = { sampler_id: sampler.id, base_model: options.baseModel, model_path: samplers.pathOf(sampler) }
    return jsonReply(body)
  })
  app.post(`${API}/asample`, async (c) => {
    const body = await readBody(c.req.raw, limits)
    return submitSample(context, parseSampleBody(jsonOf(body)), body.hash)
  })
  app.post(`${API}/cancel_future`, async (c) => {
    const { value } = await readJson(c.req.raw, cancelFutureRequest, 'cancel_future', limits)
    futures.cancel(value.request_id)
    return emptyReply()
  })
  app.post(`${API}/retrieve_future`, async (c) => {
    const { value } = await readJson(c.req.raw, retrieveFutureRequest, 'retrieve_future', limits)
    const result = await futures.wait(value.request_id, limits.futureHoldMs, c.req.raw.signal)
    if (result === null) return jsonReply({ request_id: value.request_id, queue_state: 'active' }, 408)
    return resultReply(result, c.req.header('accept')?.includes(PROTOBUF_TYPE) === true)
  })
}

/** What a request wants to sample from. */
function targetOf(
  context: ServerContext,
  modelPath: string | null | undefined,
  baseModel: string | null | undefined,
): SamplerTarget {
  if (baseModel != null) checkBaseName(context, baseModel)
  if (modelPath == null) {
    if (baseModel == null) throw new RequestError(400, 'neither model_path nor base_model says what to sample from')
    return { kind: 'base' }
  }
  const checkpoint = checkpointAt(context, modelPath)
  if (checkpoint.kind === 'sampler_weights') return checkpointTarget(checkpoint)
  throw new RequestError(400, `${modelPath} is a training state`, {
    hint: 'sample from weights that save_weights_for_sampler saved',
  })
}

function samplerOf(context: ServerContext, body: SampleBody): Sampler {
  const { samplers, sessions } = context
  if (body.sampling_session_id == null) {
    return samplers.openAnonymous(targetOf(context, body.model_path, body.base_model))
  }
  const sampler = samplers.find(body.sampling_session_id)
  if (sampler.sessionId !== '') sessions.find(sampler.sessionId)
  return sampler
}

function submitSample(context: ServerContext, body: SampleBody, hash: string): Response {
  const { futures, report } = context
  const sampler = samplerOf(context, body)
  const used = body.seq_id == null ? undefined : sampler.calls.get(body.seq_id)
  if (used !== undefined && used.hash !== hash) {
    throw new RequestError(400, `seq_id ${body.seq_id} was used for another request`)
  }
  if (used !== undefined) return samplePromise(used.id, body.num_samples)
  const plan = planSample(body, context)
  const requestId = `${sampler.id}:${body.seq_id ?? `unnumbered-${sampler.unnumbered++}`}`
  if (body.seq_id != null) rememberCall(sampler, body.seq_id, { hash, id: requestId })
  const abort = new AbortController()
  const isNew = futures.open(requestId, { sessionId: sampler.sessionId, cancel: () => abort.abort() })
  if (!isNew) return samplePromise(requestId, body.num_samples)
  const { seed } = body.sampling_params
  // A seed names the draw, whichever request it comes with; without one every request draws anew.
  const key = seed == null ? requestId : `seed/${seed}`
  void settleWith(
    futures,
    requestId,
    async () => {
      const { promptTokens, numSamples, params, scoresPrompt, answer } = plan
      const request = { promptTokens, numSamples, key }
      const outcome = await sampler.sample({ request, params, scoresPrompt, signal: abort.signal })
      return { kind: 'sample', response: answer(outcome) }
    },
    report,
  )
  return samplePromise(requestId, body.num_samples)
}

/** SDKs from 0.26.2 on insist on an id for every sample. */
function samplePromise(requestId: string, numSamples: number): Response {
  return jsonReply({
    request_id: requestId,
    sample_sequence_ids: Array.from({ length: numSamples }, (_, sample) => `${requestId}:${sample}`),
  })
}

/** A result in the form that the client reads: SDKs from 0.25 on take tensors as protobuf only. */
function resultReply(result: FutureResult, wantsProtobuf: boolean): Response {
  if (result.kind === 'json') return jsonReply(result.body)
  if (result.kind === 'failed') return jsonReply({ error: result.error, category: result.category })
  if (!wantsProtobuf) {
    return jsonReply(
      result.kind === 'pass' ? formatForwardBackwardResult(result.output) : formatSampleResult(result.response),
    )
  }
  const bytes =
    result.kind === 'pass' ? encodeForwardBackwardOutput(result.output) : encodeSampleResponse(result.response)
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': PROTOBUF_TYPE } })
}
