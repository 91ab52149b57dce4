import { expect, test } from 'vitest'
import { difficultyOf } from './difficulty.ts'

test('one hop is easy, two are moderate, more are difficult', () => {
  for (const rarity of ['none', 'common', 'uncommon'] as const) {
    expect([1, 2, 3, 4].map((hop) => difficultyOf(hop, rarity))).toEqual(['easy', 'moderate', 'difficult', 'difficult'])
  }
})

test('a rare disease on the way raises the tier by one', () => {
  expect([1, 2, 3, 4].map((hop) => difficultyOf(hop, 'rare'))).toEqual([
    'moderate',
    'difficult',
    'difficult',
    'difficult',
  ])
})
