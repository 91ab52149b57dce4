import { expect, test } from 'vitest'
import { createRng } from '../core/rng.ts'
import type { Difficulty } from '../questions/types.ts'
import { learningRateAt, planBlended, planUniform } from './stages.ts'
import type { TrainingQuestion } from './types.ts'

const questions = (['easy', 'moderate', 'difficult'] as const).flatMap((difficulty: Difficulty) =>
  Array.from(
    { length: 20 },
    (_, index) => ({ id: `${difficulty} ${index}`, difficulty }) as unknown as TrainingQuestion,
  ),
)
const draw = (count: number, seed = 1) => ({ count, groupSize: 8, rng: createRng(seed) })

test('a blended step holds moderate and easy questions at exactly 1 : 1, no difficult ones, none twice', () => {
  const plan = planBlended(questions, { ...draw(32), hardShare: 0.5 })
  const reasons = plan.map(({ reason }) => reason)
  expect(reasons.filter((reason) => reason === 'moderate')).toHaveLength(16)
  expect(reasons.filter((reason) => reason === 'easy')).toHaveLength(16)
  expect(plan.every(({ question, reason, groupSize }) => question.difficulty === reason && groupSize === 8)).toBe(true)
  expect(new Set(plan.map(({ question }) => question.id)).size).toBe(32)
})

test.each([
  [0, 0, 10],
  [0.25, 3, 7],
  [1, 10, 0],
])('a hard share of %d of ten is %i moderate and %i easy', (hardShare, moderate, easy) => {
  const plan = planBlended(questions, { ...draw(10), hardShare })
  const count = (reason: string): number => plan.filter((item) => item.reason === reason).length
  expect([count('moderate'), count('easy')]).toEqual([moderate, easy])
})

test('an odd step gives the one over to the hard side', () => {
  const plan = planBlended(questions, { ...draw(7), hardShare: 0.5 })
  expect(plan.filter(({ reason }) => reason === 'moderate')).toHaveLength(4)
})

test('a uniform step draws from all tiers without repeats', () => {
  const plan = planUniform(questions, draw(60))
  expect(new Set(plan.map(({ question }) => question.id)).size).toBe(60)
  expect(new Set(plan.map(({ reason }) => reason))).toEqual(new Set(['uniform']))
  expect(planUniform(questions, draw(99))).toHaveLength(60)
  const tiers = new Set(planUniform(questions, draw(30)).map(({ question }) => question.difficulty))
  expect(tiers.size).toBe(3)
})

test('each question is drawn as often as the others', () => {
  const counts = new Map<string, number>()
  for (let seed = 0; seed < 1500; seed++) {
    for (const { question } of planBlended(questions, { ...draw(8, seed), hardShare: 0.5 })) {
      counts.set(question.id, (counts.get(question.id) ?? 0) + 1)
    }
  }
  // 4 of 20, 1,500 times: 300 each; a standard deviation is 15.5.
  expect(counts.size).toBe(40)
  for (const count of counts.values()) expect(Math.abs(count - 300)).toBeLessThan(66)
})

test('the rate rises over the warm-up, then falls in a line to its final share', () => {
  const at = (step: number) => learningRateAt(step, { peak: 1, warmup: 4, steps: 101, finalShare: 0.2 })
  expect(at(0)).toBeCloseTo(0.25, 12)
  expect(at(1)).toBeCloseTo(0.5 * (1 - 0.8 / 100), 12)
  expect(at(3)).toBeCloseTo(1 - (0.8 * 3) / 100, 12)
  expect(at(50)).toBeCloseTo(0.6, 12)
  expect(at(100)).toBeCloseTo(0.2, 12)
})

test('a constant rate, a run of one step and a step past the end have their values', () => {
  expect([0, 5, 9].map((step) => learningRateAt(step, { peak: 3, warmup: 1, steps: 10, finalShare: 1 }))).toEqual([
    3, 3, 3,
  ])
  expect(learningRateAt(0, { peak: 3, warmup: 1, steps: 1, finalShare: 0.1 })).toBe(3)
  expect(learningRateAt(0, { peak: 3, warmup: 0, steps: 10, finalShare: 1 })).toBe(3)
  expect(learningRateAt(20, { peak: 1, warmup: 1, steps: 11, finalShare: 0.5 })).toBe(0.5)
})
