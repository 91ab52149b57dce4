import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packMicroBatch, planMicroBatches, type ScoredDatum } from './micro-batch.ts'

/** A datum of a length of which the last `scored` positions are trained. */
function scoredDatum(length: number, scored = length): ScoredDatum {
  const fill = (value: number) => new Array<number>(length).fill(value)
  return {
    datum: { inputTokens: fill(1), targetTokens: fill(2), weights: fill(0.5) },
    positions: [...Array(length).keys()].slice(length - scored),
  }
}

describe('the plan', () => {
  test('puts the longest first, ties in their order, and pads to the longest of a batch alone', () => {
    const plan = planMicroBatches(
      [5, 30, 12, 30, 16].map((length) => scoredDatum(length, 4)),
      64,
    )
    expect(plan).toEqual([
      { members: [1, 3], shape: { batch: 2, length: 32, rows: 8 } },
      { members: [4, 2, 0], shape: { batch: 3, length: 16, rows: 12 } },
    ])
  })

  test('runs apart what would cost more in padding than a run costs', () => {
    const lengths = [...Array<number>(8).fill(64), ...Array<number>(8).fill(24)]
    // Together the shorter half would bring 8 * 40 tokens of padding.
    expect(
      planMicroBatches(
        lengths.map((length) => scoredDatum(length)),
        4096,
      ).map(({ shape }) => shape),
    ).toEqual([
      { batch: 8, length: 64, rows: 512 },
      { batch: 8, length: 24, rows: 192 },
    ])
    const few = [...Array<number>(8).fill(64), ...Array<number>(3).fill(24)]
    expect(
      planMicroBatches(
        few.map((length) => scoredDatum(length)),
        4096,
      ).map(({ shape }) => shape),
    ).toEqual([{ batch: 11, length: 64, rows: 584 }])
  })

  test('a datum longer than the bound gets a batch of its own', () => {
    const plan = planMicroBatches([scoredDatum(100), scoredDatum(100)], 10)
    expect(plan.map(({ members, shape }) => [members, shape.batch, shape.length])).toEqual([
      [[0], 1, 104],
      [[1], 1, 104],
    ])
  })

  test('data without scored positions do not run', () => {
    expect(planMicroBatches([scoredDatum(8, 0), scoredDatum(8, 0)], 64)).toEqual([])
    expect(planMicroBatches([], 64)).toEqual([])
  })

  test('every datum runs exactly once, within the bound, and has room for its rows', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 700 }), (pairs, maxTokens) => {
        const scored_D = pairs.map(([length, scored]) => scoredDatum(length, Math.min(length, scored)))
        const plan = planMicroBatches(scored_D, maxTokens)
        expect(plan.flatMap(({ members }) => members).toSorted((a, b) => a - b)).toEqual([...scored_D.keys()])
        for (const { members, shape } of plan) {
          const needed = members.reduce((sum, member) => sum + scored_D[member]!.positions.length, 0)
          const longest = Math.max(...members.map((member) => scored_D[member]!.datum.inputTokens.length))
          expect(shape.rows).toBe(needed)
          expect(shape.length).toBeGreaterThanOrEqual(longest)
          expect(shape.length).toBeLessThan(longest + 8)
          expect(shape.batch).toBe(members.length)
          expect(members.length === 1 || shape.batch * shape.length <= maxTokens).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('costs no more than any other way to cut the sorted data', () => {
    const cost = (batches: readonly (readonly number[])[]) =>
      batches.reduce((sum, lengths) => sum + 128 + lengths.length * 8 * Math.ceil(Math.max(...lengths) / 8), 0)
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(lengths, (list) => {
        const sorted = list.toSorted((a, b) => b - a)
        const costs = Array.from({ length: 2 ** (sorted.length - 1) }, (_, cuts) => {
          const batches: number[][] = []
          sorted.forEach((length, index) => {
            if (index === 0 || (cuts >> (index - 1)) & 1) batches.push([length])
            else batches.at(-1)!.push(length)
          })
          return cost(batches)
        })
        const plan = planMicroBatches(
          list.map((length) => scoredDatum(length)),
          1e6,
        )
        expect(cost(plan.map(({ members }) => members.map((member) => list[member]!)))).toBe(Math.min(...costs))
      }),
      { numRuns: 100 },
    )
  })
})

describe('packing', () => {
  test('lays the data out row by row, padded on the right, and picks the scored positions', () => {
    const scored_D: ScoredDatum[] = [
      { datum: { inputTokens: [7], targetTokens: [8], weights: [2] }, positions: [0] },
      { datum: { inputTokens: [4, 5, 6], targetTokens: [5, 6, 9], weights: [0, 0.5, 0.25] }, positions: [1, 2] },
    ]
    const packed = packMicroBatch(
      scored_D,
      { members: [1, 0], shape: { batch: 3, length: 4, rows: 5 } },
      'cross_entropy',
    )
    expect(Object.keys(packed)).toEqual(['inputTokens', 'rows', 'targetTokens', 'loss/weights'])
    expect(Array.from(packed.inputTokens!.data, Number)).toEqual([4, 5, 6, 0, 7, 0, 0, 0, 0, 0, 0, 0])
    expect(Array.from(packed.rows!.data, Number)).toEqual([1, 2, 4, 0, 0])
    expect(Array.from(packed.targetTokens!.data, Number)).toEqual([6, 9, 8, 0, 0])
    expect(Array.from(packed['loss/weights']!.data, Number)).toEqual([0.5, 0.25, 2, 0, 0])
  })

  test('the forward pass alone carries no loss inputs', () => {
    const packed = packMicroBatch(
      [scoredDatum(3)],
      { members: [0], shape: { batch: 1, length: 8, rows: 3 } },
      undefined,
    )
    expect(Object.keys(packed)).toEqual(['inputTokens', 'rows', 'targetTokens'])
  })
})
