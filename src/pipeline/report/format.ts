import { DataError } from '../../core/errors.ts'
import type { LadderStage } from '../../evaluation/ladder.ts'

/**
 * A number with a fixed count of decimals and a true minus sign.
 *
 * @throws {DataError} when it is not finite
 */
export function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) throw new DataError(`the report cannot show the number ${value}`)
  const text = value.toFixed(digits)
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−')
}

/** A fraction as percent with one decimal, no sign: 0.4123 → "41.2". */
export const percent = (fraction: number): string => decimal(100 * fraction, 1)

/** A difference of fractions in percentage points, always signed: "+3.2", "−1.0", "±0.0". */
export function points(difference: number): string {
  const text = percent(difference)
  if (text === '0.0') return '±0.0'
  return text.startsWith('−') ? text : `+${text}`
}

/** A p value: "0.031", "<0.0001". */
export function pValue(p: number): string {
  if (p < 0.0001) return '<0.0001'
  return p < 0.001 ? decimal(p, 4) : decimal(p, 3)
}

/** A count with thousands set apart. */
export const whole = (count: number): string => decimal(count, 0).replace(/\B(?=(\d{3})+$)/g, ',')

/** A duration: "48 s", "3 min 12 s", "2 h 05 min". */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds)
  if (rounded < 60) return seconds < 10 ? `${decimal(seconds, 1)} s` : `${whole(rounded)} s`
  const two = (value: number): string => String(value).padStart(2, '0')
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${two(rounded % 60)} s`
  return `${Math.floor(rounded / 3600)} h ${two(Math.floor((rounded % 3600) / 60))} min`
}

const unreadWords: Readonly<Record<string, string>> = {
  none: 'no answer',
  noMatch: 'no known name',
  several: 'several names',
  negated: 'negated',
  tooGeneral: 'too general',
  conflict: 'names in conflict',
}

/** How an answer could not be read, in words. */
export const unreadTitle = (kind: string): string => unreadWords[kind] ?? kind

/** The rungs as the paper's Table 4 names them. */
export const stageTitles: Readonly<Record<LadderStage | 'base-forced', string>> = {
  'base-forced': 'Base, form forced',
  base: 'Base',
  'cold-start': '+ cold start',
  'rl-1': '+ RL stage 1',
  'rl-2': '+ RL stage 2',
}

export const splitTitles = {
  train: 'Training',
  'held-out-composition': 'Held-out composition',
  'held-out-disease': 'Held-out disease',
} as const

/** "pooled", "2 hops". */
export const hopTitle = (hop: number | 'all'): string =>
  hop === 'all' ? 'pooled' : hop === 1 ? '1 hop' : `${hop} hops`
