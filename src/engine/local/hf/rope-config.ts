import { canonicalJson } from '../../../core/json.ts'
import type { RopeScaling } from '../../types.ts'
import type { Fields } from './fields.ts'

export type RopeSettings = { readonly ropeTheta: number; readonly ropeScaling?: RopeScaling }

/** transformers' `default_theta`, which the three families share. */
const DEFAULT_THETA = 10_000
/** Defaults of YaRN in transformers, from Peng et al. 2023, §3.2 and §3.4. */
const BETA_FAST = 32
const BETA_SLOW = 1

/** Fields that each kind of scaling reads. One that is there and not in the list might change the function: refused. */
const knownFields: Readonly<Record<string, readonly string[]>> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  yarn: [
    'factor',
    'original_max_position_embeddings',
    'beta_fast',
    'beta_slow',
    'attention_factor',
    'mscale',
    'mscale_all_dim',
    'truncate',
  ],
}
const commonFields: readonly string[] = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor']

/**
 * Base and scaling of the rotary embedding of a `config.json`, in its old form (`rope_theta`, `rope_scaling`) or that of
 * transformers 5 (`rope_parameters`).
 *
 * @param maxPositions length of the model
 * @throws {DataError} naming the field, for kinds other than default, linear, llama3 and yarn, for a rotation of a part
 *   of the head, and where both forms are there and differ
 */
export function readRopeSettings(config: Fields, maxPositions: number): RopeSettings {
  checkWholeHead(config)
  const forms = ['rope_parameters', 'rope_scaling'].filter((name) => config.has(name))
  const settings = forms.map((name) => readForm(config, name, maxPositions))
  const [first, second] = settings
  if (first && second && canonicalJson(first) !== canonicalJson(second))
    return config.refuse('rope_scaling', 'differs from rope_parameters', 'keep the one that the model was trained with')
  return first ?? { ropeTheta: readTheta(config) }
}

/** The field of an old-form `config.json` that gives this scaling in transformers 4 and 5, vLLM and others. */
export function huggingFaceRopeScaling(scaling: RopeScaling): Readonly<Record<string, unknown>> {
  const { kind: rope_type, factor } = scaling
  if (scaling.kind === 'linear') return { rope_type, factor }
  const original_max_position_embeddings = scaling.originalMaxPositions
  if (scaling.kind === 'llama3') {
    const { lowFrequencyFactor, highFrequencyFactor } = scaling
    return {
      rope_type,
      factor,
      low_freq_factor: lowFrequencyFactor,
      high_freq_factor: highFrequencyFactor,
      original_max_position_embeddings,
    }
  }
  const { betaFast, betaSlow, attentionFactor, truncate } = scaling
  return {
    rope_type,
    factor,
    original_max_position_embeddings,
    // Defaults are left out: not every server knows every field.
    ...(betaFast === BETA_FAST ? {} : { beta_fast: betaFast }),
    ...(betaSlow === BETA_SLOW ? {} : { beta_slow: betaSlow }),
    ...(attentionFactor === yarnMagnitude(factor, 1) ? {} : { attention_factor: attentionFactor }),
    ...(truncate ? {} : { truncate }),
  }
}

function readForm(config: Fields, name: string, maxPositions: number): RopeSettings {
  const rope = config.object(name)!
  checkWholeHead(rope)
  const kind = rope.text('rope_type') ?? rope.text('type') ?? 'default'
  const known = Object.hasOwn(knownFields, kind) ? knownFields[kind]! : null
  if (known === null)
    return rope.refuse(
      'rope_type',
      `"${kind.slice(0, 60)}" is not supported`,
      `known: ${Object.keys(knownFields).join(', ')}; the engine computes one table for all lengths`,
    )
  const unknown = rope.names().find((field) => rope.has(field) && ![...commonFields, ...known].includes(field))
  if (unknown !== undefined) return rope.refuse(unknown.slice(0, 60), `is no field of the scaling "${kind}"`)
  const ropeTheta = rope.has('rope_theta') ? positive(rope, 'rope_theta') : readTheta(config)
  const ropeScaling = readScaling(kind, rope, readOriginalMaxPositions(rope, config, maxPositions))
  return ropeScaling ? { ropeTheta, ropeScaling } : { ropeTheta }
}

function readScaling(kind: string, rope: Fields, originalMaxPositions: number): RopeScaling | undefined {
  if (kind === 'default') return undefined
  const factor = positive(rope, 'factor')
  if (factor < 1) return rope.refuse('factor', `is below 1: ${factor}`)
  if (kind === 'linear') return { kind, factor }
  if (kind === 'llama3') {
    const lowFrequencyFactor = positive(rope, 'low_freq_factor')
    const highFrequencyFactor = positive(rope, 'high_freq_factor')
    if (highFrequencyFactor <= lowFrequencyFactor)
      return rope.refuse(
        'high_freq_factor',
        `${highFrequencyFactor} is not above low_freq_factor ${lowFrequencyFactor}`,
      )
    return { kind, factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions }
  }
  return {
    kind: 'yarn',
    factor,
    originalMaxPositions,
    // As in transformers, 0 means "not set".
    betaFast: rope.number('beta_fast', BETA_FAST) || BETA_FAST,
    betaSlow: rope.number('beta_slow', BETA_SLOW) || BETA_SLOW,
    attentionFactor: readAttentionFactor(rope, factor),
    truncate: rope.flag('truncate', true),
  }
}

/** Outside of the scaling it takes precedence, and without any the model's length counts, as in transformers. */
function readOriginalMaxPositions(rope: Fields, config: Fields, maxPositions: number): number {
  const name = 'original_max_position_embeddings'
  if (config.has(name)) return config.count(name)
  return rope.count(name, maxPositions)
}

function readAttentionFactor(rope: Fields, factor: number): number {
  if (rope.has('attention_factor')) return positive(rope, 'attention_factor')
  const [scale, scaleAllDimensions] = [rope.number('mscale', 0), rope.number('mscale_all_dim', 0)]
  return scale !== 0 && scaleAllDimensions !== 0
    ? yarnMagnitude(factor, scale) / yarnMagnitude(factor, scaleAllDimensions)
    : yarnMagnitude(factor, 1)
}

/** Peng et al. 2023, Eq. (22): √(1/t) = 0.1 ln(s) + 1. */
function yarnMagnitude(factor: number, scale: number): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1
}

function readTheta(config: Fields): number {
  return config.has('rope_theta') ? positive(config, 'rope_theta') : DEFAULT_THETA
}

function positive(fields: Fields, name: string): number {
  const value = fields.number(name)
  return value > 0 ? value : fields.refuse(name, `is not positive: ${value}`)
}

function checkWholeHead(fields: Fields): void {
  const part = fields.number('partial_rotary_factor', 1)
  if (part !== 1) fields.refuse('partial_rotary_factor', `is ${part}: the engine rotates whole heads only`)
}
