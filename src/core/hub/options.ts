import { homedir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { HubOptions } from './hub-fetch.ts'

/** What a caller may set of a connection to the hub. */
export type HubSettings = {
  readonly signal?: AbortSignal | undefined
  /** Address of the hub; HF_ENDPOINT or https://huggingface.co unless told. */
  readonly endpoint?: string | undefined
  /** Pause before the second attempt of a call; half a second unless told. */
  readonly retryDelayMs?: number | undefined
  /** Longest wait for the next bytes; a minute unless told. */
  readonly idleTimeoutMs?: number | undefined
}

const DEFAULT_ENDPOINT = 'https://huggingface.co'
const RETRY_DELAY_MS = 500
const IDLE_TIMEOUT_MS = 60_000

/**
 * The settings of a connection to the hub, with what is not told filled in.
 *
 * @throws {ConfigError} when HF_ENDPOINT is not the address of a hub
 */
export function hubOptions(settings: HubSettings): HubOptions {
  return {
    endpoint: readEndpoint(settings.endpoint ?? process.env.HF_ENDPOINT ?? DEFAULT_ENDPOINT),
    signal: settings.signal,
    retryDelayMs: settings.retryDelayMs ?? RETRY_DELAY_MS,
    idleTimeoutMs: settings.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
  }
}

/** Where what the hub served is kept: a folder in the user's cache directory. */
export function hubCacheDir(name: 'models' | 'datasets'): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fleming', name)
}

function readEndpoint(text: string): string {
  if (!/^https?:\/\/[^/@]+(\/[^@]*)?$/.test(text) || !URL.canParse(text))
    throw new ConfigError('HF_ENDPOINT is not the address of a hub', {
      hint: `such as ${DEFAULT_ENDPOINT}; a token belongs into HF_TOKEN`,
    })
  return text.replace(/\/+$/, '')
}
