import type { Server } from 'node:http'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { clock } from '../../../core/clock.ts'
import { EngineError, FlemingError } from '../../../core/errors.ts'
import { acquireLock, ensureDir } from '../../../core/store.ts'
import { openCatalog } from './catalog.ts'
import type { ServerContext, ServerParts } from './context.ts'
import { createEphemerals } from './ephemerals.ts'
import { RequestError } from './errors.ts'
import { createFutures } from './futures.ts'
import { errorReply } from './http.ts'
import { createLedger } from './ledger.ts'
import { endSession, startSweeping } from './lifecycle.ts'
import { createModels } from './models.ts'
import { checkOptions, isLoopback, type ServerLimits, type TinkerServerOptions } from './options.ts'
import { addModelRoutes } from './routes-models.ts'
import { addRunRoutes } from './routes-runs.ts'
import { addSamplingRoutes } from './routes-sampling.ts'
import { addServiceRoutes, addSessionRoutes } from './routes-service.ts'
import { addWeightRoutes } from './routes-weights.ts'
import { createSamplers } from './samplers.ts'
import { checkHost, createKeyCheck, createLinkSigner } from './security.ts'
import { createSessions } from './sessions.ts'
import { createSnapshots } from './snapshots.ts'

export type TinkerServer = {
  /** Where clients reach it: the base URL of an SDK. */
  readonly url: string
  /** Ends every session and stops; checkpoints stay. */
  close(): Promise<void>
}

/** Paths that need no key: whether the server lives, and downloads, which carry a signature. */
const OPEN_PATHS = /^\/api\/v1\/(healthz|training_runs\/[^/]+\/checkpoints\/[^/]+\/[^/]+\/archive\/download)$/
/** Longer than the pool of the official SDK keeps a connection, so that it never writes into one that we just closed. */
const KEEP_ALIVE_MS = 75_000
const MAX_SWEEP_MS = 10_000

/**
 * A server that speaks the Tinker protocol over any engine, for SDKs up to 0.24 (JSON), of 0.25 (protobuf) and from 0.26.2 on
 * (ids for samples).
 *
 * Operations of a model run in the order of their `seq_id`, each once however often it is sent. What is saved outlives the
 * server; models in memory do not.
 *
 * @throws {ConfigError} when it would be open to the network without a key
 * @throws {StorageError} E_LOCKED when another server uses the directory
 * @throws {EngineError} when the address is taken
 */
export async function createTinkerServer(options: TinkerServerOptions): Promise<TinkerServer> {
  const limits = checkOptions(options)
  ensureDir(options.dir)
  const lock = acquireLock(options.dir)
  try {
    const context = await createContext(options, limits)
    const server = await listen(createApp(context), options.listen)
    const stopSweeping = startSweeping(context, Math.min(MAX_SWEEP_MS, limits.sessionTimeoutMs / 4))
    let closing: Promise<void> | undefined
    const close = async (): Promise<void> => {
      stopSweeping()
      try {
        await stop(server)
        for (const session of context.sessions.all()) await endSession(context, session, 'the server was stopped')
        await context.snapshots.close()
        context.ledger.flush()
        for (const line of context.ledger.summary()) context.log(line)
      } finally {
        lock.release()
      }
    }
    return {
      url: urlOf(server, options.listen.hostname),
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (cause) {
    lock.release()
    throw cause
  }
}

async function createContext(options: TinkerServerOptions, limits: ServerLimits): Promise<ServerContext> {
  const log = options.log ?? (() => {})
  const catalog = openCatalog(options.dir)
  const snapshots = createSnapshots(options.host, limits.maxOpenSnapshots)
  const parts: ServerParts = {
    options,
    limits,
    host: options.host,
    base: await options.host.base.info(),
    catalog,
    ledger: createLedger(catalog),
    sessions: createSessions(limits.sessionTimeoutMs),
    futures: createFutures(limits.maxResultBytes),
    snapshots,
    ephemerals: createEphemerals(join(options.dir, 'ephemeral'), limits, snapshots),
    isLocal: isLoopback(options.listen.hostname),
    links: createLinkSigner(),
    log,
    report: (error) => log(`error: ${describeBug(error)}`),
  }
  return { ...parts, models: createModels(parts), samplers: createSamplers(parts) }
}

/** A named error in a line; of a bug the stack, which holds code and no data. */
function describeBug(error: unknown): string {
  if (error instanceof FlemingError) return `${error.code}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown'
}

function createApp(context: ServerContext): Hono {
  const { options, isLocal, log, report } = context
  const checkKey = createKeyCheck(options.apiKey)
  const app = new Hono()
  app.onError((error) => errorReply(error, report))
  app.notFound(() => errorReply(new RequestError(404, 'this server has no such endpoint'), report))
  app.use(async (c, next) => {
    const startMs = clock.monotonicMs()
    await next()
    // The path holds ids and names; keys, tokens and signatures are in headers, bodies and queries.
    const path = new URL(c.req.url).pathname.slice(0, 200)
    log(`${c.req.method} ${path} ${c.res.status} ${(clock.monotonicMs() - startMs).toFixed(0)} ms`)
  })
  app.use(async (c, next) => {
    checkHost(c.req.header('host'), isLocal)
    if (!OPEN_PATHS.test(new URL(c.req.url).pathname)) checkKey(c.req.header('x-api-key'))
    await next()
  })
  addServiceRoutes(app, context)
  addSessionRoutes(app, context)
  addModelRoutes(app, context)
  addWeightRoutes(app, context)
  addSamplingRoutes(app, context)
  addRunRoutes(app, context)
  return app
}

function listen(app: Hono, { hostname, port }: TinkerServerOptions['listen']): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, () => resolve(server)) as Server
    server.keepAliveTimeout = KEEP_ALIVE_MS
    server.once('error', (cause) =>
      reject(new EngineError(`cannot listen on ${hostname}:${port}: ${cause.message}`, { cause })),
    )
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function urlOf(server: Server, hostname: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}
