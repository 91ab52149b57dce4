import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import type { Metrics } from './loop.ts'
import { detectPlateau } from './plateau.ts'
import { judgeSwitch, replayPlateau, type StepSignal, type SwitchRule, signalOf } from './plateau-switch.ts'

const rule: SwitchRule = { window: 50, minGain: 0.01, checkEvery: 5, checks: 3, minSteps: 100 }
const sparsity = { mixedBelow: 0.35, span: 20 }

const metricsOf = (reward: number, mixed = 0.6, allRight = 0.2): Metrics => ({
  'rollout/reward_mean': reward,
  'group/mixed_share': mixed,
  'group/all_right_share': allRight,
  'group/all_wrong_share': 1 - mixed - allRight,
})

/** Runs the rule step by step as stage 1 does, until it fires. */
function run(lines: readonly Metrics[], by: SwitchRule) {
  const signals: StepSignal[] = []
  const logged: Metrics[] = []
  for (const line of lines) {
    signals.push(signalOf(line))
    const { clause, metrics } = judgeSwitch(signals, by)
    logged.push({ ...line, ...metrics })
    if (clause !== null) return { step: signals.length, clause, logged }
  }
  return { step: null, clause: null, logged }
}

/** r(t) = 0.35 + 0.45·(1 − exp(−t/τ)) with noise. */
function curve(tau: number, noise: number, steps: number, seed: number): number[] {
  const rng = createRng(seed, 'curve')
  return Array.from({ length: steps }, (_, t) => 0.35 + 0.45 * (1 - Math.exp(-t / tau)) + noise * rng.normal())
}

test('with no clause asked for, the switch is the plateau test', () => {
  const rewards = curve(80, 0.04, 600, 1)
  const { step, clause } = run(
    rewards.map((reward) => metricsOf(reward, 0.1, 0.9)),
    rule,
  )
  expect(clause).toBe('plateau')
  expect(detectPlateau(rewards.slice(0, step!), rule).fired).toBe(true)
  expect(detectPlateau(rewards.slice(0, step! - 1), rule).fired).toBe(false)
})

// The ranges of the median step and the residuals of an earlier simulation of ours (300 runs each). Over 80 runs ours are 0.0004, 0.0072, 0.026.
test.each([
  [30, 200, 255, 0.001],
  [80, 330, 385, 0.008],
  [160, 460, 525, 0.03],
])('at a time constant of %i steps it fires between steps %i and %i, with less than %d left to gain', (...row) => {
  const [tau, low, high, residual] = row
  const steps = Array.from({ length: 21 }, (_, seed) => {
    const lines = curve(tau, 0.04, 900, seed).map((reward) => metricsOf(reward))
    return run(lines, rule).step!
  }).sort((a, b) => a - b)
  expect(steps[10]).toBeGreaterThanOrEqual(low)
  expect(steps[10]).toBeLessThanOrEqual(high)
  expect(steps.reduce((sum, step) => sum + 0.45 * Math.exp(-step / tau), 0) / steps.length).toBeLessThan(residual)
})

test('sparse groups that are mostly all right end the stage, all wrong ones do not', () => {
  const rising = Array.from({ length: 300 }, (_, t) => t * 0.003)
  const by = { ...rule, sparsity }
  // The average starts at the first value: sparse from the first check after the minimum of steps.
  expect(
    run(
      rising.map((reward) => metricsOf(reward, 0.3, 0.5)),
      by,
    ),
  ).toMatchObject({ step: 100, clause: 'sparsity' })
  expect(
    run(
      rising.map((reward) => metricsOf(reward, 0.3, 0.2)),
      by,
    ).clause,
  ).toBeNull()
  expect(
    run(
      rising.map((reward) => metricsOf(reward, 0.4, 0.5)),
      by,
    ).clause,
  ).toBeNull()
  expect(
    run(
      rising.map((reward) => metricsOf(reward, 0.3, 0.5)),
      rule,
    ).clause,
  ).toBeNull()
})

test('a probe that rises by its standard error holds the stage until it stops rising', () => {
  const by = { ...rule, holdWhileProbeRises: true }
  const lines = Array.from({ length: 200 }, (_, index): Metrics => {
    const step = index + 1
    const accuracy = Math.min(0.8, 0.2 + 0.004 * step)
    const probe = { 'probe/accuracy': accuracy, 'plateau/probe_questions': 400 }
    return { ...metricsOf(0.5), ...(step % 10 === 0 && probe) }
  })
  // Flat rewards fire at 110; the probe gains 0.04 per evaluation until 150, its error is 0.03.
  expect(run(lines, rule).step).toBe(110)
  expect(run(lines, by)).toMatchObject({ step: 160, clause: 'plateau' })
  const unsized = lines.map(({ 'plateau/probe_questions': _, ...line }) => line)
  expect(() => run(unsized as Metrics[], by)).toThrow(ConfigError)
})

test('every check logs its statistic, window, bound and sparsity; the streak is logged at every step', () => {
  const { logged } = run(
    curve(1, 0.02, 400, 3).map((reward) => metricsOf(reward)),
    rule,
  )
  logged.forEach((line, index) => {
    const [step, names] = [index + 1, Object.keys(line).filter((name) => name.startsWith('plateau/'))]
    const expected =
      step % 5 > 0
        ? ['plateau/streak']
        : ['plateau/streak', 'plateau/window', 'plateau/mixed_average', 'plateau/dead_right_average']
    const judged = step % 5 === 0 && step >= 100 ? ['plateau/gain', 'plateau/gain_upper'] : []
    expect([step, ...names]).toEqual([step, ...expected, ...judged])
  })
  const last = logged.at(-1)!
  expect(last['plateau/streak']).toBe(3)
  expect(last['plateau/gain_upper']).toBeLessThan(0.02)
  expect(last['plateau/mixed_average']).toBeCloseTo(0.6, 12)
  expect(last['plateau/dead_right_average']).toBeCloseTo(0.5, 12)
})

test('the log alone gives the same step and clause again, whatever fired', () => {
  const cases: [SwitchRule, Metrics[]][] = [
    [rule, curve(80, 0.05, 700, 4).map((reward) => metricsOf(reward))],
    [
      { ...rule, sparsity },
      curve(300, 0.05, 400, 5).map((reward, t) => metricsOf(reward, 0.9 - 0.004 * t, 0.06 + 0.003 * t)),
    ],
  ]
  const clauses = cases.map(([by, lines]) => {
    const { step, clause, logged } = run(lines, by)
    expect(replayPlateau(logged, by)).toEqual({ step, clause })
    return clause
  })
  expect(clauses).toEqual(['plateau', 'sparsity'])
  expect(replayPlateau(cases[0]![1].slice(0, 150), rule)).toBeNull()
})

test('a line without what the rule looks at is an error that names it', () => {
  const { 'group/mixed_share': _, ...line } = metricsOf(0.5)
  expect(() => replayPlateau([line as Metrics], rule)).toThrow(DataError)
  expect(() => replayPlateau([line as Metrics], rule)).toThrow('group/mixed_share')
})
