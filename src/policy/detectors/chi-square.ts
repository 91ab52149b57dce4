/**
 * The probability that a χ² variable with so many degrees of freedom is at least x: closed sums, relative error 1e-6.
 *
 * @param freedom whole, 1 or more
 */
export function chiSquareTail(x: number, freedom: number): number {
  if (!(x > 0)) return 1
  const half = x / 2
  const isOdd = freedom % 2 === 1
  let sum = isOdd ? erfc(Math.sqrt(half)) : 0
  // e^(−x/2) (x/2)^s / Γ(s + 1), for s = 0, 1, … or ½, 1½, …
  let power = isOdd ? 0.5 : 0
  let term = Math.exp(-half) * (isOdd ? Math.sqrt(half) / (Math.sqrt(Math.PI) / 2) : 1)
  for (let count = Math.floor(freedom / 2); count > 0; count--) {
    sum += term
    power += 1
    term *= half / power
  }
  return Math.min(1, sum)
}

/**
 * χ² of the hypothesis that two lists of counts come from one distribution, and its degrees of freedom. Categories that
 * neither has are left out. With equal totals and positively dependent lists the statistic is too small, never too large.
 */
export function homogeneity(
  a: readonly number[],
  b: readonly number[],
): { readonly statistic: number; readonly freedom: number } {
  const totalA = a.reduce((sum, count) => sum + count, 0)
  const totalB = b.reduce((sum, count) => sum + count, 0)
  if (totalA === 0 || totalB === 0) return { statistic: 0, freedom: 1 }
  const scaleA = Math.sqrt(totalB / totalA)
  let statistic = 0
  let categories = 0
  a.forEach((countA, index) => {
    const countB = b[index]!
    if (countA + countB === 0) return
    categories += 1
    statistic += (scaleA * countA - countB / scaleA) ** 2 / (countA + countB)
  })
  return { statistic, freedom: Math.max(1, categories - 1) }
}

/**
 * Complementary error function for x ≥ 0, fractional error below 1.2e-7: the Chebyshev fit of Press et al., Numerical
 * Recipes, §6.2.
 */
function erfc(x: number): number {
  const t = 1 / (1 + x / 2)
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ]
  const polynomial = coefficients.reduceRight((sum, coefficient) => coefficient + t * sum, 0)
  return t * Math.exp(-x * x + polynomial)
}
