import { expect, test } from 'vitest'
import { z } from 'zod'
import { miningOptions, switchOptions } from './config-mining.ts'

const mining = z.strictObject(miningOptions)
const plateau = z.strictObject(switchOptions)

test('by default nothing that trains is other than without these options; suspects are only written down', () => {
  expect(plateau.parse({})).toEqual({ sparsity: null, holdWhileProbeRises: false })
  expect(mining.parse({})).toEqual({
    ...{ failure: 'posterior', priors: 'fitted', solved: null, ladder: null, allocation: null, finalSweep: false },
    quarantine: {
      ...{ mode: 'report', rule: 'belief', minBelief: 0.9, every: 20, roundShare: 0.1 },
      ...{ minSeen: 16, minShare: 0.6, minCompetence: 0.5 },
    },
  })
})

test('an empty object switches a rule on with its values, null switches it off', () => {
  expect(mining.parse({ solved: {}, ladder: {}, allocation: {}, quarantine: null })).toMatchObject({
    solved: { mean: 0.9, minSeen: 16, replayShare: 0.05, reopenBelow: 0.75 },
    ladder: { moreAfter: 16, maxGroup: 64, freezeAfter: 64, maxBackOff: 4 },
    allocation: { minGroup: 8, maxGroup: 64, chunk: 8, budget: null },
    quarantine: null,
  })
  expect(plateau.parse({ sparsity: {} }).sparsity).toEqual({ mixedBelow: 0.35, span: 20 })
})

test.each([
  [{ allocation: { minGroup: 32, maxGroup: 16 } }, 'larger than the largest'],
  [{ allocation: { minGroup: 1 } }, '>=2'],
  [{ solved: { mean: 1.5 } }, '<=1'],
  [{ ladder: { freezeAfter: 0 } }, '>0'],
  [{ quarantine: { mode: 'delete' } }, 'isolate'],
  [{ solved: { means: 0.9 } }, 'means'],
  [{ failure: 'twice' }, 'repeated'],
])('%o is refused', (value, message) => {
  expect(() => mining.parse(value)).toThrow(message)
})

test('every option says what it does', () => {
  for (const [name, option] of Object.entries({ ...miningOptions, ...switchOptions }))
    expect([name, (option.description ?? '').length > 20]).toEqual([name, true])
})
