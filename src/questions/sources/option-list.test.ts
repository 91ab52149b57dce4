import { describe, expect, test } from 'vitest'
import { goldsOfLetters, isMissing, wholeNumber } from './letters.ts'
import { optionTexts, splitOptions } from './option-list.ts'

describe('options in a text', () => {
  test.each([
    ['A. x\nB. y', '', ['x', 'y']],
    ['Which?\n(A) x\n(B) y\n(C) z', 'Which?', ['x', 'y', 'z']],
    ['Which? (A) x (B) y', 'Which?', ['x', 'y']],
    ['Is (A) meant? (A) x (B) y', 'Is (A) meant?', ['x', 'y']],
    ['A 骨髓\r\nB 心', '', ['骨髓', '心']],
    ['A骨髓\nB心', '', ['骨髓', '心']],
    ['A、骨\nB、心', '', ['骨', '心']],
    ['A 5-year-old boy\nis ill.\nA. x\ngoes on\nB. y', 'A 5-year-old boy\nis ill.', ['x\ngoes on', 'y']],
    ['Answer Choices:\nA: x\nB: y', 'Answer Choices:', ['x', 'y']],
    ['A. x\nB. y\nD. not the next letter', '', ['x', 'y\nD. not the next letter']],
  ])('%j', (text, before, options) => {
    expect(splitOptions(text)).toEqual({ before, options })
  })

  test.each(['', 'A man is ill.', 'A. only one', 'B. y\nC. z', '(B) y (A) x'])('%j has none', (text) => {
    expect(splitOptions(text)).toBeNull()
  })

  test('are found in time in proportion to the length', () => {
    const start = performance.now()
    for (const piece of ['(A)', '(A)(B)', 'A\n', 'A. x\nB. y\n', '(A) (B) (C', ' ']) splitOptions(piece.repeat(100_000))
    expect(performance.now() - start).toBeLessThan(3000)
  })
})

describe('options in cells', () => {
  test.each<[unknown, readonly unknown[] | null]>([
    [
      ['x', 'y'],
      ['x', 'y'],
    ],
    [{ B: 'y', A: 'x' }, ['x', 'y']],
    [{ A: 'x', B: 'y', C: null }, ['x', 'y']],
    [{ A: 'x', B: null, C: 'z' }, ['x', null, 'z']],
    [{ A: 'x', C: 'z' }, null],
    [{ A: 'x', question: 'q' }, null],
    [
      [
        { key: 'B', value: 'y' },
        { key: 'A', value: 'x' },
      ],
      ['x', 'y'],
    ],
    [
      [
        { letter: 'A', content: 'x' },
        { letter: 'A', content: 'y' },
      ],
      null,
    ],
    [
      [
        { aid: 1, atext: 'x' },
        { aid: 2, atext: 'y' },
      ],
      ['x', 'y'],
    ],
    [[{ key: 'A' }], null],
    ['A. x', null],
    [null, null],
  ])('%j', (value, texts) => {
    expect(optionTexts(value)).toEqual(texts)
  })
})

describe('answers in cells', () => {
  test.each<[unknown, readonly number[] | null]>([
    ['D', [3]],
    ['(ABC)', [0, 1, 2]],
    ['a, c', [0, 2]],
    [['J'], [9]],
    [
      [['A'], 'U'],
      [0, 20],
    ],
    ['', null],
    [[], null],
    ['yes!', null],
    [3, null],
  ])('letters %j', (value, golds) => {
    expect(goldsOfLetters(value)).toEqual(golds)
  })

  test('numbers are whole numbers and their digits, nothing else', () => {
    expect([2, '2', '2.0', '-1', 2.5, '2.5', '', 'A', null, '1e9', '12345678901'].map(wholeNumber)).toEqual([
      ...[2, 2, 2, -1, null, null, null, null, null, null, null],
    ])
  })

  test('NaN, null and blanks say nothing, in whatever way they are written', () => {
    expect([null, undefined, '', ' ', 'NaN', 'nan', 'None', 'n/a'].every(isMissing)).toBe(true)
    expect([0, 'A', 'NaNH2', false].some(isMissing)).toBe(false)
  })
})
