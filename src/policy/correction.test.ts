import { expect, test } from 'vitest'
import { type CorrectionOptions, correctionWeights } from './correction.ts'
import { readGolden } from './fixtures/golden.ts'

const { loss_case: lossCase, is } = readGolden()

const weightsOf = (correction: CorrectionOptions): number[][] =>
  lossCase.logp_old.map((old_T, member) => correctionWeights(correction, old_T, lossCase.logp_rollout[member]!))

function expectMatrix(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expected.forEach((expected_T, member) => {
    expected_T.forEach((value, token) => {
      expect(Math.abs(found[member]![token]! - value)).toBeLessThan(1e-12)
    })
  })
}

test('token truncation and the token mask equal the golden weights', () => {
  expectMatrix(weightsOf({ kind: 'token-truncate', cap: 1e6 }), is.rho)
  expectMatrix(weightsOf({ kind: 'token-truncate', cap: 2 }), is.tis_C2)
  expectMatrix(weightsOf({ kind: 'token-mask', low: 0.5, high: 2 }), is['icepop_.5_2'])
})

test('a sequence is weighed by the product of its ratios: kept, capped or dropped', () => {
  const perRow = (values: readonly number[]): number[][] => values.map((value) => new Array<number>(5).fill(value))
  expectMatrix(weightsOf({ kind: 'sequence-mask', cap: 3 }), perRow(is.seq_ratio))
  const [first, , third, fourth] = is.seq_ratio
  expectMatrix(weightsOf({ kind: 'sequence-mask', cap: 2 }), perRow([first!, 0, third!, fourth!]))
  expectMatrix(weightsOf({ kind: 'sequence-truncate', cap: 2 }), perRow([first!, 2, third!, fourth!]))
})

test('without a correction, or where sampler and trainer agree, every weight is exactly 1', () => {
  expect(correctionWeights({ kind: 'none' }, [-1, -9], [-5, -2])).toEqual([1, 1])
  for (const correction of [
    { kind: 'token-truncate', cap: 2 },
    { kind: 'token-mask', low: 0.5, high: 2 },
    { kind: 'sequence-truncate', cap: 2 },
    { kind: 'sequence-mask', cap: 3 },
  ] as const) {
    expect(correctionWeights(correction, [-1.25, -0.3], [-1.25, -0.3])).toEqual([1, 1])
    expect(correctionWeights(correction, [], [])).toEqual([])
  }
})

test('bounds that exclude a ratio of 1 are refused', () => {
  expect(() => correctionWeights({ kind: 'token-truncate', cap: 0.5 }, [], [])).toThrow(/at least 1/)
  expect(() => correctionWeights({ kind: 'token-mask', low: 2, high: 0.5 }, [], [])).toThrow(/low <= 1 <= high/)
  expect(() => correctionWeights({ kind: 'sequence-mask', cap: Number.NaN }, [], [])).toThrow(/at least 1/)
})

test('an extreme difference has a finite weight', () => {
  expect(correctionWeights({ kind: 'token-truncate', cap: 2 }, [-1, -901], [-901, -1])).toEqual([2, Math.exp(-20)])
})
