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
   * @throws {EngineError} when ONNX Runtime refuses the model or fails while running it
   */
  run(key: string, build: () => Graph, feeds: Feeds, fetches: readonly string[]): Promise<Map<string, FetchedTensor>>
  /** Keys of the open sessions, least recently used first. */
  readonly keys: readonly string[]
  /** Releases every session and its memory. */
  close(): Promise<void>
}

export type SessionPoolOptions = {
  /** Threads inside one operator. */
  readonly threads: number
  /** Sessions kept open; 8 unless told. */
  readonly capacity?: number
  /**
   * Whether each session keeps what it once allocated; true unless told. An arena per session makes memory grow with
   * the number of open sessions (0.35 GB each for 1 M parameters and 4,096 tokens); without one a run is about 5 % slower.
   */
  readonly keepsMemory?: boolean
}

/** Chosen by us. */
const DEFAULT_CAPACITY = 8

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
  const sessions = new Map<string, ort.InferenceSession>()

  async function release(key: string): Promise<void> {
    const session = sessions.get(key)
    sessions.delete(key)
    if (session) await guarded(`release session ${key}`, () => session.release())
  }

  async function acquire(key: string, build: () => Graph): Promise<ort.InferenceSession> {
    const known = sessions.get(key)
    if (known) {
      sessions.delete(key)
      sessions.set(key, known)
      return known
    }
    for (const oldest of [...sessions.keys()].slice(0, Math.max(0, sessions.size - capacity + 1))) await release(oldest)
    const model = encodeModel(build())
    const session = await guarded(`load ${key}`, () => ort.InferenceSession.create(model, options))
    sessions.set(key, session)
    return session
  }

  return {
    async run(key, build, feeds, fetches) {
      const session = await acquire(key, build)
      const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)]))
      const results = await guarded(`run ${key}`, () => session.run(tensors, [...fetches]))
      return new Map(fetches.map((name) => [name, fromOrt(name, results[name])]))
    },
    get keys() {
      return [...sessions.keys()]
    },
    async close() {
      for (const key of [...sessions.keys()]) await release(key)
    },
  }
}
