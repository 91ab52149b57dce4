import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addWords, createWordList, eachWordGram, foldText, plainText, shinglesOf, wordsOf } from './shingles.ts'
import { hasContent, textKey } from './shingles-keys.ts'
import { createShingleSet } from './shingles-set.ts'

function gramsOf(text: string, size: number): string[] {
  const list = createWordList()
  addWords(list, text)
  const grams: string[] = []
  eachWordGram(list, size, (low, high) => grams.push(`${low}:${high}`))
  return grams
}

describe('folding', () => {
  test('makes width, case, accents and superscripts one', () => {
    expect(foldText('Ｓｊögren’s ÉTAT 10³')).toBe('sjogren’s etat 103')
  })

  test('words are runs of letters and digits, and each Han character', () => {
    expect(wordsOf('A 54-year-old’s Na⁺: 患者 pH')).toEqual(['a', '54', 'year', 'old', 's', 'na', '患', '者', 'ph'])
  })

  test.each([
    ['pH < 7.35', 'pH > 7.35'],
    ['loss of 1.5 kg', 'loss of 15 kg'],
    ['a score of -5', 'a score of 5'],
    ['Ca2+ channel', 'Ca2 channel'],
    ['5% dextrose', '5 dextrose'],
  ])('%j stays apart from %j', (left, right) => {
    expect(plainText(left)).not.toBe(plainText(right))
  })

  test.each([
    ['β-blocker, oral.', 'β blocker oral'],
    ['3-5 days', '3 5 days'],
    ['a non- competitive inhibitor of Cl-', 'a non competitive inhibitor of cl-'],
    ['  Aspirin  (ASA) ', 'aspirin asa'],
    ['患者，男。', '患者 男'],
  ])('%j is %j', (text, plain) => {
    expect(plainText(text)).toBe(plain)
  })

  test('a plain text is plain already, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const plain = plainText(text)
        expect(plain).not.toMatch(/[\n\t]| {2}/)
        expect(plainText(plain)).toBe(plain)
      }),
    )
  })
})

describe('n-grams of words', () => {
  test('equal runs have equal hashes wherever they stand, others do not', () => {
    const long = gramsOf('x y the most likely cause of chest pain in this man', 8)
    const short = gramsOf('The most likely cause of chest pain in', 8)
    expect(short).toHaveLength(1)
    expect(long.indexOf(short[0]!)).toBe(2)
    expect(new Set(long).size).toBe(long.length)
  })

  test('fewer words than the size have none, and sizes do not mix', () => {
    expect(gramsOf('seven words are not enough for this', 8)).toEqual([])
    expect(gramsOf('a b c d e f g h', 8)[0]).not.toBe(gramsOf('a b c d e f g h', 7)[0])
  })

  test('order counts', () => {
    expect(gramsOf('aspirin causes asthma', 3)).not.toEqual(gramsOf('asthma causes aspirin', 3))
  })

  test('the hash of a run is what the run alone gives', () => {
    const word = fc.constantFrom('a', 'b', 'cough', 'fever', '12', '痛')
    fc.assert(
      fc.property(fc.array(word, { minLength: 3, maxLength: 30 }), (words) => {
        const whole = gramsOf(words.join(' '), 3)
        for (let i = 0; i + 3 <= words.length; i++)
          expect(whole[i]).toBe(gramsOf(words.slice(i, i + 3).join(' '), 3)[0])
      }),
      { numRuns: 50 },
    )
  })
})

describe('shingles', () => {
  test('a text of n characters has n - 4, a shorter one a single one', () => {
    const into = new Uint32Array(20)
    expect(shinglesOf('abcdefgh', into)).toBe(4)
    expect(shinglesOf('ab', into)).toBe(1)
    expect(shinglesOf('', into)).toBe(0)
  })

  test('the set counts distinct shared shingles as sets of texts do', () => {
    const set = createShingleSet()
    const left = new Uint32Array(300)
    const right = new Uint32Array(300)
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 200 })
    const grams = (value: string): Set<string> =>
      new Set(Array.from({ length: Math.max(1, value.length - 4) }, (_, i) => value.slice(i, i + 5)))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(set.load(left, shinglesOf(a, left))).toBe(grams(a).size)
        const shared = [...grams(b)].filter((gram) => grams(a).has(gram)).length
        expect(set.overlap(right, shinglesOf(b, right))).toBe(shared)
      }),
      { numRuns: 50 },
    )
  })
})

describe('stems without content', () => {
  test.each([
    'Which of the following is true?',
    'All of the following are correct, EXCEPT:',
    'Indicate the false statement:',
    '下列说法正确的是',
    '下列关于该患者的叙述，错误的是',
  ])('%j asks about nothing', (stem) => {
    expect(hasContent(wordsOf(stem))).toBe(false)
  })

  test.each(['Which is true about rabies vaccine?', 'Drug of choice for gout is', '能降气化痰的药是'])(
    '%j does',
    (stem) => {
      expect(hasContent(wordsOf(stem))).toBe(true)
    },
  )
})

test('keys of 100,000 texts that differ in a digit are distinct and spread over the low bits', () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => textKey(`question ${index}`))
  expect(new Set(keys).size).toBe(100_000)
  const buckets = new Set(keys.map((key) => key & 0xffff))
  // 100,000 balls in 65,536 bins fill 78 %.
  expect(buckets.size / 65_536).toBeGreaterThan(0.76)
})
