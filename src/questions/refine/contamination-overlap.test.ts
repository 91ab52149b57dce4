import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOverlapBuilder, type OverlapIndex } from './contamination-overlap.ts'

function indexOf(sets: readonly (readonly number[])[], share: number): OverlapIndex {
  const builder = createOverlapBuilder(share)
  for (const set of sets) {
    builder.startSet()
    for (const gram of set) builder.add(gram, 7)
  }
  return builder.build()
}

function hitsOf(index: OverlapIndex, text: readonly number[]): { set: number; matched: number; size: number }[] {
  index.begin()
  for (const gram of text) index.see(gram, 7, 1)
  return index.hits(() => 1)
}

describe('the index of overlaps', () => {
  test('finds exactly the sets that a comparison with each finds, text after text', () => {
    // Few grams, so that some are in nearly all sets, as boilerplate is.
    const gram = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }))
    const grams = fc.array(gram, { maxLength: 25 })
    const share = fc.constantFrom(0.2, 0.5, 0.8, 1)
    fc.assert(
      fc.property(
        fc.array(grams, { maxLength: 30 }),
        fc.array(grams, { maxLength: 5 }),
        share,
        (sets, texts, wanted) => {
          const index = indexOf(sets, wanted)
          for (const text of texts) {
            const seen = new Set(text)
            const expected = sets.flatMap((members, set) => {
              const distinct = [...new Set(members)]
              const matched = distinct.filter((member) => seen.has(member)).length
              return matched > 0 && matched >= wanted * distinct.length - 1e-9
                ? [{ set, matched, size: distinct.length }]
                : []
            })
            expect(hitsOf(index, text)).toEqual(expected)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a part of the text that does not count for a set is not seen', () => {
    const index = indexOf([[1, 2]], 1)
    index.begin()
    index.see(1, 7, 1)
    index.see(2, 7, 2)
    expect(index.hits(() => 1)).toEqual([])
    expect(index.hits(() => 3)).toEqual([])
    index.begin()
    index.see(1, 7, 1)
    index.see(2, 7, 2)
    expect(index.hits(() => 3)).toEqual([{ set: 0, matched: 2, size: 2 }])
    expect([index.saw(1, 7, 1), index.saw(1, 7, 2), index.saw(9, 7, 1)]).toEqual([true, false, false])
  })

  test('the high half of a gram counts', () => {
    const index = indexOf([[5]], 1)
    index.begin()
    index.see(5, 8, 1)
    expect(index.hits(() => 1)).toEqual([])
  })

  test('an index without sets finds nothing', () => {
    expect(hitsOf(indexOf([], 0.5), [1, 2])).toEqual([])
    expect(hitsOf(indexOf([[]], 0.5), [1, 2])).toEqual([])
  })
})
