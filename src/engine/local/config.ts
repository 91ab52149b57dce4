import { availableParallelism } from 'node:os'
import { ConfigError } from '../../core/errors.ts'
import type { DecoderConfig, LoraConfig } from '../types.ts'

/** Where the base model comes from. */
export type BaseSource =
  | {
      /** Shape of a model whose weights are drawn from the seed. */
      readonly decoder: DecoderConfig
      /** Folder of a model of this very shape to start from, instead of freshly drawn weights. */
      readonly initialWeights?: string | undefined
      readonly model?: undefined
    }
  | {
      /** Folder of a model in the Hugging Face layout, which says its shape itself. */
      readonly model: string
      readonly decoder?: undefined
      readonly initialWeights?: undefined
    }

export type LocalHostConfig = BaseSource & {
  /** Root of freshly drawn weights and of all draws of the base's sampler. */
  readonly seed: number
  /** Threads within one operation; all cores unless told. */
  readonly threads?: number | undefined
  /** Bound of sequences times length in one training run, padding included; 4096 unless told. */
  readonly maxTokensPerMicroBatch?: number | undefined
  /** Whether training keeps between runs the memory of its largest one, for speed; true unless told (`TrainerOptions`). */
  readonly keepsMemory?: boolean | undefined
  /** Most sequences decoded together; 512 unless told. */
  readonly maxBatch?: number | undefined
  /** Whether the engine lives in a worker thread, so that the main thread stays alive; true unless told. */
  readonly inWorker?: boolean | undefined
}

export type LocalEngineConfig = LocalHostConfig & {
  /** Trains an adapter over the base; without, every weight of it. */
  readonly lora?: LoraConfig | undefined
}

/** One run of the bench's config a (32 sequences of 128 tokens): half a gigabyte of memory. */
const DEFAULT_TOKENS_PER_MICRO_BATCH = 4096

/** The settings of a host with nothing left open. */
export type Settings = {
  readonly threads: number
  readonly maxTokensPerMicroBatch: number
  readonly keepsMemory: boolean
  readonly maxBatch: number | undefined
}

/**
 * The settings of a configuration, defaults filled in.
 *
 * @throws {ConfigError} naming the setting that is out of range
 */
export function resolveSettings({ keepsMemory = true, maxBatch, ...config }: LocalHostConfig): Settings {
  const threads = config.threads ?? availableParallelism()
  const maxTokensPerMicroBatch = config.maxTokensPerMicroBatch ?? DEFAULT_TOKENS_PER_MICRO_BATCH
  for (const [name, value] of Object.entries({ threads, maxTokensPerMicroBatch, maxBatch }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new ConfigError(`${name} must be a positive integer, found ${value}`)
  return { threads, maxTokensPerMicroBatch, keepsMemory, maxBatch }
}
