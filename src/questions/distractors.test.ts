import { expect, test } from 'vitest'
import { idOf, sketchGraph, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import type { Graph } from '../graph/graph.ts'
import { drawDistractors, findDistractors } from './distractors.ts'

type Names = { readonly heads: string[]; readonly step: string; readonly accepted: string[]; readonly named?: string[] }

function distract(graph: Graph, names: Names, count: number, key = 'q'): (readonly [label: string, reason: string])[] {
  const ids = (labels: readonly string[] = []) => labels.map((label) => idOf(graph, label))
  const question = {
    heads: ids(names.heads),
    step: graph.schema.step(names.step),
    accepted: ids(names.accepted),
    named: ids(names.named),
    key,
  }
  return findDistractors(graph, question, count).map(({ entityId, reason }) => [graph.entity(entityId).label, reason])
}

const family = sketchGraph({
  diseases: { asked: 'common', near: 'common', far: 'common', stranger: 'common' },
  triples: [
    'asked | has_finding | fever',
    'asked | has_finding | cough',
    'asked | is_a | infection',
    'near | has_finding | fever',
    'near | has_finding | cough',
    'far | is_a | infection',
    'asked | first_line | right drug',
    'asked | treated_by | second drug',
    'near | first_line | near drug',
    'near | first_line | second drug',
    'far | first_line | far drug',
    'stranger | first_line | strange drug',
    'stranger | treated_by | other drug',
  ],
})
const asked: Names = { heads: ['asked'], step: 'first_line', accepted: ['right drug'] }

test('wrong options come from the nearest sibling first, then from further ones, then from anywhere in the relation', () => {
  expect(distract(family, asked, 3)).toEqual([
    ['near drug', 'reached from "near", which shares 2 features'],
    ['far drug', 'reached from "far", which shares 1 features'],
    ['strange drug', 'same relation, other subject'],
  ])
  expect(distract(family, asked, 1)).toEqual([['near drug', 'reached from "near", which shares 2 features']])
})

test('what any triple joins to the head is no wrong option, though its relation is another one', () => {
  const labels = distract(family, asked, 9).map(([label]) => label)
  expect(labels).not.toContain('second drug')
})

test('an option is an end of the asked relation, not of a related one', () => {
  expect(distract(family, asked, 9).map(([label]) => label)).toEqual(['near drug', 'far drug', 'strange drug'])
})

test('accepted answers and what the stem names are never wrong options', () => {
  const labels = distract(family, { ...asked, accepted: ['right drug', 'near drug'], named: ['far drug'] }, 9)
  expect(labels.map(([label]) => label)).toEqual(['strange drug'])
})

test('with several heads an option must be foreign to all of them', () => {
  const labels = distract(family, { heads: ['asked', 'stranger'], step: 'first_line', accepted: ['right drug'] }, 9)
  expect(labels.map(([label]) => label)).toEqual(['near drug', 'far drug'])
})

test('the nearest sibling of any head comes first, not that of the first head', () => {
  const two = sketchGraph({
    diseases: { one: 'common', other: 'common', far: 'common', near: 'common' },
    triples: [
      'one | has_finding | fever',
      'far | has_finding | fever',
      'other | has_finding | cough',
      'other | has_finding | rash',
      'near | has_finding | cough',
      'near | has_finding | rash',
      'far | first_line | far drug',
      'near | first_line | near drug',
    ],
  })
  const found = distract(two, { heads: ['one', 'other'], step: 'first_line', accepted: [] }, 9)
  expect(found.map(([label]) => label)).toEqual(['near drug', 'far drug'])
})

const drawn = (knowledge: Graph, names: Names, type: 'drug' | 'organism', count: number, key = 'q') => {
  const ids = (labels: readonly string[] = []) => labels.map((label) => idOf(family, label))
  const step = family.schema.step(names.step)
  const question = { heads: ids(names.heads), step, accepted: ids(names.accepted), named: ids(names.named), key }
  return drawDistractors(family, knowledge, question, type, count).map(
    ({ entityId, reason }) => [family.entity(entityId).label, reason] as const,
  )
}

test('random wrong options are of the type, from any relation, and refuted all the same', () => {
  const found = drawn(family, { ...asked, named: ['far drug'] }, 'drug', 3)
  expect(found.map(([label]) => label).sort()).toEqual(['near drug', 'other drug', 'strange drug'])
  expect(found.map(([, reason]) => reason)).toEqual(['drawn at random', 'drawn at random', 'drawn at random'])
  const orders = Array.from({ length: 20 }, (_, index) => drawn(family, asked, 'drug', 3, `q${index}`).join())
  expect(new Set(orders).size).toBeGreaterThan(5)
})

test('random wrong options are of other types when those of the type are too few', () => {
  const only: Names = { ...asked, named: ['asked'] }
  const found = drawn(family, only, 'drug', 7)
  expect(found.slice(0, 4).every(([, reason]) => reason === 'drawn at random')).toBe(true)
  expect(found.slice(4).map(([, reason]) => reason)).toEqual(Array(3).fill('drawn at random, of any type'))
  expect(found.slice(4).every(([label]) => ['near', 'far', 'stranger'].includes(label))).toBe(true)
  expect(drawn(family, only, 'organism', 99)).toHaveLength(7)
})

test('what is known beyond the graph refutes a random option too', () => {
  const wider = sketchGraph({
    diseases: { asked: 'common', near: 'common', far: 'common', stranger: 'common' },
    triples: ['asked | treated_by | near drug', 'near | first_line | right drug'],
  })
  expect(drawn(wider, asked, 'drug', 9).map(([label]) => label)).not.toContain('near drug')
  expect(drawn(family, asked, 'drug', 9).map(([label]) => label)).toContain('near drug')
})

test('a backward step gives entities that the relation starts from', () => {
  const graph = tinyGraph()
  const found = distract(graph, { heads: ['tophi'], step: 'hallmark_of', accepted: ['gout'] }, 5)
  expect(found).toHaveLength(5)
  for (const [label] of found) {
    const disease = graph.entity(idOf(graph, label))
    expect(disease.type).toBe('disease')
    expect(graph.follow(disease.id, graph.schema.step('has_hallmark'))).not.toEqual([])
  }
})

test('the key decides the order of the far ones; the same key gives the same options', () => {
  const graph = tinyGraph()
  const names: Names = { heads: ['naproxen'], step: 'acts_by', accepted: ['cyclooxygenase inhibition'] }
  const keys = Array.from({ length: 10 }, (_, index) => `q${index}`)
  const draw = (key: string): string =>
    distract(graph, names, 3, key)
      .map(([label]) => label)
      .join()
  expect(keys.map(draw)).toEqual(keys.map(draw))
  expect(new Set(keys.map(draw)).size).toBeGreaterThan(5)
})
