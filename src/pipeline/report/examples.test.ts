import { expect, test } from 'vitest'
import { createDescriber, createGroupPicker } from './examples.ts'
import { miniatureGraph } from './fixtures/miniature-graph.ts'
import { miniatureCompletion, miniatureQuestions } from './fixtures/miniature-questions.ts'
import type { GroupLine } from './rollouts.ts'

const graph = miniatureGraph()
const questions = miniatureQuestions(graph, 1)
const describer = createDescriber(graph, new Map(questions.map((question) => [question.id, question])))
const idOf = (hop: number): string => questions.find((question) => question.hop === hop)!.id

function group(step: number, hop: number, rewards: readonly number[]): GroupLine {
  return {
    step,
    questionId: idOf(hop),
    reason: 'easy',
    rollouts: rewards.map((total) => ({
      tokens: 1,
      completion: '',
      stopReason: 'stop',
      reward: { correct: total, format: 1, total },
      advantage: 0,
      defects: [],
      answered: 'none',
    })),
  }
}

test('the first and last mixed group, the right one of most hops and the wrong one of fewest are picked', () => {
  const picker = createGroupPicker('rl-1', describer)
  const groups = [
    group(1, 1, [0, 0]),
    group(1, 2, [1, 0]),
    group(2, 3, [1, 0]),
    group(3, 2, [1, 1]),
    group(4, 3, [1, 1]),
    group(5, 3, [1, 1]),
    group(6, 2, [1, 1]),
    group(7, 1, [0, 0]),
    group(8, 3, [0, 0]),
    group(9, 4, [0, 1]),
  ]
  for (const item of groups) picker.add(item)
  expect(picker.finish().map(({ why, step, hop }) => [why, step, hop])).toEqual([
    ['early', 1, 2],
    ['late', 9, 4],
    ['best', 5, 3],
    ['worst', 7, 1],
  ])
})

test('a stage without an all-right group has no best one', () => {
  const picker = createGroupPicker('rl-2', describer)
  picker.add(group(1, 2, [0, 1]))
  expect(picker.finish().map(({ why }) => why)).toEqual(['early', 'late'])
})

test('each step of a completion is judged by the graph, a supported one with the line of its triple', () => {
  const question = questions.find(({ hop }) => hop === 3)!
  const right = describer.reasoning(miniatureCompletion(graph, question, 'right'), false)
  expect(right.steps.map(({ kind }) => kind)).toEqual(['supported', 'supported', 'supported'])
  expect(right.steps.map(({ origin }) => origin)).toEqual([
    'triples/miniature.tsv:2',
    'triples/miniature.tsv:3',
    'triples/miniature.tsv:4',
  ])
  const lucky = describer.reasoning(miniatureCompletion(graph, question, 'lucky'), false)
  expect(lucky.steps.map(({ kind }) => kind)).toEqual(['supported', 'supported', 'unsupported'])
  expect(describer.reasoning(miniatureCompletion(graph, question, 'unread'), true).defects).toEqual([
    'truncated',
    'unclosedThink',
    'noAnswer',
  ])
})

test('a lone surrogate of a step becomes a character that a file can hold', () => {
  const { steps } = describer.reasoning(' measles \ud800 spots;</think><answer> gout</answer>', false)
  expect(steps).toEqual([{ kind: 'unreadable', text: 'measles \ufffd spots', origin: null }])
})

test('an answer is a label when the graph knows the entity, else the way it could not be read', () => {
  expect(describer.answer(graph.find('gout')!.id)).toEqual({ label: 'gout', unread: null })
  expect(describer.answer('several')).toEqual({ label: null, unread: 'several' })
})
