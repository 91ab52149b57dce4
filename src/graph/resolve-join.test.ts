import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClusters, type Group } from './resolve-join.ts'

const group = (shared: string, ...nodes: number[]): Group => ({ shared, nodes })
/** Nodes 0–9 are of space 0, nodes 10–19 of space 1 and so on. */
const spaceOf = (node: number): number => Math.floor(node / 10)

test('groups without two identifiers of one space are joined, and the first node stands for them', () => {
  const clusters = createClusters(40, spaceOf)
  const { joins, refusals } = clusters.joinGroups('name', [group('x', 21, 3), group('y', 21, 35)])
  expect([joins, refusals]).toEqual([2, []])
  expect([3, 21, 35, 4].map(clusters.rootOf)).toEqual([3, 3, 3, 4])
})

test('groups that would join two identifiers together are given up together, others are not', () => {
  const clusters = createClusters(40, spaceOf)
  const { joins, refusals } = clusters.joinGroups('name', [group('x', 1, 11), group('y', 11, 2), group('z', 5, 15)])
  expect(joins).toBe(1)
  expect(refusals.map(({ group: { shared } }) => shared)).toEqual(['x', 'y'])
  expect([1, 2, 11, 5, 15].map(clusters.rootOf)).toEqual([1, 2, 11, 5, 5])
})

test('what an earlier rule joined counts with all its identifiers', () => {
  const clusters = createClusters(40, spaceOf)
  clusters.joinGroups('label', [group('x', 1, 11)])
  expect(clusters.joinGroups('name', [group('y', 11, 2)]).refusals).toHaveLength(1)
  // Already one entity: nothing is refused.
  expect(clusters.joinGroups('name', [group('z', 1, 11)])).toEqual({ joins: 0, refusals: [] })
})

test('a pair joined by hand may have two identifiers of one space, and goes on as one', () => {
  const clusters = createClusters(40, spaceOf)
  expect([clusters.join(2, 1), clusters.join(1, 2)]).toEqual([true, false])
  expect(clusters.joinGroups('name', [group('x', 2, 30)]).joins).toBe(1)
  expect([1, 2, 30].map(clusters.rootOf)).toEqual([1, 1, 1])
})

test('the order of groups and of nodes changes nothing, and no space ever comes twice', () => {
  const node = fc.nat(39)
  const groups = fc.array(fc.uniqueArray(node, { minLength: 2, maxLength: 4 }), { maxLength: 20 })
  const rootsOf = (lists: readonly (readonly number[])[]): number[] => {
    const clusters = createClusters(40, spaceOf)
    clusters.joinGroups(
      'name',
      lists.map((nodes, index) => ({ shared: String(index), nodes })),
    )
    return Array.from({ length: 40 }, (_, index) => clusters.rootOf(index))
  }
  fc.assert(
    fc.property(groups, (lists) => {
      const roots = rootsOf(lists)
      expect(rootsOf([...lists].reverse().map((nodes) => [...nodes].reverse()))).toEqual(roots)
      const spaces = roots.map((root, index) => `${root} ${spaceOf(index)}`)
      expect(new Set(spaces).size).toBe(40)
    }),
  )
})
