import { expect, test } from 'vitest'
import { judgeSwitch, signalOf } from '../../policy/plateau-switch.ts'
import { configSchema } from '../config.ts'
import type { MetricLine } from './read-run.ts'
import type { Report } from './schema.ts'
import { switchSection } from './sections/switch.ts'
import { describeSwitch } from './switch.ts'

const settings = (change: object = {}, steps = 40) =>
  configSchema.parse({
    'rl-1': { steps, plateau: { window: 4, minSteps: 8, checkEvery: 2, checks: 2, ...change } },
  })['rl-1']

/** A log as stage 1 writes it, up to the step at which its rule ends it. */
function logOf(rewards_S: readonly number[], config = settings(), mixed = 0.5): MetricLine[] {
  const lines: MetricLine[] = []
  for (const [index, reward] of rewards_S.entries()) {
    const signal = {
      step: index + 1,
      'rollout/reward_mean': reward,
      'group/mixed_share': mixed,
      'group/all_right_share': 0.9 - mixed,
      'group/all_wrong_share': 0.1,
    }
    const verdict = judgeSwitch([...lines.map(signalOf), signalOf(signal)], config.plateau)
    lines.push({ ...signal, ...verdict.metrics })
    if (verdict.clause !== null) break
  }
  return lines
}

const flat = Array.from({ length: 40 }, () => 0.5)
const rising = Array.from({ length: 40 }, (_, index) => index / 40)

/** The words of the chapter. */
const pageOf = (ended: ReturnType<typeof describeSwitch>): string =>
  switchSection({ switch: ended, curves: {} } as unknown as Report).markup

test('a flat reward is a plateau, and the replay ends at the same step with the same numbers', () => {
  const ended = describeSwitch(logOf(flat), settings())
  expect(ended).toMatchObject({ reason: 'plateau', step: 10, steps: 40, streak: 2, window: 4, gain: 0 })
  expect(ended.replay).toEqual({ clause: 'plateau', step: 10, compared: 29, differing: 0, agrees: true })
  expect(ended.checks.map(({ step, gain, streak }) => [step, gain, streak])).toEqual([
    [2, null, 0],
    [4, null, 0],
    [6, null, 0],
    [8, 0, 1],
    [10, 0, 2],
  ])
  const page = pageOf(ended)
  expect(page).toContain('<b>A plateau</b> ended stage 1 after step 10 of 40.')
  expect(page).toContain('the rule ends the stage at the same step. All 29 numbers')
  expect(page).not.toContain('role="alert"')
})

test('a rising reward used all steps, and its gain is that of the last window', () => {
  const ended = describeSwitch(logOf(rising), settings())
  expect(ended).toMatchObject({ reason: 'all steps used', step: 40, streak: 0 })
  expect(ended.gain).toBeCloseTo(0.1, 12)
  expect(ended.replay).toMatchObject({ clause: null, step: null, differing: 0, agrees: true })
  expect(pageOf(ended)).toContain('the mean reward of the last 4 steps was 10.0 points above that of the 4 before')
})

test('sparse rewards end the stage by their own clause', () => {
  const sparse = settings({ sparsity: { mixedBelow: 0.35, span: 4 } })
  const ended = describeSwitch(logOf(rising, sparse, 0.2), sparse)
  expect(ended).toMatchObject({ reason: 'sparsity', step: 8, replay: { clause: 'sparsity', step: 8, agrees: true } })
  expect(ended.checks.at(-1)!.mixed).toBeCloseTo(0.2, 12)
  const page = pageOf(ended)
  expect(page).toContain('<b>Sparse rewards</b> ended stage 1 after step 8 of 40')
  expect(page).toContain('id="sparsity-t"')
})

test('a stage that its rule would have ended earlier is told, with a warning on the page', () => {
  const longer = logOf(flat, settings({ checks: 3 }))
  expect(longer).toHaveLength(12)
  const ended = describeSwitch(longer, settings())
  expect(ended).toMatchObject({ reason: 'unknown', replay: { clause: 'plateau', step: 10, agrees: false } })
  expect(pageOf(ended)).toMatch(
    /role="alert">Replayed from the log, the rule ends the stage after step 10, but it ended after step 12/,
  )
})

test('a stage that stopped before its rule or its steps ended it is told', () => {
  const ended = describeSwitch(logOf(rising).slice(0, 20), settings())
  expect(ended).toMatchObject({ reason: 'unknown', replay: { clause: null, step: null, agrees: false } })
  expect(pageOf(ended)).toContain('where its rule does not end it')
})

test('a number of the log that comes out otherwise is counted, and the replay does not agree', () => {
  const lines = logOf(rising)
  const forged = lines.map((line, index) => (index === 39 ? { ...line, 'plateau/gain': 0.2 } : line))
  const ended = describeSwitch(forged, settings())
  expect(ended.reason).toBe('all steps used')
  expect(ended.replay).toMatchObject({ differing: 1, agrees: false })
  expect(pageOf(ended)).toContain('1 of the')
})

test('a log without the shares of groups cannot be replayed, and the reward alone tells the plateau', () => {
  const older = flat.slice(0, 10).map((reward, index) => ({ step: index + 1, 'rollout/reward_mean': reward }))
  const ended = describeSwitch(older, settings())
  expect(ended).toMatchObject({ reason: 'plateau', replay: null, gain: 0 })
  expect(ended.checks.every(({ mixed }) => mixed === null)).toBe(true)
  expect(pageOf(ended)).toContain('lacks what a replay needs')
})

test('the probe clause cannot be replayed without the size of the probe', () => {
  const held = settings({ holdWhileProbeRises: true })
  const lines = logOf(rising).map((line) => ({ ...line, 'probe/accuracy': 0.5 }))
  expect(describeSwitch(lines, held).replay).toBeNull()
})

test('too few steps for the rule have no gain, not NaN', () => {
  const ended = describeSwitch(logOf([0.1, 0.2], settings({}, 2)), settings({}, 2))
  expect(ended).toMatchObject({ gain: null, gainUpperBound: null, reason: 'all steps used' })
  expect(pageOf(ended)).toContain('too few to compare two windows')
})
