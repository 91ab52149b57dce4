import { expect, test } from 'vitest'
import type { Sentence } from '../questions/facts.ts'
import type { Codec } from '../text/codec.ts'
import { factDocument } from './documents.ts'

/** One token per word, its number the place in this list. */
const words = [' gout', ' is treated with', ' naproxen', ';', 'What?', ' measles', ' vitamin', ' A']
const codec = {
  startTokens: [],
  encode: (text: string): number[] => {
    const tokens: number[] = []
    for (let rest = text; rest !== ''; ) {
      const word = words.find((candidate) => rest.startsWith(candidate))!
      tokens.push(words.indexOf(word))
      rest = rest.slice(word.length)
    }
    return tokens
  },
} as unknown as Codec

const statement: Sentence = [
  { text: ' gout is treated with', role: 'context' },
  { text: ' naproxen', role: 'object' },
  { text: ';', role: 'context' },
]
const answered: Sentence = [
  { text: 'What?', role: 'context' },
  { text: ' measles is treated with', role: 'echo' },
  { text: ' vitamin A', role: 'object' },
  { text: ';', role: 'context' },
]

test('objects weigh 1, what is restated a quarter, the rest the context weight; the first token predicts only', () => {
  expect(factDocument(codec, [statement, answered], 0.02)).toEqual({
    inputTokens: [0, 1, 2, 3, 4, 5, 1, 6, 7],
    targetTokens: [1, 2, 3, 4, 5, 1, 6, 7, 3],
    weights: [0.02, 1, 0.02, 0.02, 0.25, 0.25, 1, 1, 0.02],
  })
})

test('without context weight only what is learnt counts', () => {
  expect(factDocument(codec, [statement], 0).weights).toEqual([0, 1, 0])
})
