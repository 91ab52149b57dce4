import { ConfigError } from '../core/errors.ts'
import { afterCarrier, afterNegation, maxBodyLength, peel, splitParts } from './answer-body.ts'
import { cleanNumberBody, scanNumber } from './number-scan.ts'
import type { AnswerValue, DecimalMark, NoValueKind, NumberSpec } from './types.ts'
import { convertUnit, isPressure, isSameNumber, parseUnit, type Unit } from './units.ts'

/** One number, or the ends of a range, as it is written. */
export type Quantity = {
  readonly kind: 'quantity'
  readonly low: number
  readonly high: number
  readonly isRange: boolean
  /** Unit as it is written; null where there is none. */
  readonly unit: string | null
  /** Decimal places printed; null for whole numbers, counts and fractions, which are exact. */
  readonly decimals: number | null
}

type Failure = { readonly kind: NoValueKind }
type Context = { readonly mark: DecimalMark | undefined; readonly unit: Unit | null }

const approximations = /^(?:=|≈|~|(?:about|approximately|approx\.?|around|roughly)(?=\s)|约|大约)\s?/iu
const comparators =
  /^(?:[<>≤≥⩽⩾]=?|(?:(?:less|more|greater|fewer|higher|lower) than|at least|at most|up to|under|over|above|below)(?=\s)|大于|小于|超过|至少|至多|不少于|不超过)\s?/iu
const notFinite = /^[+-]?(?:nan|inf|infinity|∞)$/iu
const rangeMark = /\s?(?:[-–—~至到]|(?<=\s)to(?=\s))\s?(?=[+-]?[\d.])/iu
const between = /^(?:(between)|from)\s/iu

/**
 * The number that a whole answer is, in the unit of the spec.
 *
 * Sign, thousands, decimals, exponent, `%`, a fraction, a range and a comparator are read; all that is left must be one
 * unit. Exactly one number counts, unless the spec asks for a range; the same quantity twice, "7 mg (0.007 g)", is one.
 *
 * @returns a `number` or a `range`, or why it is none: `several`, `negated`, `comparator`, `ambiguous`, `notFinite`,
 *   `unknownUnit`, `unitMismatch`, `missingUnit`, `none`, `noMatch`
 * @throws {ConfigError} when unit or analyte of the spec are not in the tables
 */
export function readNumber(body: string, spec: NumberSpec): AnswerValue {
  const unit = spec.unit === null ? null : parseUnit(spec.unit)
  if (spec.unit !== null && unit === null) {
    throw new ConfigError(`the unit "${spec.unit}" of a numeric answer is unknown`, {
      hint: 'write it in UCUM codes, such as mg/dL; src/text/units-table.ts lists what is known',
    })
  }
  if (body.length > maxBodyLength) return { kind: 'noMatch' }
  let text = cleanNumberBody(body)
  for (;;) {
    const value = readWhole(peel(text), spec, { mark: spec.decimalMark, unit })
    const rest = afterCarrier(peel(text))
    if (value.kind !== 'noMatch' || rest === null) return value
    text = rest
  }
}

/**
 * A number as a label writes it, for what is to be asked: value, unit and printed precision.
 *
 * @returns null when the text is not one number, or one range, with a unit that is known or none
 */
export function readGoldNumber(text: string, mark?: DecimalMark): Quantity | null {
  if (text.length > maxBodyLength) return null
  const quantity = readQuantity(peel(cleanNumberBody(text)), { mark, unit: null })
  if (quantity.kind !== 'quantity') return null
  return quantity.unit === null || parseUnit(quantity.unit) !== null ? quantity : null
}

function readWhole(text: string, spec: NumberSpec, context: Context): AnswerValue {
  if (text === '') return { kind: 'none' }
  const plain = text.replace(approximations, '')
  if (notFinite.test(plain)) return { kind: 'notFinite' }
  const bound = comparators.exec(plain)
  if (bound !== null) {
    const quantity = readQuantity(plain.slice(bound[0].length), context)
    return { kind: quantity.kind === 'quantity' ? 'comparator' : 'noMatch' }
  }
  const single = readQuantity(plain, context)
  if (single.kind === 'quantity') {
    const value = inUnit(single, spec, context)
    if (value.kind !== 'unknownUnit') return value
  } else if (single.kind !== 'noMatch') {
    return single
  }
  const twice = readTwice(plain, spec, context)
  if (twice !== null) return twice
  const negated = afterNegation(plain)
  if (negated !== null && readQuantity(negated, context).kind === 'quantity') return { kind: 'negated' }
  if (splitParts(text).filter((part) => /^[+-]?\.?\d/.test(part)).length > 1) return { kind: 'several' }
  return { kind: single.kind === 'quantity' ? 'unknownUnit' : single.kind }
}

/** "7 mg (0.007 g)" and "7 mg = 0.007 g": the first of two when they agree, else `several`; null for other texts. */
function readTwice(text: string, spec: NumberSpec, context: Context): AnswerValue | null {
  const open = text.endsWith(')') ? text.indexOf('(') : -1
  const at = open > 0 ? open : text.indexOf('=')
  if (at < 1) return null
  const first = readQuantity(text.slice(0, at).trim(), context)
  const second = readQuantity(peel(text.slice(at + 1, open > 0 ? -1 : undefined)), context)
  if (first.kind !== 'quantity' || second.kind !== 'quantity') return null
  const value = inUnit(first, spec, context)
  const other = inUnit(second, spec, context)
  if (value.kind !== 'number' || other.kind !== 'number') return value.kind === 'number' ? other : value
  const slack =
    first.unit === second.unit ? 0 : Math.max(...[first, second].map((quantity) => halfPlace(quantity, spec, context)))
  const isOne = isSameNumber(value.value, other.value) || Math.abs(value.value - other.value) <= slack
  return isOne ? value : { kind: 'several' }
}

/** Half of the last place that a quantity is printed to, in the unit of the spec: what rounding may have taken. */
function halfPlace(quantity: Quantity, spec: NumberSpec, context: Context): number {
  const half = 0.5 * 10 ** -(quantity.decimals ?? 0)
  const [at, above] = [quantity.low, quantity.low + half].map((low) => inUnit({ ...quantity, low }, spec, context))
  return at?.kind === 'number' && above?.kind === 'number' ? Math.abs(above.value - at.value) : 0
}

/** A whole text as one number or one range and a unit. */
function readQuantity(text: string, { mark, unit }: Context): Quantity | Failure {
  const frame = between.exec(text)
  const inner = frame === null ? text : text.slice(frame[0].length)
  const first = scanNumber(inner, 0, mark)
  if (first.kind !== 'number') return first
  const rest = inner.slice(first.end).trim()
  const own = rest === '' ? null : parseUnit(rest)
  if (own === null && /^\d/.test(rest)) return { kind: 'several' }
  if (first.isFraction && [own, unit].some((candidate) => candidate !== null && isPressure(candidate))) {
    return { kind: 'several' }
  }
  const { value, decimals } = first
  const range = own === null && rest !== '' ? readRange(rest, frame?.[1] !== undefined, mark) : null
  if (range === null) {
    if (frame !== null) return { kind: 'noMatch' }
    return { kind: 'quantity', low: value, high: value, isRange: false, unit: rest === '' ? null : rest, decimals }
  }
  if ('kind' in range) return range
  // One end printed as exact makes the other no less precise than it is.
  const places = decimals === null ? range.decimals : Math.max(decimals, range.decimals ?? decimals)
  return { kind: 'quantity', low: value, high: range.value, isRange: true, unit: range.unit, decimals: places }
}

type RangeEnd = { readonly value: number; readonly decimals: number | null; readonly unit: string | null }

/** The second end of a range in what stands after its first number: "mg to 10 mg", "-10 mg". */
function readRange(rest: string, isBetween: boolean, mark: DecimalMark | undefined): RangeEnd | Failure | null {
  const match = (isBetween ? /\s?(?<=^|\s)and\s(?=[+-]?[\d.])/iu : rangeMark).exec(` ${rest}`)
  if (match === null) return null
  const unitBefore = ` ${rest}`.slice(0, match.index).trim()
  const text = ` ${rest}`.slice(match.index + match[0].length)
  const second = scanNumber(text, 0, mark)
  if (second.kind !== 'number') return second
  const unitAfter = text.slice(second.end).trim()
  // "5 mg to 10 g": two units make two numbers.
  if (unitBefore !== '' && unitBefore !== unitAfter) return { kind: 'several' }
  return { value: second.value, decimals: second.decimals, unit: unitAfter === '' ? null : unitAfter }
}

function inUnit(quantity: Quantity, spec: NumberSpec, { unit }: Context): AnswerValue {
  if (quantity.unit === null && unit !== null && !spec.isUnitFixed) return { kind: 'missingUnit' }
  const ones = parseUnit('1')!
  const wanted = unit ?? ones
  const own = quantity.unit === null ? wanted : parseUnit(quantity.unit)
  if (own === null) return { kind: 'unknownUnit' }
  const low = convertUnit(quantity.low, own, wanted, spec.analyte)
  const high = convertUnit(quantity.high, own, wanted, spec.analyte)
  if (low === null || high === null) return { kind: 'unitMismatch' }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { kind: 'notFinite' }
  if (quantity.isRange !== (spec.form === 'range')) return { kind: quantity.isRange ? 'several' : 'noMatch' }
  if (!quantity.isRange) return { kind: 'number', value: low }
  return low <= high ? { kind: 'range', low, high } : { kind: 'noMatch' }
}
