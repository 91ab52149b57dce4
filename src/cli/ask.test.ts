import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import type { Answered } from '../pipeline/ask.ts'
import { renderAnswer } from './ask.ts'

const answered: Answered = {
  question: 'What is the first-line drug for gout?',
  stage: 'rl-2',
  completion: '',
  steps: [
    { kind: 'supported', text: 'gout is first treated with naproxen', source: 'triples/organs.tsv:12' },
    { kind: 'ruled-out', text: 'scurvy lacks tophi', source: null },
    { kind: 'unsupported', text: 'gout is due to mutated HBB', source: null },
    { kind: 'hypothesis', text: 'perhaps scurvy', source: null },
    { kind: 'unreadable', text: 'naproxen naproxen', source: null },
  ],
  groundedSteps: 2,
  checkableSteps: 4,
  answer: 'naproxen',
  reading: 'entity',
  defects: [],
  reasoningLeadsToAnswer: true,
  unknownWords: [],
  known: { split: 'train', accepted: ['naproxen', 'colchicine'], correct: true },
}

test('an answer shows each step with its mark, what the graph says, and the notice last', () => {
  expect(renderAnswer(answered, picocolors.createColors(false)).split('\n')).toEqual([
    'What is the first-line drug for gout?',
    '  ✓ gout is first treated with naproxen  triples/organs.tsv:12',
    '  ✓ scurvy lacks tophi  no triple joins the two',
    '  ✗ gout is due to mutated HBB  not in the graph',
    '  ? perhaps scurvy  a hypothesis',
    '  ? naproxen naproxen  not a statement',
    'answer: naproxen',
    '2 of 4 steps hold in the graph; they lead from the question to the answer',
    'in this run: right; accepted: naproxen, colchicine (train)',
    'research only, not for clinical use',
  ])
})

test('an answer that could not be read says why and guesses nothing', () => {
  const unread: Answered = {
    ...answered,
    ...{
      steps: [],
      groundedSteps: 0,
      checkableSteps: 0,
      answer: null,
      reading: 'none',
      defects: ['noAnswer'],
      known: null,
    },
  }
  const lines = renderAnswer(unread, picocolors.createColors(false)).split('\n')
  expect(lines.slice(1, 4)).toEqual([
    '  (no reasoning)',
    'answer: none could be read (none, noAnswer)',
    'no step could be looked up in the graph',
  ])
})
