import type { FrozenClient, ModelHost, TrainingClient } from '../types.ts'
import type { LocalEngineConfig, LocalHostConfig } from './config.ts'
import { FIRST_CLIENT } from './protocol.ts'
import { startWorker, type WorkerHandle } from './worker-handle.ts'

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
  const worker = await startWorker({ kind: 'engine', config })
  return trainingClient(worker, FIRST_CLIENT, () => worker.close())
}

/**
 * A host in a worker thread of its own, as `createInWorker`. Closing a client ends its calls alone; closing the host
 * ends the worker.
 *
 * @throws as `createInWorker`
 */
export async function createHostInWorker(config: LocalHostConfig): Promise<ModelHost> {
  const worker = await startWorker({ kind: 'host', config })
  const closing = (client: number) => once(() => worker.closeClient(client))
  return {
    base: frozenClient(worker, FIRST_CLIENT, closing(FIRST_CLIENT)),
    async createModel(options) {
      const client = await worker.open({ kind: 'createModel', options })
      return trainingClient(worker, client, closing(client))
    },
    async openSnapshot(dir) {
      const client = await worker.open({ kind: 'openSnapshot', dir })
      return frozenClient(worker, client, closing(client))
    },
    close: () => worker.close(),
  }
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined
  return () => {
    closing ??= close()
    return closing
  }
}

function frozenClient({ call }: WorkerHandle, client: number, close: () => Promise<void>): FrozenClient {
  return {
    sample: (requests, params, options) =>
      call({ client, method: 'sample', args: [requests, params] }, options?.signal),
    forward: (data, loss, config, options) =>
      call({ client, method: 'forward', args: [data, loss, config] }, options?.signal),
    info: () => call({ client, method: 'info', args: [] }),
    close,
  }
}

function trainingClient(worker: WorkerHandle, client: number, close: () => Promise<void>): TrainingClient {
  const { call } = worker
  return {
    ...frozenClient(worker, client, close),
    forwardBackward: (data, loss, config, options) =>
      call({ client, method: 'forwardBackward', args: [data, loss, config] }, options?.signal),
    optimStep: (...args) => call({ client, method: 'optimStep', args }),
    saveState: (...args) => call({ client, method: 'saveState', args }),
    loadState: (...args) => call({ client, method: 'loadState', args }),
    saveWeights: (...args) => call({ client, method: 'saveWeights', args }),
    loadWeights: (...args) => call({ client, method: 'loadWeights', args }),
    resetOptimizer: (...args) => call({ client, method: 'resetOptimizer', args }),
  }
}
