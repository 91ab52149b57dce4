import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { formatJson, parseJson } from '../core/json.ts'
import { groupAdvantages } from './advantage.ts'
import { rlMetrics } from './rl-metrics.ts'
import { mismatchMetrics, quantile } from './rl-metrics-update.ts'
import type { Group, Rollout } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

type Sketch = {
  readonly text: string
  readonly tokens: number
  readonly reward: readonly [correct: number, format: number]
  readonly cut?: true
  readonly logprob?: number
  readonly defects?: readonly string[]
  readonly answered?: string
}

/** A prompt whose right answer is `e1`, or the letter A where it is shown with options. */
const question = {
  prompt: 'What treats gout?',
  acceptedAnswers: ['e1', 'A'],
  task: { spec: { kind: 'choice', options: ['a', 'b', 'c'] }, gold: { kind: 'options', indices: [0] } },
}

function group(...sketches: Sketch[]): Group {
  const rollouts_G = sketches.map(
    ({ text, tokens, reward: [correct, format], cut, logprob = -1, ...rest }): Rollout => ({
      tokens: new Array<number>(tokens).fill(1),
      samplerLogprobs_T: new Array<number>(tokens).fill(logprob),
      completion: text,
      stopReason: cut === true ? 'length' : 'stop',
      reward: { correct, format, total: correct * format },
      defects: rest.defects ?? [],
      answered: rest.answered ?? '',
    }),
  )
  return {
    question: question as unknown as TrainingQuestion,
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
    'rollout/count': 8,
    'rollout/reward_mean': 3 / 8,
    'rollout/correct_mean': 4 / 8,
    'rollout/format_mean': 6 / 8,
    'rollout/tokens_mean': 40 / 8,
    'rollout/tokens_p95': 9,
    'rollout/tokens_right_mean': (4 + 8 + 2 + 2) / 4,
    'rollout/tokens_wrong_mean': (6 + 6 + 3 + 9) / 4,
    'rollout/truncated_share': 1 / 8,
    'rollout/tokens_p50': 6,
    'rollout/think_words_p10': 1,
    'rollout/effective_share': 4 / 8,
    'group/count': 3,
    'group/pass_at_1': (1 / 4 + 1 + 0) / 3,
    'group/pass_at_g': 2 / 3,
    'group/pass_gap': 2 / 3 - 1.25 / 3,
    'answer/unread_share': 1,
    'optim/param_norm': 2,
    // Of 0.75 and three times −0.25, whose mean is 0.
    'advantage/std': Math.sqrt((0.75 ** 2 + 3 * 0.25 ** 2) / 4),
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
  expect(Object.keys(metrics).filter((name) => !(name in expected) && metrics[name] !== 0)).toEqual([])
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

test('each defect has its share of all rollouts, and one that nobody has is 0', () => {
  const metrics = rlMetrics(
    [
      group(
        { text: ' x', tokens: 1, reward: [0, 0], defects: ['truncated', 'unclosedThink', 'noAnswer'], cut: true },
        { text: ' ', tokens: 1, reward: [0, 0], defects: ['empty'] },
        { text: 'y</think>', tokens: 1, reward: [0, 0], defects: ['noAnswer'] },
        { text: 'y</think><answer>gout</answer>', tokens: 1, reward: [1, 1] },
      ),
    ],
    update,
    0,
  )
  expect(metrics).toMatchObject({
    'format/noAnswer': 0.5,
    'format/truncated': 0.25,
    'format/empty': 0.25,
    'format/nestedTag': 0,
    'rollout/empty_share': 0.25,
    'rollout/no_end_share': 0.25,
    'rollout/truncated_share': 0.25,
  })
})

test('the words of the thinking end at its closing tag', () => {
  const text = ' gout is first treated with naproxen ;</think><answer> one two three four five</answer>'
  const metrics = rlMetrics(
    [group({ text, tokens: 1, reward: [1, 1] }, { text, tokens: 1, reward: [1, 1] })],
    update,
    0,
  )
  expect(metrics['rollout/think_words_p10']).toBe(7)
})

test('a loop and a second script show, and the Latin of the tags is no script', () => {
  const loop: Sketch = { text: 'gout '.repeat(100), tokens: 1, reward: [0, 1] }
  const mixed: Sketch = { text: '痛风</think><answer>ab</answer>', tokens: 1, reward: [0, 1] }
  const metrics = rlMetrics([group(loop, mixed)], update, 0)
  expect(metrics['rollout/repetition_mean']).toBeCloseTo(96 / 97 / 2, 12)
  expect(metrics['rollout/other_script_mean']).toBeCloseTo(0.5 / 2, 12)
})

test('answers: one vote a group, the commonest beside how often it is right, unread ones apart', () => {
  const say = (answered: string): Sketch => ({
    text: answered,
    tokens: 1,
    reward: [answered === 'e1' ? 1 : 0, 1],
    answered,
  })
  const metrics = rlMetrics(
    [group(say('e1'), say('e1'), say('e2'), say('none')), group(say('e1'), say('e1'))],
    update,
    0,
  )
  const entropy = (...shares: number[]): number => shares.reduce((sum, share) => sum - share * Math.log(share), 0)
  expect(metrics['answer/unread_share']).toBeCloseTo(1 / 6, 12)
  expect(metrics['answer/top_share']).toBeCloseTo(1.5 / 2, 12)
  expect(metrics['answer/top_gold_share']).toBe(1)
  expect(metrics['answer/entropy_nats']).toBeCloseTo(entropy(1.5 / 1.75, 0.25 / 1.75), 12)
  expect(metrics['answer/group_entropy_nats']).toBeCloseTo(entropy(2 / 3, 1 / 3) / 2, 12)
  expect(Object.keys(metrics).filter((name) => name.startsWith('answer/letter'))).toEqual([])
})

test('letters are counted beside the right ones, every offered letter', () => {
  const say = (answered: string): Sketch => ({ text: answered, tokens: 1, reward: [0, 1], answered })
  expect(rlMetrics([group(say('B'), say('B')), group(say('A'), say('none'))], update, 0)).toMatchObject({
    'answer/letter_A_votes': 0.5,
    'answer/letter_A_gold': 2,
    'answer/letter_B_votes': 1,
    'answer/letter_B_gold': 0,
    'answer/letter_C_votes': 0,
    'answer/letter_C_gold': 0,
  })
})

test('a rollout whose reward is NaN is counted and left out of every mean', () => {
  const crashed: Sketch = { text: 'x', tokens: 1, reward: [Number.NaN, Number.NaN] }
  const right: Sketch = { text: 'y', tokens: 1, reward: [1, 1] }
  const metrics = rlMetrics([group(right, crashed, right), group(crashed, crashed)], update, 0)
  expect(metrics).toMatchObject({
    'rollout/unscored_share': 3 / 5,
    'rollout/reward_mean': 1,
    'rollout/correct_mean': 1,
    'group/pass_at_1': 1,
    'group/all_right_share': 0.5,
    'group/all_wrong_share': 0,
    'group/mixed_share': 0,
  })
  expect(formatJson(metrics)).not.toContain('null')
})

test('what the update tells beyond the gap is logged, and left out where it is silent', () => {
  const right: Sketch = { text: 'y', tokens: 1, reward: [1, 1] }
  const told = {
    ...update,
    samplerLogprobs_T: [-1, -2],
    trainerLogprobs_T: [-1, -2],
    clipLowShare: 0.25,
    clipHighShare: -0,
    klReferenceK1: -0.1,
    klReferenceK3: 0.2,
    maskedRollouts: 3,
    correctedAwayShare: 0.5,
  }
  expect(rlMetrics([group(right, right)], told, 0)).toMatchObject({
    'engine/logprob_gap_mean': 0,
    'engine/ratio_mean': 1,
    'engine/ess_share': 1,
    'train/clip_low_share': 0.25,
    'train/clip_high_share': 0,
    'policy/kl_reference_k1_nats': -0.1,
    'policy/kl_reference_k3_nats': 0.2,
    'train/masked_rollouts': 3,
    'train/corrected_away_share': 0.5,
  })
  expect(formatJson(rlMetrics([group(right, right)], told, 0))).toContain('"train/clip_high_share":0')
  const silent = Object.keys(rlMetrics([group(right, right)], update, 0))
  expect(
    silent.filter(
      (name) => name.includes('clip') || name.includes('kl_') || name.includes('masked') || name.includes('ratio'),
    ),
  ).toEqual([])
})

type Golden = {
  readonly is: { readonly rho: readonly (readonly number[])[] }
  readonly loss_case: Readonly<Record<'logp_old' | 'logp_rollout' | 'mask', readonly (readonly number[])[]>>
}

test('ratios of sampler and trainer are those of the golden file', () => {
  const file = new URL('./fixtures/rlvr-golden.json', import.meta.url)
  const { is, loss_case } = parseJson(readFileSync(file, 'utf8'), {}) as Golden
  const live = loss_case.mask.flat().map((mask) => mask === 1)
  const pick = (rows: readonly (readonly number[])[]): number[] => rows.flat().filter((_, index) => live[index])
  const rho = pick(is.rho)
  const metrics = mismatchMetrics(pick(loss_case.logp_rollout), pick(loss_case.logp_old))
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  expect(metrics['engine/ratio_min']).toBeCloseTo(Math.min(...rho), 12)
  expect(metrics['engine/ratio_max']).toBeCloseTo(Math.max(...rho), 12)
  expect(metrics['engine/ratio_mean']).toBeCloseTo(sum(rho) / rho.length, 12)
  expect(metrics['engine/ess_share']).toBeCloseTo(sum(rho) ** 2 / (rho.length * sum(rho.map((r) => r * r))), 12)
  expect(metrics['engine/mismatch_k3_nats']).toBeCloseTo(sum(rho.map((r) => r - 1 - Math.log(r))) / rho.length, 12)
  expect(metrics['engine/logprob_gap_mean']).toBeCloseTo(sum(rho.map((r) => Math.abs(Math.log(r)))) / rho.length, 12)
})

test('a gap of any size has finite metrics, and no tokens have none', () => {
  expect(mismatchMetrics([], [])).toEqual({})
  for (const value of Object.values(mismatchMetrics([-1, -900], [-900, -1]))) expect(Number.isFinite(value)).toBe(true)
})

test('a quantile of nothing is 0, that of one value is the value', () => {
  expect([quantile([], 0.99), quantile([3], 0.99), quantile([3, 1, 2], 0)]).toEqual([0, 3, 1])
})

test('a step without groups has JSON: shares of nothing are 0', () => {
  const metrics = rlMetrics([], { optim: null, logprobGap: 0, trainedTokens: 0 }, 0.1)
  expect(Object.entries(metrics).filter(([, value]) => value !== 0)).toEqual([['optim/learning_rate', 0.1]])
  expect(formatJson(metrics)).toContain('"group/mixed_share":0')
})
