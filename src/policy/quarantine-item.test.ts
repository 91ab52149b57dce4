import { expect, test } from 'vitest'
import { contentOf } from '../questions/refine/disputes.ts'
import type { Item } from '../questions/types.ts'
import { disputeOfItem } from './quarantine-item.ts'

const item = {
  ...{ id: 'i', form: 'single', language: 'en', stem: 'Which?', context: null, options: ['x', 'y', 'z'], golds: [0] },
  ...{ answers: ['x'], origin: { kind: 'curated', source: 'medqa', file: 'f', line: 1, row: null } },
} as unknown as Item
const suspect = {
  ...{ step: 4, questionId: 'i', gold: ['C'], majorityAnswer: 'A', share: 0.75, cluster: 'en single medqa' },
  ...{ clusterItems: 9, clusterAccuracy: 0.8, rollouts: 16, right: 0, belief: 0.95 },
}

test('a case is of the item as its data run holds it, with the answer in words whatever letter it was shown with', () => {
  const shown = { ...item, options: ['z', 'y', 'x'], golds: [2] }
  expect(disputeOfItem(suspect, item, shown)).toMatchObject({
    ...{ id: 'i', content: contentOf(item) },
    given: [{ text: 'z', count: 12, isAsLabelled: false }],
    reason: 'never right in 16 rollouts of the policy; 75 % gave the same other answer, older ones counting less',
    shown: { options: ['x', 'y', 'z'], golds: [0], isProven: false },
  })
  const several = disputeOfItem({ ...suspect, majorityAnswer: 'A C' }, item, { ...shown, form: 'multiple' })
  expect(several.given[0]!.text).toBe('z | x')
  const open = { ...item, form: 'open', options: [], golds: [] } as unknown as Item
  expect(disputeOfItem({ ...suspect, majorityAnswer: 'words: lupus' }, open, open).given[0]!.text).toBe('lupus')
})
