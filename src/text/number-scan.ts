/** Numbers as they are written, scanned from the left: every character is looked at a bounded number of times. */

import { cleanBody } from './answer-body.ts'
import type { DecimalMark } from './types.ts'

/** A written number and where it ends. `decimals`: places it is printed to, null where it is printed as exact. */
export type ScannedNumber = {
  readonly kind: 'number'
  readonly value: number
  readonly decimals: number | null
  readonly isFraction: boolean
  readonly end: number
}

type ScanFailure = { readonly kind: 'ambiguous' | 'notFinite' | 'several' | 'noMatch' }

export type NumberScan = ScannedNumber | ScanFailure

const superscripts = /[⁺⁻]?[⁰¹²³⁴-⁹]+/gu
const vulgarFractions = /[¼-¾⅐-⅞↉]/gu
const thinSpaces = /(?<=\d)[\u2009\u202f](?=\d{3}(?!\d))/gu
const minuses = /[\u2212\u2012\ufe63\uff0d]/gu
const run = /\d(?:[\d.,']*\d)?/y
const leadingPoint = /[.,]\d+/y
const exponentE = /[eE][+-]?\d{1,4}(?![\p{L}\d])/uy
const exponentTen = /\s?[×x·]\s?10\s?\^\s?\(?([+-]?\d{1,4})\)?/iuy
const powerOfTen = /\s?\^\s?\(?([+-]?\d{1,4})\)?/y
const denominator = /\s?[/⁄]\s?(\d{1,15})(?![\d.,])/y

/**
 * The body as numbers are read: superscripts become `^n` before NFKC can make 10² a 102, "1½" two numbers and not 11/2, a
 * star between factors ×, thin spaces between thousands apostrophes; then what every answer goes through.
 */
export function cleanNumberBody(body: string): string {
  const marked = body
    .replace(superscripts, (power) => `^${power.normalize('NFKC').replace('\u2212', '-')}`)
    .replace(vulgarFractions, (fraction) => ` ${fraction.normalize('NFKC')}`)
    .replace(thinSpaces, "'")
    .replace(/(?<=\d)\s?\*\s?(?=10\s?(?:\^|\*\*))/gu, '×')
    .replace(/(?<=10)\s?\*\*\s?(?=[+-]?\d)/gu, '^')
    .replace(/\\(?:times|cdot)\s?/gu, '×')
    .replace(/\\[dt]?frac\{(\d{1,15})\}\{(\d{1,15})\}/gu, '$1/$2')
    .replace(/\\%/gu, '%')
    .replace(/\\[,;!]/gu, ' ')
    .replace(/\^\{([+-]?\d{1,4})\}/gu, '^$1')
    .replace(minuses, '-')
  return cleanBody(marked).replace(minuses, '-')
}

/**
 * The number that begins at a place: sign, thousands, decimals, exponent (`e5`, `× 10^5`, `10^5`) or a fraction of whole
 * numbers.
 *
 * @param mark the decimal mark where it is known; else a text that the two marks read differently is `ambiguous`
 * @returns `noMatch` when no number begins there, `several` when digits and marks make no one number ("1,2,3")
 */
export function scanNumber(text: string, at: number, mark?: DecimalMark): NumberScan {
  const sign = text[at] === '-' ? -1 : 1
  const from = text[at] === '-' || text[at] === '+' ? at + 1 : at
  const digits = matchAt(run, text, from)?.[0] ?? matchAt(leadingPoint, text, from)?.[0]
  if (digits === undefined) return { kind: 'noMatch' }
  const plain = digits === '10' ? matchAt(powerOfTen, text, from + 2) : null
  if (plain !== null) return finish(sign * 10 ** Number(plain[1]), null, false, from + 2 + plain[0].length)
  const read = readRun(digits, mark)
  if (typeof read !== 'string') return read
  const end = from + digits.length
  return withSuffix(text, { sign, read, end })
}

function withSuffix(
  text: string,
  { sign, read, end }: { readonly sign: number; readonly read: string; readonly end: number },
): NumberScan {
  const point = read.indexOf('.')
  const decimals = point === -1 ? null : read.length - point - 1
  const exponent = matchAt(exponentE, text, end) ?? matchAt(exponentTen, text, end)
  if (exponent !== null) {
    const power = Number(exponent[1] ?? exponent[0].slice(1))
    return finish(sign * Number(`${read}e${power}`), (decimals ?? 0) - power, false, end + exponent[0].length)
  }
  const below = decimals === null ? matchAt(denominator, text, end) : null
  if (below === null) return finish(sign * Number(read), decimals, false, end)
  return finish((sign * Number(read)) / Number(below[1]), null, true, end + below[0].length)
}

function finish(value: number, decimals: number | null, isFraction: boolean, end: number): NumberScan {
  if (!Number.isFinite(value)) return { kind: 'notFinite' }
  // Negative zero is zero.
  return { kind: 'number', value: value === 0 ? 0 : value, decimals, isFraction, end }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Digits and marks as a plain decimal number. */
function readRun(digits: string, mark: DecimalMark | undefined): string | ScanFailure {
  const byPoint = readMarked(digits, ',', '.')
  const byComma = readMarked(digits, '.', ',')
  if (mark !== undefined) {
    const wanted = mark === '.' ? byPoint : byComma
    if (wanted !== null) return wanted
    return { kind: (mark === '.' ? byComma : byPoint) === null ? 'several' : 'ambiguous' }
  }
  if (byPoint === null) return { kind: byComma === null ? 'several' : 'ambiguous' }
  return byComma === null || Number(byComma) === Number(byPoint) ? byPoint : { kind: 'ambiguous' }
}

/** The digits with this mark between thousands and that before decimals; null when they are not written so. */
function readMarked(digits: string, thousands: ',' | '.', decimal: '.' | ','): string | null {
  const [whole = '', fraction, ...more] = digits.split(decimal)
  if (more.length > 0 || (fraction !== undefined && !/^\d+$/.test(fraction))) return null
  const separator = whole.includes("'") ? "'" : thousands
  const groups = whole.split(separator)
  if (!groups.every((group) => /^\d*$/.test(group))) return null
  if (groups.length > 1) {
    const first = groups[0]!
    const isGrouped = groups.slice(1).every((group) => group.length === 3)
    if (!isGrouped || first.length < 1 || first.length > 3 || first.startsWith('0')) return null
  }
  if (whole === '' && fraction === undefined) return null
  return `${groups.join('') || '0'}${fraction === undefined ? '' : `.${fraction}`}`
}
