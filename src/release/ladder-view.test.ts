import { describe, expect, test } from 'vitest'
import { exampleScores } from './fixtures/scores.ts'
import { findFalls, ladderBlocks } from './ladder-view.ts'

describe('the stage table', () => {
  test('has a row per rung in the order of the paper and a column per hop count and rarity that has questions', () => {
    const [block, ...others] = ladderBlocks(exampleScores())
    expect(others).toEqual([])
    expect(block?.columns.map(({ title }) => title)).toEqual(['pooled', '2 hops', '4 hops', 'rare'])
    expect(block?.rows.map(({ title }) => title)).toEqual([
      'base, form forced',
      'base',
      '+ cold start',
      '+ RL stage 1',
      '+ RL stage 2',
    ])
    expect(block?.rows.map(({ cells }) => cells.map((cell) => cell?.correct))).toEqual([
      [21, 30, 12, 17],
      [0, 0, 0, 0],
      [31, 40, 22, 27],
      [45, 55, 35, 41],
      [52, 71, 33, 48],
    ])
  })

  test('leaves out rungs that were not scored and groups without questions', () => {
    const scores = exampleScores()
    const ladder = scores.ladder
      .filter(({ stage }) => stage === 'rl-2')
      .map((row) => (row.hop === 4 ? { ...row, n: 0 } : row))
    const [block] = ladderBlocks({ ...scores, ladder })
    expect(block?.rows.map(({ stage }) => stage)).toEqual(['rl-2'])
    expect(block?.columns.map(({ title }) => title)).toEqual(['pooled', '2 hops', 'rare'])
  })
})

describe('falls', () => {
  test('are the places where a stage scores below the stage right before it, with the p of the paired test', () => {
    expect(findFalls(exampleScores())).toEqual([
      { from: 'rl-1', to: 'rl-2', split: 'held-out-composition', hop: 4, before: 0.35, after: 0.33, p: 0.5 },
    ])
  })

  test('do not count an equal score', () => {
    const scores = exampleScores()
    const ladder = scores.ladder.map((row) => ({ ...row, accuracy: 0.5 }))
    expect(findFalls({ ...scores, ladder })).toEqual([])
  })
})
