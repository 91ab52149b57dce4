import type { Finding, TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'
import { type Equation, equationsOf, isClose, isSameDimension, type Side, slackOf } from './equation.ts'

/**
 * Every `a op b = c` recomputed: by bare numbers, and with units converted where all are known. It is a fault when neither
 * agrees. The fault of a unit alone is found by the check of units.
 *
 * @paper Fleming-R1 §1: selection by verifiable signals, consistent intermediate calculations
 */
export const arithmeticCheck: TrajectoryCheck = {
  name: 'arithmetic',
  title: 'calculations recomputed to 1 %',
  action: 'drop',
  find: ({ thinking }) => {
    const calculations = equationsOf(thinking).filter(({ left }) => left.operations > 0)
    return calculations.map((equation): Finding => {
      const evidence = quote(thinking, equation.start, equation.end)
      return agrees(equation)
        ? { reason: 'agrees', evidence, isNote: true }
        : { reason: 'calculation is wrong', evidence }
    })
  },
}

/** Whether a calculation is right in one of its readings. */
function agrees({ left, right, rightStart, isRough }: Equation): boolean {
  return [right, rightStart].some(
    (side) => isPlainClose(left, side, isRough) || isBaseClose(left, side, isRough) === true,
  )
}

/** Whether the bare numbers agree. */
export function isPlainClose(left: Side, right: Side, isRough: boolean): boolean {
  return isClose(left.plain, right.plain, isRough, slackOf(right, isRough))
}

/** Whether the values in base units agree; null where units are unknown or of other dimensions. */
export function isBaseClose(left: Side, right: Side, isRough: boolean): boolean | null {
  if (left.base === null || right.base === null) return null
  if (!isSameDimension(left.base.dimension, right.base.dimension)) return null
  const factor = right.quantities[0]?.unit?.factor ?? 1
  return isClose(left.base.value, right.base.value, isRough, slackOf(right, isRough) * factor)
}
