import type { Rarity } from '../graph/types.ts'
import type { Difficulty } from './types.ts'

/**
 * The tier of a synthetic question by what it demands: one hop is basic knowledge, two need an intermediate inference,
 * three or more are complex; a rare disease on the way raises the tier by one.
 *
 * @paper Fleming-R1 §3.1: Easy, Moderate, Difficult by cognitive and domain demand
 * @deviation the paper asks a language model for the tier; a synthetic question knows its path, so a rule decides
 */
export function difficultyOf(hop: number, rarity: Rarity | 'none'): Difficulty {
  const tier = Math.min(hop, 3) + (rarity === 'rare' ? 1 : 0)
  if (tier <= 1) return 'easy'
  return tier === 2 ? 'moderate' : 'difficult'
}
