import { EngineError } from '../../../core/errors.ts'
import type { AdamParams } from '../../types.ts'
import { parseBody } from '../wire/json.ts'
import { parseSamplerPath, parseStatePath, type SamplerPath, type StatePath } from '../wire/paths.ts'
import type { LoraConfigBody } from '../wire/requests.ts'
import {
  loadWeightsResponse,
  modelResponse,
  optimStepResponse,
  saveWeightsForSamplerResponse,
  saveWeightsResponse,
  weightsInfoResponse,
} from '../wire/responses.ts'
import { awaitJson, callJson, type ModelLink, submitNumbered } from './call.ts'
import type { Connection } from './connection.ts'
import { createLine, type Line } from './line.ts'
import { type Operation, startOperation } from './operation.ts'
import { type AcceptedPass, type Encoding, type ModelCall, type Pass, submitPass } from './pass.ts'
import { jsonBody, jsonOf, submit } from './submit.ts'

/** A sampler as the server names it: a path when it was saved under a name, a session of its own when not. */
export type SavedSampler =
  | { readonly kind: 'path'; readonly path: SamplerPath }
  | {
      readonly kind: 'session'
      readonly sessionId: string
      readonly modelId: string
      readonly numbers: { readonly sampler: number; readonly seqId: number }
    }

/** An optimizer step that the server has accepted. */
export type AcceptedStep = {
  /** @returns the server's metrics */
  result(): Promise<Readonly<Record<string, number>>>
}

/**
 * One model at a server, in the server's own terms: no loss is rescaled, nothing is hidden. Calls are submitted in the
 * order they are made, each after the one before was accepted, and their results come when they come.
 */
export type RemoteModel = {
  readonly id: string
  /** Runs several calls as one, with no other call in between. */
  readonly line: Line
  /** Accepted when the promise resolves; `reserve` comes from the line. */
  submitPass(reserve: (count: number) => number, pass: Pass, call: ModelCall): Promise<AcceptedPass>
  /** As `submitPass`. */
  submitStep(reserve: (count: number) => number, adam: AdamParams): Promise<AcceptedStep>
  saveState(name: string): Promise<StatePath>
  saveForSampler(name?: string): Promise<SavedSampler>
  /** Does nothing when the server does not have it any more. @param withinMs gives up after so long */
  unload(withinMs?: number): Promise<void>
}

/** @param lora rank 0 means all weights, where the server can do that */
export async function createRemoteModel(
  connection: Connection,
  options: {
    readonly baseModel: string
    readonly lora: LoraConfigBody
    readonly userMetadata?: Readonly<Record<string, string>> | undefined
    readonly encoding?: Encoding | undefined
  },
): Promise<RemoteModel> {
  const operation = startOperation('create_model', connection.timing.deadlineMs)
  const body = {
    type: 'create_model',
    session_id: connection.sessionId,
    model_seq_id: connection.next('model'),
    base_model: options.baseModel,
    user_metadata: options.userMetadata ?? null,
    lora_config: options.lora,
  }
  const result = await callJson(connection, operation, 'create_model', 'CreateModel', body)
  return openRemoteModel(connection, parseBody(modelResponse, result, 'create_model').model_id, 1, options.encoding)
}

/**
 * A new model with the weights of a saved state, in the order hosted servers demand: loading is a model's first operation.
 *
 * @throws {EngineError} status 404 when the server does not have the state
 */
export async function loadRemoteModel(
  connection: Connection,
  options: Parameters<typeof createRemoteModel>[1] & { readonly path: string; readonly optimizer: boolean },
): Promise<RemoteModel> {
  const { path, optimizer, baseModel, userMetadata, encoding } = options
  const operation = startOperation('load_weights', connection.timing.deadlineMs)
  if (connection.flags.create_model_via_load_weights) {
    const result = await callJson(connection, operation, 'load_weights', 'LoadWeights', {
      type: 'load_weights',
      session_id: connection.sessionId,
      model_seq_id: connection.next('model'),
      base_model: baseModel,
      user_metadata: userMetadata ?? null,
      path,
      optimizer,
    })
    const { model_id: id } = parseBody(loadWeightsResponse, result, 'load_weights')
    if (!id) throw new EngineError('load_weights made a model without a name')
    return openRemoteModel(connection, id, 1, encoding)
  }
  const model = await createRemoteModel(connection, options)
  operation.seqId = 1
  await callJson(connection, operation, 'load_weights', 'LoadWeights', {
    type: 'load_weights',
    model_id: model.id,
    seq_id: 1,
    path,
    optimizer,
  })
  return openRemoteModel(connection, model.id, 2, encoding)
}

/**
 * What a server knows of a saved state.
 *
 * @throws {EngineError} status 404 when it does not have it
 */
export async function describeState(connection: Connection, path: StatePath) {
  const operation = startOperation('weights_info', connection.timing.submitMs)
  const { answer } = await submit(connection, operation, {
    endpoint: 'weights_info',
    body: jsonBody({ tinker_path: path }),
  })
  return parseBody(weightsInfoResponse, jsonOf(answer, 'weights_info'), 'weights_info')
}

function openRemoteModel(
  connection: Connection,
  id: string,
  firstSeqId: number,
  encoding: Encoding = 'protobuf',
): RemoteModel {
  const line = createLine(firstSeqId)
  const link = { connection, id, line }
  return {
    id,
    line,
    submitPass: (reserve, pass, options) => submitPass(connection, id, reserve, pass, options, encoding),
    submitStep: (reserve, adam) => submitStep(link, reserve, adam),
    saveState: (name) => saveState(link, name),
    saveForSampler: (name) => saveForSampler(link, name),
    unload: (withinMs = connection.timing.deadlineMs) => unload(connection, id, withinMs),
  }
}

async function submitStep(
  link: ModelLink,
  reserve: (count: number) => number,
  adam: AdamParams,
): Promise<AcceptedStep> {
  const { connection } = link
  const { operation, answer } = await submitNumbered(link, reserve, 'optim_step', { adam_params: adamBody(adam) })
  return {
    result: async () => {
      const value = await awaitJson(connection, operation, 'OptimStep', jsonOf(answer, 'optim_step'))
      return parseBody(optimStepResponse, value ?? {}, 'optim_step').metrics ?? {}
    },
  }
}

async function saveState(link: ModelLink, name: string): Promise<StatePath> {
  const { connection, id, line } = link
  const { operation, answer, mayBeRepeated } = await line.enqueue((reserve) =>
    submitNumbered(link, reserve, 'save_weights', { path: name }, [409]),
  )
  if (answer.status !== 409) {
    const value = await awaitJson(connection, operation, 'SaveWeights', jsonOf(answer, 'save_weights'))
    return parseStatePath(parseBody(saveWeightsResponse, value, 'save_weights').path)
  }
  // Servers that do not know a repeated save by its number find its name taken: then the first attempt went through.
  const path = parseStatePath(`tinker://${id}/weights/${name}`)
  if (mayBeRepeated && (await existsWhenDone(connection, path, operation))) return path
  throw new EngineError(`save_weights was refused with status 409: ${connection.http.detail(answer)}`, { status: 409 })
}

async function saveForSampler(link: ModelLink, name: string | undefined): Promise<SavedSampler> {
  const { connection, id: modelId, line } = link
  const label = 'save_weights_for_sampler'
  const sampler = connection.next('sampler')
  const fields = name === undefined ? { sampling_session_seq_id: sampler } : { path: name }
  const { operation, answer } = await line.enqueue((reserve) => submitNumbered(link, reserve, label, fields))
  const value = await awaitJson(connection, operation, 'SaveWeightsForSampler', jsonOf(answer, label))
  const saved = parseBody(saveWeightsForSamplerResponse, value, label)
  if (saved.sampling_session_id) {
    const numbers = { sampler, seqId: operation.seqId ?? 0 }
    return { kind: 'session', sessionId: saved.sampling_session_id, modelId, numbers }
  }
  if (saved.path) return { kind: 'path', path: parseSamplerPath(saved.path) }
  throw new EngineError(`${label} named neither a path nor a session`)
}

/** What a server has forgotten is unloaded. */
const GONE = [404, 410]

async function unload(connection: Connection, id: string, withinMs: number): Promise<void> {
  const operation = startOperation('unload_model', withinMs)
  const { answer } = await submit(connection, operation, {
    endpoint: 'unload_model',
    body: jsonBody({ type: 'unload_model', model_id: id }),
    accept: GONE,
  })
  if (GONE.includes(answer.status)) return
  try {
    await awaitJson(connection, operation, 'UnloadModel', jsonOf(answer, 'unload_model'))
  } catch (error) {
    if (!(error instanceof EngineError && GONE.includes(error.status ?? 0))) throw error
  }
}

/** @returns whether a state that may still be in the making comes to exist */
async function existsWhenDone(connection: Connection, path: StatePath, operation: Operation): Promise<boolean> {
  const { answer } = await submit(connection, operation, {
    endpoint: 'weights_info',
    body: jsonBody({ tinker_path: path }),
    accept: [404],
  })
  return answer.status !== 404
}

function adamBody(adam: AdamParams) {
  return {
    learning_rate: adam.learningRate,
    ...(adam.beta1 !== undefined && { beta1: adam.beta1 }),
    ...(adam.beta2 !== undefined && { beta2: adam.beta2 }),
    ...(adam.eps !== undefined && { eps: adam.eps }),
    ...(adam.weightDecay !== undefined && { weight_decay: adam.weightDecay }),
    ...(adam.gradClipNorm !== undefined && { grad_clip_norm: adam.gradClipNorm }),
  }
}
