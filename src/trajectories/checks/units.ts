import { convertUnit } from '../../text/units.ts'
import { axes } from '../../text/units-table.ts'
import { isBaseClose, isPlainClose } from './arithmetic.ts'
import type { Finding, TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'
import { type Equation, equationsOf, isClose, isSameDimension, slackOf } from './equation.ts'

/**
 * Conversions ("1 g = 1,000 mg", "0.5 g (500 mg)", "98.6 °F = 37 °C") and chains of doses ("15 mg/kg × 20 kg = 300 mg")
 * recomputed with their units.
 *
 * @paper Fleming-R1 §1: selection by verifiable signals, correct units
 */
export const unitsCheck: TrajectoryCheck = {
  name: 'units',
  title: 'units and doses recomputed',
  action: 'drop',
  find: ({ thinking }) =>
    equationsOf(thinking).flatMap((equation): Finding[] => {
      const verdict = equation.left.operations === 0 ? judgeConversion(equation) : judgeChain(equation)
      if (verdict === null) return []
      const evidence = quote(thinking, equation.start, equation.end)
      return [verdict === 'agrees' ? { reason: verdict, evidence, isNote: true } : { reason: verdict, evidence }]
    }),
}

/** One quantity in two units; null where there is nothing to recompute: one unit, or units of different dimensions. */
function judgeConversion({ left, right, rightStart, isRough }: Equation): string | null {
  const [from, to] = [left.quantities[0], rightStart.quantities[0]]
  if (from?.unit == null || to?.unit == null || from.unitText === to.unitText) return null
  // A formula behind the sign is no second unit of the first.
  if (right.operations > 0 && right.quantities.length > 1) return null
  const converted = convertUnit(from.value, from.unit, to.unit)
  if (converted === null) return null
  return isClose(converted, to.value, isRough, slackOf(rightStart, isRough)) ? 'agrees' : 'conversion is wrong'
}

/** Names of units that are ordinary words or letters too often to hold a calculation against them (chosen by us). */
const doubtful = new Set(['in', 'a', 'd', 'm', 'M', 'K', 'C', 'F', 's', 'U', 'point', 'points', 'score'])

/**
 * A calculation whose numbers agree and whose units do not; null where the numbers themselves disagree (that is the
 * arithmetic's fault) or not every quantity has a unit that is known for sure.
 */
function judgeChain({ left, right, rightStart, isRough }: Equation): string | null {
  const result = isPlainClose(left, right, isRough) ? right : rightStart
  const all = [...left.quantities, ...result.quantities]
  if (all.some(({ unit, unitText }) => unit === null || doubtful.has(unitText))) return null
  const inUnits = isBaseClose(left, result, isRough)
  if (inUnits === true) return 'agrees'
  if (!isPlainClose(left, result, isRough) || left.base === null || result.base === null) return null
  if (inUnits === false) return 'dose is wrong'
  // "15 mg/kg/day × 20 kg = 300 mg" leaves out the day, which is usual.
  const time = axes.indexOf('time')
  const timeless = (dimension: readonly number[]) => dimension.map((exponent, axis) => (axis === time ? 0 : exponent))
  const isUsual = isSameDimension(timeless(left.base.dimension), timeless(result.base.dimension))
  return isUsual ? null : 'unit of the result is wrong'
}
