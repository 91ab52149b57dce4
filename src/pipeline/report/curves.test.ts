import { expect, test } from 'vitest'
import { configSchema } from '../config.ts'
import { describeSwitch, selectCurves } from './curves.ts'

const settings = configSchema.parse({
  'rl-1': { steps: 40, plateau: { window: 4, minSteps: 8, checkEvery: 2, checks: 2 } },
})['rl-1']

test('a curve holds the steps at which its metric was logged', () => {
  const lines = [
    { step: 1, 'rollout/reward_mean': 0.25 },
    { step: 2, 'rollout/reward_mean': 0.5, 'probe/hop2/accuracy': 0.4, 'secret/other': 1 },
  ]
  expect(selectCurves({ 'rl-1': lines })).toEqual({
    'rl-1': {
      'rollout/reward_mean': [
        [1, 0.25],
        [2, 0.5],
      ],
      'probe/hop2/accuracy': [[2, 0.4]],
    },
  })
})

test('the mean length of no rollouts, logged as 0, is no point of the curve', () => {
  const lines = [
    { step: 1, 'rollout/tokens_right_mean': 0, 'rollout/truncated_share': 0 },
    { step: 2, 'rollout/tokens_right_mean': 12, 'rollout/truncated_share': 0 },
  ]
  expect(selectCurves({ 'rl-1': lines })['rl-1']).toEqual({
    'rollout/tokens_right_mean': [[2, 12]],
    'rollout/truncated_share': [
      [1, 0],
      [2, 0],
    ],
  })
})

test('a flat reward is a plateau, with the gain that the rule saw', () => {
  const flat = Array.from({ length: 10 }, () => 0.5)
  expect(describeSwitch(flat, settings)).toEqual({
    reason: 'plateau',
    step: 10,
    steps: 40,
    streak: 2,
    window: 4,
    gain: 0,
    gainUpperBound: 0,
  })
})

test('a rising reward used all steps, and its gain is that of the last window', () => {
  const rising = Array.from({ length: 40 }, (_, index) => index / 40)
  const ended = describeSwitch(rising, settings)
  expect(ended).toMatchObject({ reason: 'all steps used', step: 40, streak: 0 })
  expect(ended.gain).toBeCloseTo(0.1, 12)
})

test('too few steps for the rule have no gain, not NaN', () => {
  expect(describeSwitch([0.1, 0.2], settings)).toMatchObject({
    gain: null,
    gainUpperBound: null,
    reason: 'all steps used',
  })
})
