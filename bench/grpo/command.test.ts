import { describe, expect, test } from 'vitest'
import { renderRounds, rolloutsPerSecond } from './command.ts'
import { cheapReward } from './task.ts'

const step = { stepMs: 1024, sampleMs: 512, scoreMs: 256, trainMs: 256 }
const measurement = (stepsMs: readonly number[]) => ({
  steps: stepsMs.map((stepMs) => ({ ...step, stepMs })),
  ...{ tokensPerStep: 20_480, liveShare: 1, peakBytes: 1e9, cpuSeconds: 1, othersCores: 0.25, version: 'v' },
})

test('512 rollouts in a median step of 1024 ms are 500 a second, whatever the slowest took', () => {
  expect(rolloutsPerSecond(measurement([1024, 90_000, 1000]))).toBe(500)
})

test('shares are of the whole time of a step, and the ratio stands beside the other side', () => {
  const ours = measurement([1024])
  const table = renderRounds([{ ours, trl: measurement([2048]), ratio: 2 }])
  const [first, second] = table.split('\n').filter((line) => /ours|TRL/.test(line))
  const cellsOf = (line: string | undefined): string[] => (line ?? '').split('|').map((cell) => cell.trim())
  expect(cellsOf(first).slice(1, -1)).toEqual([
    ...['1 ours', '500.0', '1,024', '50 %', '25 %', '25 %', '20,480', '100 %', '1.00', '0.25', '–', 'v'],
  ])
  expect(cellsOf(second).slice(1, 5)).toEqual(['1 TRL', '250.0', '2,048', '25 %'])
  expect(cellsOf(second)[11]).toBe('2.00×')
})

test('without TRL a round is one line', () => {
  const table = renderRounds([{ ours: measurement([1024]), trl: null, ratio: null }])
  expect(table.trimEnd().split('\n')).toHaveLength(3)
})

describe('the reward', () => {
  test.each([
    ['a thought;</think><answer> gout</answer>', 1],
    ['<answer>fever</answer>', 0],
    ['gout', 0],
    ['<answer>gout', 0],
    ['<answer>fever</answer><answer>gout</answer>', 0],
    ['', 0],
  ])('of %j is %d when gout is accepted', (text, reward) => {
    expect(cheapReward(text, ['gout', 'arthritis urica'])).toBe(reward)
  })

  test('is the evenness of the length where nobody knows an answer', () => {
    expect(['', 'a', 'ab', 'abc'].map((text) => cheapReward(text, null))).toEqual([1, 0, 1, 0])
  })
})
