import { ConfigError } from '../../../core/errors.ts'
import type { ModelHost } from '../../types.ts'

/** Bounds of a server, chosen by us for one computer. */
export type ServerLimits = {
  /** A request body as it arrives. */
  readonly maxBodyBytes: number
  /** A request body after decompression. */
  readonly maxDecodedBytes: number
  readonly maxDataPerRequest: number
  readonly maxSamplesPerRequest: number
  /** Models in memory at a time, over all sessions. */
  readonly maxModels: number
  /** How long a poll for a result is held before 408; official clients give up after 45 s. */
  readonly futureHoldMs: number
  /** How long an operation waits for the ones before it to arrive. */
  readonly gapTimeoutMs: number
  /** A session without heartbeat for so long is over; its models leave the memory, its checkpoints stay. */
  readonly sessionTimeoutMs: number
  /** Snapshots held open for sampling; the one used longest ago is closed first. */
  readonly maxOpenSnapshots: number
  /** Unnamed snapshots kept on disk per model, besides those in use; each is as large as the weights that are trained. */
  readonly maxEphemeralSnapshots: number
  /** Results kept for fetching again; beyond it the oldest fetched ones are forgotten. */
  readonly maxResultBytes: number
  /** Completions handed to the engine in one call. */
  readonly maxBatchSamples: number
}

export const DEFAULT_LIMITS: ServerLimits = {
  maxBodyBytes: 64 * 2 ** 20,
  maxDecodedBytes: 256 * 2 ** 20,
  maxDataPerRequest: 4096,
  maxSamplesPerRequest: 1024,
  maxModels: 32,
  futureHoldMs: 25_000,
  gapTimeoutMs: 900_000,
  sessionTimeoutMs: 300_000,
  maxOpenSnapshots: 4,
  maxEphemeralSnapshots: 4,
  maxResultBytes: 512 * 2 ** 20,
  maxBatchSamples: 256,
}

export type TinkerServerOptions = {
  /** The engine. It stays open when the server closes: who made it closes it. */
  readonly host: ModelHost
  /** The name that clients ask for in `base_model`. */
  readonly baseModel: string
  /** What the official client loads as tokenizer: a Hugging Face name or a folder; `baseModel` unless told. */
  readonly tokenizerId?: string | undefined
  /** Holds runs and checkpoints; locked while the server runs. */
  readonly dir: string
  /** The key that clients must send; required beyond loopback. */
  readonly apiKey?: string | undefined
  /** `port` 0 takes a free one. */
  readonly listen: { readonly hostname: string; readonly port: number }
  /** Text of tokens, for stops given as text; without it these are refused. */
  readonly detokenize?: ((tokens: readonly number[]) => string) | undefined
  /** What ends a completion when a request names no stop. */
  readonly eosTokens?: readonly number[] | undefined
  readonly limits?: Partial<ServerLimits> | undefined
  /** Takes one line per request and event; it never holds a key or tokens. */
  readonly log?: ((line: string) => void) | undefined
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

/** Whether a host name reaches this computer only. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname.toLowerCase())
}

/**
 * The limits in force.
 *
 * @throws {ConfigError} when a limit is not a positive number, or the server would be open to the network without a key
 */
export function checkOptions(options: TinkerServerOptions): ServerLimits {
  const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits }
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new ConfigError(`limit ${name} must be positive, found ${value}`)
  }
  if (options.apiKey === '') throw new ConfigError('the API key is empty')
  if (options.apiKey === undefined && !isLoopback(options.listen.hostname)) {
    throw new ConfigError(`listening on ${options.listen.hostname} reaches beyond this computer and needs an API key`, {
      hint: 'set a key, or listen on 127.0.0.1',
    })
  }
  return limits
}
