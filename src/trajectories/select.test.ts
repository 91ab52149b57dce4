import { expect, test } from 'vitest'
import { tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import type { Question } from '../questions/types.ts'
import { chooseForColdStart } from './select.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)

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
