import { ConfigError } from '../../../core/errors.ts'
import { contentId } from '../../../core/hash.ts'
import type { DecoderConfig, LoraConfig } from '../../types.ts'
import type { Feeds } from '../session.ts'
import type { ParameterSet } from './parameters.ts'

/** What graphs are built from: a decoder and, if it has one, the shape of its adapter. */
export type ModelShape = { readonly config: DecoderConfig; readonly lora?: LoraConfig | undefined }

/** Weights in memory. With an adapter the base is only read and may be shared by many models. */
export type Model = {
  readonly config: DecoderConfig
  readonly base: ParameterSet
  readonly adapter?: { readonly lora: LoraConfig; readonly parameters: ParameterSet } | undefined
}

/** The shape of a model. */
export function shapeOf({ config, adapter }: Model): ModelShape {
  return { config, lora: adapter?.lora }
}

/** A name of a shape: equal shapes, equal key. Sessions of one pool are told apart by it. */
export function shapeKey({ config, lora }: ModelShape): string {
  return contentId('model', lora ? { config, lora } : { config })
}

/** The parameters that training changes: the adapter's, or all. */
export function trainedParameters({ base, adapter }: Model): ParameterSet {
  return adapter?.parameters ?? base
}

/** Every weight as graph input, read where it lies. */
export function weightFeeds({ base, adapter }: Model): Feeds {
  return Object.fromEntries(
    [base, ...(adapter ? [adapter.parameters] : [])].flatMap((set) =>
      set.specs.map(({ name, shape }) => [name, { dtype: 'float32' as const, shape, data: set.view(name) }]),
    ),
  )
}

/**
 * The factor of an adapter's output, alpha / rank.
 *
 * @throws {ConfigError} when either is not positive
 */
export function loraScale({ rank, alpha }: LoraConfig): number {
  if (!Number.isInteger(rank) || rank < 1) throw new ConfigError(`lora.rank must be a positive integer, found ${rank}`)
  if (!(alpha > 0 && Number.isFinite(alpha))) throw new ConfigError(`lora.alpha must be positive, found ${alpha}`)
  return alpha / rank
}
