import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteAlphabet, splitWords, trainBpe } from './bpe.ts'
import { createBpeEncoder } from './bpe-encoder.ts'

const corpus = 'banana bandana ananas cabana abracadabra aaaa aaaaaaaa nanana éé éa'
const counts = new Map(splitWords(corpus).map((word) => [word, 3] as const))
const { vocab, merges } = trainBpe(counts, 60)
const encode = createBpeEncoder({ vocab, merges, ignoreMerges: false })

/** The definition, word by word: merge the first pair of the lowest rank until none is left. */
function encodeByDefinition(word: string): number[] {
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]))
  let tokens = Array.from(Buffer.from(word, 'utf8'), (byte) => byteAlphabet[byte]!)
  for (;;) {
    const found = tokens.slice(1).map((right, at) => ranks.get(`${tokens[at]} ${right}`) ?? Number.POSITIVE_INFINITY)
    const lowest = Math.min(...found)
    if (lowest === Number.POSITIVE_INFINITY) return tokens.map((token) => vocab.get(token)!)
    const at = found.indexOf(lowest)
    tokens = [...tokens.slice(0, at), tokens[at]! + tokens[at + 1]!, ...tokens.slice(at + 2)]
  }
}

describe('createBpeEncoder', () => {
  test('gives what merging by the definition gives', () => {
    const word = fc.array(fc.constantFrom('a', 'n', 'an', 'b', 'na', 'c', 'é', 'd', 'r'), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(word, (parts) => {
        expect(encode(parts.join(''))).toEqual(encodeByDefinition(parts.join('')))
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same again, for more words than it remembers', () => {
    const first = Array.from({ length: 70_000 }, (_, index) => encode(`ban${index}`).length)
    expect(Array.from({ length: 70_000 }, (_, index) => encode(`ban${index}`).length)).toEqual(first)
    expect(encode('banana')).toEqual(encodeByDefinition('banana'))
  })

  test('a word that is a token stays whole only when merges are to be ignored', () => {
    const whole = new Map([...vocab, ['zz', vocab.size]])
    expect(createBpeEncoder({ vocab: whole, merges, ignoreMerges: true })('zz')).toEqual([vocab.size])
    expect(createBpeEncoder({ vocab: whole, merges, ignoreMerges: false })('zz')).toEqual([122, 122])
  })
})
