import type { Hono } from 'hono'
import { z } from 'zod'
import { sha256Hex } from '../../../core/hash.ts'
import { canonicalJson } from '../../../core/json.ts'
import { ensureDir } from '../../../core/store.ts'
import { parseBody } from '../wire/json.ts'
import {
  API,
  loadWeightsRequest,
  saveWeightsForSamplerRequest,
  saveWeightsRequest,
  weightsInfoRequest,
} from '../wire/requests.ts'
import { checkBaseName } from './addresses.ts'
import { jsonOf, type RequestBody, readBody } from './body.ts'
import { type CheckpointId, checkName, nameTaken, type SaveOptions } from './catalog.ts'
import type { ServerContext } from './context.ts'
import { RequestError } from './errors.ts'
import type { FutureResult } from './futures.ts'
import { jsonReply, readJson } from './http.ts'
import type { LiveModel, NewModel } from './live-model.ts'
import { loadInto, type Source, sourceAt } from './load.ts'
import { flagsOf } from './lora-flags.ts'
import type { Promised, Work } from './models.ts'
import { tinkerPath } from './records.ts'
import { callOf, checkOptimizer, promiseReply } from './routes-models.ts'

const saveForSampler = saveWeightsForSamplerRequest.extend({
  kind: z.string().nullish(),
  user_metadata: z.record(z.string(), z.unknown()).nullish(),
})
const anyObject = z.record(z.string(), z.unknown())
const load = loadWeightsRequest.extend({ optimizer_config: z.object({ type: z.string() }).nullish() })

/** Saving and loading weights. */
export function addWeightRoutes(app: Hono, context: ServerContext): void {
  const { options, limits } = context
  app.post(`${API}/save_weights`, async (c) => promiseReply(submitSave(context, await readBody(c.req.raw, limits))))
  app.post(`${API}/save_weights_for_sampler`, async (c) =>
    promiseReply(submitSaveForSampler(context, await readBody(c.req.raw, limits))),
  )
  app.post(`${API}/load_weights`, async (c) => promiseReply(submitLoad(context, await readBody(c.req.raw, limits))))
  app.post(`${API}/weights_info`, async (c) => {
    const { value } = await readJson(c.req.raw, weightsInfoRequest, 'weights_info', limits)
    const { lora } = sourceAt(context, value.tinker_path, false)
    const adapter = lora && { lora_rank: lora.rank, lora_alpha: lora.alpha, ...flagsOf(lora) }
    return jsonReply({ base_model: options.baseModel, is_lora: lora !== null, ...adapter })
  })
}

function submitSave(context: ServerContext, body: RequestBody): Promised {
  const { model, call } = callOf(context, body)
  return context.models.submit(model, call, () => {
    const value = parseBody(saveWeightsRequest, jsonOf(body), 'save_weights')
    const id = checkpointId(model, 'weights', value.path, value.seq_id)
    const save = { ttlSeconds: value.ttl_seconds, overwrite: value.overwrite, userMetadata: value.user_metadata }
    checkFree(context, id, value.overwrite)
    return saveNamed(context, id, save, 'save_weights', (client, dir) => client.saveState(dir))
  })
}

/**
 * What tells a save for sampling from another one. The official SDK takes a new `sampling_session_seq_id` for every attempt
 * at the same save, so that number does not count.
 */
function hashOfSave(body: RequestBody): string {
  const { sampling_session_seq_id: _, ...rest } = parseBody(anyObject, jsonOf(body), 'save_weights_for_sampler')
  return sha256Hex(canonicalJson(rest))
}

function submitSaveForSampler(context: ServerContext, body: RequestBody): Promised {
  const { model, call: received } = callOf(context, body)
  const call = { ...received, hash: hashOfSave(body) }
  return context.models.submit(model, call, () => {
    const value = parseBody(saveForSampler, jsonOf(body), 'save_weights_for_sampler')
    if (value.kind != null && value.kind !== 'snapshot') {
      throw new RequestError(400, `samplers of kind "${value.kind.slice(0, 40)}" are not supported`, {
        hint: 'every sampler of this server is a snapshot',
      })
    }
    const number = value.sampling_session_seq_id
    if (value.path == null && number == null) {
      throw new RequestError(400, 'save_weights_for_sampler needs a path or a sampling_session_seq_id')
    }
    if (value.path == null) return saveEphemeral(context, model, number!, call.hash)
    const id = checkpointId(model, 'sampler_weights', value.path, value.seq_id)
    const save = { ttlSeconds: value.ttl_seconds, userMetadata: value.user_metadata }
    checkFree(context, id, false)
    return saveNamed(context, id, save, 'save_weights_for_sampler', (client, dir) => client.saveWeights(dir))
  })
}

function checkpointId(
  { runId }: LiveModel,
  kind: CheckpointId['kind'],
  path: string | null | undefined,
  seqId: number | null | undefined,
): CheckpointId {
  const name = path ?? `step-${seqId ?? 'last'}`
  checkName(name)
  return { runId, kind, name }
}

/** A name that is taken already is refused at once; one that an operation before takes, when its turn comes. */
function checkFree({ catalog }: ServerContext, id: CheckpointId, overwrite: boolean): void {
  if (!overwrite && catalog.find(id) !== undefined) throw nameTaken(id)
}

function saveNamed(
  { catalog, ledger, snapshots }: ServerContext,
  id: CheckpointId,
  options: SaveOptions,
  type: string,
  write: (client: Parameters<Work>[0], dir: string) => Promise<void>,
): Work {
  return async (client) => {
    const replaced = catalog.find(id)
    await catalog.save(id, options, (dir) => write(client, dir))
    if (replaced !== undefined) await snapshots.drop(replaced.dir)
    ledger.flush()
    return { kind: 'json', body: { type, path: tinkerPath(id.runId, id) } }
  }
}

function saveEphemeral(context: ServerContext, model: LiveModel, number: number, hash: string): Work {
  const { sessions, samplers, ephemerals } = context
  const target = { kind: 'ephemeral', runId: model.runId } as const
  const { id } = samplers.open(sessions.find(model.sessionId), number, hash, target)
  return async (client) => {
    const dir = ephemerals.dirOf(id)
    ensureDir(dir)
    try {
      await client.saveWeights(dir)
      // The session may have ended meanwhile, and what it held was removed.
      if (model.isGone) throw new RequestError(404, `model ${model.runId} left the memory while it was saved`)
    } catch (cause) {
      await ephemerals.remove(id)
      throw cause
    }
    await ephemerals.added(id, model.runId)
    const body = { type: 'save_weights_for_sampler', path: null, sampling_session_id: id }
    return { kind: 'json', body }
  }
}

function submitLoad(context: ServerContext, body: RequestBody): Promised {
  const value = parseBody(load, jsonOf(body), 'load_weights')
  const start = async (model: LiveModel, client: Parameters<Work>[0], source: Source): Promise<FutureResult> => {
    await loadInto(context, model, client, source, value.optimizer)
    return { kind: 'json', body: { type: 'load_weights', path: value.path, model_id: model.runId } }
  }
  if (value.session_id == null) {
    const { model, call } = callOf(context, body)
    return context.models.submit(
      model,
      call,
      () => {
        const source = sourceAt(context, value.path, value.optimizer)
        return (client) => start(model, client, source)
      },
      'loads',
    )
  }
  if (value.model_id != null || value.model_seq_id == null) {
    throw new RequestError(400, 'load_weights takes either model_id and seq_id, or session_id and model_seq_id')
  }
  const session = context.sessions.find(value.session_id)
  return context.models.create(session, value.model_seq_id, body.hash, (): NewModel => {
    if (value.base_model != null) checkBaseName(context, value.base_model)
    checkOptimizer(value.optimizer_config)
    const source = sourceAt(context, value.path, value.optimizer)
    return {
      lora: source.lora,
      seed: undefined,
      userMetadata: value.user_metadata ?? null,
      start: (model, client) => start(model, client, source),
    }
  })
}
