import { expect, test } from 'vitest'
import type { Item } from '../questions/types.ts'
import { arrangeItem } from './arrange-item.ts'

const options = ['alpha', 'bravo', 'charlie', 'delta', 'echo']
const item = (id: string, more: object = {}): Item =>
  ({
    ...{ id, form: 'multiple', language: 'en', stem: 'Which?', context: null, options, golds: [1, 3] },
    ...{ answers: ['bravo', 'delta'], origin: { kind: 'curated', source: 's' } },
    ...more,
  }) as unknown as Item

test('golds, entities and refutations move with their options', () => {
  const origin = {
    kind: 'graph',
    optionEntities: options.map((name) => `entity ${name}`),
    refutations: [0, 2, 4].map((option) => ({ option, reason: `not ${options[option]}` })),
  }
  for (let index = 0; index < 20; index++) {
    const arranged = arrangeItem(item(`i${index}`, { origin }), 7)
    expect(arranged.golds.map((gold) => arranged.options[gold]).sort()).toEqual(['bravo', 'delta'])
    expect(arranged.golds).toEqual([...arranged.golds].sort((a, b) => a - b))
    const made = arranged.origin as unknown as typeof origin
    expect(made.optionEntities).toEqual(arranged.options.map((name) => `entity ${name}`))
    for (const { option, reason } of made.refutations) expect(reason).toBe(`not ${arranged.options[option]}`)
  }
})

test('the order depends on seed and id alone, and differs between items and between seeds', () => {
  const orders = (seed: number) => Array.from({ length: 20 }, (_, at) => arrangeItem(item(`i${at}`), seed).options)
  expect(orders(1)).toEqual(orders(1))
  expect(new Set(orders(1).map(String)).size).toBeGreaterThan(15)
  expect(orders(2)).not.toEqual(orders(1))
})

test('what speaks of other options by letter keeps its order, and an open item is left as it is', () => {
  const fixed = item('i', { options: ['alpha', 'bravo', 'both A and B'], golds: [2], form: 'single' })
  expect(arrangeItem(fixed, 3)).toEqual(fixed)
  const open = item('o', { form: 'open', options: [], golds: [] })
  expect(arrangeItem(open, 3)).toBe(open)
})
