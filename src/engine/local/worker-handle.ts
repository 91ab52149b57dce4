import { Worker } from 'node:worker_threads'
import { EngineError } from '../../core/errors.ts'
import {
  type Call,
  CREATED_ID,
  type Message,
  type Reply,
  type Request,
  type Results,
  unpackError,
  type WorkerConfig,
} from './protocol.ts'
import { abortedError, closedError } from './queue.ts'

type WithoutId<Each> = Each extends unknown ? Omit<Each, 'id'> : never
type Opening = WithoutId<Extract<Request, { readonly kind: 'createModel' | 'openSnapshot' }>>

/** The main thread's end of a worker that owns an engine. */
export type WorkerHandle = {
  /** Makes a call of a client; the signal takes it back. */
  readonly call: <Each extends Call>(call: Each, signal?: AbortSignal | undefined) => Promise<Results[Each['method']]>
  /** @returns the number of the client that was opened */
  readonly open: (opening: Opening) => Promise<number>
  /** Closes a client; does nothing when the worker has been closed. */
  readonly closeClient: (client: number) => Promise<void>
  /** Ends the worker at once and fails what was under way; later closes do nothing. */
  readonly close: () => Promise<void>
}

/** Methods, because each awaits a type of its own. */
type Waiting = { resolve(value: unknown): void; reject(error: Error): void }

/**
 * Starts a worker and waits for its engine.
 *
 * @throws whatever the engine could not be made for
 * @throws {EngineError} when the worker cannot start
 */
export async function startWorker(config: WorkerConfig): Promise<WorkerHandle> {
  const worker = openWorker(config)
  /** Who waits for the reply to which request. */
  const waiting = new Map<number, Waiting>()
  let fault: Error | undefined
  let isClosed = false
  let lastId = CREATED_ID

  function fail(error: Error): void {
    fault ??= error
    for (const { reject } of waiting.values()) reject(fault)
    waiting.clear()
  }
  worker.on('message', (reply: Reply) => {
    const caller = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0) worker.unref()
    if (reply.kind === 'done') caller?.resolve(reply.value)
    else caller?.reject(unpackError(reply.error))
  })
  worker.on('error', (cause) => fail(new EngineError('the engine’s worker crashed', { cause })))
  worker.on('exit', (code) => fail(new EngineError(`the engine’s worker ended with code ${code}`)))

  function awaitReply<Result>(id: number): Promise<Result> {
    worker.ref()
    return new Promise<Result>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
    })
  }
  const post = (message: Message): void => worker.postMessage(message)
  async function ask<Result>(request: WithoutId<Request>, signal?: AbortSignal): Promise<Result> {
    if (fault !== undefined) throw fault
    if (signal?.aborted) throw abortedError(signal)
    const id = ++lastId
    post({ ...request, id })
    const abort = () => post({ kind: 'abort', id })
    signal?.addEventListener('abort', abort)
    try {
      return await awaitReply<Result>(id)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
  const handle: WorkerHandle = {
    call: (call, signal) => ask({ kind: 'call', call }, signal),
    open: (opening) => ask(opening),
    async closeClient(client) {
      try {
        await ask({ kind: 'closeClient', client })
      } catch (cause) {
        // The end of the worker closed it too.
        if (!isClosed) throw cause
      }
    },
    async close() {
      isClosed = true
      fail(closedError())
      await worker.terminate()
    },
  }
  try {
    await awaitReply<void>(CREATED_ID)
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return handle
}

/** Built, the worker is JavaScript like this file; from source it is TypeScript and needs a loader first. */
function openWorker(config: WorkerConfig): Worker {
  const entry = import.meta.url.endsWith('.ts') ? './worker-from-source.mjs' : './worker.js'
  // The flags of this process (tsx's, vitest's) are not the worker's.
  return new Worker(new URL(entry, import.meta.url), { workerData: config, execArgv: [] })
}
