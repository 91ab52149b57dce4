import { expect, test } from 'vitest'
import { contentGroups, countSharedTriples, splitItems } from './item-split.ts'
import type { Item } from './types.ts'

const curated = (id: string, more: object = {}): Item =>
  ({
    ...{ id, form: 'single', language: 'en', stem: `Stem of ${id}?`, context: null },
    origin: { kind: 'curated', source: 'medqa', file: 'a.jsonl', line: Number(id.slice(1)) },
    ...more,
  }) as unknown as Item
const made = (id: string, triples: readonly string[], proof: readonly string[] = triples): Item =>
  curated(id, { origin: { kind: 'graph', triples, proof } })
const idsOf = (groups: readonly (readonly Item[])[]): string[] =>
  groups.map((group) => group.map(({ id }) => id).join(' '))

test('items of the same words, row, passage, subgraph or proof are one group, also by way of others', () => {
  const groups = contentGroups([
    curated('c1'),
    curated('c2', { stem: 'stem  of C1' }),
    curated('c3', { context: 'An abstract.' }),
    curated('c4', { context: 'an abstract' }),
    curated('c5', { origin: { kind: 'curated', source: 'medqa', file: 'a.jsonl', line: 4 } }),
    made('g1', ['t1', 't2']),
    made('g2', ['t2', 't1']),
    made('g3', ['t3', 't4', 't5'], ['t1', 't2']),
    made('g4', ['t1']),
  ])
  expect(idsOf(groups)).toEqual(['c1 c2', 'c3 c4 c5', 'g1 g2 g3', 'g4'])
})

const many = Array.from({ length: 400 }, (_, at) => made(`i${at}`, [`t${Math.floor(at / 3)}`]))
const rule = { heldOut: 0.1, heldOutMost: 1000, probe: 15, seed: 1 }

test('whole groups are held out, test and probe have their sizes, and the rest is trained on', () => {
  const splits = splitItems(many, rule)
  const count = (split: string): number => [...splits.values()].filter((found) => found === split).length
  expect([count('test'), count('probe'), count('train')]).toEqual([40, 15, 345])
  for (const group of contentGroups(many)) expect(new Set(group.map(({ id }) => splits.get(id))).size).toBe(1)
  expect(countSharedTriples(many, splits)).toBe(0)
})

test('the test has a largest size, a group too large for it is trained on, and the order of items decides nothing', () => {
  const sizes = [...splitItems(many, { ...rule, heldOutMost: 9 }).values()].filter((split) => split === 'test').length
  expect(sizes).toBe(9)
  const one = Array.from({ length: 50 }, (_, at) => made(`i${at}`, ['t']))
  expect(new Set(splitItems(one, rule).values())).toEqual(new Set(['train']))
  const [forth, back] = [splitItems(many, rule), splitItems([...many].reverse(), rule)]
  expect(many.map(({ id }) => back.get(id))).toEqual(many.map(({ id }) => forth.get(id)))
  expect(many.map(({ id }) => splitItems(many, { ...rule, seed: 2 }).get(id))).not.toEqual(
    many.map(({ id }) => forth.get(id)),
  )
})

test('held-out items that rest on a triple of a training item are counted', () => {
  const items = [made('i1', ['a', 'b'], ['a']), made('i2', ['b', 'c'], ['c']), made('i3', ['d'])]
  const splits = new Map([
    ['i1', 'train'],
    ['i2', 'test'],
    ['i3', 'test'],
  ] as const)
  expect(countSharedTriples(items, splits)).toBe(1)
})
