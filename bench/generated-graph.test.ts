import { expect, test } from 'vitest'
import { censusOf } from '../src/graph/census.ts'
import { buildGenerated } from './generated-graph.ts'

const size = { entities: 1_000, triples: 6_000, seed: 1 }

test('a generated graph has the size asked for, whole triples and no cycles', async () => {
  const { graph, report } = await buildGenerated(size)
  expect([graph.entityCount, graph.tripleCount]).toEqual([1_000, 6_000])
  expect(report.sources[0]?.rejected).toEqual([])
  const census = censusOf(graph)
  expect(census.cycles.count).toBe(0)
  expect(census.relations[0]?.name).toBe('has_finding')
  expect(census.rarity.rare).toBeGreaterThan(50)
  // Skewed: the largest degree is far above the middle one.
  expect(census.degreeDeciles[10]).toBeGreaterThan(10 * census.degreeDeciles[5]!)
})

test('the seed decides', async () => {
  const hashOf = async (seed: number) => (await buildGenerated({ ...size, seed })).graph.hash
  expect(await hashOf(1)).toBe(await hashOf(1))
  expect(await hashOf(2)).not.toBe(await hashOf(1))
})
