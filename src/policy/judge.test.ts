import { expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import type { Item, Question } from '../questions/types.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { checkJudge, type Judge, randomJudge, verifiableJudge } from './judge.ts'
import { fromItem, fromQuestion } from './training-question.ts'

const graph = tinyGraph()
const lexicon = buildLexicon(graph.entities)
const question = fromQuestion(
  {
    id: 'q',
    acceptedEntityIds: [idOf(graph, 'artesunate'), idOf(graph, 'quinine')],
    path: { steps: [] },
  } as unknown as Question,
  lexicon,
)
const answer = (text: string): string => ` malaria needs a drug;</think><answer> ${text}</answer>`
const gated = verifiableJudge('gated')
const judge = (completion: string, truncated = false, by: Judge = gated) => by(question, completion, truncated, 'key')

test('any accepted entity earns the reward, read from the answer after the prefilled thinking', () => {
  for (const name of ['artesunate', 'Quinine']) {
    expect(judge(answer(name))).toEqual({
      reading: { thinking: 'malaria needs a drug;', answer: name, defects: [] },
      value: { kind: 'entity', id: idOf(graph, name) },
      reward: { correct: 1, format: 1, total: 1 },
    })
  }
})

test('a wrong, a missing and a truncated answer earn nothing', () => {
  expect(judge(answer('colchicine')).reward).toEqual({ correct: 0, format: 1, total: 0 })
  expect(judge(' artesunate artesunate').value).toEqual({ kind: 'none' })
  expect(judge(' artesunate artesunate').reward).toEqual({ correct: 0, format: 0, total: 0 })
  expect(judge(answer('artesunate'), true).reward).toEqual({ correct: 1, format: 0, total: 0 })
})

test('the rule of the total is the asked one', () => {
  const additive = verifiableJudge('additive')
  expect(judge(answer('colchicine'), false, additive).reward.total).toBe(0.1)
  expect(judge(answer('quinine'), false, additive).reward.total).toBeCloseTo(1.1, 12)
})

const coin = randomJudge(gated, 1)
const toss = (key: string, completion = answer('quinine'), by = coin): number =>
  by(question, completion, false, key).reward.total

test('the control gives 1 or 0 by a fair coin of seed and key that knows nothing of the completion', () => {
  const keys = Array.from({ length: 2000 }, (_, index) => `rl-1 ${index}`)
  const tosses = keys.map((key) => toss(key))
  expect(new Set(tosses)).toEqual(new Set([0, 1]))
  // A standard deviation of the share of heads is 0.011.
  expect(Math.abs(tosses.reduce((sum, value) => sum + value, 0) / 2000 - 0.5)).toBeLessThan(0.045)
  expect(keys.map((key) => toss(key, ''))).toEqual(tosses)
  expect(keys.map((key) => toss(key, '', randomJudge(gated, 2)))).not.toEqual(tosses)
})

test('the control still says what was right, so that the curves show what it does not reward', () => {
  const { reward, value } = coin(question, answer('quinine'), false, 'key')
  expect([reward.correct, reward.format, value.kind]).toEqual([1, 1, 'entity'])
})

test('the judge reads an item of each form as its prompt asks, options as they stand', () => {
  const item = (more: object): Item =>
    ({
      ...{ id: 'i', form: 'single', language: 'en', stem: 'Which?', context: null },
      ...{ origin: { kind: 'curated', source: 's' } },
      ...more,
    }) as Item
  const options = ['Metformin', 'Glipizide', 'Sitagliptin']
  const total = (asked: Item, text: string, by = gated): number =>
    by(fromItem(asked), answer(text), false, 'key').reward.total
  const single = item({ options, golds: [2] })
  expect([total(single, 'C'), total(single, 'sitagliptin'), total(single, 'A')]).toEqual([1, 1, 0])
  const multiple = item({ form: 'multiple', options, golds: [0, 2] })
  const penalised = verifiableJudge('penalised')
  expect([total(multiple, 'C, A'), total(multiple, 'A')]).toEqual([1, 0])
  expect(penalised(fromItem(multiple), 'A, C', false, 'key').reward.total).toBe(-0.1)
  const numeric = item({ form: 'open', options: [], golds: [], answers: ['7.2 mg'] })
  expect([total(numeric, '7200 mcg'), total(numeric, '7.2')]).toEqual([1, 0])
  expect(gated(fromItem(numeric), answer('7.2'), false, 'key').value).toEqual({ kind: 'missingUnit' })
  const named = item({ form: 'open', options: [], golds: [], answers: ['gout'] })
  expect(total(named, 'Gout')).toBe(1)
  expect(gated(fromItem(named), answer('gout'), true, 'key').reward).toEqual({ correct: 1, format: 0, total: 0 })
})

test('a judge that is broken is found before a batch is scored, a sound one passes under every rule', () => {
  for (const rule of ['gated', 'additive', 'penalised'] as const) {
    expect(() => checkJudge(verifiableJudge(rule), [question])).not.toThrow()
  }
  const generous: Judge = (asked, completion, truncated, key) => ({
    ...gated(asked, completion, truncated, key),
    reward: { correct: 1, format: 1, total: 1 },
  })
  expect(() => checkJudge(generous, [question])).toThrow(expect.objectContaining({ code: 'E_INTEGRITY' }))
})
