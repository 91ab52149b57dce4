import { expect, test } from 'vitest'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import type { Item } from '../questions/types.ts'
import { verifiableJudge } from './judge.ts'
import { repliesOf } from './ledger.ts'
import { rollOut } from './rollout.ts'
import { fromItem, fromQuestion } from './training-question.ts'

const { questions, lexicon, codec, answering } = tinyStudent()

const curated = (more: object): Item =>
  ({
    ...{ id: 'i', form: 'single', language: 'en', stem: 'Which?', context: null, options: ['a1', 'b1'], golds: [1] },
    ...{ answers: ['b1'], origin: { kind: 'curated', source: 'medqa', license: 'MIT' } },
    ...more,
  }) as unknown as Item

test('a question of the starter graph asks its stem, and is like those of its path and of its hop count', () => {
  const question = questions.find(({ hop, kind }) => hop === 2 && kind === 'forward')!
  const trained = fromQuestion(question, lexicon)
  expect(trained).toMatchObject({
    ...{ id: question.id, prompt: question.stem, acceptedAnswers: question.acceptedEntityIds },
    clusters: [`forward ${question.path.steps.join(' ')}`, '2 hops'],
  })
  expect(trained.facets).toMatchObject({ hop: ['2'], answerType: [question.answerType] })
  expect(trained.facets.source).toBeUndefined()
})

test('an item shows options and instruction, counts as moderate without a tier, and is like items of its subject, source and form', () => {
  const trained = fromItem(curated({ subject: 'renal' }))
  expect(trained.prompt).toContain('Which?\n\nA. a1\nB. b1\n\nThink first')
  expect(trained).toMatchObject({
    ...{ difficulty: 'moderate', acceptedAnswers: ['B'] },
    clusters: ['en single medqa renal', 'en single medqa', 'single form'],
    facets: { form: ['single'], language: ['en'], source: ['medqa'], topic: ['renal'] },
  })
  const origin = { kind: 'graph', shape: 'finding-disease', hop: 2, rarity: 'rare' }
  expect(fromItem(curated({ origin, difficulty: 'difficult' }))).toMatchObject({
    difficulty: 'difficult',
    clusters: ['en single synthetic finding-disease', 'en single synthetic', 'single form'],
    facets: { source: ['synthetic'], topic: ['finding-disease'], hop: ['2'], rarity: ['rare'] },
  })
})

test.each([
  ['several options', { form: 'multiple', golds: [0, 1] }, ['A B']],
  ['a number', { form: 'open', options: [], golds: [], answers: ['7.2 mg', '7200 mcg'] }, ['7.2']],
  ['words', { form: 'open', options: [], golds: [], answers: ['gout', 'podagra'] }, ['wording 1', 'wording 2']],
])('what is right is worded as rollouts are: %s', (_, more, accepted) => {
  expect(fromItem(curated(more)).acceptedAnswers).toEqual(accepted)
})

test('rollouts of a question in words gave the same answer where the words are the same, whatever their case', async () => {
  const said = ['Gout.', 'gout', 'Pseudogout', 'the pseudogout', 'Lupus', '']
  const client = await answering(() => '')
  const question = fromItem(curated({ form: 'open', options: [], golds: [], answers: ['Gout'] }))
  const scripted = {
    ...client,
    sample: async () => [
      said.map((text) => {
        const tokens = codec.completion(` the joint is red and swollen;</think><answer>${text}</answer>`)
        return { tokens, logprobs: tokens.map(() => -1), stopReason: 'stop' as const }
      }),
    ],
  }
  const context = { client: scripted, codec, judge: verifiableJudge('gated'), maxTokens: 50 }
  const [group] = await rollOut(context, [{ question, groupSize: 6, reason: 'x' }], 'key')
  expect(group!.rollouts_G.map(({ answered }) => answered)).toEqual([
    ...['wording 1', 'wording 1', 'words: pseudogout', 'words: pseudogout', 'words: lupus', 'none'],
  ])
  expect(repliesOf(group!)).toEqual({
    ...{ of: 6, right: 2 },
    wrongAnswers: ['words: pseudogout', 'words: pseudogout', 'words: lupus'],
  })
})
