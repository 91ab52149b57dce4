import { expect, test } from 'vitest'
import { compareAcrossSeeds, scoreAcrossSeeds } from './across-seeds.ts'
import type { AnswerRecord } from './types.ts'

const answers = (rights: string): AnswerRecord[] =>
  [...rights].map((letter, index) => ({ questionId: `q${index}`, correct: letter === '1' }) as unknown as AnswerRecord)

test('three seeds on the same questions are as many observations as questions, not three times as many', () => {
  const same = '1100110011'.repeat(10)
  const one = scoreAcrossSeeds([answers(same)])
  const three = scoreAcrossSeeds([answers(same), answers(same), answers(same)])
  expect(three.interval).toEqual(one.interval)
  expect(three).toMatchObject({ questions: 100, seeds: 3, accuracy: 0.6, bySeed: [0.6, 0.6, 0.6] })
  // sd of a 0/1 variable with mean .6 over 100 questions: 1.96 · sqrt(.24 / 99).
  expect(three.interval[1] - 0.6).toBeCloseTo(1.96 * Math.sqrt(0.24 / 99), 4)
})

test('seeds that disagree narrow the interval, as the mean of several tries should', () => {
  const disagreeing = scoreAcrossSeeds([answers('10'.repeat(50)), answers('01'.repeat(50))])
  expect(disagreeing.accuracy).toBe(0.5)
  expect(disagreeing.interval).toEqual([0.5, 0.5])
})

test('a difference on every question is certain, none is p = 1', () => {
  const all = compareAcrossSeeds([answers('0'.repeat(40))], [answers('1'.repeat(40))])
  expect(all).toMatchObject({ questions: 40, difference: 1, p: 1 / 10_000 })
  expect(compareAcrossSeeds([answers('0101')], [answers('0101')])).toMatchObject({ difference: 0, p: 1 })
})

test('the sign-flip p of 9 gained and 1 lost is the binomial one, 22/1024', () => {
  const { p, difference } = compareAcrossSeeds([answers('0000000001')], [answers('1111111110')])
  expect(difference).toBeCloseTo(0.8)
  expect(p).toBeCloseTo(22 / 1024, 2)
})

test('different questions on the two sides or under the seeds are refused', () => {
  expect(() => compareAcrossSeeds([answers('01')], [answers('011')])).toThrow(/same questions/)
  expect(() => scoreAcrossSeeds([answers('01'), answers('011')])).toThrow(/same questions/)
})
