import { DataError } from '../core/errors.ts'
import type { Item } from '../questions/types.ts'
import { exactNameKey } from '../text/entity-name.ts'
import { readGoldNumber } from '../text/number.ts'
import { shuffleOptions } from '../text/options.ts'
import type { AnswerSpec, NumberSpec } from '../text/types.ts'
import { convertUnit, isSameNumber, parseUnit } from '../text/units.ts'
import { canMove, isAnchored } from './option-order.ts'
import type { AnswerTask, Gold, Tolerance } from './types.ts'

/** How an item is shown and asked, beyond what it says of itself. */
export type AskOptions = {
  /** Original index of each shown option, [shown]; as they stand in the item unless told. */
  readonly order?: readonly number[]
  /** Of a numeric answer; else the number must be the gold as printed. */
  readonly tolerance?: Tolerance
  /** Substance of a numeric answer, for units of mass and amount: `glucose`. */
  readonly analyte?: string
}

/**
 * How the answer to an item is read: one option, a set of options, a number where every accepted wording is the same
 * number, else one of the accepted wordings.
 *
 * @throws {DataError} when the item has no options or no accepted wording, or the order is not one of its options
 */
export function specOf(item: Item, options: AskOptions = {}): AnswerSpec {
  if (item.form !== 'open') {
    return { kind: item.form === 'single' ? 'choice' : 'choices', options: shownOptions(item, options.order) }
  }
  return numberOf(item, options)?.spec ?? { kind: 'names', names: namesOf(item) }
}

/**
 * What is right for an item whose options are shown in an order.
 *
 * @returns the right options by their shown index; a number with its printed precision; or the wordings
 * @throws {DataError} as `specOf`, and when a gold is not one of the options
 */
export function goldOf(item: Item, options: AskOptions = {}): Gold {
  if (item.form === 'open') {
    namesOf(item)
    return numberOf(item, options)?.gold ?? { kind: 'names' }
  }
  const order = orderOf(item, options.order)
  const indices = item.golds.map((gold) => order.indexOf(gold)).sort((a, b) => a - b)
  const isOne = item.form === 'multiple' || indices.length === 1
  if (indices.length === 0 || indices[0] === -1 || !isOne || new Set(indices).size < indices.length) {
    throw new DataError(
      `item ${item.id} (${item.form}) has golds [${item.golds.join(', ')}] of ${order.length} options`,
      {
        field: 'golds',
        hint: 'golds are indices of options, each once: one for a single choice, one or more for multiple',
      },
    )
  }
  return { kind: 'options', indices }
}

/** An item as a verifier sees it; the same order, tolerance and analyte as for its prompt. */
export function taskOf(item: Item, options: AskOptions = {}): AnswerTask {
  return { id: item.id, spec: specOf(item, options), gold: goldOf(item, options) }
}

/**
 * The order in which an item's options are shown at a visit: it depends on seed, item and visit alone. "None of the above"
 * and its like stay last; an item whose options speak of other options by letter keeps its order.
 *
 * @param visit counted from 0; each visit has its own order, so that no letter can be learnt by heart
 * @returns original index of each shown option, [shown]
 */
export function orderAt(item: Item, seed: number | string, visit: number): readonly number[] {
  const identity = item.options.map((_, index) => index)
  if (item.form === 'open' || !canMove(item.options)) return identity
  const moving = item.options.filter((option) => !isAnchored(option))
  if (moving.length === 0) return identity
  const shuffled = shuffleOptions({ id: item.id, options: moving, gold: 0 }, seed, 'visit', visit)
  return [...shuffled.originals, ...identity.slice(moving.length)]
}

function shownOptions(item: Item, order: readonly number[] | undefined): string[] {
  return orderOf(item, order).map((index) => item.options[index]!)
}

/**
 * The order, checked: a permutation of the options.
 *
 * @throws {DataError} when it is none, or the item has no options
 */
export function orderOf(item: Item, order: readonly number[] | undefined): readonly number[] {
  const identity = item.options.map((_, index) => index)
  if (identity.length === 0) {
    throw new DataError(`item ${item.id} (${item.form}) has no options`, { field: 'options' })
  }
  if (order === undefined) return identity
  const sorted = [...order].sort((a, b) => a - b)
  if (sorted.length !== identity.length || sorted.some((index, at) => index !== at)) {
    throw new DataError(
      `order [${order.join(', ')}] does not show each of the ${identity.length} options of ${item.id} once`,
    )
  }
  return order
}

function namesOf(item: Item): readonly string[] {
  if (item.answers.length === 0 || item.answers.some((answer) => exactNameKey(answer) === '')) {
    throw new DataError(`open item ${item.id} has no accepted wording, or one without characters to compare`, {
      field: 'answers',
    })
  }
  return item.answers
}

/** Both languages of items write decimals with a point. */
const decimalMark = '.'

/** Spec and gold of an open item whose every accepted wording is one and the same number; null for other items. */
function numberOf(
  item: Item,
  { tolerance, analyte }: AskOptions,
): { readonly spec: NumberSpec; readonly gold: Gold } | null {
  const [first, ...others] = item.answers.map((answer) => readGoldNumber(answer, decimalMark))
  if (first === undefined || first === null) return null
  const { unit, decimals, low, high, isRange } = first
  for (const other of others) {
    if (other === null || other.isRange !== isRange) return null
    const [from, to] = [parseUnit(other.unit ?? '1'), parseUnit(unit ?? '1')]
    const ends = [other.low, other.high].map((end) => (from && to ? convertUnit(end, from, to, analyte) : null))
    if (![low, high].every((end, at) => isSameNumber(end, ends[at] ?? Number.NaN))) return null
  }
  const precision = { decimals, ...(tolerance === undefined ? {} : { tolerance }) }
  return {
    spec: {
      kind: 'number',
      form: isRange ? 'range' : 'number',
      unit,
      isUnitFixed: unit !== null && namesUnit(item.stem, unit),
      decimalMark,
      ...(analyte === undefined ? {} : { analyte }),
    },
    gold: isRange ? { kind: 'range', low, high, ...precision } : { kind: 'number', value: low, ...precision },
  }
}

/** Whether a stem says in which unit it wants the answer: "in mg/dL", "(mg/dL)", "以 mg/dL". */
function namesUnit(stem: string, unit: string): boolean {
  for (let at = stem.indexOf(unit); at !== -1; at = stem.indexOf(unit, at + 1)) {
    const before = stem.slice(Math.max(0, at - 4), at)
    const after = stem.slice(at + unit.length, at + unit.length + 1)
    if (/(?:\bin ?|\(|（|以 ?)$/u.test(before) && !/[\p{L}\d/]/u.test(after)) return true
  }
  return false
}
