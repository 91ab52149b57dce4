import { expect, test } from 'vitest'
import { formatJson } from '../core/json.ts'
import type { Question } from '../questions/types.ts'
import { groupAdvantages } from './advantage.ts'
import { rlMetrics } from './rl-metrics.ts'
import type { Group, Rollout } from './rollout.ts'

type Sketch = {
  readonly text: string
  readonly tokens: number
  readonly reward: readonly [correct: number, format: number]
  readonly cut?: true
  readonly logprob?: number
}

function group(...sketches: Sketch[]): Group {
  const rollouts_G = sketches.map(
    ({ text, tokens, reward: [correct, format], cut, logprob = -1 }): Rollout => ({
      tokens: new Array<number>(tokens).fill(1),
      samplerLogprobs_T: new Array<number>(tokens).fill(logprob),
      completion: text,
      stopReason: cut === true ? 'length' : 'stop',
      reward: { correct, format, total: correct * format },
      defects: [],
      answered: '',
    }),
  )
  return {
    question: {} as Question,
    promptTokens: [1],
    rollouts_G,
    advantages_G: groupAdvantages(rollouts_G.map(({ reward }) => reward.total)),
  }
}

const update = { optim: { step: 3, gradNorm: 0.5, paramNorm: 2 }, logprobGap: 0.001, trainedTokens: 24 }

test('the metrics of a step that was worked out by hand', () => {
  const groups = [
    // Live: one of four right, two of them the same text, one cut off.
    group(
      { text: 'a', tokens: 4, reward: [1, 1] },
      { text: 'b', tokens: 6, reward: [0, 1] },
      { text: 'b', tokens: 6, reward: [0, 1] },
      { text: 'c', tokens: 8, reward: [1, 0], cut: true },
    ),
    // Dead: all right.
    group(
      { text: 'd', tokens: 2, reward: [1, 1], logprob: -0.5 },
      { text: 'd', tokens: 2, reward: [1, 1], logprob: -0.5 },
    ),
    // Dead: all wrong.
    group({ text: 'e', tokens: 3, reward: [0, 0] }, { text: 'f', tokens: 9, reward: [0, 1] }),
  ]
  const metrics = rlMetrics(groups, update, 0.0003)
  const expected = {
    'rollout/reward_mean': 3 / 8,
    'rollout/correct_mean': 4 / 8,
    'rollout/format_mean': 6 / 8,
    'rollout/tokens_mean': 40 / 8,
    'rollout/tokens_p95': 9,
    'rollout/tokens_right_mean': (4 + 8 + 2 + 2) / 4,
    'rollout/tokens_wrong_mean': (6 + 6 + 3 + 9) / 4,
    'rollout/truncated_share': 1 / 8,
    'rollout/duplicate_share': (1 / 4 + 1 / 2 + 0) / 3,
    'group/mixed_share': 1 / 3,
    'group/all_right_share': 1 / 3,
    'group/all_wrong_share': 1 / 3,
    // |0.75| and three times |0.25|, of the live group alone.
    'advantage/abs_mean': 1.5 / 4,
    // 36 tokens at 1 nat and 4 at a half.
    'policy/entropy_nats': (36 + 2) / 40,
    'engine/logprob_gap_max': 0.001,
    'train/tokens': 24,
    'optim/grad_norm': 0.5,
    'optim/learning_rate': 0.0003,
  }
  expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, value] of Object.entries(expected))
    expect([name, metrics[name]]).toEqual([name, expect.closeTo(value, 12)])
})

test('shares of mixed, all right and all wrong groups add up to one', () => {
  const right: Sketch = { text: 'a', tokens: 1, reward: [1, 1] }
  const wrong: Sketch = { text: 'b', tokens: 1, reward: [0, 1] }
  const metrics = rlMetrics(
    [group(right, right), group(wrong, wrong), group(right, wrong), group(right, right)],
    update,
    0,
  )
  expect([metrics['group/mixed_share'], metrics['group/all_right_share'], metrics['group/all_wrong_share']]).toEqual([
    0.25, 0.5, 0.25,
  ])
})

test('a step without a signal has an update of zero, and one that is sure of every token has JSON', () => {
  const sure: Sketch = { text: 'a', tokens: 2, reward: [1, 1], logprob: 0 }
  const metrics = rlMetrics([group(sure, sure)], { optim: null, logprobGap: 0, trainedTokens: 0 }, 0.1)
  expect(metrics).toMatchObject({
    'optim/grad_norm': 0,
    'advantage/abs_mean': 0,
    'rollout/tokens_wrong_mean': 0,
    'policy/entropy_nats': 0,
  })
  expect(formatJson(metrics)).toContain('"policy/entropy_nats":0')
})

test('the 95th percentile is that of the sorted lengths', () => {
  const lengths = Array.from(
    { length: 100 },
    (_, index): Sketch => ({ text: `${index}`, tokens: 100 - index, reward: [0, 1] }),
  )
  expect(rlMetrics([group(...lengths)], update, 0)['rollout/tokens_p95']).toBe(96)
})
