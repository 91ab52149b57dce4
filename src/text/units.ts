import { ConfigError } from '../core/errors.ts'
import { formatHint } from '../core/registry.ts'
import {
  analytes,
  axes,
  codePrefixes,
  type Dimension,
  temperatures,
  type UnitAtom,
  unitAliases,
  unitAtoms,
  wordPrefixes,
} from './units-table.ts'

/** A unit: base value = (value + shift) · factor. */
export type Unit = { readonly factor: number; readonly shift: number; readonly dimension: Dimension }

/** Longer texts are no unit (chosen by us: "milligrams per kilogram per day" is 31). */
const maxUnitLength = 60
const none: Dimension = axes.map(() => 0)

type Tables = { readonly exact: ReadonlyMap<string, Unit>; readonly folded: ReadonlyMap<string, Unit | null> }

const { exact, folded } = buildTables()

/**
 * The unit that a whole text names, in UCUM codes or in words: "mg/dL", "mcg", "milligrams per litre",
 * "mL/min/1.73 m²", "10^9/L", "°F". Case is minded only where it tells units apart (mM is no mm).
 *
 * @returns null when the text is no known unit
 */
export function parseUnit(text: string): Unit | null {
  if (text.length > maxUnitLength) return null
  const name = spell(text)
  const lower = name.toLowerCase()
  const temperature = temperatures.get(lower)
  if (temperature !== undefined) return { ...temperature, dimension: dimensionOf({ temperature: 1 }) }
  const [numerator = '', ...denominators] = (unitAliases.get(lower) ?? name).split('/')
  let unit: Unit | null = numerator.trim() === '' && denominators.length > 0 ? scalar(1) : parseProduct(numerator)
  for (const part of denominators) {
    const below = parseProduct(part)
    unit = unit === null || below === null ? null : multiply(unit, below, -1)
  }
  return unit
}

/** One spelling of what is written in several ways: superscripts, "per", the body surface of 1.73 m². */
function spell(text: string): string {
  const plain = text.normalize('NFKC').replace(/\s+/gu, ' ').trim()
  return plain
    .replace(/ ?\b(?:per|each)\b ?/giu, '/')
    .replace(/ ?\/ ?/gu, '/')
    .replace(/[({[]?1\.73[ _]?m\^?2[)}\]]?/iu, 'bsa173')
    .replace(/\bmm hg\b/iu, 'mmHg')
    .replace(/\bcm h2o\b/iu, 'cmH2O')
}

function parseProduct(text: string): Unit | null {
  const parts = text.split(/[·.× ]/u).filter((part) => part !== '')
  if (parts.length === 0) return null
  let product: Unit | null = scalar(1)
  for (const part of parts) {
    const unit = parsePower(part)
    product = unit === null || product === null ? null : multiply(product, unit, 1)
  }
  return product
}

/** "m2", "m^2", "dL-1" or "10^9". */
function parsePower(text: string): Unit | null {
  const power = /^10\^?([+-]?\d{1,2})$/.exec(text)
  if (power !== null && text.includes('^')) return scalar(10 ** Number(power[1]))
  const known = lookUp(text)
  if (known !== null) return known
  const match = /^([^\d^+-]+)\^?([+-]?[1-4])$/u.exec(text)
  const base = match === null ? null : lookUp(match[1]!)
  return base === null || match === null ? null : multiply(scalar(1), base, Number(match[2]))
}

function lookUp(name: string): Unit | null {
  return exact.get(name) ?? folded.get(name.toLowerCase()) ?? null
}

function scalar(factor: number): Unit {
  return { factor, shift: 0, dimension: none }
}

function multiply(left: Unit, right: Unit, power: number): Unit {
  const dimension = left.dimension.map((exponent, axis) => exponent + power * right.dimension[axis]!)
  return { factor: left.factor * right.factor ** power, shift: 0, dimension }
}

function dimensionOf(exponents: UnitAtom['dimension']): Dimension {
  return axes.map((axis) => exponents[axis] ?? 0)
}

/** Every code and word with every prefix it takes; a folded name that could be two units is none. */
function buildTables(): Tables {
  const exact = new Map<string, Unit>()
  const folded = new Map<string, Unit | null>()
  const add = (name: string, unit: Unit): void => {
    // The first meaning stands: "cal" is the calorie, not a product that happens to be spelt so.
    if (!exact.has(name)) exact.set(name, unit)
    const lower = name.toLowerCase()
    const known = folded.get(lower)
    folded.set(lower, known === undefined || isSame(known, unit) ? unit : null)
  }
  for (const { codes, words, factor, dimension, isMetric } of unitAtoms) {
    const unit = (prefix: number): Unit => ({ factor: factor * prefix, shift: 0, dimension: dimensionOf(dimension) })
    for (const code of codes) {
      for (const [prefix, size] of isMetric ? codePrefixes : codePrefixes.slice(0, 1)) add(prefix + code, unit(size))
    }
    for (const word of words) for (const [prefix, size] of wordPrefixes) add(prefix + word, unit(size))
  }
  return { exact, folded }
}

function isSame(left: Unit | null, right: Unit): boolean {
  return left !== null && left.factor === right.factor && left.dimension.every((n, axis) => n === right.dimension[axis])
}

/** Whether two values are the same number but for rounding of conversions (1e-9 of the larger; chosen by us). */
export function isSameNumber(left: number, right: number): boolean {
  return Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right))
}

/** Whether a unit measures pressure: two numbers with a stroke between are then a pair, not a fraction. */
export function isPressure(unit: Unit): boolean {
  const pressure = dimensionOf({ mass: 1, length: -1, time: -2 })
  return unit.dimension.every((exponent, axis) => exponent === pressure[axis])
}

/**
 * A value in another unit.
 *
 * Mass, amount of substance and equivalents are converted into each other only for a declared analyte, by its molar mass
 * (g/mol) and charge; units of activity (IU) are converted into nothing else.
 *
 * @returns null when the dimensions do not fit
 * @throws {ConfigError} when the analyte is not in the table
 */
export function convertUnit(value: number, from: Unit, to: Unit, analyte?: string): number | null {
  const bridge = bridgeFactor(from.dimension, to.dimension, analyte)
  if (bridge === null) return null
  // The same unit: a value must not be rounded on its way to itself.
  if (bridge === 1 && from.factor === to.factor && from.shift === to.shift) return value
  return ((value + from.shift) * from.factor * bridge) / to.factor - to.shift
}

/** What a value in base units is multiplied with for the dimensions to fit; null when they cannot. */
function bridgeFactor(from: Dimension, to: Dimension, analyte: string | undefined): number | null {
  const gaps = from.map((exponent, axis) => exponent - to[axis]!)
  if (gaps.every((gap) => gap === 0)) return 1
  if (analyte === undefined) return null
  const { molarMass, charge } = analyteOf(analyte)
  const mass = gaps[axes.indexOf('mass')]!
  const amount = gaps[axes.indexOf('amount')]!
  const equivalents = gaps[axes.indexOf('charge')]!
  const others = gaps.filter((_, axis) => !['mass', 'amount', 'charge'].includes(axes[axis]!))
  const isOneStep = Math.max(Math.abs(mass), Math.abs(amount), Math.abs(equivalents)) === 1
  if (others.some((gap) => gap !== 0) || mass + amount + equivalents !== 0 || !isOneStep) return null
  if (equivalents !== 0 && charge === undefined) return null
  return molarMass ** -mass * (charge ?? 1) ** -equivalents
}

function analyteOf(name: string): { readonly molarMass: number; readonly charge?: number } {
  const analyte = analytes.get(name)
  if (analyte === undefined) {
    throw new ConfigError(`unknown analyte "${name}"`, { hint: formatHint(name, [...analytes.keys()]) })
  }
  return analyte
}
