import { expect, test } from 'vitest'
import { wilsonInterval } from './metrics.ts'
import { type NoisyRun, scorePlanted, untilStep } from './planted.ts'

const runOf = (planted: readonly string[], raised: readonly (readonly [id: string, step: number])[]): NoisyRun => ({
  planted: new Set(planted),
  raised: raised.map(([questionId, step]) => ({ questionId, step })),
})
const one = runOf(['a', 'b', 'c', 'd'], [['a', 0], ['b', 40], ['x', 40]]) // biome-ignore format: one line reads better
const two = runOf(['a', 'b', 'c', 'd'], [['a', 20], ['c', 40], ['d', 80], ['y', 80], ['z', 80]]) // biome-ignore format: as above

test('precision is of the suspects, recall of the planted labels, pooled over runs', () => {
  expect(scorePlanted([one])).toMatchObject({ raised: 3, planted: 4, found: 2, precision: 2 / 3, recall: 1 / 2 })
  expect(scorePlanted([one, two])).toMatchObject({ raised: 8, planted: 8, found: 5, precision: 5 / 8, recall: 5 / 8 })
})

test('seeds over the same questions narrow no interval', () => {
  expect(scorePlanted([one]).recallInterval).toEqual(wilsonInterval(2, 4))
  expect(scorePlanted([one, one, one])).toMatchObject({
    ...{ precision: 2 / 3, precisionInterval: wilsonInterval(2, 3), recallInterval: wilsonInterval(2, 4) },
  })
})

test('a part of the questions is scored alone, and so are the rounds up to a step', () => {
  const score = scorePlanted([one, two], (id) => id === 'a' || id === 'x')
  expect(score).toMatchObject({ raised: 3, planted: 2, found: 2, precision: 2 / 3, recall: 1 })
  expect(scorePlanted(untilStep([one, two], 20))).toMatchObject({ raised: 2, found: 2, precision: 1, recall: 1 / 4 })
})

test('without suspects there is no precision, without planted labels no recall, and neither is 0', () => {
  expect(scorePlanted([runOf(['a'], [])])).toMatchObject({ precision: null, precisionInterval: [0, 1], recall: 0 })
  expect(scorePlanted([runOf([], [['x', 0]])])).toMatchObject({ precision: 0, recall: null, recallInterval: [0, 1] })
})
