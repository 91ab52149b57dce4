import { availableParallelism } from 'node:os'
import { EngineError } from '../../core/errors.ts'
import type { DecoderConfig, TrainingClient } from '../types.ts'
import { adamwStep, createAdamState, resetAdamState } from './model/adamw.ts'
import { loadState, saveState } from './model/checkpoint.ts'
import { initParameters } from './model/parameters.ts'
import { loadWeights, saveWeights, weightsHash } from './model/weights.ts'
import { createSampler } from './sampler/generate.ts'
import { createSessionPool } from './session.ts'
import { createTrainer } from './trainer.ts'

export type LocalEngineConfig = {
  readonly decoder: DecoderConfig
  /** Root of the initial weights and of all draws of the sampler. */
  readonly seed: number
  /** Directory of a model in the Hugging Face layout to start from, instead of freshly drawn weights. */
  readonly initialWeights?: string | undefined
  /** Threads within one operation; all cores unless told. */
  readonly threads?: number | undefined
  /** Bound of sequences times length in one training run, padding included; 4096 unless told. */
  readonly maxTokensPerMicroBatch?: number | undefined
  /** Whether training keeps the memory of every shape it has seen, for speed; false unless told (`TrainerOptions`). */
  readonly keepsMemory?: boolean | undefined
  /** Most sequences decoded together; 512 unless told. */
  readonly maxBatch?: number | undefined
  /** Whether the engine lives in a worker thread, so that the main thread stays alive; true unless told. */
  readonly inWorker?: boolean | undefined
}

/** One run of the bench's config a (32 sequences of 128 tokens): half a gigabyte of memory. */
const DEFAULT_TOKENS_PER_MICRO_BATCH = 4096

/**
 * The embedded engine in the calling thread, which it blocks during every call; tests and the worker
 * use it, everybody else `localEngine`.
 *
 * Calls are processed strictly in the order they were made, whether awaited or not.
 *
 * @throws {ConfigError} when the decoder or an option cannot work
 * @throws {DataError} when `initialWeights` holds no model or another one
 */
export async function createInProcess(config: LocalEngineConfig): Promise<TrainingClient> {
  const { decoder, seed, threads = availableParallelism(), maxBatch } = config
  const parameters = initParameters(decoder, seed)
  if (config.initialWeights !== undefined) loadWeights(config.initialWeights, decoder, parameters)
  const adam = createAdamState(parameters.flat.length)
  const trainer = createTrainer(decoder, parameters, {
    threads,
    maxTokensPerMicroBatch: config.maxTokensPerMicroBatch ?? DEFAULT_TOKENS_PER_MICRO_BATCH,
    keepsMemory: config.keepsMemory,
  })
  const pool = createSessionPool({ threads })
  const sampler = createSampler({ config: decoder, parameters, pool, seed, maxBatch })
  const state = { decoder, parameters, adam }
  const inOrder = createQueue()
  return {
    sample: (requests, params) => inOrder(() => sampler.sample(requests, params)),
    forwardBackward: (data, loss, lossConfig) => inOrder(() => trainer.forwardBackward(data, loss, lossConfig)),
    forward: (data, loss, lossConfig) => inOrder(() => trainer.forward(data, loss, lossConfig)),
    optimStep: (params) =>
      inOrder(() => {
        const result = adamwStep(parameters.specs, parameters.flat, trainer.gradients, adam, params)
        trainer.clearGradients()
        return result
      }),
    saveState: (dir) => inOrder(() => saveState(dir, state)),
    loadState: (dir, { optimizer }) =>
      inOrder(() => {
        loadState(dir, state, optimizer)
        // What was accumulated belongs to the weights that are gone.
        trainer.clearGradients()
      }),
    saveWeights: (dir) => inOrder(() => saveWeights(dir, decoder, parameters)),
    resetOptimizer: () => inOrder(() => resetAdamState(adam)),
    info: () =>
      inOrder(() => ({
        parameters: parameters.flat.length,
        vocabSize: decoder.vocabSize,
        contextLength: decoder.maxPositions,
        weightsHash: weightsHash(parameters),
      })),
    close: () =>
      inOrder.close(async () => {
        await trainer.close()
        await pool.close()
      }),
  }
}

type Queue = {
  <Result>(work: () => Result | Promise<Result>): Promise<Result>
  /** Runs `work` after everything queued; later calls are refused, later closes do nothing. */
  close(work: () => Promise<void>): Promise<void>
}

/** Runs pieces of work one after the other; a failed one fails its own caller and nobody else. */
function createQueue(): Queue {
  let tail: Promise<unknown> = Promise.resolve()
  let isClosed = false
  const enqueue = <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    const result = tail.then(work)
    tail = result.then(settled, settled)
    return result
  }
  const queue = <Result>(work: () => Result | Promise<Result>): Promise<Result> =>
    isClosed ? Promise.reject(closedError()) : enqueue(work)
  const close = async (work: () => Promise<void>): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await enqueue(work)
  }
  return Object.assign(queue, { close })
}

function settled(): void {}

/** The error of a call to an engine after `close`. */
export function closedError(): EngineError {
  return new EngineError('the engine is closed', { hint: 'create a new one' })
}
