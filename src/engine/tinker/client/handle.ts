import { EngineError } from '../../../core/errors.ts'
import type { TokenUsage } from '../../types.ts'
import type { Connection } from './connection.ts'
import { closedError } from './http.ts'
import { createRemoteModel, loadRemoteModel, type RemoteModel } from './model.ts'

export type HandleOptions = Parameters<typeof createRemoteModel>[1] & { readonly connection: Connection }

/** Why a call can no longer be made: the server may hold something that the caller does not know of. */
type Fault = { readonly blocks: 'training' | 'everything'; readonly why: string }

/**
 * The model that a client stands for. Loading a state puts another one at the server in its place; callers see one.
 *
 * Every call first waits for `current()`, once, and then takes its place in the model's line: that keeps the order of calls
 * across an exchange.
 */
export type Handle = {
  current(): Promise<RemoteModel>
  /** Optimizer steps since the first weights, or since a load without optimizer state. */
  steps: number
  /** Numbers the saves, whose names must differ. */
  nextSave(): number
  /** @throws {EngineError} when the client is closed */
  assertOpen(): void
  /**
   * @param isTraining whether the call would train on what is accumulated
   * @throws {EngineError} when the client is closed, or the server's model is in doubt
   */
  assertSound(isTraining: boolean): void
  /** It is not known what the server did: nothing is done on top of it until a state is loaded. */
  doubt(blocks: Fault['blocks'], what: string, error: unknown): void
  /** Resolves when all calls have settled that were made before this one. */
  settled(): Promise<void>
  /** Keeps a call in mind until it has settled. */
  track<Result>(work: () => Promise<Result>): Promise<Result>
  /** Puts the model that `make` returns in the place of this one, after all calls made before. */
  replace(make: (old: RemoteModel) => Promise<RemoteModel>): Promise<void>
  /** Unloads a model and loads a state into a new one. */
  exchange(old: RemoteModel, path: string, optimizer: boolean): Promise<RemoteModel>
  count(kind: keyof TokenUsage, tokens: number): void
  usage(): TokenUsage
  close(): Promise<void>
}

const UNLOAD_MS = 5000

/** Creates a model at the server. */
export async function createHandle(options: HandleOptions): Promise<Handle> {
  const { connection } = options
  let current: Promise<RemoteModel> = createRemoteModel(connection, options)
  await current
  let saves = 0
  let fault: Fault | undefined
  let closing: Promise<void> | undefined
  let usage: TokenUsage = { trained: 0, scored: 0, prefilled: 0, sampled: 0 }
  const underWay = new Set<Promise<unknown>>()
  function assertOpen(): void {
    if (closing !== undefined) throw closedError()
  }
  return {
    current: () => current,
    steps: 0,
    nextSave: () => ++saves,
    assertOpen,
    assertSound(isTraining) {
      assertOpen()
      if (fault === undefined || (fault.blocks === 'training' && !isTraining)) return
      throw new EngineError(`the model at the server is in doubt: ${fault.why}`, {
        hint: 'load the last saved state; running the same command again does that',
      })
    },
    doubt(blocks, what, error) {
      if (fault?.blocks === 'everything') return
      fault = { blocks, why: `${what}: ${error instanceof Error ? error.message : String(error)}` }
    },
    settled: () => Promise.all([...underWay]).then(() => undefined),
    track: (work) => trackIn(underWay, work),
    replace(make) {
      const old = current
      const before = [...underWay]
      const next = old.then(async (model) => {
        await Promise.all(before)
        return make(model)
      })
      // When nothing could be made and the old model still stands, work goes on with it.
      current = next.catch(() => old)
      return next.then(() => undefined)
    },
    async exchange(old, path, optimizer) {
      // Servers that hold one model, or few, have no room for the new one beside the old.
      await old.unload()
      fault = { blocks: 'everything', why: `${path} was not loaded` }
      const model = await loadRemoteModel(connection, { ...options, path, optimizer })
      fault = undefined
      return model
    },
    count: (kind, tokens) => {
      usage = { ...usage, [kind]: usage[kind] + tokens }
    },
    usage: () => usage,
    close() {
      closing ??= closeAll(connection, current)
      return closing
    },
  }
}

/** Best effort: a server that does not answer unloads the model when the heartbeats end. */
async function closeAll(connection: Connection, current: Promise<RemoteModel>): Promise<void> {
  await current.then((model) => model.unload(UNLOAD_MS)).catch(() => undefined)
  await connection.close()
}

/** The result of some work, which is in the set until it has settled. */
export function trackIn<Result>(set: Set<Promise<unknown>>, work: () => Promise<Result>): Promise<Result> {
  const result = work()
  const settled: Promise<unknown> = result.then(
    () => set.delete(settled),
    () => set.delete(settled),
  )
  set.add(settled)
  return result
}
