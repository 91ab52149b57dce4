import type { Rng } from '../core/rng.ts'

/** A Beta distribution over a pass rate: pseudo-counts of successes and failures, both above 0. */
export type Beta = { readonly alpha: number; readonly beta: number }

export const betaMean = ({ alpha, beta }: Beta): number => alpha / (alpha + beta)

/** Coefficients of Lanczos' approximation with g = 7, n = 9: relative error below 1e-14 for x ≥ 0.5. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** The logarithm of Γ(x). @param x above 0 */
export function logGamma(x: number): number {
  // Γ(x) = Γ(x + 1) / x keeps the approximation where it is good.
  if (x < 0.5) return logGamma(x + 1) - Math.log(x)
  const z = x - 1
  let sum = lanczos[0]!
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (z + i)
  const t = z + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** The logarithm of B(a, b). */
export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b)

/**
 * Probability that a group of `size` rollouts holds both right and wrong ones, when all that is known of the pass rate is
 * its Beta posterior: 1 − B(a + G, b)/B(a, b) − B(a, b + G)/B(a, b).
 *
 * @returns a fraction; 0 for groups of none or one
 */
export function expectedMixed({ alpha, beta }: Beta, size: number): number {
  if (size <= 1) return 0
  const whole = logBeta(alpha, beta)
  const mixed = 1 - Math.exp(logBeta(alpha + size, beta) - whole) - Math.exp(logBeta(alpha, beta + size) - whole)
  return Math.max(0, mixed)
}

/** Terms of the continued fraction at most; it converges in about √(alpha + beta) of them. */
const fractionTerms = 10_000
const tiny = 1e-300

/**
 * Probability that the pass rate is below `x`: the regularised incomplete beta function (Lentz's continued fraction).
 *
 * @param x in [0, 1]
 */
export function betaBelow(x: number, { alpha, beta }: Beta): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on this side of the mean only.
  if (x > (alpha + 1) / (alpha + beta + 2)) return 1 - betaBelow(1 - x, { alpha: beta, beta: alpha })
  const front = Math.exp(alpha * Math.log(x) + beta * Math.log1p(-x) - logBeta(alpha, beta)) / alpha
  let c = 1
  let d = 1 / away(1 - ((alpha + beta) * x) / (alpha + 1))
  let fraction = d
  for (let m = 1; m <= fractionTerms; m++) {
    const even = (m * (beta - m) * x) / ((alpha + 2 * m - 1) * (alpha + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= d * c
    const odd = (-(alpha + m) * (alpha + beta + m) * x) / ((alpha + 2 * m) * (alpha + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-14) break
  }
  return Math.min(1, front * fraction)
}

const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value)

/** One draw from a Beta distribution, as a ratio of Gamma draws (Marsaglia and Tsang). */
export function drawBeta({ alpha, beta }: Beta, rng: Rng): number {
  const a = drawGamma(alpha, rng)
  const b = drawGamma(beta, rng)
  return a + b === 0 ? 0.5 : a / (a + b)
}

function drawGamma(shape: number, rng: Rng): number {
  if (shape < 1) return drawGamma(shape + 1, rng) * Math.exp(Math.log(rng.uniform() + 2 ** -25) / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(rng.uniform() + 2 ** -25) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
