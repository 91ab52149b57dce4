import type { Brand } from '../../../core/brand.ts'
import { DataError } from '../../../core/errors.ts'

/** Address of weights with optimizer state, which training resumes from. */
export type StatePath = Brand<string, 'StatePath'>

/** Address of weights for sampling only. */
export type SamplerPath = Brand<string, 'SamplerPath'>

/** What an address names. `kind` is null in SkyRL's short form `tinker://run/name`, which names a sampler. */
export type PathParts = {
  readonly run: string
  readonly kind: 'weights' | 'sampler_weights' | null
  readonly name: string
}

const SCHEME = 'tinker://'
/** Hosted run ids hold colons. */
const RUN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

/**
 * The parts of a `tinker://` address.
 *
 * @throws {DataError} when it is not `tinker://run/(weights|sampler_weights)/name` or `tinker://run/name`
 */
export function parseTinkerPath(text: string): PathParts {
  const segments = text.startsWith(SCHEME) ? text.slice(SCHEME.length).split('/') : []
  const [run = '', middle = ''] = segments
  const name = segments.at(-1) ?? ''
  const kind = segments.length === 3 && (middle === 'weights' || middle === 'sampler_weights') ? middle : null
  const isShape = kind !== null || segments.length === 2
  if (!isShape || !RUN.test(run) || !NAME.test(name) || run.includes('..') || name.includes('..')) {
    throw new DataError(`not a checkpoint address: ${text.slice(0, 200)}`, {
      hint: 'tinker://<run>/weights/<name> for a state, tinker://<run>/sampler_weights/<name> for a sampler',
    })
  }
  return { run, kind, name }
}

/**
 * An address that training can resume from.
 *
 * @throws {DataError} when it is no address, or names weights for sampling, which have no optimizer state
 */
export function parseStatePath(text: string): StatePath {
  const parts = parseTinkerPath(text)
  if (parts.kind === 'weights') return formatStatePath(parts.run, parts.name)
  throw new DataError(`${text} names weights for sampling, training resumes from a state`, {
    hint: `a state is tinker://${parts.run}/weights/<name>, made by save_weights`,
  })
}

/**
 * An address that can be sampled from; SkyRL's short form becomes the long one.
 *
 * @throws {DataError} when it is no address, or names a training state
 */
export function parseSamplerPath(text: string): SamplerPath {
  const parts = parseTinkerPath(text)
  if (parts.kind !== 'weights') return formatSamplerPath(parts.run, parts.name)
  throw new DataError(`${text} names a training state, sampling needs weights for sampling`, {
    hint: `a sampler is tinker://${parts.run}/sampler_weights/<name>, made by save_weights_for_sampler`,
  })
}

/** The address of a state; run and name must have been checked. */
export function formatStatePath(run: string, name: string): StatePath {
  return `${SCHEME}${run}/weights/${name}` as StatePath
}

/** The address of a sampler; run and name must have been checked. */
export function formatSamplerPath(run: string, name: string): SamplerPath {
  return `${SCHEME}${run}/sampler_weights/${name}` as SamplerPath
}

/** Whether a text may name a checkpoint or a run: letters, digits, `.`, `_`, `-`, no traversal. */
export function isCheckpointName(text: string): boolean {
  return NAME.test(text) && !text.includes('..')
}
