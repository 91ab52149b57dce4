import type { Reward } from './types.ts'

/**
 * 1 when the completion is exactly one `<think>…</think>` followed by one `<answer>…</answer>`, else 0. Length, style
 * and the truth of the steps do not enter.
 *
 * @paper Fleming-R1 §3.3: adherence to the required reasoning format
 */
export const format: Reward = {
  name: 'format',
  range: [0, 1],
  score: ({ reading }) => (reading.defects.length === 0 ? 1 : 0),
}
