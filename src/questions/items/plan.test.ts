import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../../core/errors.ts'
import { createRng } from '../../core/rng.ts'
import { defaultItemsConfig, readItemsConfig } from './config.ts'
import { smallGraph } from './fixtures/small-graph.ts'
import { generateShard } from './generate.ts'
import { planItems, pourInto } from './plan.ts'
import { createSeenKeys } from './seen.ts'
import { readStep, shapeOf, shapes } from './shapes.ts'
import { mergeReports } from './shard-report.ts'
import { startWeights, weightedDraw } from './weights.ts'

const graph = smallGraph()

test('amounts poured are whole, within limits, and together the total or all that fits', () => {
  const parts = fc.array(
    fc.record({ weight: fc.integer({ min: 0, max: 9 }), limit: fc.integer({ min: 0, max: 50 }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 300 }), (rows, total) => {
      const amounts = pourInto(
        rows.map(({ weight }) => weight),
        rows.map(({ limit }) => limit),
        total,
      )
      const room = rows.reduce((sum, { weight, limit }) => sum + (weight > 0 ? limit : 0), 0)
      expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(Math.min(total, room))
      for (const [index, amount] of amounts.entries()) {
        expect(Number.isInteger(amount)).toBe(true)
        expect(amount).toBeLessThanOrEqual(rows[index]!.limit)
      }
    }),
    { seed: 4 },
  )
  expect(pourInto([1, 3], [100, 100], 8)).toEqual([2, 6])
  expect(pourInto([1, 3], [100, 1], 8)).toEqual([7, 1])
})

test('a plan asks for the count, of shapes the graph has, and says how much there is of each', () => {
  const plan = planItems(graph, defaultItemsConfig(1000), 1)
  expect(plan.cells.reduce((sum, { quota }) => sum + quota, 0)).toBe(1000)
  const capacityOf = new Map(plan.capacities.map(({ shape, capacity }) => [shape, capacity]))
  for (const { shape, quota } of plan.cells) expect(quota).toBeLessThanOrEqual(capacityOf.get(shape)!)
  expect(capacityOf.get('has_hallmark')).toBe(0)
  expect(capacityOf.get('treated_by')).toBe(80)
})

test('a plan is for its graph alone', () => {
  const plan = { ...planItems(graph, defaultItemsConfig(10), 1), graph: 'another' }
  const shard = generateShard(graph, plan, { index: 0, size: 10 }, { seen: createSeenKeys() })
  expect(() => shard.next()).toThrow(DataError)
})

test('configs that cannot work are refused by name', () => {
  const config = defaultItemsConfig(10)
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{ ...config, shapes: { gossip: 1 } }, /unknown shape "gossip"/],
    [{ ...config, shapes: { path: 0 } }, /all shapes have share 0/],
    [{ ...config, options: [{ count: 22, share: 1 }] }, /options\.0\.count/],
    [{ ...config, options: [{ count: 2, share: 1 }] }, /options\.0\.count/],
    [{ ...config, maskRate: 1.2 }, /maskRate/],
    [{ ...config, surplus: 1 }, /surplus/],
    [null, /questions from the graph/],
  ]
  for (const [value, message] of bad) {
    expect(() => readItemsConfig(value)).toThrow(ConfigError)
    expect(() => readItemsConfig(value)).toThrow(message)
  }
})

test('the table of shapes has each name once, depths one to five, and asks for no denial', () => {
  expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length)
  expect(new Set(shapes.map(({ hop }) => hop))).toEqual(new Set([1, 2, 3, 4, 5]))
  expect(() => shapeOf('not_treated_by')).toThrow(ConfigError)
  expect(() => shapeOf('co_occurs_with')).toThrow(ConfigError)
  expect(readStep('~treated_by')).toEqual({ relation: 'treated_by', backward: true })
})

test('entities that curated questions miss are started from more often', () => {
  const gap = new Float64Array(graph.entityCount).fill(1)
  gap[3] = 50
  const plain = startWeights(graph, null)
  const tilted = startWeights(graph, gap)
  expect(tilted[3]! / plain[3]!).toBeCloseTo(50)
  expect(tilted[4]).toBe(plain[4])
  expect(() => startWeights(graph, new Float64Array(2))).toThrow(DataError)
  expect(() => startWeights(graph, new Float64Array(graph.entityCount))).toThrow(DataError)
})

test('draws follow their weights and never reach what has none', () => {
  const weights = [0, 1, 0, 3]
  const { size, draw } = weightedDraw(4, (entity) => weights[entity]!)
  expect(size).toBe(2)
  const rng = createRng(1)
  const counts = [0, 0, 0, 0]
  for (let index = 0; index < 4000; index++) counts[draw(rng)]! += 1
  expect(counts[0]! + counts[2]!).toBe(0)
  expect(counts[3]! / 4000).toBeCloseTo(0.75, 1)
})

test('keys are seen once, whatever their number', () => {
  const seen = createSeenKeys()
  const keys = Array.from({ length: 5000 }, (_, index) => (index * 0x9e3779b1).toString(16).padStart(16, '0'))
  expect(keys.filter((key) => seen.add(key))).toHaveLength(5000)
  expect(keys.filter((key) => seen.add(key))).toEqual([])
  expect(seen.size).toBe(5000)
})

test('reports of shards add up', () => {
  const one = { slots: { 'a/single/en': 2 }, kept: { 'a/single/en': 1 }, dropped: { 'a: x': 3 } }
  const two = { slots: { 'a/single/en': 1, 'b/open/en': 1 }, kept: { 'b/open/en': 1 }, dropped: { 'a: x': 1 } }
  expect(mergeReports([two, one])).toEqual({
    slots: { 'a/single/en': 3, 'b/open/en': 1 },
    kept: { 'a/single/en': 1, 'b/open/en': 1 },
    dropped: { 'a: x': 4 },
  })
})
