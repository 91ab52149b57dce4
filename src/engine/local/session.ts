/** The one file that knows onnxruntime-node. Everything above it speaks of graphs, feeds and typed arrays. */
import * as ort from 'onnxruntime-node'
import { EngineError } from '../../core/errors.ts'
import type { Graph } from './onnx/graph.ts'
import { encodeModel } from './onnx/proto.ts'

/** Data fed to a graph input; read where it lies, without a copy, so it may be a view of a larger array. */
export type Feed =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array }

export type Feeds = { readonly [name: string]: Feed }

/** What a run returned; a fresh copy that belongs to the caller. */
export type FetchedTensor = { readonly shape: readonly number[]; readonly data: Float32Array }

export type SessionPool = {
  /**
   * Runs the graph known by `key`; `build` is called when no session for it is open.
   *
   * @param fetches names of the outputs wanted; each is copied out, so ask for no more than needed
   * @param needBytes what the run takes in memory by an estimate: what the session is then known to hold
   * @throws {EngineError} when ONNX Runtime refuses the model or fails while running it
   */
  run(
    key: string,
    build: () => Graph,
    feeds: Feeds,
    fetches: readonly string[],
    needBytes?: number,
  ): Promise<Map<string, FetchedTensor>>
  /** What the session of `key` has kept of the runs before, by their estimates, in bytes; 0 when it keeps nothing. */
  heldBytes(key: string): number
  /** Releases the sessions of all other keys, of whatever scope, where that gives memory back. */
  releaseOthers(key: string): Promise<void>
  /** Keys of the open sessions, least recently used first. */
  readonly keys: readonly string[]
  /**
   * The same pool under keys of its own, for models whose graphs differ. Its `keys` and `close` are about those alone;
   * models of one shape share a scope, and so the sessions.
   */
  scope(name: string): SessionPool
  /** Releases every session and its memory. */
  close(): Promise<void>
}

export type SessionPoolOptions = {
  /** Threads inside one operator. */
  readonly threads: number
  /** Sessions kept open; 8 unless told. */
  readonly capacity?: number
  /**
   * Whether each session keeps what it once allocated, true unless told: a run then has no fresh pages to fault in. A
   * session that has long needed only a fraction of what it keeps is opened anew.
   */
  readonly keepsMemory?: boolean
}

/** Chosen by us. */
const DEFAULT_CAPACITY = 8
/**
 * After so many runs in a row that leave three quarters of what a session holds, and at least so many bytes, unused, it
 * is opened anew. ONNX Runtime can give memory back after a run, but its binding does not pass the option on. Chosen by
 * us: opening takes as long as one to five runs.
 */
const SPARE = { runs: 64, share: 0.75, bytes: 2 ** 28 } as const

type OpenSession = {
  readonly session: ort.InferenceSession
  heldBytes: number
  /** Runs in a row, up to the last one, that used little of what is held. */
  spareRuns: number
}

function sessionOptions(threads: number, keepsMemory: boolean): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Halves the memory at no measurable cost in time.
    enableMemPattern: false,
    enableCpuMemArena: keepsMemory,
    // Spinning workers slow everything else down between runs, the JavaScript optimiser included.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  }
}

async function guarded<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError(`onnxruntime failed to ${doing}: ${message}`, { cause })
  }
}

function toOrt(feed: Feed): ort.Tensor {
  if (feed.dtype === 'float32') return new ort.Tensor('float32', feed.data, feed.shape)
  if (feed.dtype === 'float64') return new ort.Tensor('float64', feed.data, feed.shape)
  return new ort.Tensor('int64', feed.data, feed.shape)
}

function fromOrt(name: string, value: ort.OnnxValue | undefined): FetchedTensor {
  const data = value?.data
  if (!value || !(data instanceof Float32Array))
    throw new EngineError(`onnxruntime returned no float32 output "${name}"`)
  return { shape: value.dims, data }
}

/**
 * A pool of sessions, one per graph, of which the least recently used are released.
 *
 * Runs must not overlap: the caller awaits one before it starts the next (the engine's worker processes requests in
 * order), because a release would pull the session from under a run.
 */
export function createSessionPool({
  threads,
  capacity = DEFAULT_CAPACITY,
  keepsMemory = true,
}: SessionPoolOptions): SessionPool {
  const options = sessionOptions(threads, keepsMemory)
  const sessions = new Map<string, OpenSession>()

  async function release(key: string): Promise<void> {
    const open = sessions.get(key)
    sessions.delete(key)
    if (open) await guarded(`release session ${key}`, () => open.session.release())
  }

  async function acquire(key: string, build: () => Graph): Promise<OpenSession> {
    const known = sessions.get(key)
    if (known && known.spareRuns < SPARE.runs) {
      sessions.delete(key)
      sessions.set(key, known)
      return known
    }
    await release(key)
    for (const oldest of [...sessions.keys()].slice(0, Math.max(0, sessions.size - capacity + 1))) await release(oldest)
    const model = encodeModel(build())
    const session = await guarded(`load ${key}`, () => ort.InferenceSession.create(model, options))
    const open = { session, heldBytes: 0, spareRuns: 0 }
    sessions.set(key, open)
    return open
  }

  function note(open: OpenSession, needBytes: number): void {
    if (!keepsMemory) return
    open.heldBytes = Math.max(open.heldBytes, needBytes)
    const spare = open.heldBytes - needBytes
    open.spareRuns = spare >= SPARE.bytes && spare >= SPARE.share * open.heldBytes ? open.spareRuns + 1 : 0
  }

  function scoped(prefix: string): SessionPool {
    const own = () => [...sessions.keys()].filter((key) => key.startsWith(prefix))
    return {
      async run(key, build, feeds, fetches, needBytes = 0) {
        const open = await acquire(prefix + key, build)
        const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)]))
        const results = await guarded(`run ${key}`, () => open.session.run(tensors, [...fetches]))
        note(open, needBytes)
        return new Map(fetches.map((name) => [name, fromOrt(name, results[name])]))
      },
      heldBytes: (key) => sessions.get(prefix + key)?.heldBytes ?? 0,
      async releaseOthers(key) {
        if (!keepsMemory) return
        for (const other of [...sessions.keys()]) if (other !== prefix + key) await release(other)
      },
      get keys() {
        return own().map((key) => key.slice(prefix.length))
      },
      scope: (name) => scoped(`${prefix}${name}/`),
      async close() {
        for (const key of own()) await release(key)
      },
    }
  }
  return scoped('')
}

/** The release of ONNX Runtime that computes. */
export const ONNXRUNTIME_VERSION: string = ort.env.versions.node ?? ort.env.versions.common
