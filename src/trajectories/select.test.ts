import { expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { createGrounder } from '../graph/grounding.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import type { Question } from '../questions/types.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { teachFromGraph } from './graph-teacher.ts'
import { checkDraft, chooseForColdStart } from './select.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
const context = {
  teacher: 'graph-teacher',
  sawGold: true,
  lexicon: buildLexicon(graph.entities),
  grounder: createGrounder(graph),
}
const question = questions.find(
  ({ kind, path }) =>
    kind === 'forward' && path.start === idOf(graph, 'tophi') && path.steps.join() === 'hallmark_of,first_line',
)!
const check = (completion: string) => checkDraft(question, { completion, backtracks: false }, context)

const steps = ' tophi is the hallmark of gout; gout is first treated with naproxen;'

test('what the teacher wrote is kept with its question, teacher and counts', () => {
  const completion = `${steps}</think><answer> naproxen</answer>`
  expect(check(completion)).toEqual({
    kind: 'kept',
    trajectory: {
      id: expect.stringMatching(/^trajectory_[0-9a-f]{24}$/),
      questionId: question.id,
      teacher: 'graph-teacher',
      sawGold: true,
      origin: 'gold-conditioned',
      strategy: null,
      attempts: 1,
      backtracks: false,
      completion,
      groundedSteps: 2,
      checkableSteps: 2,
    },
  })
})

test('every draft of the graph teacher is kept', () => {
  const dropped = questions
    .map((item) => checkDraft(item, teachFromGraph(graph, item, { seed: 1, backtrackShare: 0.5 }), context))
    .filter(({ kind }) => kind === 'dropped')
  expect(dropped).toEqual([])
})

test.each([
  ['a wrong answer', `${steps}</think><answer> colchicine</answer>`, 'answer: wrong'],
  ['an answer that is none', `${steps}</think><answer> paracetamol</answer>`, 'answer: noMatch'],
  ['two answers', `${steps}</think><answer> naproxen or colchicine</answer>`, 'answer: several'],
  [
    'a step that is not in the graph',
    ` gout is first treated with colchicine;${steps}</think><answer> naproxen</answer>`,
    'a step is not in the graph',
  ],
  [
    'a competitor ruled out by what it has',
    ` gout lacks tophi;${steps}</think><answer> naproxen</answer>`,
    'a step is not in the graph',
  ],
  [
    'a step that cannot be read',
    ` think hard;${steps}</think><answer> naproxen</answer>`,
    'a step is not in the graph',
  ],
  ['no answer block', `${steps}</think> naproxen`, 'form: noAnswer'],
  ['a thinking that is not closed', `${steps}<answer> naproxen</answer>`, 'form: unclosedThink'],
  ['no thinking', '</think><answer> naproxen</answer>', 'form: emptyThink'],
  ['text after the answer', `${steps}</think><answer> naproxen</answer> for sure`, 'form: textOutside'],
  ['nothing', '', 'form: empty'],
])('%s is dropped with its reason', (_, completion, reason) => {
  expect(check(completion)).toEqual({ kind: 'dropped', reason })
})

test('a hypothesis is no claim: it neither counts nor drops', () => {
  const kept = check(` perhaps measles;${steps}</think><answer> naproxen</answer>`)
  expect(kept).toMatchObject({ kind: 'kept', trajectory: { groundedSteps: 2, checkableSteps: 2 } })
})

test('another completion of the same question is another trajectory', () => {
  const ids = [steps, ` perhaps measles;${steps}`].map((thinking) => {
    const kept = check(`${thinking}</think><answer> naproxen</answer>`)
    return kept.kind === 'kept' ? kept.trajectory.id : ''
  })
  expect(new Set(ids).size).toBe(2)
})

const count = (chosen: readonly Question[]): number[] =>
  [1, 2, 3, 4].map((hop) => chosen.filter((item) => item.hop === hop).length)

test('a cold start takes training questions alone, in equal parts over the hop counts', () => {
  const chosen = chooseForColdStart(questions, { count: 30, maxHops: 3, seed: 1 })
  expect(count(chosen)).toEqual([10, 10, 10, 0])
  expect(new Set(chosen.map(({ split }) => split))).toEqual(new Set(['train']))
  expect(new Set(chosen.map(({ id }) => id)).size).toBe(30)
})

test('what cannot be divided still adds up', () => {
  for (const [wanted, expected] of [
    [31, [10, 10, 11, 0]],
    [32, [10, 11, 11, 0]],
    [1, [0, 0, 1, 0]],
  ] as const) {
    expect(count(chooseForColdStart(questions, { count: wanted, maxHops: 3, seed: 1 }))).toEqual(expected)
  }
})

test('a hop count with too few questions gives what it has', () => {
  const training = questions.filter(({ split }) => split === 'train')
  expect(count(chooseForColdStart(questions, { count: 100_000, maxHops: 4, seed: 1 }))).toEqual(count(training))
})

test('the seed decides which', () => {
  const ids = (seed: number) => chooseForColdStart(questions, { count: 12, maxHops: 2, seed }).map(({ id }) => id)
  expect(ids(1)).toEqual(ids(1))
  expect(ids(2)).not.toEqual(ids(1))
})
