import { expect, test } from 'vitest'
import { selectCurves } from './curves.ts'

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
