import { expect, test } from 'vitest'
import { z } from 'zod'
import { advantageEstimators } from '../policy/advantages/registry.ts'
import { aggregationNames } from '../policy/aggregation.ts'
import { klEstimators } from '../policy/kl.ts'
import { grpoPresets } from '../policy/objectives/presets.ts'
import { objectives } from '../policy/objectives/registry.ts'
import { checkGrpo, expandPreset, grpoShape, rolloutOptions, updateOptions } from './config-grpo.ts'

const schema = z
  .strictObject({ ...grpoShape, maxTokens: z.number().default(40), promptsPerStep: z.number().default(32) })
  .superRefine(checkGrpo)
const parse = (settings: unknown) => schema.parse(expandPreset(settings))

/** The messages of what is refused, each with its path. */
function problemsOf(settings: unknown): string[] {
  const parsed = schema.safeParse(expandPreset(settings))
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('the defaults are the paper’s: nothing clipped, divided, leashed, corrected or resampled', () => {
  const { maxTokens: _, promptsPerStep: __, ...settings } = parse({})
  expect(settings).toEqual({
    preset: null,
    advantage: 'centre',
    aggregation: 'prompt-mean',
    aggregationConstant: null,
    loss: 'importance_sampling',
    clipLow: null,
    clipHigh: null,
    dualClip: null,
    updates: { epochs: 1, minibatches: 1 },
    kl: null,
    correction: { kind: 'none' },
    dynamicSampling: null,
    truncated: 'scored',
    overlongPenalty: null,
  })
})

test('each enum names exactly what its registry holds', () => {
  expect(grpoShape.advantage.unwrap().options).toEqual(advantageEstimators.names)
  expect(grpoShape.aggregation.unwrap().options).toEqual(aggregationNames)
  expect(grpoShape.loss.unwrap().options).toEqual(objectives.names)
  expect(grpoShape.preset.unwrap().unwrap().options).toEqual(grpoPresets.names)
  expect(grpoShape.kl.unwrap().unwrap().shape.estimator.unwrap().options).toEqual(klEstimators)
})

test('every field says what it is', () => {
  for (const [name, field] of Object.entries(grpoShape)) expect(field.description, name).toMatch(/\w{4}/)
})

test.each(grpoPresets.names)('preset %s is accepted and sets its fields', (preset) => {
  expect(parse({ preset })).toMatchObject(grpoPresets.get(preset).settings)
})

test('the preset of the paper is the default', () => {
  expect({ ...parse({ preset: 'fleming' }), preset: null }).toEqual(parse({}))
})

test('what is given goes before the preset', () => {
  expect(parse({ preset: 'dapo', clipHigh: 1.5, dynamicSampling: null })).toMatchObject({
    advantage: 'std',
    clipHigh: 1.5,
    dynamicSampling: null,
  })
})

test('an unknown preset, a list or a word are left to the schema', () => {
  for (const settings of [{ preset: 'dappo' }, { preset: 3 }, [], 'dapo', null]) {
    expect(expandPreset(settings)).toBe(settings)
    expect(problemsOf(settings)).toHaveLength(1)
  }
})

test('combinations that mean nothing are refused, each with a remedy', () => {
  const found = [
    { loss: 'ppo', clipLow: 0.9, clipHigh: 0.2 },
    { loss: 'ppo', clipLow: 1.1 },
    { loss: 'cispo', dualClip: 3 },
    { loss: 'ppo', dualClip: 1 },
    { kl: { estimator: 'k1', where: 'loss' } },
    { kl: { coefficient: 0 } },
    { correction: { kind: 'token-truncate', cap: 0.5 } },
    { aggregationConstant: 40 },
    { updates: { minibatches: 33 } },
    { loss: 'reinforce', updates: { epochs: 2 } },
    { overlongPenalty: { cacheTokens: 41 } },
    { loss: 'gspo', correction: { kind: 'token-mask' } },
  ].map(problemsOf)
  expect(found.map((problems) => problems.map((problem) => problem.split(':')[0]))).toEqual([
    ['clipHigh'],
    ['clipLow'],
    ['dualClip'],
    ['dualClip'],
    ['kl'],
    ['kl'],
    ['correction'],
    ['aggregationConstant'],
    ['updates.minibatches'],
    ['updates.epochs'],
    ['overlongPenalty.cacheTokens'],
    ['correction.kind'],
  ])
  for (const [problem] of found) expect(problem).toMatch(/; .{12,}/)
})

test('unknown and mistyped fields are refused', () => {
  expect(problemsOf({ clip: 0.2 })).toHaveLength(1)
  expect(problemsOf({ correction: { kind: 'token-truncate', low: 1 } })).toHaveLength(1)
  expect(problemsOf({ updates: { epochs: 0 } })).toHaveLength(1)
})

test('the constant is the budget of a completion unless told, and the overlong penalty ends at it', () => {
  expect(updateOptions(parse({ preset: 'dr-grpo' })).aggregationConstant).toBe(40)
  expect(updateOptions(parse({ preset: 'dr-grpo', aggregationConstant: 64 })).aggregationConstant).toBe(64)
  const { estimator, overlong } = rolloutOptions(parse({ preset: 'dapo', overlongPenalty: { cacheTokens: 8 } }))
  expect([estimator?.name, overlong]).toEqual(['std', { maxTokens: 40, cacheTokens: 8 }])
  expect('overlong' in rolloutOptions(parse({}))).toBe(false)
})
