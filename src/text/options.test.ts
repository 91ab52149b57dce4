import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAnswerValue } from './answer-value.ts'
import { formatOptions, letterOf, optionLetters, shuffleOptions } from './options.ts'

const question = { id: 'question_1', options: ['Metformin', 'Glipizide', 'Sitagliptin', 'Pioglitazone'], gold: 2 }

test('letters run from A to U', () => {
  expect(optionLetters.join('')).toBe('ABCDEFGHIJKLMNOPQRSTU')
  expect([letterOf(0), letterOf(20)]).toEqual(['A', 'U'])
  expect(() => letterOf(21)).toThrow(/option index 21 has no letter/)
  expect(() => letterOf(-1)).toThrow(/option index -1/)
})

test('the order depends on seed, question and scope, and on nothing else', () => {
  const order = (id: string, seed: number, ...scope: number[]) =>
    shuffleOptions({ ...question, id }, seed, ...scope).originals.join('')
  expect(order('q1', 1)).toBe(order('q1', 1))
  const orders = (make: (index: number) => string) =>
    new Set(Array.from({ length: 60 }, (_, index) => make(index))).size
  expect(orders((index) => order(`q${index}`, 1))).toBeGreaterThan(15)
  expect(orders((index) => order('q1', index))).toBeGreaterThan(15)
  expect(orders((index) => order('q1', 1, index))).toBeGreaterThan(15)
})

test('this order is locked: changing it would change every run', () => {
  expect(shuffleOptions(question, 7).originals).toEqual([1, 2, 3, 0])
})

test('gold and originals lead back to the same option, and a right letter stays right', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 0, max: 1000 }), fc.nat(), (count, seed, pick) => {
      const options = Array.from({ length: count }, (_, index) => `finding ${index}`)
      const gold = pick % count
      const shown = shuffleOptions({ id: 'q', options, gold }, seed)
      expect(shown.options.map((option) => options.indexOf(option))).toEqual(shown.originals)
      expect(shown.options[shown.gold]).toBe(options[gold])
      expect([...shown.originals].sort((a, b) => a - b)).toEqual(options.map((_, index) => index))
      const spec = { kind: 'choice', options: shown.options } as const
      expect(readAnswerValue(options[gold]!, spec)).toEqual({
        kind: 'letter',
        letter: letterOf(shown.gold),
        index: shown.gold,
      })
    }),
  )
})

test('gold is spread over all positions', () => {
  const counts = [0, 0, 0, 0]
  for (let index = 0; index < 2000; index += 1) counts[shuffleOptions({ ...question, id: `q${index}` }, 3).gold]! += 1
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(90)
})

test('a question that cannot be shown is refused', () => {
  expect(() => shuffleOptions({ id: 'q', options: [], gold: 0 }, 1)).toThrow(/q has 0 options/)
  expect(() => shuffleOptions({ id: 'q', options: Array.from({ length: 22 }, String), gold: 0 }, 1)).toThrow(
    /22 options/,
  )
  for (const gold of [-1, 4, 0.5])
    expect(() => shuffleOptions({ ...question, gold }, 1)).toThrow(/is not one of its 4 options/)
})

test('options are listed one to a line', () => {
  expect(formatOptions(['Metformin', 'Glipizide'])).toBe('A. Metformin\nB. Glipizide')
})
