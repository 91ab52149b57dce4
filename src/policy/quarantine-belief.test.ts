import { expect, test } from 'vitest'
import { createRng, type Rng } from '../core/rng.ts'
import { believeWrong, type LabelEvidence } from './quarantine-belief.ts'

/** Rollouts of one question of a simulated policy: right at `rate`, its other answers the same at `same`. */
function answersOf(rng: Rng, seen: number, rate: number, same: number): { right: number; majority: number } {
  const draws = Array.from({ length: seen }, () => [rng.uniform() < rate, rng.uniform() < same] as const)
  return {
    right: draws.filter(([isRight]) => isRight).length,
    majority: draws.filter(([isRight, isSame]) => !isRight && isSame).length,
  }
}

type Simulated = { readonly evidence: LabelEvidence; readonly isPlanted: boolean }

/**
 * A simulated set: 300 questions of a path that the policy is good at, 300 of one it is not, a share of both labelled
 * wrong. Where the label is wrong, what the policy would be right with is its most frequent other answer.
 */
function simulate(seed: number, plantedShare: number, seen: number): Simulated[] {
  const rng = createRng(seed, 'beliefs')
  return [0.9, 0.1].flatMap((skill) =>
    Array.from({ length: 300 }, (): Simulated => {
      const isPlanted = rng.uniform() < plantedShare
      const rate = Math.min(0.99, Math.max(0.01, skill + 0.1 * rng.normal()))
      const { right, majority } = answersOf(rng, seen, rate, rng.uniform())
      const evidence = { cluster: `path ${skill}`, group: `hop ${skill}`, seen }
      return isPlanted
        ? { isPlanted, evidence: { ...evidence, right: 0, majority: right } }
        : { isPlanted, evidence: { ...evidence, right, majority } }
    }),
  )
}

function measure(simulated: readonly Simulated[], minBelief = 0.9) {
  const { beliefs_Q, share } = believeWrong(simulated.map(({ evidence }) => evidence))
  const raised = simulated.filter((_, index) => beliefs_Q[index]! >= minBelief)
  const able = simulated.filter(({ evidence, isPlanted }) => isPlanted && evidence.cluster === 'path 0.9')
  const found = able.filter((one) => raised.includes(one))
  return {
    ...{
      share,
      raised: raised.length,
      unable: raised.filter(({ evidence }) => evidence.cluster !== 'path 0.9').length,
    },
    precision: raised.filter(({ isPlanted }) => isPlanted).length / Math.max(1, raised.length),
    recall: found.length / Math.max(1, able.length),
  }
}

test('where the policy is able, planted labels are found with few false alarms, and 4 rollouts do', () => {
  for (const seed of [1, 2, 3]) {
    const sixteen = measure(simulate(seed, 0.1, 16))
    expect(sixteen.precision).toBeGreaterThan(0.9)
    expect(sixteen.recall).toBeGreaterThan(0.9)
    const four = measure(simulate(seed, 0.1, 4))
    expect(four.precision).toBeGreaterThan(0.9)
    expect(four.recall).toBeGreaterThan(0.5)
  }
})

test('where it is mostly wrong, the same other answer time and again raises next to nothing', () => {
  for (const seed of [1, 2, 3]) expect(measure(simulate(seed, 0.1, 16)).unable).toBeLessThanOrEqual(2)
})

test('the share of wrong labels is learnt from the set: none, and next to nothing is doubted', () => {
  for (const seed of [1, 2, 3]) {
    const clean = measure(simulate(seed, 0, 16))
    expect(clean.share).toBeLessThan(0.01)
    expect(clean.raised).toBeLessThanOrEqual(2)
    // Of the planted, those of the path that the policy cannot do leave no trace.
    const noisy = measure(simulate(seed, 0.2, 16))
    expect(noisy.share).toBeGreaterThan(0.08)
    expect(noisy.share).toBeLessThan(0.25)
  }
})

const able: readonly LabelEvidence[] = Array.from({ length: 40 }, (_, index) => ({
  ...{ cluster: 'path', group: 'hop', seen: 16 },
  ...(index < 36 ? { right: 15, majority: 1 } : { right: 0, majority: 16 }),
}))
const beliefIn = (
  one: Pick<LabelEvidence, 'seen' | 'right' | 'majority'>,
  others: readonly LabelEvidence[] = able,
): number => believeWrong([...others, { cluster: 'path', group: 'hop', ...one }]).beliefs_Q.at(-1)!

test('what speaks for a wrong label raises the belief, what speaks against it lowers it', () => {
  const always = beliefIn({ seen: 16, right: 0, majority: 16 })
  expect(always).toBeGreaterThan(0.95)
  expect(beliefIn({ seen: 4, right: 0, majority: 4 })).toBeLessThan(always)
  expect(beliefIn({ seen: 16, right: 4, majority: 12 })).toBeLessThan(always)
  expect(beliefIn({ seen: 16, right: 0, majority: 6 })).toBeLessThan(0.5)
  expect(beliefIn({ seen: 16, right: 12, majority: 4 })).toBeLessThan(0.01)
  expect(beliefIn({ seen: 16, right: 16, majority: 0 })).toBeLessThan(0.001)
})

test('one lucky right answer among many does not clear a label', () => {
  expect(beliefIn({ seen: 32, right: 1, majority: 31 })).toBeGreaterThan(0.9)
})

test('a small cluster borrows the rates of its group', () => {
  const alone = { cluster: 'seldom asked', group: 'hop', seen: 16, right: 0, majority: 16 }
  expect(believeWrong([...able, alone]).beliefs_Q.at(-1)).toBeGreaterThan(0.9)
})

test('questions of one kind that are all answered alike, and all wrong, are a policy that cannot do them', () => {
  const wrong = Array.from({ length: 60 }, (_, index) => ({
    ...{ cluster: `path ${index % 4}`, group: 'misread', seen: 16, right: 0, majority: 15 },
  }))
  const { beliefs_Q } = believeWrong([...able, ...wrong])
  expect(beliefs_Q.slice(able.length).filter((belief) => belief >= 0.9)).toEqual([])
})

test('decayed and huge counts, none at all, and an empty set give numbers', () => {
  const odd = [
    { cluster: 'a', group: 'b', seen: 0, right: 0, majority: 0 },
    { cluster: 'a', group: 'b', seen: 0.25, right: 0, majority: 0.25 },
    { cluster: 'a', group: 'b', seen: 1e6, right: 0, majority: 1e6 },
    { cluster: 'a', group: 'b', seen: 1e6, right: 1e6, majority: 0 },
  ]
  for (const belief of believeWrong(odd).beliefs_Q) {
    expect(belief).toBeGreaterThanOrEqual(0)
    expect(belief).toBeLessThanOrEqual(1)
  }
  expect(believeWrong(odd).beliefs_Q[3]).toBeLessThan(1e-9)
  expect(believeWrong([])).toEqual({ beliefs_Q: [], share: 0.05 })
})
