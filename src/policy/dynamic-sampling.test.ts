import { expect, test } from 'vitest'
import { groupAdvantages } from './advantage.ts'
import { type DynamicSampling, sampleLiveGroups } from './dynamic-sampling.ts'
import type { Group, PlanItem } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

function group(...rewards: number[]): Group {
  return {
    question: {} as TrainingQuestion,
    promptTokens: [1],
    rollouts_G: rewards.map((total) => ({
      tokens: [2],
      samplerLogprobs_T: [-1],
      completion: '',
      stopReason: 'stop',
      reward: { correct: total, format: 1, total },
      defects: [],
      answered: '',
    })),
    advantages_G: groupAdvantages(rewards),
  }
}

const right = (): Group => group(1, 1)
const wrong = (): Group => group(0, 0)
const mixed = (): Group => group(1, 0)
const item = (reason: string): PlanItem => ({ question: {} as TrainingQuestion, groupSize: 2, reason })

/** Serves these rounds of groups, whatever is asked, and records what was asked. */
function serving(rounds: readonly (readonly (() => Group)[])[], maxRounds = 10) {
  const asked: (readonly [number, number])[] = []
  const sampling: DynamicSampling = {
    target: 3,
    maxRounds,
    draw: (count, round) => {
      asked.push([count, round])
      return (rounds[round - 1] ?? []).slice(0, count).map((_, index) => item(`${round}.${index}`))
    },
    sample: async (plan, round) => plan.map((_, index) => rounds[round - 1]![index]!()),
  }
  return { sampling, asked }
}

test('each round draws what is missing, until enough groups have a signal', async () => {
  const { sampling, asked } = serving([
    [mixed, wrong, right],
    [wrong, mixed],
    [mixed, mixed],
  ])
  const sample = await sampleLiveGroups(sampling)
  expect(asked).toEqual([
    [3, 1],
    [2, 2],
    [1, 3],
  ])
  expect(sample.live.map(({ item, round }) => [item.reason, round])).toEqual([
    ['1.0', 1],
    ['2.1', 2],
    ['3.0', 3],
  ])
  expect(sample.all).toHaveLength(6)
  expect([sample.rounds, sample.rolloutsPerLiveGroup, sample.allRight, sample.allWrong]).toEqual([3, 4, 1, 2])
})

test('a first round full of signal is the only one', async () => {
  const { sampling, asked } = serving([[mixed, mixed, mixed]])
  expect(await sampleLiveGroups(sampling)).toMatchObject({
    rounds: 1,
    rolloutsPerLiveGroup: 2,
    allRight: 0,
    allWrong: 0,
  })
  expect(asked).toHaveLength(1)
})

test('the cap ends a hopeless search, and what there is is returned', async () => {
  const hopeless = Array.from({ length: 9 }, () => [wrong, wrong, wrong])
  const sample = await sampleLiveGroups(serving(hopeless, 4).sampling)
  expect([sample.rounds, sample.live.length, sample.all.length, sample.allWrong]).toEqual([4, 0, 12, 12])
  expect(sample.rolloutsPerLiveGroup).toBe(24)
})

test('a plan that has nothing more ends the search', async () => {
  const { sampling, asked } = serving([[wrong, mixed, wrong]])
  const sample = await sampleLiveGroups(sampling)
  expect([sample.rounds, sample.live.length, asked.length]).toEqual([1, 1, 2])
})

test('a target or a cap that is no positive integer is refused', async () => {
  const { sampling } = serving([])
  await expect(sampleLiveGroups({ ...sampling, target: 0 })).rejects.toThrow(/positive target/)
  await expect(sampleLiveGroups({ ...sampling, maxRounds: 1.5 })).rejects.toThrow(/positive maxRounds/)
})
