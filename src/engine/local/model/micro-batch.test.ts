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
  test('puts the longest first, ties in their order, and pads to few shapes', () => {
    const plan = planMicroBatches(
      [5, 30, 12, 30, 16].map((length) => scoredDatum(length, 4)),
      64,
    )
    expect(plan).toEqual([
      { members: [1, 3], shape: { batch: 2, length: 32, rows: 8 } },
      { members: [4, 2], shape: { batch: 2, length: 16, rows: 8 } },
      { members: [0], shape: { batch: 1, length: 8, rows: 4 } },
    ])
  })

  test('five alike become a batch of six, of which one row is padding', () => {
    const plan = planMicroBatches(
      Array.from({ length: 5 }, () => scoredDatum(8)),
      1024,
    )
    expect(plan).toEqual([{ members: [0, 1, 2, 3, 4], shape: { batch: 6, length: 8, rows: 42 } }])
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
          expect(shape.rows).toBeGreaterThanOrEqual(needed)
          expect(shape.rows).toBeLessThanOrEqual(shape.batch * shape.length)
          expect(shape.length).toBeGreaterThanOrEqual(longest)
          expect(shape.length).toBeLessThan(longest + 8)
          expect(shape.batch).toBeGreaterThanOrEqual(members.length)
          expect(members.length === 1 || shape.batch * shape.length <= maxTokens).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('up to 64 data of one length need no more than twelve batch sizes', () => {
    const sizes = new Set(
      Array.from(
        { length: 64 },
        (_, count) =>
          planMicroBatches(
            Array.from({ length: count + 1 }, () => scoredDatum(8)),
            512,
          )[0]!.shape.batch,
      ),
    )
    expect([...sizes]).toEqual([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
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
