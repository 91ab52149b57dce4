import type { Hono } from 'hono'
import { z } from 'zod'
import { API, clientConfigRequest, createSessionRequest, sessionHeartbeatRequest } from '../wire/requests.ts'
import { readBody } from './body.ts'
import type { ServerContext } from './context.ts'
import { RequestError } from './errors.ts'
import { countInQuery, emptyReply, jsonReply, readJson } from './http.ts'
import { endSession } from './lifecycle.ts'

/** The official SDK's own chunks: smaller ones would only cost requests, larger ones do not come. */
const CHUNK_DATA = 1024
const CHUNK_BYTES = 5_000_000
const CONFIG_REFRESH_S = 300

const finishRequest = z.object({ reason: z.object({ type: z.string() }).nullish(), detail: z.string().nullish() })

/** Health, configuration, capabilities and telemetry. */
export function addServiceRoutes(app: Hono, context: ServerContext): void {
  const { options, limits, base } = context
  app.get(`${API}/healthz`, () => jsonReply({ status: 'ok', server: 'fleming' }))
  app.post(`${API}/client/config`, async (c) => {
    await readJson(c.req.raw, clientConfigRequest, 'client/config', limits)
    return jsonReply({
      pjwt_auth_enabled: false,
      parallel_fwdbwd_chunks: true,
      proto_write_fwdbwd: false,
      proto_compress_fwdbwd: false,
      fwdbwd_max_chunk_len: Math.min(CHUNK_DATA, limits.maxDataPerRequest),
      fwdbwd_max_chunk_bytes_count: CHUNK_BYTES,
      sample_use_retrieve_futures: false,
      sample_join_sampling_session: true,
      custom_loss_server_side: false,
      // Then a model that starts from a checkpoint takes its rank, alpha and layers, which flags cannot all say.
      create_model_via_load_weights: true,
      use_pyqwest_transport: false,
    })
  })
  app.post(`${API}/client/dynamic_config`, async (c) => {
    await readJson(c.req.raw, clientConfigRequest, 'client/dynamic_config', limits)
    return jsonReply({ refresh_interval_sec: CONFIG_REFRESH_S, sample_cancel_enabled: true })
  })
  app.get(`${API}/get_server_capabilities`, () =>
    jsonReply({
      supported_models: [
        {
          model_name: options.baseModel,
          max_context_length: base.contextLength,
          vocab_size: base.vocabSize,
          trainable: true,
          sampleable: true,
        },
      ],
    }),
  )
  app.post(`${API}/telemetry`, async (c) => {
    await readBody(c.req.raw, limits)
    return jsonReply({ status: 'accepted' })
  })
}

/** Sessions: opening, signs of life, lists, end. */
export function addSessionRoutes(app: Hono, context: ServerContext): void {
  const { limits, sessions } = context
  app.post(`${API}/create_session`, async (c) => {
    const { value } = await readJson(c.req.raw, createSessionRequest, 'create_session', limits)
    const session = sessions.open(value.user_metadata ?? null)
    context.log(`${session.id}: opened by SDK ${printable(value.sdk_version)}`)
    return jsonReply({ type: 'create_session', session_id: session.id })
  })
  app.post(`${API}/session_heartbeat`, async (c) => {
    const { value } = await readJson(c.req.raw, sessionHeartbeatRequest, 'session_heartbeat', limits)
    sessions.find(value.session_id)
    return jsonReply({ type: 'session_heartbeat' })
  })
  app.get(`${API}/sessions`, (c) => {
    const offset = countInQuery(c.req.query('offset'), 0, Number.MAX_SAFE_INTEGER)
    const limit = countInQuery(c.req.query('limit'), 20, 1000)
    const ids = sessions.all().map(({ id }) => id)
    return jsonReply({ sessions: ids.slice(offset, offset + limit) })
  })
  app.get(`${API}/sessions/:id`, (c) => {
    const session = sessions.all().find(({ id }) => id === c.req.param('id'))
    if (session === undefined) throw new RequestError(404, 'no session has this id')
    return jsonReply({
      training_run_ids: [...session.modelIds],
      sampler_ids: [...session.samplerIds],
      user_metadata: session.userMetadata,
    })
  })
  app.post(`${API}/sessions/:id/finish`, async (c) => {
    const { value } = await readJson(c.req.raw, finishRequest, 'finish', limits)
    await endSession(
      context,
      sessions.find(c.req.param('id')),
      `its client finished it (${printable(value.reason?.type ?? 'no reason given')})`,
    )
    return emptyReply()
  })
}

/** A client's word for the log: short and on one line. */
function printable(text: string): string {
  return text.slice(0, 40).replace(/[^\w .+-]/g, '?')
}
