import { expect, test } from 'vitest'
import { createCodec } from './codec.ts'
import { trainTokenizer } from './tokenizer-trainer.ts'

const question = 'What is the first-line drug for falciparum malaria?'
const completion = ' falciparum malaria is first treated with artesunate;</think><answer> artesunate</answer>'
const names = [' falciparum malaria', ' first-line drug for', ' is first treated with', ' artesunate']
const { tokenizer } = trainTokenizer({ corpus: [question, question], merges: 40, addedTokens: names })
const codec = createCodec(tokenizer)
const id = (token: string) => tokenizer.idOf(token)!

test('a prompt is the question and the opened thinking, a completion ends with the end token', () => {
  expect(codec.prompt(question)).toEqual([
    ...tokenizer.encode('What is the'),
    id(' first-line drug for'),
    id(' falciparum malaria'),
    id('?'),
    id('<think>'),
  ])
  expect(codec.completion(completion)).toEqual([
    ...[
      ' falciparum malaria',
      ' is first treated with',
      ' artesunate',
      ';',
      '</think>',
      '<answer>',
      ' artesunate',
      '</answer>',
      '<|im_end|>',
    ].map(id),
  ])
  expect(codec.endToken).toBe(id('<|im_end|>'))
})

test('the text of sampled tokens is the completion without its end token, and only without that', () => {
  expect(codec.completionText(codec.completion(completion))).toBe(completion)
  expect(codec.completionText(codec.encode(completion))).toBe(completion)
  expect(codec.completionText([codec.endToken, codec.endToken])).toBe('<|im_end|>')
})

test('a tokenizer without an end token is refused', () => {
  const without = trainTokenizer({ corpus: [], merges: 0, addedTokens: [], specialTokens: [] }).tokenizer
  expect(() => createCodec(without)).toThrow(/the tokenizer has no <\|im_end\|>/)
})

test('an id that the tokenizer lacks is shown as U+FFFD, since models are padded beyond their tokenizer', () => {
  const padded = [...codec.encode('the rash'), tokenizer.vocabSize + 3, ...codec.encode(' of')]
  expect(codec.completionText(padded)).toBe('the rash\uFFFD of')
  expect(() => tokenizer.decode(padded)).toThrow('is not in the vocabulary')
})

test('plain text starts with nothing, or with the token that the model starts with', () => {
  expect(codec.startTokens).toEqual([])
  expect(createCodec(tokenizer, undefined, { startToken: 7 }).startTokens).toEqual([7])
})
