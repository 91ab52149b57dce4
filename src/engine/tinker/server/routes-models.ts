import type { Hono } from 'hono'
import { z } from 'zod'
import type { AdamParams, OptimStepResult } from '../../types.ts'
import { parseBody, parseForwardBackwardBody } from '../wire/json.ts'
import type { ForwardBackwardRequest } from '../wire/messages.ts'
import { decodeForwardBackwardRequest } from '../wire/protobuf.ts'
import { API, type adamParams, createModelRequest, modelRequest, optimStepRequest } from '../wire/requests.ts'
import { checkBaseName } from './addresses.ts'
import { jsonOf, type RequestBody, readBody } from './body.ts'
import type { ServerContext } from './context.ts'
import { passOf } from './data.ts'
import { RequestError } from './errors.ts'
import { jsonReply, readJson } from './http.ts'
import type { LiveModel } from './live-model.ts'
import { loraOf } from './lora-flags.ts'
import type { Promised } from './models.ts'
import { runPass } from './passes.ts'
import { peekNumber } from './peek.ts'

/** What an SDK from 0.38 on says of the optimizer; without it, Adam. */
const optimizerConfig = z.object({ type: z.string() }).nullish()
const createRequest = createModelRequest.extend({ optimizer_config: optimizerConfig })
const numbered = z.object({ model_id: z.string(), seq_id: z.int().nullish() })

/** Models: creation, passes, optimizer steps, removal. */
export function addModelRoutes(app: Hono, context: ServerContext): void {
  const { options, limits, models, sessions } = context
  app.post(`${API}/create_model`, async (c) => {
    const { value, hash } = await readJson(c.req.raw, createRequest, 'create_model', limits)
    const session = sessions.find(value.session_id)
    const promised = models.create(session, value.model_seq_id, hash, () => {
      checkBaseName(context, value.base_model)
      checkOptimizer(value.optimizer_config)
      return {
        lora: loraOf(value.lora_config),
        seed: value.lora_config?.seed ?? undefined,
        userMetadata: value.user_metadata ?? null,
        start: async (model) => ({ kind: 'json', body: { type: 'create_model', model_id: model.runId } }),
      }
    })
    return promiseReply(promised)
  })
  app.post(`${API}/get_info`, async (c) => {
    const { value } = await readJson(c.req.raw, modelRequest, 'get_info', limits)
    const model = liveModel(context, value.model_id)
    return jsonReply({
      type: 'get_info',
      model_id: model.runId,
      model_name: options.baseModel,
      is_lora: model.lora !== null,
      lora_rank: model.lora?.rank ?? null,
      model_data: {
        arch: null,
        model_name: options.baseModel,
        tokenizer_id: options.tokenizerId ?? options.baseModel,
      },
    })
  })
  app.post(`${API}/unload_model`, async (c) => {
    const { value, hash } = await readJson(c.req.raw, modelRequest, 'unload_model', limits)
    return promiseReply(models.submitUnload(value.model_id, hash))
  })
  for (const endpoint of ['forward', 'forward_backward'] as const) {
    app.post(`${API}/${endpoint}`, async (c) =>
      promiseReply(submitPass(context, await readBody(c.req.raw, limits), endpoint)),
    )
  }
  app.post(`${API}/optim_step`, async (c) => promiseReply(submitStep(context, await readBody(c.req.raw, limits))))
}

/** The answer to a slow call: what to ask for its result by. */
export function promiseReply({ requestId, modelId }: Promised): Response {
  return jsonReply({ request_id: requestId, model_id: modelId })
}

/** A model in memory; asking for it is a sign of life of its session. @throws {RequestError} 404 or 410 */
export function liveModel({ models, sessions }: ServerContext, modelId: string): LiveModel {
  const model = models.find(modelId)
  sessions.find(model.sessionId)
  return model
}

/** @throws {RequestError} 400 */
export function checkOptimizer(config: z.infer<typeof optimizerConfig>): void {
  if (!config || config.type === 'adamw') return
  throw new RequestError(400, `the optimizer "${config.type.slice(0, 40)}" is not supported`, { hint: 'use adamw' })
}

/** Model and number of a body that may be wrong in all else. */
function numberOf(body: RequestBody): z.infer<typeof numbered> {
  if (body.kind === 'json') return parseBody(numbered, jsonOf(body), 'request')
  return peekNumber(body.bytes)
}

/**
 * Model and number of a body.
 *
 * @throws {DataError} when not even they can be read
 * @throws {RequestError} 400 for the number 0, which belongs to the creation; 404 or 410 without the model
 */
export function callOf(context: ServerContext, body: RequestBody) {
  const { model_id: modelId, seq_id: seqId } = numberOf(body)
  const model = liveModel(context, modelId)
  if (seqId === 0) {
    throw new RequestError(400, 'seq_id 0 belongs to the creation of the model', { hint: 'its operations start at 1' })
  }
  return { model, call: { seqId: seqId ?? undefined, hash: body.hash } }
}

function submitPass(context: ServerContext, body: RequestBody, endpoint: 'forward' | 'forward_backward'): Promised {
  const { limits, base, ledger, models } = context
  const { model, call } = callOf(context, body)
  return models.submit(model, call, () => {
    const request = passRequestOf(body, endpoint, limits.maxDecodedBytes)
    const pass = passOf(request, { ...base, maxDataPerRequest: limits.maxDataPerRequest })
    const options = { forwardOnly: request.forwardOnly, runId: model.runId, ledger }
    return async (client) => ({ kind: 'pass', output: await runPass(client, pass, options) })
  })
}

function passRequestOf(body: RequestBody, endpoint: string, maxBytes: number): ForwardBackwardRequest {
  if (body.kind === 'protobuf') {
    if (endpoint === 'forward') throw new RequestError(400, 'forward takes JSON; send forward_only to forward_backward')
    return decodeForwardBackwardRequest(body.bytes, maxBytes)
  }
  return parseForwardBackwardBody(jsonOf(body), endpoint === 'forward')
}

function submitStep(context: ServerContext, body: RequestBody): Promised {
  const { model, call } = callOf(context, body)
  return context.models.submit(
    model,
    call,
    () => {
      const { adam_params: adam } = parseBody(optimStepRequest, jsonOf(body), 'optim_step')
      const params = adamOf(adam)
      return async (client) => ({
        kind: 'json',
        body: { type: 'optim_step', metrics: stepMetrics(await client.optimStep(params), params) },
      })
    },
    'updates',
  )
}

function adamOf(body: z.infer<typeof adamParams>): AdamParams {
  const { learning_rate: learningRate, beta1, beta2, eps, weight_decay: weightDecay, grad_clip_norm: clip } = body
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) throw new RequestError(400, `adam_params.${name} is ${value}, not in [0, 1)`)
  }
  for (const [name, value] of Object.entries({ learning_rate: learningRate, eps, weight_decay: weightDecay })) {
    if (!(value >= 0)) throw new RequestError(400, `adam_params.${name} is ${value}, not 0 or more`)
  }
  return { learningRate, beta1, beta2, eps, weightDecay, gradClipNorm: Math.max(0, clip) }
}

/** By `name:reduction`, as all metrics of this server. */
function stepMetrics({ step, gradNorm, paramNorm }: OptimStepResult, { learningRate }: AdamParams) {
  return {
    'step:max': step,
    'learning_rate:mean': learningRate,
    ...(gradNorm !== undefined && { 'grad_norm:mean': gradNorm }),
    ...(paramNorm !== undefined && { 'param_norm:mean': paramNorm }),
  }
}
