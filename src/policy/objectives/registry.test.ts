import { describe, expect, test } from 'vitest'
import { type AggregationName, aggregationWeights } from '../aggregation.ts'
import { type CorrectionOptions, correctionWeights } from '../correction.ts'
import { readGolden } from '../fixtures/golden.ts'
import type { KlOptions } from '../kl.ts'
import { linearise } from './linearise.ts'
import { createObjective, objectives } from './registry.ts'

const golden = readGolden()
const { loss_case: lossCase } = golden
const lengths_G = lossCase.mask.map((mask_T) => mask_T.filter((value) => value === 1).length)
const options = { clipLow: null, clipHigh: null, dualClip: null }

type Setting = {
  readonly loss: string
  readonly clip?: readonly [number, number]
  readonly dualClip?: number
  readonly aggregation: AggregationName
  readonly anchor?: 'sampler'
  readonly kl?: KlOptions
  readonly correction?: CorrectionOptions
  /** The fully masked row is not a rollout of the group (verl averages over live rows). */
  readonly liveRowsOnly?: true
  /** A factor between the golden value and ours, from counting the masked row. */
  readonly factor?: number
}

const dapo = { loss: 'ppo', clip: [0.8, 1.28], aggregation: 'token-mean' } as const
const verl = { ...dapo, dualClip: 3 } as const
const k3: KlOptions = { estimator: 'k3', where: 'loss', coefficient: 0.1 }

/** Each golden loss that the options of the project give, by its name in the file. */
const settings: Readonly<Record<string, Setting>> = {
  'verl.vanilla.token-mean(dual-clip c=3, 0.2/0.28)': verl,
  'verl.vanilla.token-mean(no dual: c=1e9)': dapo,
  'verl.vanilla.seq-mean-token-mean': { ...verl, aggregation: 'sequence-mean' },
  'verl.vanilla.seq-mean-token-sum': { ...verl, aggregation: 'prompt-mean', liveRowsOnly: true },
  'verl(Aug-26).vanilla.seq-mean-token-sum-norm C=8': { ...verl, aggregation: 'constant', liveRowsOnly: true },
  'verl.vanilla.token-sum': { ...verl, aggregation: 'sum' },
  'verl.gspo 3e-4/4e-4': { loss: 'gspo', aggregation: 'sequence-mean' },
  'verl.gspo 0.2/0.28': { loss: 'gspo', clip: [0.8, 1.28], aggregation: 'sequence-mean' },
  'verl.cispo clip[0.8,1.28] token-mean': { loss: 'cispo', clip: [0.8, 1.28], aggregation: 'token-mean' },
  'verl.cispo clip[0,5] token-mean (ScaleRL bounds)': { loss: 'cispo', aggregation: 'token-mean' },
  'verl.gpg(-A logp) token-mean  == Fleming eq(1) token-mean': { loss: 'reinforce', aggregation: 'token-mean' },
  'fleming eq(1) literal: mean_i A_i * sum_t logp (k=4, masked row counts)': {
    loss: 'reinforce',
    aggregation: 'prompt-mean',
  },
  'tinker importance_sampling (sum of -ratio*A vs rollout logp)': {
    loss: 'importance_sampling',
    aggregation: 'sum',
    anchor: 'sampler',
  },
  'tinker ppo clip[0.8,1.2] vs rollout (sum)': { loss: 'ppo', aggregation: 'sum', anchor: 'sampler' },
  // TRL counts the fully masked row among the sequences, 4 instead of 3.
  'trl.grpo 0.2/0.28 (masked row counts in B)': { ...dapo, aggregation: 'sequence-mean', factor: 3 / 4 },
  'trl.bnpo': dapo,
  'trl.dapo': dapo,
  'trl.dr_grpo C=8': { ...dapo, aggregation: 'constant' },
  'trl.cispo eps_high=5 (clamp max only, no lower)': { loss: 'cispo', aggregation: 'token-mean' },
  'trl.gspo (grpo+sequence) 3e-4/4e-4': { loss: 'gspo', aggregation: 'sequence-mean', factor: 3 / 4 },
  'trl.dapo two-sided delta=1.5': { ...dapo, dualClip: 1.5 },
  'trl.dapo beta=0.1 k3': { ...dapo, kl: k3 },
  'trl.dapo token_truncate C=2': { ...dapo, correction: { kind: 'token-truncate', cap: 2 } },
  'trl.dapo token_mask [0.5,2] (IcePop)': { ...dapo, correction: { kind: 'token-mask', low: 0.5, high: 2 } },
  'trl.dapo sequence_mask C=3 (TRL default MIS)': { ...dapo, correction: { kind: 'sequence-mask', cap: 3 } },
}

/** The two that are traps of other projects: refused, or a meaning that verl gave up. */
const notOurs = [
  'trl.cispo eps_high unset -> cap=0.2 (TRAP)',
  'verl(Jan-26).seq-mean-token-sum-norm C=8 (sum/C, NOT /B)',
]

function evaluate(setting: Setting): { readonly loss: number; readonly gradient_GT: number[][]; clipped: number[] } {
  const [clipLow, clipHigh] = setting.clip ?? [null, null]
  const objective = createObjective(setting.loss, { clipLow, clipHigh, dualClip: setting.dualClip ?? null })
  const rows = setting.liveRowsOnly ? lengths_G.filter((length) => length > 0) : lengths_G
  const [weights_G] = aggregationWeights(setting.aggregation, [rows], lossCase.C)
  let loss = 0
  const clipped = [0, 0]
  const gradient_GT = rows.map((length, member) => {
    const part = (matrix: readonly (readonly number[])[]): readonly number[] => matrix[member]!.slice(0, length)
    const correction_T = correctionWeights(
      setting.correction ?? { kind: 'none' },
      part(lossCase.logp_old),
      part(lossCase.logp_rollout),
    )
    const weight = weights_G![member]! * (setting.factor ?? 1)
    const row = {
      policyLogprobs_T: part(lossCase.logp_new),
      anchorLogprobs_T: part(setting.anchor === 'sampler' ? lossCase.logp_rollout : lossCase.logp_old),
      advantages_T: correction_T.map((factor) => lossCase.advantage_center[member]! * weight * factor),
    }
    const kl = setting.kl
      ? { options: setting.kl, referenceLogprobs_T: part(lossCase.logp_ref), weights_T: correction_T.map(() => weight) }
      : null
    const value = linearise(objective, row, kl)
    loss += value.loss
    clipped[0]! += value.clippedLow
    clipped[1]! += value.clippedHigh
    expect(value.coefficients_T).toEqual(value.gradient_T.map((gradient) => 0 - gradient))
    return [...value.gradient_T]
  })
  return { loss, gradient_GT, clipped }
}

test('25 of the 27 golden losses are ours', () => {
  expect(Object.keys(settings)).toHaveLength(25)
  expect([...Object.keys(settings), ...notOurs].sort()).toEqual(Object.keys(golden.losses).sort())
})

describe.each(Object.entries(settings))('%s', (name, setting) => {
  const { loss, gradient_GT } = evaluate(setting)

  test('has the golden value', () => {
    expect(Math.abs(loss - golden.losses[name]!)).toBeLessThan(1e-12)
  })

  test.runIf(name in golden.grads_wrt_logp_new)('has the golden gradient at every token', () => {
    // The file rounds gradients to ten decimals.
    golden.grads_wrt_logp_new[name]!.forEach((expected_T, member) => {
      expected_T.forEach((expected, token) => {
        expect(Math.abs((gradient_GT[member]?.[token] ?? 0) - expected)).toBeLessThan(1e-9)
      })
    })
  })
})

test('clip shares are TRL’s: low counts negative advantages, high positive ones', () => {
  expect(evaluate(dapo).clipped).toEqual([2, 1])
})

test('TRL’s cap of 0.2 is refused: a bound is a bound, not an epsilon', () => {
  expect(() => createObjective('cispo', { ...options, clipHigh: 0.2 })).toThrow(/at least 1, found 0.2/)
  expect(() => createObjective('ppo', { ...options, clipLow: -0.2 })).toThrow(/lies in \[0, 1\]/)
  expect(() => createObjective('ppo', { ...options, clipLow: Number.NaN })).toThrow(/lies in \[0, 1\]/)
  expect(() => createObjective('ppo', { ...options, dualClip: 1.1 })).toThrow(/must exceed clipHigh/)
  expect(() => createObjective('cispo', { ...options, dualClip: 3 })).toThrow(/no dual clip/)
  expect(() => createObjective('dapo', options)).toThrow(/unknown objective/)
})

const row = {
  policyLogprobs_T: [-1, -0.7, -2.2],
  anchorLogprobs_T: [-1.05, -0.6, -2.3],
  advantages_T: [0.5, 0.5, 0.5],
}

test('on policy every objective has the same gradient, that of Eq. (1), to 1e-10', () => {
  const onPolicy = { ...row, anchorLogprobs_T: row.policyLogprobs_T }
  for (const sign of [1, -1]) {
    const advantages_T = row.advantages_T.map((advantage) => advantage * sign)
    for (const { name } of objectives.all) {
      const { gradient_T } = createObjective(name, options).evaluate({ ...onPolicy, advantages_T })
      gradient_T.forEach((gradient) => {
        expect(Math.abs(gradient + 0.5 * sign)).toBeLessThan(1e-10)
      })
    }
  }
})

test('an extreme log-ratio has a finite loss', () => {
  for (const { name } of objectives.all) {
    const value = createObjective(name, options).evaluate({
      policyLogprobs_T: [-1, -61],
      anchorLogprobs_T: [-61, -1],
      advantages_T: [-0.5, -0.5],
    })
    expect(Number.isFinite(value.loss)).toBe(true)
    expect(value.gradient_T.every(Number.isFinite)).toBe(true)
  }
})

test('a masked token has neither loss nor gradient, and an empty rollout has none at all', () => {
  for (const { name } of objectives.all) {
    const objective = createObjective(name, options)
    const masked = objective.evaluate({ ...row, advantages_T: [0, 0.5, 0] })
    expect([masked.gradient_T[0], masked.gradient_T[2]]).toEqual([0, 0])
    const alone = { policyLogprobs_T: [-0.7], anchorLogprobs_T: [-0.6], advantages_T: [0.5] }
    expect(masked.loss).toBeCloseTo(objective.evaluate(alone).loss, 15)
    const empty = { policyLogprobs_T: [], anchorLogprobs_T: [], advantages_T: [] }
    expect(objective.evaluate(empty)).toEqual({ loss: 0, gradient_T: [], clippedLow: 0, clippedHigh: 0 })
  }
})

/** Central differences of the loss by each log-probability. */
function differences(loss: (policyLogprobs_T: readonly number[]) => number, at: readonly number[]): number[] {
  const step = 1e-5
  return at.map((_, token) => {
    const moved = (by: number): number[] => at.map((value, other) => (other === token ? value + by : value))
    return (loss(moved(step)) - loss(moved(-step))) / (2 * step)
  })
}

test.each(['importance_sampling', 'reinforce', 'ppo', 'gspo'])(
  'the gradient of %s is that of finite differences',
  (name) => {
    for (const sign of [1, -1]) {
      const wide = name === 'ppo' || name === 'gspo' ? { clipLow: 0.8, clipHigh: 1.28 } : {}
      const objective = createObjective(name, { ...options, ...wide })
      const advantages_T = [0.5 * sign, 0.25 * sign, 0.1 * sign]
      const loss = (policyLogprobs_T: readonly number[]): number =>
        objective.evaluate({ ...row, policyLogprobs_T, advantages_T }).loss
      const { gradient_T } = objective.evaluate({ ...row, advantages_T })
      differences(loss, row.policyLogprobs_T).forEach((expected, token) => {
        expect(Math.abs(gradient_T[token]! - expected)).toBeLessThan(1e-9)
      })
    }
  },
)

test.each(['k2', 'k3'] as const)(
  'the gradient of gspo with %s in the loss is that of finite differences',
  (estimator) => {
    const objective = createObjective('gspo', { ...options, clipLow: 0.8, clipHigh: 1.28 })
    const kl = {
      options: { estimator, where: 'loss', coefficient: 0.3 },
      referenceLogprobs_T: [-1.3, -0.2, -2.2],
      weights_T: [0.5, 0.25, 0.1],
    } as const
    const value = (policyLogprobs_T: readonly number[]) => linearise(objective, { ...row, policyLogprobs_T }, kl)
    const { gradient_T } = value(row.policyLogprobs_T)
    differences((logprobs_T) => value(logprobs_T).loss, row.policyLogprobs_T).forEach((expected, token) => {
      expect(Math.abs(gradient_T[token]! - expected)).toBeLessThan(1e-9)
    })
  },
)
