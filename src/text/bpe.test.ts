import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteAlphabet, splitWords, trainBpe } from './bpe.ts'

test('the alphabet has a letter of its own for each byte, printable bytes standing for themselves', () => {
  expect(new Set(byteAlphabet).size).toBe(256)
  expect(byteAlphabet.join('')).not.toMatch(/[\s\p{C}]/u)
  // The well-known landmarks of GPT-2: space is Ġ, newline Ċ, tab ĉ, soft hyphen Ń.
  expect([0x20, 0x0a, 0x09, 0xad, 0x41, 0xff].map((byte) => byteAlphabet[byte])).toEqual(['Ġ', 'Ċ', 'ĉ', 'Ń', 'A', 'ÿ'])
  expect(byteAlphabet[0]).toBe('Ā')
})

test('words are split as GPT-2 splits them, and lose nothing', () => {
  expect(splitWords("It's  a 12-lead ECG…\n\n ok")).toEqual([
    'It',
    "'s",
    ' ',
    ' a',
    ' 12',
    '-',
    'lead',
    ' ECG',
    '…',
    '\n\n',
    ' ok',
  ])
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(splitWords(text).join('')).toBe(text)
    }),
  )
})

test('the most frequent pair is merged first, and a merge can be merged again', () => {
  // low ×5, lower ×2, newest ×6: w,e has 8 and l,o 7; of those with 6 then, e,we has the lowest left byte.
  const model = trainBpe(
    new Map([
      ['low', 5],
      ['lower', 2],
      ['newest', 6],
    ]),
    4,
  )
  expect(model.merges).toEqual([
    ['w', 'e'],
    ['l', 'o'],
    ['e', 'we'],
    ['ewe', 's'],
  ])
  expect(model.vocab.get('ewes')).toBe(259)
  expect(model.segments.get('newest')).toEqual([110, 259, 116])
  expect(model.segments.get('low')).toEqual([257, 119])
})

test('among equal counts the lowest bytes win: of the left token, then of the right', () => {
  const words = new Map([
    ['zy', 3],
    ['ab', 3],
    ['ac', 3],
    ['é!', 3],
  ])
  expect(trainBpe(words, 5).merges).toEqual([
    ['a', 'b'],
    ['a', 'c'],
    ['z', 'y'],
    ['©', '!'],
    ['Ã', '©!'],
  ])
})

test('bytes decide, not the letters that stand for them', () => {
  // A space (0x20) is below "!" (0x21), though its letter Ġ (0x120) is above.
  expect(
    trainBpe(
      new Map([
        ['!a', 2],
        [' a', 2],
      ]),
      1,
    ).merges,
  ).toEqual([['Ġ', 'a']])
})

test('overlapping pairs are merged from the left', () => {
  expect(trainBpe(new Map([['aaaaa', 2]]), 1).segments.get('aaaaa')).toEqual([256, 256, 97])
})

test('a pair that occurs once is not merged', () => {
  const model = trainBpe(new Map([['abc', 1]]), 10)
  expect(model.merges).toEqual([])
  expect(model.vocab.size).toBe(256)
})

test('no token has two derivations, whatever the words', () => {
  const words = fc.array(fc.tuple(fc.stringMatching(/^[abc]{1,8}$/), fc.integer({ min: 1, max: 9 })), { maxLength: 12 })
  fc.assert(
    fc.property(words, (counts) => {
      const { merges, vocab, segments } = trainBpe(new Map(counts), 40)
      const made = merges.map(([left, right]) => left + right)
      expect(new Set(made).size).toBe(made.length)
      expect(vocab.size).toBe(256 + merges.length)
      const tokens = new Map(Array.from(vocab, ([token, id]) => [id, token]))
      for (const [word, ids] of segments) expect(ids.map((id) => tokens.get(id)).join('')).toBe(word)
    }),
  )
})

test('the order of the words does not matter', () => {
  const words: [string, number][] = ['fever', ' fever', 'malaria', ' malarial', 'never'].map((word, index) => [
    word,
    index + 1,
  ])
  expect(trainBpe(new Map([...words].reverse()), 12).merges).toEqual(trainBpe(new Map(words), 12).merges)
})

test('a word named like a property of objects is a word', () => {
  const model = trainBpe(
    new Map([
      ['constructor', 2],
      ['__proto__', 2],
    ]),
    60,
  )
  expect(model.segments.get('constructor')).toHaveLength(1)
  expect(model.vocab.get('constructor')).toBeGreaterThan(255)
  expect(model.vocab.has('toString')).toBe(false)
})

test.each([-1, 1.5, Number.NaN, 2 ** 20])('a merge count of %s is refused', (mergeCount) => {
  expect(() => trainBpe(new Map(), mergeCount)).toThrow(/number of merges must be a whole number/)
})
