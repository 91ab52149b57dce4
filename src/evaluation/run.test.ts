import { expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import { idOf } from '../graph/fixtures/tiny-graph.ts'
import { createGrounder } from '../graph/grounding.ts'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import type { Question } from '../questions/types.ts'
import { openStatement } from '../questions/wording.ts'
import { teachFromGraph } from '../trajectories/graph-teacher.ts'
import { answerForced, answerQuestions } from './run.ts'
import type { AnswerRecord } from './types.ts'

const student = tinyStudent()
const { codec, graph, lexicon, questions } = student
const id = (label: string) => idOf(graph, label)
const about = (start: string, ...steps: string[]): Question =>
  questions.find(
    ({ kind, path }) => kind === 'forward' && path.start === id(start) && path.steps.join() === steps.join(),
  )!

const drug = about('tophi', 'hallmark_of', 'first_line')
const malaria = about('Plasmodium falciparum', 'organism_of', 'first_line')
const compared = questions.find(
  ({ path }) => path.comparison?.feature === id('tophi') && path.steps.join() === 'first_line',
)!

async function answer(question: Question, completion: string): Promise<AnswerRecord> {
  const client = await student.answering(() => completion)
  const context = { client, codec, graph, lexicon, grounder: createGrounder(graph), maxTokens: 60 }
  const [record] = await answerQuestions(context, [question])
  return record!
}

const walk = ' tophi is the hallmark of gout; gout is first treated with naproxen;'
const done = (thinking: string, label: string): string => `${thinking}</think><answer> ${label}</answer>`

test('a right answer at the end of its reasoning is right in both forms, with every step grounded', async () => {
  expect(await answer(drug, done(walk, 'naproxen'))).toEqual({
    questionId: drug.id,
    split: drug.split,
    hop: 2,
    rarity: 'common',
    completion: done(walk, 'naproxen'),
    answered: id('naproxen'),
    unparsed: false,
    correct: true,
    choiceCorrect: true,
    choiceUnmatched: false,
    groundedSteps: 2,
    checkableSteps: 2,
    rightForWrongReason: false,
  })
})

test('a wrong answer is wrong in both forms, and is none of the options unless it is one', async () => {
  const option = drug.options.find((_, index) => index !== drug.gold)!
  expect(await answer(drug, done(walk, option.label))).toMatchObject({
    answered: option.entityId,
    correct: false,
    choiceCorrect: false,
    choiceUnmatched: false,
    rightForWrongReason: false,
  })
  expect(await answer(drug, done(walk, 'cirrhosis'))).toMatchObject({
    answered: id('cirrhosis'),
    unparsed: false,
    correct: false,
    choiceUnmatched: true,
  })
})

test.each([
  ['nothing', '', 'none'],
  ['no answer block', walk, 'none'],
  ['the answer in the thinking only', `${walk} naproxen;</think>`, 'none'],
  ['two answer blocks', `${done(walk, 'naproxen')}<answer> naproxen</answer>`, 'none'],
  ['a name that is unknown', done(walk, 'aspirin'), 'noMatch'],
  ['two names', done(walk, 'naproxen or colchicine'), 'several'],
])('%s is unparsed and wrong, and says how', async (_, completion, kind) => {
  expect(await answer(drug, completion)).toMatchObject({
    answered: kind,
    unparsed: true,
    correct: false,
    choiceCorrect: false,
    choiceUnmatched: false,
  })
})

test('a score needs an answer, not the strict form: what a reward would refuse may still be right', async () => {
  // Cut off in the middle of talk after the answer.
  expect(await answer(drug, `${done(walk, 'naproxen')} fever`)).toMatchObject({ correct: true, unparsed: false })
  expect(await answer(drug, done('', 'naproxen'))).toMatchObject({ correct: true, unparsed: false })
})

test('of two right answers the one that is not among the options is right in the open form only', async () => {
  const gold = malaria.options[malaria.gold]!
  const other = malaria.acceptedEntityIds.find((accepted) => accepted !== gold.entityId)!
  const thinking =
    ' Plasmodium falciparum is the organism behind falciparum malaria; falciparum malaria is first treated with'
  const record = async (entity: typeof other) => {
    const { label } = graph.entity(entity)
    return answer(malaria, done(`${thinking} ${label};`, label))
  }
  expect(await record(gold.entityId)).toMatchObject({ correct: true, choiceCorrect: true, choiceUnmatched: false })
  expect(await record(other)).toMatchObject({ correct: true, choiceCorrect: false, choiceUnmatched: true })
})

test.each([
  ['without a step', ' it must be so;', 0, 1],
  ['by steps that stop short of it', ' tophi is the hallmark of gout;', 1, 1],
  [
    'by a false step on the way',
    ' tophi is the hallmark of pseudogout; pseudogout is first treated with naproxen;',
    0,
    2,
  ],
  [
    'by true steps about another disease',
    ' Koplik spots is the hallmark of measles; measles is first treated with vitamin A;',
    2,
    2,
  ],
  ['by true steps that begin behind the question', ' gout is first treated with naproxen;', 1, 1],
])('a right answer %s is right for the wrong reason', async (_, thinking, groundedSteps, checkableSteps) => {
  expect(await answer(drug, done(thinking, 'naproxen'))).toMatchObject({
    correct: true,
    rightForWrongReason: true,
    groundedSteps,
    checkableSteps,
  })
})

test('a comparison may be argued from its feature or from the disease that has it', async () => {
  const fromFeature = await answer(compared, done(walk, 'naproxen'))
  const fromDisease = await answer(
    compared,
    done(' pseudogout lacks tophi; gout is first treated with naproxen;', 'naproxen'),
  )
  expect([fromFeature.rightForWrongReason, fromDisease.rightForWrongReason]).toEqual([false, false])
})

test('the teacher would score one on every question, for the right reason', async () => {
  const client = await student.answering(
    (question) => teachFromGraph(graph, question, { seed: 1, backtrackShare: 0.5 }).completion,
  )
  const context = { client, codec, graph, lexicon, grounder: createGrounder(graph), maxTokens: 60 }
  const records = await answerQuestions(context, questions)
  expect(records.map(({ questionId }) => questionId)).toEqual(questions.map((question) => question.id))
  for (const record of records) {
    expect(record).toMatchObject({ correct: true, choiceCorrect: true, unparsed: false, rightForWrongReason: false })
    expect(record.groundedSteps).toBe(record.checkableSteps)
  }
})

test('answers are greedy, one each, under a key of their own', async () => {
  const client = await student.answering(() => walk)
  const context = { client, codec, graph, lexicon, grounder: createGrounder(graph), maxTokens: 17 }
  await answerQuestions(context, [drug, malaria])
  expect(client.calls).toEqual([
    {
      method: 'sample',
      requests: [drug, malaria].map((question) => ({
        promptTokens: codec.prompt(question.stem),
        numSamples: 1,
        key: `evaluation ${question.id}`,
      })),
      params: { maxTokens: 17, temperature: 0, stopTokens: [codec.endToken] },
    },
  ])
})

test('with the form forced a question is the opening of a statement, and the next token is the answer', async () => {
  const single = (label: string): number => codec.encode(` ${label}`)[0]!
  const client = await scriptedEngine.create({
    respond: ({ key }) => ({ tokens: [key.endsWith(drug.id) ? single('naproxen') : codec.encode('?')[0]!, 5] }),
  })
  const context = { client, codec, graph, lexicon, grounder: createGrounder(graph), maxTokens: 60 }
  const [right, unread] = await answerForced(context, [drug, malaria])
  expect(client.calls[0]).toEqual({
    method: 'sample',
    requests: [drug, malaria].map((question) => ({
      promptTokens: codec.encode(openStatement(question.stem)),
      numSamples: 1,
      key: `forced ${question.id}`,
    })),
    params: { maxTokens: 1, temperature: 0 },
  })
  expect(right).toMatchObject({
    correct: true,
    choiceCorrect: true,
    checkableSteps: 0,
    completion: '</think><answer> naproxen</answer>',
  })
  expect(unread).toMatchObject({ correct: false, unparsed: true })
})
