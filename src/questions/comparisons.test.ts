import { expect, test } from 'vitest'
import { idOf, sketchGraph, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import type { Graph } from '../graph/graph.ts'
import { enumeratePaths } from '../graph/paths.ts'
import { comparisons } from './comparisons.ts'
import type { Candidate } from './types.ts'

const everything = { 2: 10_000, 3: 10_000, 4: 10_000 }

function compare(graph: Graph, perHop: Readonly<Record<number, number>> = everything): Candidate[] {
  const { paths } = enumeratePaths(graph, { minHops: 1, maxHops: 3, maxBranch: 3 })
  return comparisons(graph, paths, { seed: 1, perHop })
}

function worded(graph: Graph, { path, comparison }: Candidate): string {
  const [chosen, rejected, feature] = [comparison!.chosen, comparison!.rejected, comparison!.feature].map(
    (id) => graph.entity(id).label,
  )
  return `${chosen} not ${rejected} by ${feature}: ${path.steps.map(({ name }) => name).join(' > ')}`
}

const pair = sketchGraph({
  diseases: { a: 'common', b: 'common', c: 'common' },
  triples: [
    'a | mimicked_by | b',
    'a | has_hallmark | only a',
    'b | shows | only b',
    'a | has_finding | also only a',
    'a | has_hallmark | of a and c',
    'c | has_hallmark | of a and c',
    'a | first_line | drug a',
    'b | first_line | drug b',
    'c | first_line | drug c',
  ],
})

test('either of two diseases that are mistaken for each other is chosen by what it alone has', () => {
  // A mere finding chooses nothing, and neither does a hallmark that a third disease has too. The hallmarks of a cannot
  // be asked for: the feature is among them.
  expect(compare(pair).map((candidate) => worded(pair, candidate))).toEqual(
    expect.arrayContaining([
      'a not b by only a: first_line',
      'a not b by only a: has_finding',
      'b not a by only b: first_line',
    ]),
  )
  expect(compare(pair)).toHaveLength(3)
})

test('the path starts from the chosen disease and meets neither the rejected one nor the feature', () => {
  const graph = tinyGraph()
  const candidates = compare(graph)
  expect(candidates.length).toBeGreaterThan(50)
  for (const { path, comparison } of candidates) {
    expect(path.start).toBe(comparison!.chosen)
    expect(path.frontiers.flat()).not.toContain(comparison!.rejected)
    expect(path.frontiers.flat()).not.toContain(comparison!.feature)
  }
})

test('in every comparison the two are mistaken for each other, and one disease of the whole graph has the feature', () => {
  const graph = tinyGraph()
  for (const { comparison } of compare(graph)) {
    const { chosen, rejected, feature, step } = comparison!
    const mimics = [graph.has(chosen, 'mimicked_by', rejected), graph.has(rejected, 'mimicked_by', chosen)]
    expect(mimics).toContain(true)
    const having = graph.triples.filter(({ tail }) => tail === feature)
    expect(having.map(({ head, relation }) => [head, relation])).toEqual([[chosen, step]])
  }
})

test('the choice counts as a hop', () => {
  const graph = tinyGraph()
  const lengths = (perHop: Readonly<Record<number, number>>): number[] =>
    compare(graph, perHop).map(({ path }) => path.steps.length)
  expect(lengths({ 2: 6 })).toEqual([1, 1, 1, 1, 1, 1])
  expect(lengths({ 3: 2, 4: 1 })).toEqual([2, 2, 3])
  expect(lengths({ 1: 5 })).toEqual([])
})

test('rare diseases are compared more often than common ones, and as often in an unweighted draw', () => {
  const twins = sketchGraph({
    diseases: { c1: 'common', c2: 'common', r1: 'rare', r2: 'rare' },
    triples: [
      ...['c', 'r'].flatMap((name) => [
        `${name}1 | mimicked_by | ${name}2`,
        `${name}1 | has_hallmark | sign ${name}`,
        `${name}1 | first_line | drug ${name}`,
      ]),
    ],
  })
  const { paths } = enumeratePaths(twins, { minHops: 1, maxHops: 1, maxBranch: 3 })
  const seeds = 2000
  const shareOfRare = (weighted: boolean): number => {
    let rare = 0
    for (let seed = 0; seed < seeds; seed++) {
      const [first, ...others] = comparisons(twins, paths, { seed, perHop: { 2: 1 }, weighted })
      expect(others).toEqual([])
      if (first!.comparison!.chosen === idOf(twins, 'r1')) rare++
    }
    return rare / seeds
  }
  // Weights 2.5 and 1; a standard deviation of 2,000 draws is 0.011.
  expect(Math.abs(shareOfRare(true) - 2.5 / 3.5)).toBeLessThan(0.033)
  expect(Math.abs(shareOfRare(false) - 0.5)).toBeLessThan(0.034)
})

test('a graph in which nothing is mistaken for anything has no comparisons', () => {
  const lonely = sketchGraph({ diseases: { a: 'common' }, triples: ['a | has_hallmark | x', 'a | first_line | y'] })
  expect(compare(lonely)).toEqual([])
})
