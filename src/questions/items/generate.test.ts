import { expect, test } from 'vitest'
import { foldedNameKey } from '../../text/entity-name.ts'
import type { Item } from '../types.ts'
import { proveItem } from './certificate.ts'
import { defaultItemsConfig } from './config.ts'
import { collectItems, originOf } from './fixtures/collect.ts'
import { smallGraph } from './fixtures/small-graph.ts'
import { generateShard, shardCount } from './generate.ts'
import { stemNames } from './names.ts'
import { planItems } from './plan.ts'
import { createSeenKeys, duplicateKey } from './seen.ts'
import { droppedByReason } from './shard-report.ts'

const graph = smallGraph()
const numberOf = new Map(Array.from({ length: graph.entityCount }, (_, entity) => [graph.entityIdOf(entity), entity]))
const namesOf = (id: string): string[] => {
  const entity = [...numberOf].find(([known]) => known === id)![1]
  return [graph.labelOf(entity), graph.labelZhOf(entity) ?? '', ...graph.synonymsOf(entity)]
}
const { items, report } = collectItems(graph, 600)

test('the count is exact and every item has a certificate that holds', () => {
  expect(items).toHaveLength(600)
  expect(report.total).toBe(600)
  expect(report.shortfalls).toEqual([])
  expect(items.map((item) => proveItem(graph, item)).filter(({ holds }) => !holds)).toEqual([])
})

test('forms come in the shares of the config', () => {
  const count = (form: Item['form']): number => items.filter((item) => item.form === form).length
  expect([count('single'), count('multiple'), count('open')]).toEqual([450, 60, 90])
})

test('all groups of shapes are among the items', () => {
  const shapes = new Set(items.map((item) => originOf(item).shape))
  for (const shape of [
    '~has_finding',
    'treated_by',
    'finding-disease-drug',
    'disease-of-findings',
    'case-diagnosis',
    'comparison-drug',
    'contrast-finding',
  ]) {
    expect(shapes, shape).toContain(shape)
  }
})

test('no stem names what it asks or hides', () => {
  for (const item of items) {
    const { asked, hidden } = originOf(item)
    const names = [...asked, ...hidden].flatMap(namesOf)
    expect(stemNames(item.stem, names), item.stem).toBe(false)
  }
})

test('options are different once spelling and case are taken away, and "none of the above" is last', () => {
  for (const item of items) {
    expect(new Set(item.options.map((option) => foldedNameKey(option))).size).toBe(item.options.length)
    const none = item.options.indexOf('None of the above')
    if (none >= 0) expect(none).toBe(item.options.length - 1)
  }
  expect(items.filter((item) => item.options.includes('None of the above')).length).toBeGreaterThan(20)
  expect(items.filter((item) => item.answers.includes('None of the above')).length).toBeGreaterThan(3)
})

test('every wrong option has one refutation; all three worlds occur and denials are used where a source has them', () => {
  const worlds = new Map<string, number>()
  for (const item of items) {
    const { refutations } = originOf(item)
    expect(refutations).toHaveLength(item.options.length - item.golds.length)
    for (const { world, triples } of refutations) {
      worlds.set(world, (worlds.get(world) ?? 0) + 1)
      if (world === 'explicit') expect(triples.length).toBeGreaterThan(0)
      if (world === 'closed') expect(triples).toEqual([])
    }
  }
  expect([...worlds.keys()].sort()).toEqual(['closed', 'explicit', 'open'])
  const denied = items.filter((item) =>
    originOf(item).refutations.some(({ reason }) => reason.includes('is not treated with')),
  )
  expect(denied.length).toBeGreaterThan(5)
})

test('the gold stands at every position about equally often', () => {
  const four = collectItems(graph, 1500, {
    forms: { single: 1, multiple: 0, open: 0 },
    options: [{ count: 4, share: 1 }],
    noneOfTheAbove: 0,
  }).items
  const shares = [0, 1, 2, 3].map((place) => four.filter((item) => item.golds[0] === place).length / four.length)
  // 1,500 fair draws stray by 0.034 at three standard deviations.
  for (const share of shares) expect(Math.abs(share - 0.25)).toBeLessThan(0.034)
})

test('a case shows at least three features and withholds at least one', () => {
  const cases = items.filter((item) => originOf(item).shape === 'case-diagnosis')
  expect(cases.length).toBeGreaterThan(10)
  for (const item of cases) {
    expect(originOf(item).given.length).toBeGreaterThanOrEqual(3)
    expect(originOf(item).hidden.length).toBeGreaterThanOrEqual(1)
  }
})

test('nothing is asked twice', () => {
  expect(new Set(items.map(duplicateKey)).size).toBe(items.length)
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
})

test('the same graph, config and seed give the same items; another seed gives others', () => {
  expect(collectItems(graph, 60).items).toEqual(collectItems(graph, 60).items)
  const other = collectItems(graph, 60, {}, 2).items.map(({ id }) => id)
  expect(other).not.toEqual(collectItems(graph, 60).items.map(({ id }) => id))
})

test('shards of any size give the same items, and a shard made after an interruption too', () => {
  const plan = planItems(graph, defaultItemsConfig(120), 3)
  const make = (size: number): Item[] => {
    const seen = createSeenKeys()
    return Array.from({ length: shardCount(plan, size) }, (_, index) => [
      ...generateShard(graph, plan, { index, size }, { seen }),
    ]).flat()
  }
  const whole = make(1000)
  expect(make(50)).toEqual(whole)
  const first = [...generateShard(graph, plan, { index: 0, size: 50 }, { seen: createSeenKeys() })]
  const resumed = createSeenKeys()
  for (const item of first) resumed.add(duplicateKey(item)!)
  const second = [...generateShard(graph, plan, { index: 1, size: 50 }, { seen: resumed })]
  expect([...first, ...second]).toEqual(whole.slice(0, first.length + second.length))
})

test('a config that wants more than there is gives what there is and names the shortfall', () => {
  const few = collectItems(graph, 500, { shapes: { inherited_as: 1 }, forms: { single: 1, multiple: 0, open: 0 } })
  expect(few.items.length).toBeLessThanOrEqual(40)
  expect(few.items.length).toBeGreaterThan(20)
  const missing = few.report.shortfalls.reduce((sum, { wanted, kept }) => sum + wanted - kept, 0)
  expect(few.report.shortfalls.map(({ cell }) => cell)).toContain('(unplanned)/single/en')
  expect(missing).toBe(500 - few.items.length)
})

test('Chinese items need Chinese names, unless English ones are allowed', () => {
  const shapes = { treated_by: 1, associated_gene: 1 }
  const forms = { single: 1, multiple: 0, open: 0 }
  const chinese = collectItems(graph, 40, { shapes, forms, languages: { en: 0, zh: 1 } })
  expect(chinese.items.length).toBe(40)
  expect(new Set(chinese.items.map((item) => originOf(item).shape))).toEqual(new Set(['treated_by']))
  for (const item of chinese.items) expect(/[a-z]/i.test(item.stem + item.options.join(''))).toBe(false)
  const mixed = collectItems(graph, 40, { shapes, forms, languages: { en: 0, zh: 1 }, allowsEnglishNames: true })
  expect(mixed.items.some((item) => originOf(item).shape === 'associated_gene' && item.stem.includes('基因'))).toBe(
    true,
  )
})

test('what was dropped is counted by short reasons', () => {
  const reasons = droppedByReason(report)
  expect(reasons.length).toBeGreaterThan(0)
  for (const { reason, count } of reasons) {
    expect(reason.length).toBeLessThan(60)
    expect(count).toBeGreaterThan(0)
  }
  expect(reasons.filter(({ reason }) => reason.startsWith('certificate'))).toEqual([])
})
