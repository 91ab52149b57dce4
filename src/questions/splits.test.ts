import { expect, test } from 'vitest'
import { idOf, sketchGraph } from '../graph/fixtures/tiny-graph.ts'
import type { EntityId, Rarity, TripleId } from '../graph/types.ts'
import { createSplitRule, type Junction, junction } from './splits.ts'

const counts = { common: 20, uncommon: 10, rare: 6 } as const
const names = (rarity: Rarity): string[] => Array.from({ length: counts[rarity] }, (_, index) => `${rarity} ${index}`)
const all = (['common', 'uncommon', 'rare'] as const).flatMap((rarity) =>
  names(rarity).map((name) => [name, rarity] as const),
)
const graph = sketchGraph({
  diseases: Object.fromEntries(all),
  triples: all.map(([name]) => `${name} | has_finding | fever`),
})
const shares = { heldOutJunctions: 0.25, heldOutDiseases: 0.15 }

const triple = (name: string | number): TripleId => `triple_${name}` as TripleId
const junctions = Array.from({ length: 4000 }, (_, index) => junction(triple(index), triple('x')))
const isHeld = (key: Junction, seed: number, share = 0.25): boolean =>
  createSplitRule(graph, seed, { ...shares, heldOutJunctions: share }).splitOf([[key]], []) === 'held-out-composition'

test('diseases are held out by their share in each rarity', () => {
  const { heldOutDiseases } = createSplitRule(graph, 1, shares)
  const held = (rarity: Rarity): number => names(rarity).filter((name) => heldOutDiseases.has(idOf(graph, name))).length
  // 0.15 of 20, 10 and 6 is 3, 1.5 and 0.9.
  expect([held('common'), held('uncommon'), held('rare')]).toEqual([3, 2, 1])
})

test('a question that touches a held-out disease goes with it, whatever its junctions', () => {
  const rule = createSplitRule(graph, 1, shares)
  const [held] = rule.heldOutDiseases
  const free = all.map(([name]) => idOf(graph, name)).find((id) => !rule.heldOutDiseases.has(id))!
  const heldJunction = junctions.find((key) => isHeld(key, 1))!
  const freeJunction = junctions.find((key) => !isHeld(key, 1))!
  expect(rule.splitOf([[heldJunction]], [free, held!])).toBe('held-out-disease')
  expect(rule.splitOf([[freeJunction, heldJunction, freeJunction]], [free])).toBe('held-out-composition')
  expect(rule.splitOf([[freeJunction]], [free])).toBe('train')
  expect(rule.splitOf([[]], [free])).toBe('train')
})

test('a question with several walks is held out when all of them cross a held-out junction, trained when none does', () => {
  const rule = createSplitRule(graph, 1, { ...shares, heldOutDiseases: 0 })
  const [held, otherHeld] = junctions.filter((key) => isHeld(key, 1))
  const free = junctions.find((key) => !isHeld(key, 1))!
  expect(rule.splitOf([[held!], [free, otherHeld!]], [])).toBe('held-out-composition')
  expect(rule.splitOf([[free], [free]], [])).toBe('train')
  expect(rule.splitOf([[held!], [free]], [])).toBeNull()
})

test('junctions are held out at their share', () => {
  const rule = createSplitRule(graph, 7, shares)
  const held = junctions.filter((key) => rule.splitOf([[key]], []) === 'held-out-composition').length
  // 1,000 of 4,000; a standard deviation is 27.
  expect(Math.abs(held - 1000)).toBeLessThan(110)
})

test('a share of 0 holds nothing out, a share of 1 everything', () => {
  const none = createSplitRule(graph, 1, { heldOutJunctions: 0, heldOutDiseases: 0 })
  expect(none.heldOutDiseases.size).toBe(0)
  const every = createSplitRule(graph, 1, { heldOutJunctions: 1, heldOutDiseases: 1 })
  expect(every.heldOutDiseases.size).toBe(36)
  for (const key of junctions.slice(0, 100)) {
    expect(none.splitOf([[key]], [])).toBe('train')
    expect(every.splitOf([[key]], [])).toBe('held-out-composition')
  }
})

test('a junction is a pair of triples, whichever is walked first', () => {
  const [a, b, c] = [triple('a'), triple('b'), triple('c')]
  expect(junction(a, b)).toBe(junction(b, a))
  expect(new Set([junction(a, b), junction(b, c), junction(a, c)]).size).toBe(3)
})

test('the seed decides both, and a junction does not depend on the diseases of the graph', () => {
  const sliceOf = (seed: number): boolean[] => junctions.slice(0, 200).map((key) => isHeld(key, seed))
  expect(sliceOf(1)).toEqual(sliceOf(1))
  expect(sliceOf(2)).not.toEqual(sliceOf(1))
  const diseases = (seed: number): EntityId[] => [...createSplitRule(graph, seed, shares).heldOutDiseases]
  expect(diseases(1)).toEqual(diseases(1))
  expect(diseases(2)).not.toEqual(diseases(1))
  const other = sketchGraph({ diseases: { lone: 'rare' }, triples: ['lone | has_finding | fever'] })
  const rule = createSplitRule(other, 1, shares)
  expect(junctions.slice(0, 200).map((key) => rule.splitOf([[key]], []) === 'held-out-composition')).toEqual(sliceOf(1))
})
