import { DataError } from './errors.ts'

/**
 * `base` raised to a whole power by repeated multiplication, so that every Node version gives the same bits.
 *
 * `Math.pow` changed its rounding in Node 24, and Adam's `1 - beta ** t` would change with it.
 *
 * @param exponent a whole number >= 0
 * @throws {DataError} when the exponent is negative, fractional or not finite
 */
export function powi(base: number, exponent: number): number {
  if (!Number.isSafeInteger(exponent) || exponent < 0) {
    throw new DataError(`powi needs a whole exponent >= 0, found ${exponent}`)
  }
  let power = 1
  let square = base
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= square
    square *= square
  }
  return power
}
