import { expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import type { AnswerSpec, AnswerValue } from '../text/types.ts'
import { itemPairedRows, itemRows } from './item-scores.ts'
import { type AskedItem, answerItems, type ItemAnswer } from './items.ts'
import { wilsonInterval } from './metrics.ts'

const { codec } = tinyStudent()
const choice: AnswerSpec = { kind: 'choice', options: ['one', 'two'] }
const names: AnswerSpec = { kind: 'names', names: ['gout'] }
const asked = (id: string, spec: AnswerSpec, isRight: (value: AnswerValue) => boolean): AskedItem => ({
  ...{ id: id as AskedItem['id'], prompt: `What is ${id}?`, spec, isRight },
  ...{
    form: spec.kind === 'names' ? 'open' : 'single',
    language: 'en',
    source: 'medqa',
    difficulty: 'easy',
    chance: 0.5,
  },
})

test('greedy answers are read as each item asks; other words are wrong and not unread, a cut-off answer is truncated', async () => {
  const said: Record<string, string> = { a: 'B', b: 'both', c: 'lupus', d: 'Gout' }
  const client = await scriptedEngine.create({
    respond: ({ key }) => {
      const id = key!.slice(-1)
      const text = ` the joint is red and swollen;</think><answer>${said[id]}</answer>`
      return { tokens: id === 'd' ? codec.encode(text) : codec.completion(text) }
    },
  })
  const items = [
    asked('a', choice, (value) => value.kind === 'letter' && value.letter === 'B'),
    asked('b', choice, () => false),
    asked('c', names, (value) => value.kind === 'name'),
    asked('d', names, (value) => value.kind === 'name'),
  ]
  const ground = (thinking: string) => ({ checkable: thinking.includes('joint') ? 2 : 0, grounded: 1 })
  const answers = await answerItems({ client, codec, maxTokens: 60, ground }, items)
  expect(answers.map(({ answered, unparsed, correct, truncated }) => [answered, unparsed, correct, truncated])).toEqual(
    [
      ['B', false, true, false],
      [expect.any(String), true, false, false],
      ['noMatch', false, false, false],
      ['wording 1', false, true, true],
    ],
  )
  expect(answers.map(({ checkableSteps, groundedSteps }) => [checkableSteps, groundedSteps])).toEqual(
    new Array(4).fill([2, 1]),
  )
  expect(client.calls.at(-1)).toMatchObject({ method: 'sample', params: { temperature: 0, maxTokens: 60 } })
})

const answer = (id: number, correct: boolean, more: Partial<ItemAnswer> = {}): ItemAnswer => ({
  ...{ questionId: `q${id}` as ItemAnswer['questionId'], form: 'single', language: 'en', source: 'medqa' },
  ...{ difficulty: 'easy', chance: 0.25, completion: '', answered: 'A', unparsed: false, truncated: false },
  ...{ correct, checkableSteps: 0, groundedSteps: 0, ...more },
})

test('scores are pooled and by form, language, source and difficulty, each with its n, interval and chance', () => {
  const rows = itemRows('rl-2', [
    answer(1, true),
    answer(2, false, { unparsed: true, truncated: true, checkableSteps: 4, groundedSteps: 1 }),
    answer(3, true, { language: 'zh', form: 'open', chance: 0 }),
  ])
  expect(rows.map(({ axis, name, n, correct }) => [axis, name, n, correct])).toEqual([
    ['all', 'all', 3, 2],
    ['form', 'open', 1, 1],
    ['form', 'single', 2, 1],
    ['language', 'en', 2, 1],
    ['language', 'zh', 1, 1],
    ['source', 'medqa', 3, 2],
    ['difficulty', 'easy', 3, 2],
  ])
  expect(rows[0]).toMatchObject({ stage: 'rl-2', unparsed: 1, truncated: 1, groundedStepRate: 0.25, accuracy: 2 / 3 })
  expect(rows[0]!.chance).toBeCloseTo(1 / 6, 12)
  expect(rows[0]!.interval).toEqual(wilsonInterval(2, 3))
  expect(rows[1]!.groundedStepRate).toBeNull()
})

test('checkpoints are paired on the same items, and other items are refused', () => {
  const before = [answer(1, true), answer(2, false), answer(3, false)]
  const after = [answer(3, true), answer(1, false), answer(2, true)]
  const records = { base: before, 'cold-start': before, 'rl-1': after, 'rl-2': after }
  const pooled = itemPairedRows(records).filter(({ axis }) => axis === 'all')
  expect(pooled.map(({ from, to, gained, lost, n }) => [from, to, gained, lost, n])).toEqual([
    ['base', 'cold-start', 0, 0, 3],
    ['cold-start', 'rl-1', 2, 1, 3],
    ['rl-1', 'rl-2', 0, 0, 3],
    ['cold-start', 'rl-2', 2, 1, 3],
  ])
  expect(() => itemPairedRows({ ...records, 'rl-2': [answer(9, true)] })).toThrow('same questions')
})
