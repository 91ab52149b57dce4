import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { corpusEntities } from '../text/fixtures/answer-case.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { canaries, checkVerifier } from './canaries.ts'
import { scoreCompletion } from './total.ts'
import type { AnswerTask, RewardParts } from './types.ts'

const lexicon = buildLexicon(corpusEntities)
const options = ['Metformin', 'Glipizide', 'Sitagliptin', 'Pioglitazone']
const number = { kind: 'number', form: 'number', unit: 'mg', isUnitFixed: false } as const
const tasks: readonly AnswerTask[] = [
  { id: 'single', spec: { kind: 'choice', options }, gold: { kind: 'options', indices: [0] } },
  { id: 'multiple', spec: { kind: 'choices', options }, gold: { kind: 'options', indices: [1, 3] } },
  { id: 'all', spec: { kind: 'choices', options }, gold: { kind: 'options', indices: [0, 1, 2, 3] } },
  ...[0, 1, 2, 3].map(
    (index): AnswerTask => ({
      id: `blood group ${index}`,
      spec: { kind: 'choice', options: ['AB', 'A', 'O', 'B'] },
      gold: { kind: 'options', indices: [index] },
    }),
  ),
  { id: 'number', spec: number, gold: { kind: 'number', value: 1.125, decimals: 3 } },
  {
    id: 'tiny',
    spec: number,
    gold: { kind: 'number', value: 1.125e-9, decimals: null, tolerance: { relative: 0.05 } },
  },
  { id: 'range', spec: { ...number, form: 'range' }, gold: { kind: 'range', low: -3, high: -1, decimals: null } },
  { id: 'names', spec: { kind: 'names', names: ['gout', 'podagra'] }, gold: { kind: 'names' } },
  ...corpusEntities.map(
    ({ id }): AnswerTask => ({ id, spec: { kind: 'open', lexicon }, gold: { kind: 'entities', ids: [id] } }),
  ),
]
const judge = (task: AnswerTask, completion: string): RewardParts =>
  scoreCompletion(task, completion, 'gated', { truncated: false, thinkPrefilled: true }).reward

test.each(tasks)('the canaries of $id are scored as they should be under every rule', (task) => {
  for (const rule of ['gated', 'additive', 'penalised'] as const) {
    const score = (completion: string): RewardParts =>
      scoreCompletion(task, completion, rule, { truncated: false, thinkPrefilled: true }).reward
    const { right, wrong } = canaries(task)
    expect(score(right)).toMatchObject({ correct: 1, format: 1 })
    expect(score(wrong)).toMatchObject({ correct: 0, format: 1 })
    expect(() => checkVerifier((_, completion) => score(completion), [task])).not.toThrow()
  }
})

test('numbers of any size and mark have canaries that hold', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.constantFrom('.', ',', undefined),
      fc.constantFrom(null, 0, 2),
      (value, mark, decimals) => {
        const spec = { ...number, ...(mark === undefined ? {} : { decimalMark: mark }) } as const
        checkVerifier(judge, [{ id: 'n', spec, gold: { kind: 'number', value: value === 0 ? 0 : value, decimals } }])
      },
    ),
  )
})

describe('a broken verifier is found', () => {
  const good: RewardParts = { correct: 1, format: 1, total: 1 }
  test.each<readonly [string, (task: AnswerTask, completion: string) => RewardParts]>([
    ['that calls all right', () => good],
    ['that calls all wrong', () => ({ ...good, correct: 0, total: 0 })],
    [
      'that looks for the gold anywhere',
      (task, completion) => (completion.includes('canary') ? good : judge(task, completion)),
    ],
    ['that sees no form', (task, completion) => ({ ...judge(task, completion), format: 0 })],
    [
      'whose total is turned round',
      (task, completion) => ({ ...judge(task, completion), total: -judge(task, completion).total }),
    ],
    ['whose total is no number', (task, completion) => ({ ...judge(task, completion), total: Number.NaN })],
    ['whose total is always the same', (task, completion) => ({ ...judge(task, completion), total: 1 })],
  ])('%s', (_, broken) => {
    for (const task of tasks) {
      expect(() => checkVerifier(broken, [task])).toThrow(
        expect.objectContaining({ code: 'E_INTEGRITY', message: expect.stringContaining(task.id) }),
      )
    }
  })

  test('and the check names what was expected and found', () => {
    expect(() => checkVerifier(() => good, tasks)).toThrow(
      expect.objectContaining({
        found: expect.stringContaining('correct 1, format 1'),
        hint: expect.stringContaining('<answer>A<'),
      }),
    )
  })
})

test('a task that nothing could answer rightly, or wrongly, is refused', () => {
  const bad: readonly AnswerTask[] = [
    { id: 'x', spec: { kind: 'choice', options }, gold: { kind: 'options', indices: [4] } },
    { id: 'x', spec: { kind: 'choice', options }, gold: { kind: 'names' } },
    { id: 'x', spec: { kind: 'choice', options: ['one'] }, gold: { kind: 'options', indices: [0] } },
    { id: 'x', spec: number, gold: { kind: 'options', indices: [0] } },
    { id: 'x', spec: { kind: 'open', lexicon }, gold: { kind: 'entities', ids: ['nobody'] } },
    { id: 'x', spec: { kind: 'names', names: [] }, gold: { kind: 'names' } },
  ]
  for (const task of bad) expect(() => canaries(task)).toThrow(expect.objectContaining({ code: 'E_DATA' }))
})
