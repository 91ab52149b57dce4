import type { Reward } from './types.ts'

/**
 * 1 when the answer names an accepted entity, else 0. What stands in the thinking never counts.
 *
 * @paper Fleming-R1 §3.3: correctness of the final answer
 */
export const correctness: Reward = {
  name: 'correctness',
  range: [0, 1],
  score: ({ value, acceptedIds }) => (value.kind === 'entity' && acceptedIds.includes(value.id) ? 1 : 0),
}
