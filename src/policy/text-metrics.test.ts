import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { otherScriptShare, repeatShare, scriptOf, scriptsOf, wordsOf } from './text-metrics.ts'

describe('repetition', () => {
  test('a list that never repeats has none, a loop is nearly all repetition', () => {
    expect(repeatShare(wordsOf('gout is first treated with naproxen and rest'))).toBe(0)
    // 97 four-grams, one of them new.
    expect(repeatShare(new Array<number>(100).fill(7))).toBeCloseTo(96 / 97, 12)
  })

  test('a sentence said twice repeats the four-grams of its second time', () => {
    // 10 units, 7 four-grams, of which the last two stood there before.
    expect(repeatShare(wordsOf('a b c d e a b c d e'))).toBeCloseTo(2 / 7, 12)
  })

  test('what is too short to repeat four units counts as none', () => {
    expect(repeatShare([])).toBe(0)
    expect(repeatShare([1, 1, 1, 1])).toBe(0)
    expect(repeatShare([1, 1, 1, 1, 1])).toBe(0.5)
  })

  test('n-grams do not run into each other: 1 12 is not 11 2', () => {
    expect(repeatShare([1, 12, 11, 2], 2)).toBe(0)
    expect(repeatShare(['a b', 'c', 'a', 'b c'], 2)).toBe(0)
  })
})

describe('units', () => {
  test.each([
    ['Gout, gout; GOUT', ['gout', ',', 'gout', ';', 'gout']],
    ['5 mg/kg', ['5', 'mg', '/', 'kg']],
    ['痛风 is gout', ['痛', '风', 'is', 'gout']],
    ['cafe\u0301 au lait', ['cafe\u0301', 'au', 'lait']],
    ['!!!', ['!', '!', '!']],
    ['a\u200bb', ['a', 'b']],
    ['😀x', ['😀', 'x']],
    [' \n\t', []],
  ])('of %j are %j', (text, expected) => {
    expect(wordsOf(text)).toEqual(expected)
  })
})

describe('script', () => {
  test.each([
    ['a', 'latin'],
    ['é', 'latin'],
    ['я', 'cyrillic'],
    ['痛', 'han'],
    ['の', 'kana'],
    ['통', 'hangul'],
    ['ア', 'kana'],
    ['ا', 'arabic'],
    ['ก', 'thai'],
    ['Ⴀ', 'other'],
    ['7', null],
    ['@', null],
    ['[', null],
    ['µ', null],
    ['\ud800', null],
    ['', null],
  ])('of %j is %j', (character, expected) => {
    expect(scriptOf(character)).toBe(expected)
  })

  test('mixing is the share of letters outside the scripts of the prompt', () => {
    const english = scriptsOf('What treats gout?')
    expect(otherScriptShare('naproxen', english)).toBe(0)
    expect(otherScriptShare('gout痛风!!', english)).toBeCloseTo(2 / 6, 12)
    expect(otherScriptShare('痛风 aspirin', scriptsOf('痛风 aspirin?'))).toBe(0)
    expect(otherScriptShare('аspirin', english)).toBeCloseTo(1 / 7, 12)
  })

  test('a single Greek letter is a symbol, a Greek word is not', () => {
    const english = scriptsOf('Which?')
    expect(otherScriptShare('a β-blocker, 5 μg (µg)', english)).toBe(0)
    expect(otherScriptShare('ab αβ', english)).toBe(0.5)
  })

  test('without letters on either side there is nothing to differ', () => {
    expect(otherScriptShare('', scriptsOf('x'))).toBe(0)
    expect(otherScriptShare('12 %', scriptsOf('x'))).toBe(0)
    expect(otherScriptShare('痛风', scriptsOf('12 + 3 = ?'))).toBe(0)
  })
})

test('shares stay in [0, 1] on any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, prompt) => {
      for (const share of [repeatShare(wordsOf(text)), otherScriptShare(text, scriptsOf(prompt))]) {
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('time grows in line with the text, on hostile text too', () => {
  const hostile = [
    'a'.repeat(400_000),
    'αβ'.repeat(200_000),
    `${'x'.repeat(999)} `.repeat(400),
    '\u0301'.repeat(400_000),
  ]
  for (const text of hostile) {
    const start = performance.now()
    repeatShare(wordsOf(text))
    otherScriptShare(text, scriptsOf(text))
    // Some tens of ms here; a quadratic pass over 400,000 characters would take minutes.
    expect(performance.now() - start).toBeLessThan(5_000)
  }
})
