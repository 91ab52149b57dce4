import { expect, test } from 'vitest'
import { type Arm, arms, chooseArms, rolloutsOf, type Spent } from '../scripts/ablation/arms.ts'
import { type ArmAnswers, effectOn, parts } from '../scripts/ablation/score.ts'
import type { AnswerRecord } from '../src/evaluation/types.ts'
import type { Config } from '../src/pipeline/config.ts'
import { loadConfig } from '../src/pipeline/config-file.ts'

const spent: Spent = {
  ...{ stageOneSteps: 70, stageTwoSteps: 50, sweepRollouts: 5_356 },
  ...{ stageOneBatch: 32 * 8, stageTwoBatch: 32 * 16 },
}
const configOf = (arm: Arm): Config => loadConfig('configs/ablation.yaml', arm.set(arm.budget === null ? null : spent))

test.each(arms.map((arm) => [arm.name, arm] as const))('the settings of the arm %s are a configuration', (_, arm) => {
  expect(() => configOf(arm)).not.toThrow()
})

test('an arm makes as many rollouts as the one whose budget it has, to within a step', () => {
  for (const arm of arms.filter(({ budget }) => budget !== null)) {
    const { 'rl-1': one, 'rl-2': two } = configOf(arm)
    // A stage 2 that mines sweeps the same training set as the other arm.
    const sweepRollouts = two.mining ? spent.sweepRollouts : 0
    // One that takes over stage 1 has made the other's steps.
    const isForked = arm.forks?.stages.includes('rl-1') === true
    const stageOneSteps = isForked ? spent.stageOneSteps : one.steps
    const made = rolloutsOf({ ...spent, stageOneSteps, stageTwoSteps: two.steps, sweepRollouts })
    expect(Math.abs(made - rolloutsOf(spent)), arm.name).toBeLessThanOrEqual(spent.stageTwoBatch / 2)
    // Or else no plateau ends it earlier.
    expect(isForked || one.plateau.checks > 1000, arm.name).toBe(true)
  }
})

test('an arm stands after those that it needs, and brings them along', () => {
  const before = new Set<string>()
  for (const { name, against, budget, forks } of arms) {
    for (const other of [against, budget, forks?.from ?? null]) if (other !== null) expect(before).toContain(other)
    before.add(name)
  }
  expect(chooseArms(['quarantine']).map(({ name }) => name)).toEqual(['full', 'wrong-labels', 'quarantine'])
  expect(() => chooseArms(['no-minig'])).toThrow('unknown arm "no-minig"')
})

test('an arm forks from stages that its own settings leave as they are', () => {
  const sections = ['graph', 'questions', 'pretrain', 'cold-start', 'rl-1'] as const
  for (const arm of arms) {
    if (arm.forks === null) continue
    const { forks } = arm
    const [own, from] = [configOf(arm), configOf(arms.find(({ name }) => name === forks.from)!)]
    for (const stage of sections.filter((section) => forks.stages.includes(section)))
      expect(own[stage], `${arm.name} ${stage}`).toEqual(from[stage])
  }
})

const answer = (questionId: string, correct: boolean, hop: number): AnswerRecord =>
  ({ questionId, correct, hop, split: 'held-out-disease', rarity: 'rare' }) as AnswerRecord
const answersOf = (...right_S: readonly (readonly string[])[]): ArmAnswers =>
  new Map([
    [
      'rl-2',
      right_S.map((right) =>
        ['a', 'b', 'c', 'd'].map((id, index) => answer(id, right.includes(id), index < 2 ? 2 : 4)),
      ),
    ],
  ])

test('an effect is positive where the arm is better, by part and by seed', () => {
  const before = { answers: answersOf(['a'], ['a', 'b']), stage: 'rl-2' }
  const after = { answers: answersOf(['a', 'c', 'd'], ['b', 'c']), stage: 'rl-2' }
  const of = (name: string) => effectOn(before, after, parts.find((part) => part.name === name)!.has)
  expect(of('all')).toMatchObject({ questions: 4, difference: 0.25, bySeed: [0.5, 0] })
  expect(of('4 hops')).toMatchObject({ questions: 2, difference: 0.75, bySeed: [1, 0.5] })
  expect(of('2 hops')).toMatchObject({ difference: -0.25, bySeed: [0, -0.5] })
})
