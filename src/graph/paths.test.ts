import { expect, test } from 'vitest'
import { idOf, sketchGraph, tinyGraph } from './fixtures/tiny-graph.ts'
import type { Graph } from './graph.ts'
import { entitiesOf, enumeratePaths, type RelationPath, rarityOf, rarityWeights, samplePaths } from './paths.ts'
import { defineSchema } from './schema.ts'
import type { EntityId } from './types.ts'

const graph = tinyGraph()
const census = enumeratePaths(graph, { minHops: 1, maxHops: 4, maxBranch: 3 })

const named = (of: Graph, path: RelationPath): string =>
  [of.entity(path.start).label, ...path.steps.map(({ name }) => name)].join(' > ')

/** The same paths, found by brute force over the triples alone. */
function bruteForce(of: Graph, maxHops: number, maxBranch: number): Map<string, ReadonlySet<EntityId>> {
  const found = new Map<string, ReadonlySet<EntityId>>()
  const walk = (
    start: EntityId,
    names: string[],
    reached: ReadonlySet<EntityId>,
    seen: ReadonlySet<EntityId>,
  ): void => {
    if (names.length > 0) found.set([of.entity(start).label, ...names].join(' > '), reached)
    const last = names.length === 0 ? undefined : of.schema.step(names.at(-1)!)
    if (names.length === maxHops || last?.taxonomic === true) return
    for (const step of of.schema.steps) {
      if (step.relation === last?.relation) continue
      const next = new Set<EntityId>()
      for (const { head, relation, tail } of of.triples) {
        if (relation !== step.relation) continue
        if (!step.backward && reached.has(head)) next.add(tail)
        if (step.backward && reached.has(tail)) next.add(head)
      }
      if (next.size === 0 || next.size > maxBranch || [...next].some((id) => seen.has(id))) continue
      walk(start, [...names, step.name], next, new Set([...seen, ...next]))
    }
  }
  for (const { id } of of.entities) walk(id, [], new Set([id]), new Set([id]))
  return found
}

test('the paths are those of a brute-force search, each reaching the same entities', () => {
  const expected = bruteForce(graph, 4, 3)
  expect(census.paths.map((path) => named(graph, path)).sort()).toEqual([...expected.keys()].sort())
  for (const path of census.paths) {
    expect(new Set(path.frontiers.at(-1))).toEqual(expected.get(named(graph, path)))
  }
  expect(new Set(census.paths.map((path) => path.steps.length))).toEqual(new Set([1, 2, 3, 4]))
})

test('no path walks a relation twice in a row, meets an entity twice, or goes on after a class', () => {
  for (const path of census.paths) {
    const relations = path.steps.map(({ relation }) => relation)
    expect(relations.some((relation, index) => relation === relations[index + 1])).toBe(false)
    expect(new Set(entitiesOf(path)).size).toBe(entitiesOf(path).length)
    expect(path.steps.slice(0, -1).some(({ taxonomic }) => taxonomic)).toBe(false)
  }
  expect(census.paths.some(({ steps }) => steps.length > 1 && steps.at(-1)!.taxonomic)).toBe(true)
  // Back and forth is not even tried: else each of them would count as a path that comes back.
  expect(Object.keys(census.dropped)).not.toContain('meets an entity twice')
})

test('what lies behind a class is not asked of its members, only of the class', () => {
  const schema = defineSchema([
    {
      name: 'is_a',
      domain: ['disease'],
      range: ['group'],
      statement: ' is a',
      phrase: ' group of',
      taxonomic: true,
    },
    { name: 'cured_by', domain: ['group'], range: ['drug'], statement: ' is cured by', phrase: ' cure of' },
  ])
  const classes = sketchGraph({ diseases: { a: 'common' }, triples: ['a | is_a | g', 'g | cured_by | x'] }, schema)
  const { paths } = enumeratePaths(classes, { minHops: 1, maxHops: 3, maxBranch: 3 })
  expect(paths.map((path) => named(classes, path))).toEqual(['a > is_a', 'g > cured_by'])
})

test('each walk is a chain of triples from the start to its answer', () => {
  for (const path of census.paths) {
    expect(path.walks).toHaveLength(path.frontiers.at(-1)!.length)
    path.walks.forEach((walk, answer) => {
      let at = path.start
      walk.forEach((triple, index) => {
        const { relation, backward } = path.steps[index]!
        expect(triple.relation).toBe(relation)
        expect(backward ? triple.tail : triple.head).toBe(at)
        at = backward ? triple.head : triple.tail
        expect(path.frontiers[index]).toContain(at)
      })
      expect(at).toBe(path.frontiers.at(-1)![answer])
    })
  }
})

const ring = sketchGraph({
  diseases: { a: 'common', b: 'common' },
  triples: [
    'a | first_line | x',
    'x | reversed_by | y',
    'a | treated_by | y',
    'b | treated_by | y',
    'b | has_finding | f',
  ],
})

test('a path that comes back to what it met is dropped and counted', () => {
  // a > complicated_by > b > mimicked_by > a: the second disease points back at the first.
  const back = sketchGraph({
    diseases: { a: 'common', b: 'common' },
    triples: ['a | complicated_by | b', 'b | mimicked_by | a'],
  })
  const { paths, dropped } = enumeratePaths(back, { minHops: 1, maxHops: 3, maxBranch: 3 })
  expect(paths.map((path) => named(back, path))).toEqual(['a > complicated_by', 'b > mimicked_by'])
  expect(dropped).toEqual({ 'meets an entity twice': 2 })
})

test('one entity met twice is enough, though others are new', () => {
  const half = sketchGraph({
    diseases: { a: 'common', b: 'common', c: 'common' },
    triples: ['a | complicated_by | b', 'b | mimicked_by | a', 'b | mimicked_by | c'],
  })
  const { paths } = enumeratePaths(half, { minHops: 1, maxHops: 2, maxBranch: 3 })
  expect(paths.map((path) => named(half, path))).toEqual(['a > complicated_by', 'b > mimicked_by'])
})

test('a path that reaches more entities than the limit is dropped and counted, and nothing behind it is asked', () => {
  const wide = sketchGraph({
    diseases: { a: 'common' },
    triples: ['a | first_line | x', 'a | first_line | y', 'a | first_line | z', 'x | acts_by | m'],
  })
  const at = (maxBranch: number) => enumeratePaths(wide, { minHops: 1, maxHops: 2, maxBranch })
  expect(at(3).paths.map((path) => named(wide, path))).toEqual([
    'a > first_line',
    'a > first_line > acts_by',
    'x > acts_by',
  ])
  expect(at(2).paths.map((path) => named(wide, path))).toEqual(['x > acts_by'])
  expect(at(2).dropped).toEqual({ 'reaches more than 2 entities': 1 })
})

test('two ways to one entity count it once', () => {
  const path = enumeratePaths(
    sketchGraph({
      diseases: { a: 'common' },
      triples: ['a | first_line | x', 'a | first_line | y', 'x | acts_by | m', 'y | acts_by | m'],
    }),
    { minHops: 2, maxHops: 2, maxBranch: 3 },
  ).paths
  expect(path).toHaveLength(1)
  expect(path[0]!.frontiers[1]).toHaveLength(1)
})

test('hop counts keep to their limits', () => {
  const { paths } = enumeratePaths(ring, { minHops: 2, maxHops: 2, maxBranch: 3 })
  expect(paths.map((path) => named(ring, path))).toEqual(['a > first_line > reversed_by'])
})

test('the rarest disease on a path is its rarity; without a disease it has none', () => {
  const ids = (...names: string[]): EntityId[] => names.map((name) => idOf(graph, name))
  expect(rarityOf(graph, ids('gout', 'measles', 'Wilson disease', 'tophi'))).toBe('rare')
  expect(rarityOf(graph, ids('gout', 'measles'))).toBe('uncommon')
  expect(rarityOf(graph, ids('gout', 'tophi'))).toBe('common')
  expect(rarityOf(graph, ids('tophi'))).toBe('none')
})

const forwardOnly = defineSchema([
  { name: 'has', domain: ['disease'], range: ['finding'], statement: ' has', phrase: ' finding of' },
])

/** How often the path from `start` is the one drawn, over many seeds. */
function shareOf(of: Graph, start: string, weighted = true): number {
  const { paths } = enumeratePaths(of, { minHops: 1, maxHops: 1, maxBranch: 9 })
  const seeds = 4000
  let hits = 0
  for (let seed = 0; seed < seeds; seed++) {
    const [path, ...others] = samplePaths(of, paths, { seed, perHop: { 1: 1 }, weighted })
    expect(others).toEqual([])
    if (path!.start === idOf(of, start)) hits++
  }
  return hits / seeds
}

test('a rare path is drawn before a common one of equal degree as often as their weights say', () => {
  const pair = sketchGraph(
    { diseases: { usual: 'common', seldom: 'rare' }, triples: ['usual | has | f', 'seldom | has | g'] },
    forwardOnly,
  )
  const expected = rarityWeights.rare / (rarityWeights.rare + rarityWeights.common)
  // Three standard errors of 4,000 draws are 0.021.
  expect(Math.abs(shareOf(pair, 'seldom') - expected)).toBeLessThan(0.022)
})

test('a path of low degree is drawn before one of high degree by the root of their mean degrees', () => {
  const findings = Array.from({ length: 7 }, (_, index) => `busy | has | f${index}`)
  const pair = sketchGraph(
    { diseases: { busy: 'common', lonely: 'common' }, triples: [...findings, 'lonely | has | g'] },
    forwardOnly,
  )
  // Mean degrees: (7 + 7 · 1) / 8 of the busy path, 1 of the lonely one.
  const busy = 1 / Math.sqrt(14 / 8)
  expect(Math.abs(shareOf(pair, 'lonely') - 1 / (1 + busy))).toBeLessThan(0.024)
})

test('an unweighted draw takes a rare path of low degree as often as a common one of high degree', () => {
  const findings = Array.from({ length: 7 }, (_, index) => `busy | has | f${index}`)
  const pair = sketchGraph(
    { diseases: { busy: 'common', lonely: 'rare' }, triples: [...findings, 'lonely | has | g'] },
    forwardOnly,
  )
  expect(shareOf(pair, 'lonely')).toBeGreaterThan(0.7)
  // Three standard errors of 4,000 draws are 0.024.
  expect(Math.abs(shareOf(pair, 'lonely', false) - 0.5)).toBeLessThan(0.024)
})

test('a draw takes at most the asked number of each hop count, in the order of the paths', () => {
  const drawn = samplePaths(graph, census.paths, { seed: 1, perHop: { 1: 5, 3: 7, 4: 100_000 } })
  const count = (hop: number): number => drawn.filter(({ steps }) => steps.length === hop).length
  expect([count(1), count(2), count(3)]).toEqual([5, 0, 7])
  expect(count(4)).toBe(census.paths.filter(({ steps }) => steps.length === 4).length)
  expect(drawn).toEqual(census.paths.filter((path) => drawn.includes(path)))
})

test('one path more moves none of the others: it takes the place of the last one, or none', () => {
  const perHop = { 1: 20, 2: 20 }
  for (let seed = 0; seed < 20; seed++) {
    const all = samplePaths(graph, census.paths, { seed, perHop })
    for (const left of [all[0]!, census.paths.find((path) => !all.includes(path))!]) {
      const before = samplePaths(
        graph,
        census.paths.filter((path) => path !== left),
        { seed, perHop },
      )
      const moved = before.filter((path) => !all.includes(path))
      expect(moved).toHaveLength(all.includes(left) ? 1 : 0)
    }
  }
})

test('the same seed draws the same paths, another seed others', () => {
  const draw = (seed: number): string[] =>
    samplePaths(graph, census.paths, { seed, perHop: { 2: 20 } }).map((path) => named(graph, path))
  expect(draw(1)).toEqual(draw(1))
  expect(draw(2)).not.toEqual(draw(1))
})
