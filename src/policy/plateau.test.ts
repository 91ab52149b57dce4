import { expect, test } from 'vitest'
import { createRng } from '../core/rng.ts'
import { detectPlateau, type PlateauRule } from './plateau.ts'

const rule: PlateauRule = { window: 50, minGain: 0.01, checkEvery: 5, checks: 3, minSteps: 100 }

/** A saturating reward curve r(t) = 0.35 + 0.45·(1 − exp(−t/τ)) with noise. */
function curve(tau: number, noise: number, steps: number, seed: number): number[] {
  const rng = createRng(seed, 'curve')
  return Array.from({ length: steps }, (_, t) => 0.35 + 0.45 * (1 - Math.exp(-t / tau)) + noise * rng.normal())
}

function firedAt(rewards: readonly number[]): number {
  for (let step = 1; step <= rewards.length; step++) if (detectPlateau(rewards.slice(0, step), rule).fired) return step
  return Number.POSITIVE_INFINITY
}

test('a curve that still rises by more than the gain per window is no plateau', () => {
  const rising = Array.from({ length: 400 }, (_, t) => t * 0.001)
  expect(detectPlateau(rising, rule).fired).toBe(false)
})

test('a flat noisy curve is a plateau once three checks agree', () => {
  const state = detectPlateau(curve(1, 0.02, 400, 1), rule)
  expect(state.fired).toBe(true)
  expect(state.streak).toBeGreaterThanOrEqual(3)
})

test('never before two windows and the minimum of steps are there', () => {
  expect(firedAt(new Array<number>(200).fill(0.5))).toBe(110)
})

test('what is left to gain when it fires is small, whatever the speed of learning', () => {
  for (const tau of [30, 80]) {
    const residuals = [1, 2, 3, 4, 5].map((seed) => 0.45 * Math.exp(-firedAt(curve(tau, 0.04, 700, seed)) / tau))
    expect(Math.max(...residuals)).toBeLessThan(0.05)
  }
})
