import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Difficulty, QuestionId } from '../types.ts'
import { makeItem } from './fixtures/sample-rows.ts'
import {
  createMixer,
  groupsBySource,
  largestRemainders,
  type Mix,
  type MixCandidate,
  type MixConfig,
  type MixGroup,
  unknownGroups,
} from './mix.ts'

function candidates(source: string, count: number, difficulty?: Difficulty): MixCandidate[] {
  return Array.from({ length: count }, (_, index) => ({
    ...makeItem(`${source}-${index}`, {}, source),
    ...(difficulty === undefined ? {} : { difficulty }),
  }))
}

function mixOf(items: readonly MixCandidate[], config: Partial<MixConfig>): Mix & { ids: QuestionId[] } {
  const mixer = createMixer({ seed: 1, size: null, groups: [], ...config })
  for (const item of items) mixer.add(item)
  const mix = mixer.draw()
  return { ...mix, ids: [...mix.order].map((index) => items[index]!.id) }
}

const half: readonly MixGroup[] = [
  { name: 'a', share: 1, match: { sources: ['a'] } },
  { name: 'b', share: 1, match: { sources: ['b'] } },
]

describe('counts', () => {
  test('largest remainders sum to the total and stay within one of the exact share', () => {
    const weights = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 100_000 }), (shares, total) => {
        const counts = largestRemainders(shares, total)
        const sum = shares.reduce((a, b) => a + b, 0)
        expect(counts.reduce((a, b) => a + b, 0)).toBe(total)
        for (const [index, count] of counts.entries()) {
          expect(Math.abs(count - (shares[index]! / sum) * total)).toBeLessThan(1 + 1e-6)
        }
      }),
    )
  })

  test('of equal remainders the earlier group gets the item', () => {
    expect(largestRemainders([1, 1, 1], 10)).toEqual([4, 3, 3])
    expect(largestRemainders([0.6, 0.3, 0.1], 9)).toEqual([5, 3, 1])
  })

  test('without a size the mix is as large as the scarcest group allows', () => {
    const mix = mixOf([...candidates('a', 300), ...candidates('b', 40)], {
      groups: [{ ...half[0]!, share: 3 }, half[1]!],
    })
    expect(mix.report.groups.map(({ wanted, taken }) => [wanted, taken])).toEqual([
      [120, 120],
      [40, 40],
    ])
    expect(mix.report.shortfalls).toEqual([])
  })

  test('a group that has too few is a named shortfall, and no other fills it', () => {
    const mix = mixOf([...candidates('a', 300), ...candidates('b', 40)], { size: 200, groups: half })
    expect(mix.report.shortfalls).toEqual([{ group: 'b', wanted: 100, available: 40 }])
    expect(mix.order).toHaveLength(140)
    expect(mix.report).toMatchObject({ size: 140, wanted: 200 })
  })

  test('a group that no item fits is a shortfall, and does not empty the mix of the others', () => {
    const groups = [...half, { name: 'misspelt', share: 2, match: { sources: ['c'] } }]
    const free = mixOf([...candidates('a', 300), ...candidates('b', 40)], { groups })
    expect(free.report.shortfalls).toEqual([{ group: 'misspelt', wanted: 80, available: 0 }])
    expect(free.report.groups.map(({ taken }) => taken)).toEqual([40, 40, 0])
    // Its share may round to nothing; it is named all the same.
    const tiny = [half[0]!, { ...half[1]!, share: 1e-6 }]
    expect(mixOf(candidates('a', 10), { groups: tiny, size: 10 }).report.shortfalls).toEqual([
      { group: 'b', wanted: 0, available: 0 },
    ])
    const nested = [
      { ...half[0]!, groups: [{ name: 'none', share: 1, match: { forms: ['multiple'] as const } }] },
      half[1]!,
    ]
    const mix = mixOf([...candidates('a', 30), ...candidates('b', 40)], { groups: nested })
    expect(mix.report.shortfalls).toEqual([{ group: 'a / none', wanted: 40, available: 0 }])
    expect(mix.report.groups.map(({ taken }) => taken)).toEqual([0, 40])
  })

  test('a size above what there is is a shortfall, with groups and without, copies counted', () => {
    const few = candidates('a', 40)
    expect(mixOf(few, { size: 100 }).report).toMatchObject({
      ...{ size: 40, wanted: 100 },
      shortfalls: [{ group: 'all', wanted: 100, available: 40 }],
    })
    const twice = [{ ...half[0]!, maxCopies: 2 }]
    expect(mixOf(few, { size: 100, groups: twice }).report).toMatchObject({
      ...{ size: 80, wanted: 100 },
      shortfalls: [{ group: 'a', wanted: 100, available: 40 }],
    })
    expect(mixOf(few, { size: 80, groups: twice }).report.shortfalls).toEqual([])
  })

  test('items are repeated only where copies are declared, each equally often but for one', () => {
    const groups = [half[0]!, { ...half[1]!, maxCopies: 3 }]
    const mix = mixOf([...candidates('a', 300), ...candidates('b', 40)], { size: 200, groups })
    const copies = new Map<string, number>()
    for (const id of mix.ids) if (id.startsWith('b')) copies.set(id, (copies.get(id) ?? 0) + 1)
    expect(mix.report.groups[1]).toEqual({ group: 'b', available: 40, wanted: 100, taken: 100, repeated: 40 })
    expect([...copies.values()].sort()).toEqual([...Array(20).fill(2), ...Array(20).fill(3)])
  })

  test('groups within groups share what the outer one has, and what fits none is counted', () => {
    const items = [
      ...candidates('a', 200, 'easy'),
      ...candidates('a2', 200, 'moderate'),
      ...candidates('b', 200),
      ...candidates('x', 7),
    ]
    const inner = [
      { name: 'easy', share: 1, match: { difficulties: ['easy'] } },
      { name: 'hard', share: 3, match: { difficulties: ['moderate', 'difficult'] } },
    ] satisfies MixGroup[]
    const groups = [{ name: 'a', share: 1, match: { sources: ['a', 'a2'] }, groups: inner }, half[1]!] as const
    const mix = mixOf(items, { size: 160, groups })
    expect(mix.report.groups.map(({ group, taken }) => [group, taken])).toEqual([
      ['a / easy', 20],
      ['a / hard', 60],
      ['b', 80],
    ])
    expect(mix.report.unmatched).toBe(7)
  })

  test('without groups every item is there once', () => {
    const items = candidates('a', 50)
    const mix = mixOf(items, {})
    expect([...mix.ids].sort()).toEqual(items.map(({ id }) => id).sort())
    expect(mix.ids).not.toEqual(items.map(({ id }) => id))
  })

  test('no items make an empty mix', () => {
    expect(mixOf([], { size: 10, groups: half }).report).toMatchObject({ size: 0, wanted: 10, unmatched: 0 })
    expect(mixOf([], {}).order).toHaveLength(0)
  })
})

describe('draws', () => {
  const items = [...candidates('a', 400), ...candidates('b', 400)]
  const config = { size: 100, groups: half }

  test('neither order nor size of the input moves an item: one more takes the place of one at most', () => {
    const before = mixOf(items, config).ids
    expect(mixOf([...items].reverse(), config).ids).toEqual(before)
    const after = mixOf([...items, ...candidates('b', 401).slice(400)], config).ids
    const kept = before.filter((id) => after.includes(id))
    expect(kept.length).toBeGreaterThanOrEqual(99)
    expect(after.filter((id) => before.includes(id))).toEqual(kept)
  })

  test('another seed draws and orders others', () => {
    const [one, two] = [mixOf(items, config).ids, mixOf(items, { ...config, seed: 2 }).ids]
    // Of 50 drawn from 400 twice, 6 are the same on average.
    expect(one.filter((id) => two.includes(id)).length).toBeLessThan(30)
    expect(mixOf(items, config).ids).toEqual(one)
  })

  test('items are drawn evenly: no item is favoured over 400 seeds', () => {
    const few = candidates('a', 10)
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 400; seed++) {
      for (const id of mixOf(few, { seed, size: 3, groups: [half[0]!] }).ids) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    // Expected 120 each with a standard deviation of 9.
    for (const count of counts.values()) expect(Math.abs(count - 120)).toBeLessThan(40)
    expect(counts.size).toBe(10)
  })

  test('a smaller mix is a part of a larger one, in the same order', () => {
    const large = mixOf(items, { ...config, size: 200 }).ids
    const small = mixOf(items, config).ids
    expect(large.filter((id) => small.includes(id))).toEqual(small)
  })
})

describe('refused', () => {
  test.each<[string, Partial<MixConfig>, RegExp]>([
    ['a size of 0', { size: 0 }, /size of the mix/],
    ['a share of 0', { groups: [{ ...half[0]!, share: 0 }] }, /share of "a": expected a number above 0, found 0/],
    ['an endless share', { groups: [{ ...half[0]!, share: Number.POSITIVE_INFINITY }] }, /share of "a"/],
    ['half a copy', { groups: [{ ...half[0]!, maxCopies: 1.5 }] }, /maxCopies of "a"/],
    ['two groups of one name', { groups: [half[0]!, half[0]!] }, /two groups are named "a"/],
  ])('%s', (_, config, message) => {
    expect(() => createMixer({ seed: 1, size: null, groups: [], ...config })).toThrow(message)
  })
})

test('the short form takes data sets by name and everything synthetic together', () => {
  expect(groupsBySource({ synthetic: 2, medqa: 1 })).toEqual([
    { name: 'medqa', share: 1, match: { origin: 'curated', sources: ['medqa'] } },
    { name: 'synthetic', share: 2, match: { origin: 'graph' } },
  ])
})

test('names of the short form that stand for nothing are found', () => {
  expect(unknownGroups({ medqa: 1, synthetic: 1, medcqa: 2, 'a-set': 1 }, ['medqa', 'medmcqa'])).toEqual([
    'a-set',
    'medcqa',
  ])
  expect(unknownGroups({}, [])).toEqual([])
})
