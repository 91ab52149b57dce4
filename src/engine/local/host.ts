import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import type { FrozenClient, LoraConfig, ModelHost, TrainingClient } from '../types.ts'
import { availableMemoryBytes } from './available-memory.ts'
import { type LocalEngineConfig, type LocalHostConfig, resolveSettings, type Settings } from './config.ts'
import { isAdapterFolder, readAdapter } from './hf/adapter.ts'
import { readOrigin } from './hf/download.ts'
import { CONFIG_FILE, loadBase, readDecoder } from './hf/folder.ts'
import { checkMemory, estimateModel } from './model/memory.ts'
import { type Model, type ModelShape, shapeKey, shapeOf } from './model/model.ts'
import { createParameters, initAdapter, initParameters, type ParameterSet } from './model/parameters.ts'
import { loadWeights } from './model/weights.ts'
import { createFrozenClient, createTrainingClient, type Parts } from './model-client.ts'
import { closedError, createQueue } from './queue.ts'
import { createCache } from './sampler/cache.ts'
import { cacheShapeOf, createSampler } from './sampler/generate.ts'
import { createSessionPool, ONNXRUNTIME_VERSION } from './session.ts'
import { createTrainer } from './trainer.ts'

/** Open training sessions: the forward pass and one or two losses, for four kinds of models. Chosen by us. */
const TRAINING_SESSIONS = 12
/** Open sampling sessions: prefill and step, for eight kinds of models. Chosen by us. */
const SAMPLING_SESSIONS = 16

/**
 * A host in the calling thread, which it blocks during every call; tests and the worker use it, everybody else
 * `localHost`.
 *
 * The base is in memory once: adapters read it where it lies, a model without an adapter gets a copy. Calls of one
 * client are processed in the order they were made, whether awaited or not; clients take turns. Closing a client ends
 * its calls as `closed` and frees its memory.
 *
 * @throws {ConfigError} when the decoder or an option cannot work
 * @throws {DataError} when the folder holds no model, or another one
 * @throws {EngineError} of code E_MEMORY when it would not fit
 */
export async function createHost(config: LocalHostConfig): Promise<ModelHost> {
  const base = openBase(config, { isTrained: false })
  const runtime = createRuntime(config, base.config)
  return {
    base: runtime.openFrozen(base, config.seed),
    async createModel({ lora, seed }) {
      runtime.checkOpen()
      checkRoom({ config: base.config, lora }, { isTrained: true, sharesBase: lora !== undefined })
      const model = lora ? withAdapter(base, lora, seed) : { config: base.config, base: copyParameters(base) }
      return runtime.openTraining(model, seed)
    },
    async openSnapshot(dir) {
      runtime.checkOpen()
      return runtime.openFrozen(openSaved(dir, base), config.seed)
    },
    close: () => runtime.close(),
  }
}

/**
 * The embedded engine in the calling thread: a host with one model, which trains the base itself or an adapter over it.
 *
 * @throws as `createHost`
 */
export async function createInProcess(config: LocalEngineConfig): Promise<TrainingClient> {
  const { lora, seed } = config
  const base = openBase(config, { isTrained: true, lora })
  const runtime = createRuntime(config, base.config)
  const client = runtime.openTraining(lora ? withAdapter(base, lora, seed) : base, seed)
  return { ...client, close: () => runtime.close() }
}

type Use = { readonly isTrained: boolean; readonly lora?: LoraConfig | undefined }

/** Reads or draws the base; what it and the first model over it need is known to fit by then. */
function openBase({ decoder, model, initialWeights, seed }: LocalHostConfig, { isTrained, lora }: Use): Model {
  if (model !== undefined) {
    checkRoom({ config: readDecoder(model), lora }, { isTrained })
    const { decoder: config, parameters } = loadBase(model)
    return { config, base: parameters }
  }
  checkRoom({ config: decoder, lora }, { isTrained })
  const base = { config: decoder, base: initParameters(decoder, seed) }
  if (initialWeights !== undefined) loadWeights(initialWeights, base)
  return base
}

function checkRoom(shape: ModelShape, use: Parameters<typeof estimateModel>[1]): void {
  const remedies = [
    'use a smaller model',
    ...(use.isTrained ? [shape.lora ? 'lower lora.rank' : 'train an adapter (lora)'] : []),
    'close models that are not needed',
  ]
  checkMemory(estimateModel(shape, use), availableMemoryBytes(), remedies)
}

/** The model of a folder that `saveWeights` wrote: an adapter over the base, or weights of its own. */
function openSaved(dir: string, { config, base }: Model): Model {
  if (isAdapterFolder(dir)) {
    const check = (lora: LoraConfig) => checkRoom({ config, lora }, { isTrained: false, sharesBase: true })
    return { config, base, adapter: readAdapter(dir, config, base, check) }
  }
  if (!existsSync(join(dir, CONFIG_FILE)))
    throw new DataError('there is no model here', {
      file: dir,
      hint: 'name a folder that saveWeights wrote; one without a config was interrupted',
    })
  // An adapter on the head of a tied model is merged into a head of its own; all else must be as in the base.
  const ownConfig = { ...config, tieEmbeddings: readDecoder(dir).tieEmbeddings }
  checkRoom({ config: ownConfig }, { isTrained: false })
  const model = { config: ownConfig, base: createParameters(ownConfig) }
  loadWeights(dir, model)
  return model
}

function withAdapter(base: Model, lora: LoraConfig, seed: number): Model {
  return { ...base, adapter: { lora, parameters: initAdapter(base.config, lora, seed) } }
}

function copyParameters({ config, base }: Model): ParameterSet {
  const copy = createParameters(config)
  copy.flat.set(base.flat)
  return copy
}

type Runtime = {
  openFrozen(model: Model, seed: number): FrozenClient
  openTraining(model: Model, seed: number): TrainingClient
  /** @throws {EngineError} after `close` */
  checkOpen(): void
  close(): Promise<void>
}

/** What all models of a process share: one queue, the sessions of each kind of model, one cache to decode in. */
function createRuntime(config: LocalHostConfig, decoder: Model['config']): Runtime {
  const settings = resolveSettings(config)
  const { threads, keepsMemory } = settings
  const origin = originOf(config.model)
  const queue = createQueue()
  const training = createSessionPool({ threads, capacity: TRAINING_SESSIONS, keepsMemory })
  const sampling = createSessionPool({ threads, capacity: SAMPLING_SESSIONS })
  const cache = createCache(cacheShapeOf(decoder))
  const clients = new Set<FrozenClient>()
  /** Models of each shape; the last one to close takes the sessions along. */
  const shapes = new Map<string, number>()
  let isClosed = false

  function open<Client extends FrozenClient>(
    model: Model,
    seed: number,
    isTrained: boolean,
    create: (parts: Parts, options: Parameters<typeof createFrozenClient>[1]) => Client,
  ): Client {
    const key = shapeKey(shapeOf(model))
    const pools = [training.scope(key), sampling.scope(key)] as const
    const [pool, samplingPool] = pools
    const { maxBatch, maxTokensPerMicroBatch } = settings
    const parts = {
      model,
      trainer: createTrainer(model, { threads, maxTokensPerMicroBatch, pool }),
      sampler: createSampler({ model, pool: samplingPool, cache, seed, maxBatch }),
      facts: factsOf(model, settings, isTrained),
      origin,
    }
    shapes.set(key, (shapes.get(key) ?? 0) + 1)
    const client = create(parts, {
      lane: queue.openLane(),
      onClose: async () => {
        clients.delete(client)
        const left = shapes.get(key)! - 1
        shapes.set(key, left)
        if (left === 0) for (const each of pools) await each.close()
      },
    })
    clients.add(client)
    return client
  }
  return {
    openFrozen: (model, seed) => open(model, seed, false, createFrozenClient),
    openTraining: (model, seed) => open(model, seed, true, createTrainingClient),
    checkOpen() {
      if (isClosed) throw closedError()
    },
    async close() {
      isClosed = true
      await Promise.all([...clients].map((client) => client.close()))
    },
  }
}

/** A model of the hub by its name there: the cache it was downloaded into means nothing to others. */
function originOf(dir: string | undefined): Parts['origin'] {
  if (dir === undefined) return {}
  const found = readOrigin(dir)
  return found ? { baseName: found.repo, baseRevision: found.commit, baseDir: dir } : { baseName: dir, baseDir: dir }
}

function factsOf(
  { adapter }: Model,
  { threads, maxTokensPerMicroBatch }: Settings,
  isTrained: boolean,
): Parts['facts'] {
  return {
    engine: 'local',
    onnxruntime: ONNXRUNTIME_VERSION,
    threads,
    maxTokensPerMicroBatch,
    training: isTrained ? (adapter ? 'lora' : 'full') : 'none',
    ...(adapter && {
      loraRank: adapter.lora.rank,
      loraAlpha: adapter.lora.alpha,
      loraTargets: adapter.lora.targets.join(' '),
    }),
  }
}
