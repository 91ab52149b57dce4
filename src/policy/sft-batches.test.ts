import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { epochBatches, holdOut } from './sft-batches.ts'

const items = Array.from({ length: 70 }, (_, index) => ({ index, length: (index * 37) % 101 }))
const lengthOf = ({ length }: { length: number }): number => length

/** Padded places over all places, with every batch padded to its longest. */
const padding = (batches: readonly (readonly { length: number }[])[]): number => {
  const padded = batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map(lengthOf)), 0)
  return 1 - items.reduce((sum, { length }) => sum + length, 0) / padded
}

test('without lengths an epoch is a shuffle cut into batches, as it always was', () => {
  const order = createRng(3, 'cold-start-order', 2).shuffle(items)
  const batches = epochBatches(items, { seed: 3, epoch: 2, batch: 16 })
  expect(batches.map(({ length }) => length)).toEqual([16, 16, 16, 16, 6])
  expect(batches.flat()).toEqual(order)
})

test('bucketed batches hold every item once and pad less than half as much', () => {
  const plain = epochBatches(items, { seed: 1, epoch: 0, batch: 8 })
  const bucketed = epochBatches(items, { seed: 1, epoch: 0, batch: 8, lengthOf })
  expect(
    bucketed
      .flat()
      .map(({ index }) => index)
      .sort((a, b) => a - b),
  ).toEqual(items.map(({ index }) => index))
  expect(bucketed.length).toBe(9)
  expect(padding(bucketed)).toBeLessThan(padding(plain) / 2)
})

test('seed and epoch decide the batches', () => {
  const of = (seed: number, epoch: number) => epochBatches(items, { seed, epoch, batch: 8, lengthOf })
  expect(of(1, 0)).toEqual(of(1, 0))
  expect(of(1, 1)).not.toEqual(of(1, 0))
  expect(of(2, 0)).not.toEqual(of(1, 0))
  expect(epochBatches([], { seed: 1, epoch: 0, batch: 8 })).toEqual([])
  expect(() => of(1, 0) && epochBatches(items, { seed: 1, epoch: 0, batch: 0 })).toThrow(DataError)
})

test('what is held out is a share, drawn, and apart from what is trained on', () => {
  const { train, held } = holdOut(items, 0.1, 1)
  expect([train.length, held.length]).toEqual([63, 7])
  expect(new Set([...train, ...held]).size).toBe(70)
  expect(train.map(({ index }) => index)).toEqual(train.map(({ index }) => index).sort((a, b) => a - b))
  expect(holdOut(items, 0.1, 2).held).not.toEqual(held)
  expect(holdOut(items, 0, 1)).toEqual({ train: items, held: [] })
  expect(holdOut(items.slice(0, 3), 0.01, 1).held.length).toBe(1)
  expect(holdOut(items.slice(0, 1), 0.5, 1)).toEqual({ train: items.slice(0, 1), held: [] })
})
