import { describe, expect, test } from 'vitest'
import { formatJson, parseJson } from '../../core/json.ts'
import { createRng } from '../../core/rng.ts'
import type { Metrics } from '../loop.ts'
import { detectors } from './registry.ts'
import { detectorDefaults } from './settings.ts'
import { createWatch, replayWarnings, warningRecord } from './watch.ts'

type Curve = (step: number, share: number) => Metrics

const steps = 200
const probeEvery = 20

/** A healthy stage with noise: reward saturates, entropy falls slowly, the probe follows, answers follow the questions. */
function healthy(step: number, rng: { normal(): number }): Record<string, number> {
  const share = step / steps
  const reward = 0.3 + 0.5 * (1 - Math.exp(-3 * share)) + 0.02 * rng.normal()
  const mixed = 0.7 - 0.2 * share + 0.05 * rng.normal()
  return {
    'rollout/count': 256,
    'rollout/reward_mean': reward,
    'rollout/correct_mean': reward,
    'rollout/tokens_mean': 40 + 6 * share + rng.normal(),
    'rollout/tokens_p95': 80 + 12 * share + 3 * rng.normal(),
    'rollout/think_words_p10': 14 + rng.normal(),
    // At the start a policy is cut off a lot: that it learns to end is no fault.
    'rollout/truncated_share': 0.2 * Math.exp(-8 * share),
    'format/emptyThink': 0.1 * Math.exp(-8 * share),
    'format/repeatedTag': 0.2 * Math.exp(-8 * share),
    'group/count': 32,
    'group/mixed_share': mixed,
    'group/all_right_share': 0.6 * (1 - mixed),
    'group/all_wrong_share': 0.4 * (1 - mixed),
    'policy/entropy_nats': 0.2 + 0.6 * Math.exp(-2 * share) + 0.02 * rng.normal(),
    'engine/logprob_gap_mean': 0.002,
    'engine/ratio_mean': 1.001,
    'engine/ess_share': 0.97,
    'optim/grad_norm': Math.exp(0.4 * rng.normal()),
    'answer/top_share': 0.12,
    'answer/top_gold_share': 0.09,
    ...Object.fromEntries(
      ['A', 'B', 'C', 'D'].flatMap((letter, index) => [
        [`answer/letter_${letter}_votes`, 8 + ((step + index) % 3)],
        [`answer/letter_${letter}_gold`, 8],
      ]),
    ),
    ...(step % probeEvery === 0 && {
      'probe/accuracy': 0.3 + 0.45 * (1 - Math.exp(-3 * share)) + 0.01 * rng.normal(),
      'probe/hop2/accuracy': 0.4 + 0.3 * share + 0.01 * rng.normal(),
      'probe/grounded_share': 0.6 + 0.2 * (1 - Math.exp(-3 * share)),
      'probe/right_for_wrong_reason_share': 0.1 - 0.03 * share,
    }),
  }
}

function stage(seed: number, curve: Curve = () => ({})): Metrics[] {
  const rng = createRng(seed, 'healthy stage')
  return Array.from({ length: steps }, (_, index) => {
    const step = index + 1
    return { step, ...healthy(step, rng), ...curve(step, step / steps) }
  })
}

const falling = (start: number, end: number, share: number): number => start + (end - start) * share
const onProbe = (step: number, metrics: Metrics): Metrics => (step % probeEvery === 0 ? metrics : {})
const flat = { 'rollout/reward_mean': 0.5, 'rollout/correct_mean': 0.5 }
const solved = { 'rollout/reward_mean': 0.97, 'rollout/correct_mean': 0.97 }

const faults: readonly [fault: string, level: 'warn' | 'stop', curve: Curve][] = [
  [
    'entropy collapse',
    'warn',
    (_, share) => ({ ...flat, 'policy/entropy_nats': Math.max(0.04, 0.8 * Math.exp(-6 * share)) }),
  ],
  ['entropy blow-up', 'warn', (_, share) => ({ 'policy/entropy_nats': 0.8 + 2 * share })],
  ['length truncation', 'warn', (_, share) => ({ 'rollout/truncated_share': 0.3 * share })],
  ['length explosion', 'warn', (_, share) => ({ ...flat, 'rollout/tokens_p95': 80 * 8 ** share })],
  ['length collapse', 'warn', (_, share) => ({ ...flat, 'rollout/tokens_mean': falling(40, 10, share) })],
  ['format-hacking short-thinking', 'warn', (_, share) => ({ 'rollout/think_words_p10': falling(14, 1, share) })],
  ['format-hacking hollow-tags', 'warn', (_, share) => ({ 'format/emptyThink': 0.3 * share })],
  ['format-hacking tag-spam', 'warn', (_, share) => ({ 'format/repeatedTag': 0.02 + 0.3 * share })],
  ['dead-groups sparse', 'warn', () => ({ 'group/mixed_share': 0.3 })],
  ['dead-groups dead', 'stop', () => ({ 'group/mixed_share': 0.1 })],
  ['mismatch gap', 'warn', (step) => ({ 'engine/logprob_gap_mean': step > 100 ? 0.03 : 0.001 })],
  ['mismatch ratio', 'warn', (step) => ({ 'engine/ratio_mean': step > 100 ? 2.5 : 1 })],
  ['mismatch effective-sample', 'warn', (step) => ({ 'engine/ess_share': step > 100 ? 0.2 : 1 })],
  ['gradient spike', 'warn', (step) => (step === 120 ? { 'optim/grad_norm': 40 } : {})],
  ['reward-hacking flat-probe', 'warn', (step) => onProbe(step, { 'probe/accuracy': 0.4 })],
  ['audit grounding-falls', 'warn', (step, share) => onProbe(step, { 'probe/grounded_share': 0.8 - 0.4 * share })],
  ['audit grounding-flat', 'warn', (step) => onProbe(step, { 'probe/grounded_share': 0.6 })],
  [
    'audit wrong-reasons',
    'warn',
    (step, share) => onProbe(step, { 'probe/right_for_wrong_reason_share': 0.3 * share }),
  ],
  [
    'forgetting probe/hop2/accuracy',
    'warn',
    (step, share) => onProbe(step, { 'probe/hop2/accuracy': 0.8 - 0.5 * share }),
  ],
  [
    'answer-bias letters',
    'warn',
    () => ({
      'answer/letter_A_votes': 24,
      'answer/letter_B_votes': 2,
      'answer/letter_C_votes': 3,
      'answer/letter_D_votes': 3,
    }),
  ],
  ['answer-bias one-answer', 'warn', () => ({ 'answer/top_share': 0.5 })],
]

const toldIn = (metrics_S: readonly Metrics[]): string[] =>
  [...new Set(replayWarnings(metrics_S).map(({ detector, fault }) => `${detector} ${fault}`))].sort()

describe('a curve with a fault', () => {
  test.each(faults)('%s makes its detector speak, and no other', (fault, level, curve) => {
    const warnings = replayWarnings(stage(1, curve))
    expect([...new Set(warnings.map((warning) => `${warning.detector} ${warning.fault}`))]).toEqual(
      // On the way to dead, groups are sparse only when they fall slowly.
      [fault],
    )
    expect(warnings.length).toBeGreaterThan(0)
    for (const warning of warnings) {
      expect(warning.level).toBe(level)
      expect(warning.message.length).toBeGreaterThan(20)
      expect(warning.response.length).toBeGreaterThan(20)
      expect(parseJson(formatJson(warningRecord(warning, 'rl-1')), {})).toEqual({ stage: 'rl-1', ...warning })
    }
  })

  test('every detector is in the table', () => {
    expect([...new Set(faults.map(([fault]) => fault.split(' ')[0]))].sort()).toEqual([...detectors.names].sort())
  })
})

describe('a healthy curve is silent:', () => {
  test.each([2, 3, 4, 5, 6, 7, 8, 9])('the stage with noise %i', (seed) => {
    expect(toldIn(stage(seed))).toEqual([])
  })

  test.each<readonly [string, Curve]>([
    [
      'sure of itself because it has solved its prompts',
      () => ({ ...solved, 'policy/entropy_nats': 0.01, 'probe/accuracy': 0.97, 'probe/grounded_share': 0.97 }),
    ],
    [
      'low entropy while reward still rises',
      (step, share) => ({
        ...onProbe(step, { 'probe/accuracy': 0.2 + 0.6 * share, 'probe/grounded_share': 0.5 + 0.3 * share }),
        'rollout/reward_mean': 0.2 + 0.6 * share,
        'policy/entropy_nats': Math.exp(-4 * share),
      }),
    ],
    [
      'longer and right more often',
      (_, share) => ({ 'rollout/tokens_p95': 80 * 4 ** share, 'rollout/correct_mean': 0.2 + 0.6 * share }),
    ],
    [
      'shorter and right more often',
      (_, share) => ({ 'rollout/tokens_mean': falling(40, 10, share), 'rollout/correct_mean': 0.3 + 0.5 * share }),
    ],
    ['thinking that was short from the start', () => ({ 'rollout/think_words_p10': 6 })],
    ['a gradient nine times the usual', (step) => (step === 120 ? { 'optim/grad_norm': 6 } : {})],
    [
      'reward pinned by mining while the probe rises',
      (step, share) => ({ ...flat, ...onProbe(step, { 'probe/accuracy': 0.2 + 0.6 * share }) }),
    ],
    [
      'reward and probe both flat',
      (step) => ({ ...flat, ...onProbe(step, { 'probe/accuracy': 0.4, 'probe/hop2/accuracy': 0.5 }) }),
    ],
  ])('%s', (_, curve) => {
    expect(toldIn(stage(1, curve))).toEqual([])
  })

  test('no metrics at all, or too few steps to judge', () => {
    expect(replayWarnings([])).toEqual([])
    expect(replayWarnings([{}, { step: 2 }])).toEqual([])
    expect(replayWarnings(stage(1, () => ({ 'group/mixed_share': 0.1 })).slice(0, 9))).toEqual([])
  })
})

describe('thresholds are those of the build sheet:', () => {
  /** Whether the detector speaks on a curve that is constant after a start. */
  const speaks = (name: string, curve: Curve): boolean =>
    detectors.get(name).watch(stage(1, curve).slice(0, 100), detectorDefaults) !== null
  test.each<readonly [string, string, Curve, Curve]>([
    ['mixed share .35', 'dead-groups', () => ({ 'group/mixed_share': 0.349 }), () => ({ 'group/mixed_share': 0.351 })],
    [
      'gap .02 nats',
      'mismatch',
      () => ({ 'engine/logprob_gap_mean': 0.0201 }),
      () => ({ 'engine/logprob_gap_mean': 0.0199 }),
    ],
    ['effective share .3', 'mismatch', () => ({ 'engine/ess_share': 0.299 }), () => ({ 'engine/ess_share': 0.301 })],
    ['ratio 2', 'mismatch', () => ({ 'engine/ratio_mean': 2.01 }), () => ({ 'engine/ratio_mean': 1.99 })],
    ['ratio .5', 'mismatch', () => ({ 'engine/ratio_mean': 0.499 }), () => ({ 'engine/ratio_mean': 0.501 })],
    [
      'truncated 10 %',
      'length',
      () => ({ 'rollout/truncated_share': 0.101 }),
      () => ({ 'rollout/truncated_share': 0.099 }),
    ],
    [
      'norm 10 medians',
      'gradient',
      (step) => ({ 'optim/grad_norm': step === 100 ? 10.1 : 1 }),
      (step) => ({ 'optim/grad_norm': step === 100 ? 9.9 : 1 }),
    ],
    [
      'entropy a fifth of its start',
      'entropy',
      (step) => ({ ...flat, 'policy/entropy_nats': step > 50 ? 0.199 : 1 }),
      (step) => ({ ...flat, 'policy/entropy_nats': step > 50 ? 0.201 : 1 }),
    ],
    [
      'entropy .05 nats',
      'entropy',
      () => ({ ...flat, 'policy/entropy_nats': 0.0499 }),
      () => ({ ...flat, 'policy/entropy_nats': 0.0501 }),
    ],
    [
      'entropy twice its start',
      'entropy',
      (step) => ({ 'policy/entropy_nats': step > 50 ? 2.01 : 1 }),
      (step) => ({ 'policy/entropy_nats': step > 50 ? 1.99 : 1 }),
    ],
    [
      '95th percentile half as long again',
      'length',
      (step) => ({ ...flat, 'rollout/tokens_p95': step > 50 ? 151 : 100 }),
      (step) => ({ ...flat, 'rollout/tokens_p95': step > 50 ? 149 : 100 }),
    ],
    [
      'mean below half of its start',
      'length',
      (step) => ({ ...flat, 'rollout/tokens_mean': step > 50 ? 19.9 : 40 }),
      (step) => ({ ...flat, 'rollout/tokens_mean': step > 50 ? 20.1 : 40 }),
    ],
  ])('%s', (_, name, beyond, within) => {
    expect([speaks(name, beyond), speaks(name, within)]).toEqual([true, false])
  })

  test('mixed share below .20 is worth stopping for', () => {
    const levels = [0.21, 0.19].map(
      (mixed) =>
        detectors.get('dead-groups').watch(
          stage(1, () => ({ 'group/mixed_share': mixed })),
          detectorDefaults,
        )?.level,
    )
    expect(levels).toEqual(['warn', 'stop'])
  })

  test('what dead groups are full of decides what to do', () => {
    const responseTo = (right: number): string | undefined =>
      detectors.get('dead-groups').watch(
        stage(1, () => ({
          'group/mixed_share': 0.1,
          'group/all_right_share': right,
          'group/all_wrong_share': 0.9 - right,
        })),
        detectorDefaults,
      )?.response
    expect([responseTo(0.8), responseTo(0.1)]).toEqual([
      expect.stringContaining('too easy'),
      expect.stringContaining('too hard'),
    ])
  })

  test('the standard error of the probe is that of its own items, where the metrics say how many', () => {
    const probed =
      (items: number): Curve =>
      (step, share) => ({
        'rollout/reward_mean': 0.2 + 0.7 * share,
        ...onProbe(step, {
          'probe/accuracy': 0.4 + 0.2 * share,
          'probe/items': items,
          'probe/grounded_share': 0.5 + 0.3 * share,
        }),
      })
    expect(toldIn(stage(1, probed(40)))).toEqual(['reward-hacking flat-probe'])
    expect(toldIn(stage(1, probed(1000)))).toEqual([])
  })
})

describe('the watch', () => {
  const faulty = stage(1, () => ({ 'group/mixed_share': 0.3, 'engine/ess_share': 0.2 }))

  test('tells a fault that persists once in fifty steps', () => {
    const told = replayWarnings(faulty).map(({ step, fault }) => [step, fault])
    expect(told.filter(([, fault]) => fault === 'sparse').map(([step]) => step)).toEqual([10, 60, 110, 160])
    expect(told.filter(([, fault]) => fault === 'effective-sample').map(([step]) => step)).toEqual([1, 51, 101, 151])
  })

  test('a fault that comes and goes is not told each time it comes', () => {
    const flicker = stage(1, (step) => ({ 'engine/ess_share': step % 2 === 0 ? 0.2 : 0.9 }))
    expect(replayWarnings(flicker).map(({ step }) => step)).toEqual([2, 52, 102, 152])
  })

  test('told live, replayed from the log, or resumed anywhere, the warnings are the same', () => {
    const replayed = replayWarnings(faulty)
    const live = createWatch()
    expect(faulty.flatMap((metrics) => live.push(metrics))).toEqual(replayed)
    for (const at of [0, 1, 9, 10, 11, 59, 60, 61, 150]) {
      const before = replayWarnings(faulty.slice(0, at))
      const resumed = createWatch(detectorDefaults, faulty.slice(0, at))
      const after = faulty.slice(at).flatMap((metrics) => resumed.push(metrics))
      expect([...before, ...after]).toEqual(replayed)
    }
  })

  test('a detector does not change the history it looks at', () => {
    const history = stage(1, () => ({ 'group/mixed_share': 0.1 }))
    const copy = structuredClone(history)
    for (const detector of detectors.all) detector.watch(history, detectorDefaults)
    expect(history).toEqual(copy)
  })
})
