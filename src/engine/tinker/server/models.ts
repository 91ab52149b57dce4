import { NumericalError } from '../../../core/errors.ts'
import type { TrainingClient } from '../../types.ts'
import type { ServerParts } from './context.ts'
import { describeError, RequestError } from './errors.ts'
import type { FutureResult } from './futures.ts'
import { enqueue, type LiveModel, type NewModel, openClient, registerModel } from './live-model.ts'
import type { Numbered } from './numbers.ts'
import type { Session } from './sessions.ts'

/** What an operation does when its turn comes. */
export type Work = (client: TrainingClient) => Promise<FutureResult>

/** What an operation does to the weights. */
export type WorkKind = 'uses' | 'updates' | 'loads'

/** What a client waits for. */
export type Promised = { readonly requestId: string; readonly modelId: string }

export type Models = {
  /**
   * A new model of a session; the same number with the same body gives the same one.
   *
   * @param prepare checks the request and says what to make
   */
  create(session: Session, number: number, hash: string, prepare: () => NewModel): Promised
  /** @throws {RequestError} 404 when it is not in memory */
  find(modelId: string): LiveModel
  /**
   * Takes an operation of a model.
   *
   * @param prepare checks the request; what it throws uses the number up
   * @param kind what the operation does to the weights: a model whose update failed takes nothing but a load
   */
  submit(model: LiveModel, call: Numbered, prepare: () => Work, kind?: WorkKind): Promised
  /** Frees a model after all that was asked of it so far; its checkpoints stay. Asked again, it gives the same id. */
  submitUnload(modelId: string, hash: string): Promised
  /** Frees a model now. */
  unload(modelId: string, why: string): Promise<void>
  isLoaded(modelId: string): boolean
}

/** The models of a server. */
export function createModels(parts: ServerParts): Models {
  const live = new Map<string, LiveModel>()
  const unloads = new Map<string, string>()

  async function unload(modelId: string, why: string): Promise<void> {
    const model = live.get(modelId)
    if (model === undefined) return
    live.delete(modelId)
    model.isGone = true
    model.sequence.close(new RequestError(404, `model ${modelId} is not in memory: ${why}`))
    parts.ledger.flush()
    await parts.ephemerals.dropRun(modelId)
    await model.client?.close()
  }
  async function bringUp(model: LiveModel, start: NewModel['start']): Promise<FutureResult> {
    try {
      return await start(model, await openClient(parts.host, model))
    } catch (cause) {
      await unload(model.runId, `it could not be created: ${describeError(cause).message}`)
      throw cause
    }
  }
  const find = (modelId: string): LiveModel => live.get(modelId) ?? throwMissing(parts, modelId)
  return {
    create(session, number, hash, prepare) {
      const used = session.models.get(number)
      if (used !== undefined) {
        if (used.hash !== hash) throw new RequestError(400, `model_seq_id ${number} was used for another request`)
        return { requestId: `${used.id}:0`, modelId: used.id }
      }
      const wanted = prepare()
      checkRoom(live.size, parts.limits.maxModels)
      const model = registerModel(parts, session, number, wanted)
      const modelId = model.runId
      live.set(modelId, model)
      session.models.set(number, { hash, id: modelId })
      session.modelIds.add(modelId)
      return { requestId: enqueue(parts, model, { seqId: 0, hash }, () => bringUp(model, wanted.start)), modelId }
    },
    find,
    submit: (model, call, prepare, kind = 'uses') => submit(parts, model, call, prepare, kind),
    submitUnload(modelId, hash) {
      const earlier = unloads.get(modelId)
      if (earlier !== undefined) return { requestId: earlier, modelId }
      const requestId = enqueue(parts, find(modelId), { seqId: undefined, hash }, async () => {
        await unload(modelId, 'it was unloaded')
        return { kind: 'json', body: { type: 'unload_model', model_id: modelId } }
      })
      unloads.set(modelId, requestId)
      return { requestId, modelId }
    },
    unload,
    isLoaded: (modelId) => live.has(modelId),
  }
}

function submit(parts: ServerParts, model: LiveModel, call: Numbered, prepare: () => Work, kind: WorkKind): Promised {
  parts.ledger.touch(model.runId)
  const modelId = model.runId
  const known = model.sequence.known(call)
  if (known !== undefined) return { requestId: known, modelId }
  let work: Work
  try {
    work = prepare()
  } catch (cause) {
    const refusal =
      cause instanceof RequestError ? cause : new RequestError(400, describeError(cause).message, { cause })
    model.sequence.reject(call, refusal)
    throw refusal
  }
  const requestId = enqueue(parts, model, call, async () => {
    const result = await runGuarded(parts, model, work, kind)
    model.isUsed = true
    return result
  })
  return { requestId, modelId }
}

/**
 * Runs an operation, unless an update has spoilt the weights: then only a load, which makes them good.
 *
 * @throws {RequestError} 400 of a corrupted model
 */
async function runGuarded(parts: ServerParts, model: LiveModel, work: Work, kind: WorkKind): Promise<FutureResult> {
  if (kind !== 'loads' && model.corruption !== undefined) {
    throw new RequestError(400, `model ${model.runId} is corrupted since an update failed: ${model.corruption}`, {
      hint: 'load a state that was saved before, with a lower learning rate or gradient clipping',
    })
  }
  try {
    const result = await work(model.client!)
    if (kind === 'loads' && model.corruption !== undefined) noteCorruption(parts, model, undefined)
    return result
  } catch (cause) {
    // Weights, moments or gradients hold what is no number; which of them, an engine need not say.
    if (kind === 'updates' && cause instanceof NumericalError) noteCorruption(parts, model, cause.message)
    throw cause
  }
}

function noteCorruption({ catalog }: ServerParts, model: LiveModel, why: string | undefined): void {
  model.corruption = why
  const record = catalog.findRun(model.runId)
  if (record !== undefined) catalog.putRun({ ...record, corrupted: why !== undefined })
}

function checkRoom(count: number, maxModels: number): void {
  if (count < maxModels) return
  throw new RequestError(400, `${count} models are in memory, the most this server keeps`, {
    hint: 'unload one that is not needed',
  })
}

function throwMissing({ catalog }: ServerParts, modelId: string): never {
  if (catalog.findRun(modelId) === undefined) {
    throw new RequestError(404, 'no model has this id', { hint: 'create one with create_model' })
  }
  throw new RequestError(404, `model ${modelId} is not in memory`, {
    hint: 'it was unloaded, its session ended or the server was restarted: create one from its last saved state',
  })
}
