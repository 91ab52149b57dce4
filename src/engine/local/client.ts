import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EngineError } from '../../core/errors.ts'
import type { TrainingClient } from '../types.ts'
import { closedError, type LocalEngineConfig } from './in-process.ts'
import { type Arguments, CREATED_ID, type Method, type Reply, type Results, unpackError } from './protocol.ts'

/**
 * The embedded engine in a worker thread of its own: ONNX Runtime blocks the thread it is called from, and progress,
 * Ctrl-C and heartbeats need one that is not blocked.
 *
 * Calls are processed in order; errors arrive as the class they were thrown as. The worker keeps the process alive only
 * while a call is under way. `close` ends it at once and fails the calls that were still waiting.
 *
 * @throws {ConfigError} when the decoder or an option cannot work
 * @throws {EngineError} when the worker cannot start
 */
export async function createInWorker(config: LocalEngineConfig): Promise<TrainingClient> {
  const { call, created, close } = startWorker(config)
  await created
  return {
    sample: (...args) => call('sample', args),
    forwardBackward: (...args) => call('forwardBackward', args),
    forward: (...args) => call('forward', args),
    optimStep: (...args) => call('optimStep', args),
    saveState: (...args) => call('saveState', args),
    loadState: (...args) => call('loadState', args),
    saveWeights: (...args) => call('saveWeights', args),
    resetOptimizer: (...args) => call('resetOptimizer', args),
    info: (...args) => call('info', args),
    close,
  }
}

type WorkerHandle = {
  readonly call: <Name extends Method>(method: Name, args: Arguments[Name]) => Promise<Results[Name]>
  /** Settles when the engine in the worker has been made, or could not be. */
  readonly created: Promise<void>
  readonly close: () => Promise<void>
}

function startWorker(config: LocalEngineConfig): WorkerHandle {
  const worker = openWorker(config)
  /** Emits each reply under the id of its call. */
  const replies = new EventEmitter().setMaxListeners(0)
  const rejections = new Map<number, (error: Error) => void>()
  let fault: Error | undefined
  let lastId = CREATED_ID

  function fail(error: Error): void {
    fault ??= error
    for (const reject of rejections.values()) reject(fault)
    rejections.clear()
    replies.removeAllListeners()
  }
  worker.on('message', (reply: Reply) => replies.emit(String(reply.id), reply))
  worker.on('error', (cause) => fail(new EngineError('the engine’s worker crashed', { cause })))
  worker.on('exit', (code) => fail(new EngineError(`the engine’s worker ended with code ${code}`)))

  function awaitReply<Result>(id: number): Promise<Result> {
    worker.ref()
    return new Promise((resolve, reject) => {
      rejections.set(id, reject)
      replies.once(String(id), (reply) => {
        rejections.delete(id)
        if (rejections.size === 0) worker.unref()
        if (reply.kind === 'done') resolve(reply.value)
        else reject(unpackError(reply.error))
      })
    })
  }
  return {
    created: endOnFailure(awaitReply<void>(CREATED_ID), worker),
    async call(method, args) {
      if (fault !== undefined) throw fault
      const id = ++lastId
      worker.postMessage({ id, method, args })
      return awaitReply(id)
    },
    async close() {
      fail(closedError())
      await worker.terminate()
    },
  }
}

async function endOnFailure(created: Promise<void>, worker: Worker): Promise<void> {
  try {
    await created
  } catch (error) {
    await worker.terminate()
    throw error
  }
}

/** Built, the worker is JavaScript like this file; from source it is TypeScript and needs a loader first. */
function openWorker(config: LocalEngineConfig): Worker {
  const entry = import.meta.url.endsWith('.ts') ? './worker-from-source.mjs' : './worker.js'
  // The flags of this process (tsx's, vitest's) are not the worker's.
  return new Worker(new URL(entry, import.meta.url), { workerData: config, execArgv: [] })
}
