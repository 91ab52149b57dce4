/** Entry of the worker thread that owns the engine. Started by `worker-handle.ts`, which says what to make. */
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../../core/errors.ts'
import type { CallOptions, FrozenClient, ModelHost, TrainingClient } from '../types.ts'
import { createHost, createInProcess } from './host.ts'
import {
  type Call,
  CREATED_ID,
  FIRST_CLIENT,
  type Message,
  packError,
  type Reply,
  type Request,
  type WorkerConfig,
} from './protocol.ts'
import { closedError } from './queue.ts'

const port = parentPort
if (port === null) throw new EngineError('worker.ts runs in a worker thread only', { hint: 'import index.ts instead' })

const frozen = new Map<number, FrozenClient>()
const training = new Map<number, TrainingClient>()
/** The calls under way, so that they can be taken back. */
const underWay = new Map<number, AbortController>()
let lastClient = FIRST_CLIENT

const reply = (message: Reply): void => port.postMessage(message)

async function answer(id: number, work: Promise<unknown>): Promise<void> {
  try {
    reply({ id, kind: 'done', value: await work })
  } catch (error) {
    reply({ id, kind: 'failed', error: packError(error) })
  }
  underWay.delete(id)
}

/** Makes the engine; the first client is there when it returns. */
async function create({ kind, config }: WorkerConfig): Promise<ModelHost | undefined> {
  if (kind === 'engine') {
    training.set(FIRST_CLIENT, await createInProcess(config))
    return undefined
  }
  const host = await createHost(config)
  frozen.set(FIRST_CLIENT, host.base)
  return host
}

function find<Client>(clients: ReadonlyMap<number, Client>, client: number): Client {
  const found = clients.get(client)
  if (found === undefined) throw closedError()
  return found
}

function perform(call: Call, options: CallOptions): Promise<unknown> {
  const reader = () => training.get(call.client) ?? find(frozen, call.client)
  const trainer = () => find(training, call.client)
  switch (call.method) {
    case 'sample':
      return reader().sample(call.args[0], call.args[1], options)
    case 'forward':
      return reader().forward(call.args[0], call.args[1], call.args[2], options)
    case 'info':
      return reader().info()
    case 'forwardBackward':
      return trainer().forwardBackward(call.args[0], call.args[1], call.args[2], options)
    case 'optimStep':
      return trainer().optimStep(...call.args)
    case 'saveState':
      return trainer().saveState(...call.args)
    case 'loadState':
      return trainer().loadState(...call.args)
    case 'saveWeights':
      return trainer().saveWeights(...call.args)
    case 'loadWeights':
      return trainer().loadWeights(...call.args)
    case 'resetOptimizer':
      return trainer().resetOptimizer()
  }
}

async function open<Client>(clients: Map<number, Client>, opening: Promise<Client>): Promise<number> {
  const client = await opening
  clients.set(++lastClient, client)
  return lastClient
}

async function closeClient(client: number): Promise<void> {
  const closing = training.get(client) ?? frozen.get(client)
  training.delete(client)
  frozen.delete(client)
  await closing?.close()
}

async function handle(request: Request, host: ModelHost | undefined, signal: AbortSignal): Promise<unknown> {
  switch (request.kind) {
    case 'call':
      return perform(request.call, { signal })
    case 'closeClient':
      return closeClient(request.client)
    case 'createModel':
      return host && open(training, host.createModel(request.options))
    case 'openSnapshot':
      return host && open(frozen, host.openSnapshot(request.dir))
  }
}

const config: WorkerConfig = workerData
const created = create(config)
// The engine keeps the order of the calls, so none has to wait here for the one before.
port.on('message', (message: Message) => {
  if (message.kind === 'abort') {
    underWay.get(message.id)?.abort()
    return
  }
  const controller = new AbortController()
  underWay.set(message.id, controller)
  void answer(
    message.id,
    created.then((host) => handle(message, host, controller.signal)),
  )
})
await answer(
  CREATED_ID,
  created.then(() => undefined),
)
