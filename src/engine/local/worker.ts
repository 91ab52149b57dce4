/** Entry of the worker thread that owns the engine. Started by `client.ts`, with the engine's config as its data. */
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../../core/errors.ts'
import type { TrainingClient } from '../types.ts'
import { createInProcess } from './in-process.ts'
import { type Arguments, type Call, CREATED_ID, type Method, packError, type Reply } from './protocol.ts'

type Handlers = { readonly [Name in Method]: (...args: Arguments[Name]) => Promise<unknown> }

const port = parentPort
if (port === null) throw new EngineError('worker.ts runs in a worker thread only', { hint: 'import index.ts instead' })

const reply = (message: Reply): void => port.postMessage(message)

async function answer(id: number, work: Promise<unknown>): Promise<void> {
  try {
    reply({ id, kind: 'done', value: await work })
  } catch (error) {
    reply({ id, kind: 'failed', error: packError(error) })
  }
}

function dispatch<Name extends Method>(handlers: Handlers, method: Name, args: Arguments[Name]): Promise<unknown> {
  return handlers[method](...args)
}

const engine: Promise<TrainingClient> = createInProcess(workerData)
// The engine keeps the order of the calls, so none has to wait here for the one before.
port.on('message', (call: Call) => {
  void answer(
    call.id,
    engine.then((client) => dispatch(client, call.method, call.args)),
  )
})
await answer(
  CREATED_ID,
  engine.then(() => undefined),
)
