import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { formatJson, parseJson } from '../core/json.ts'
import { splitWords, trainBpe } from './bpe.ts'
import { loadTokenizer, specialTokens } from './tokenizer.ts'
import { trainTokenizer } from './tokenizer-trainer.ts'

const corpus = [
  'Which drug is the first-line drug for falciparum malaria? <think> falciparum malaria is first treated with artesunate',
  'Irony: an ironic remark about iron deficiency, iron-rich food and iron.</think><answer> iron</answer>',
  'Sjögren’s syndrome; β-thalassaemia, 肝炎 and naïve T cells, T cells, T cells.',
  'The constructor of __proto__ is not a disease, is not a disease, is not a disease.',
]
const addedTokens = [
  ' iron',
  ' falciparum malaria',
  ' is first treated with',
  ' first-line drug for',
  ' artesunate',
  ' iron deficiency',
]
const trained = trainTokenizer({ corpus, merges: 120, addedTokens })

describe('trainTokenizer', () => {
  test('ids are bytes, merges, special tokens, names, guards', () => {
    const { tokenizer, json, guards } = trained
    const first = 256 + json.model.merges.length
    const ours = specialTokens.map(({ content }) => content)
    expect([...ours, ...addedTokens, ...guards].map((token) => tokenizer.idOf(token))).toEqual(
      Array.from({ length: ours.length + addedTokens.length + guards.length }, (_, index) => first + index),
    )
    expect(tokenizer.vocabSize).toBe(first + ours.length + addedTokens.length + guards.length)
    expect(json.added_tokens.filter(({ special }) => special).map(({ content }) => content)).toEqual([
      '<|pad|>',
      '<|im_start|>',
      '<|im_end|>',
    ])
  })

  test('each word of the corpus has in the library the ids that it had in training', () => {
    const words = [
      'fever',
      ' fever',
      ' feverish',
      ' malaria',
      'aaa',
      ' naïve',
      '肝炎',
      '…',
      ' constructor',
      '  ',
      '12',
      "'s",
      ' T',
      ' cells',
    ]
    const counts = new Map(words.map((word, index) => [word, 2 + (index % 3)]))
    const { segments, merges } = trainBpe(counts, 200)
    const { tokenizer, json } = trainTokenizer({
      corpus: words.flatMap((word) => Array.from({ length: counts.get(word)! }, () => word)),
      merges: 200,
      addedTokens: [],
    })
    expect(json.model.merges).toEqual(merges)
    for (const word of words.filter((text) => splitWords(text).length === 1)) {
      expect(tokenizer.encode(word)).toEqual(segments.get(word))
    }
  })

  test('any small corpus is segmented by the library as by the trainer', () => {
    const word = fc.stringMatching(/^ ?[abcd]{1,9}$/)
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), fc.integer({ min: 0, max: 60 }), (words, merges) => {
        const counts = new Map<string, number>()
        for (const item of words) counts.set(item, (counts.get(item) ?? 0) + 1)
        const { segments } = trainBpe(counts, merges)
        const { tokenizer } = trainTokenizer({ corpus: words, merges, addedTokens: [] })
        for (const [item, ids] of segments) expect(tokenizer.encode(item)).toEqual(ids)
      }),
      { numRuns: 60 },
    )
  })

  test('a name is one token and not part of a longer word of the corpus', () => {
    const { tokenizer, guards } = trained
    expect(guards).toEqual([' iron-rich', ' ironic'])
    const id = (token: string) => tokenizer.idOf(token)
    expect(tokenizer.encode(' iron.')).toEqual([id(' iron'), id('.')])
    expect(tokenizer.encode(' iron deficiency')).toEqual([id(' iron deficiency')])
    expect(tokenizer.encode(' ironic')).toEqual([id(' ironic')])
    expect(tokenizer.encode(' iron-rich')).toEqual([id(' iron-rich')])
    // Not in the corpus, so not guarded: the name matches, and decoding is exact all the same.
    expect(tokenizer.encode(' ironed')[0]).toBe(id(' iron'))
    expect(tokenizer.decode(tokenizer.encode(' ironed'))).toBe(' ironed')
    // Without its space, or in another case, a name is spelt.
    expect(tokenizer.encode('iron')).not.toContain(id(' iron'))
    expect(tokenizer.encode(' Iron')).not.toContain(id(' iron'))
  })

  test('a name before a possessive, a full stop, a trailing hyphen or a tag needs no guard', () => {
    const texts = [" Wilson's", ' Wilson.', ' Wilson- ', ' Wilson</answer>', ' Wilson, Wilson', ' Wilson']
    expect(trainTokenizer({ corpus: texts, merges: 0, addedTokens: [' Wilson'] }).guards).toEqual([])
    expect(
      trainTokenizer({ corpus: [' Wilsonian', ' Wilson-like'], merges: 0, addedTokens: [' Wilson'] }).guards,
    ).toEqual([' Wilson-like', ' Wilsonian'])
  })

  test('byte pairs are learnt between the names only: not from the longest name, nor from a guard', () => {
    const mergesOf = (text: string, names: string[]) =>
      trainTokenizer({ corpus: Array.from({ length: 9 }, () => text), merges: 50, addedTokens: names }).json.model
        .merges
    expect(mergesOf(' xyz xyz', [' xyz'])).toEqual([])
    expect(mergesOf(' xyz uvw', [' xyz', ' xyz uvw'])).toEqual([])
    expect(mergesOf(' xyzuvw', [' xyz'])).toEqual([])
    expect(mergesOf(' xyz uv', [' xyz'])).toEqual([
      ['Ġ', 'u'],
      ['Ġu', 'v'],
    ])
  })

  test('the corpus and hostile strings come back from their ids', () => {
    const { tokenizer } = trained
    for (const text of corpus) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
    const pieces = [
      ...addedTokens,
      ...specialTokens.map(({ content }) => content),
      ' ironic',
      ' ',
      '-',
      'iron',
      '\ufeff',
      '\u200b',
      '\ufffd',
      '👨‍👩‍👧',
      '\u0000',
      '< think>',
    ]
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 10 }),
        (parts) => {
          const text = parts.join('')
          expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('the same corpus gives the same bytes, and the file loads to the same tokenizer', () => {
    const again = trainTokenizer({
      corpus: (function* () {
        yield* corpus
      })(),
      merges: 120,
      addedTokens,
    })
    expect(formatJson(again.json)).toBe(formatJson(trained.json))
    const loaded = loadTokenizer(parseJson(formatJson(trained.json), {}))
    for (const text of corpus) expect(loaded.encode(text)).toEqual(trained.tokenizer.encode(text))
    expect(loaded.addedTokens).toEqual(trained.tokenizer.addedTokens)
  })

  test('a word that the corpus repeats becomes one token, a word that it has once does not', () => {
    const lengths = [' disease', ' cells', ' remark', ' syndrome'].map((word) => trained.tokenizer.encode(word).length)
    expect(lengths.slice(0, 2)).toEqual([1, 1])
    for (const length of lengths.slice(2)) expect(length).toBeGreaterThan(1)
  })
})

describe('an added token that cannot be one token is refused by name', () => {
  const cases: readonly [string, string[], RegExp][] = [
    ['without its space', ['iron'], /"iron" must be one line that starts with one space/],
    ['with two spaces', ['  iron'], /must be one line/],
    ['with a space at the end', [' iron '], /must be one line/],
    ['of two lines', [' iron\nlung'], /must be one line/],
    ['empty', [''], /added token "" must/],
    ['twice', [' iron', ' iron'], /" iron" is there twice/],
    ['with a tag in it', [' iron<think>'], /holds the special token <think>/],
    ['with a lone surrogate', [' a\ud800b'], /lone surrogate/],
    ['overlapped by a longer one', [' iron', ' iron?'], /" iron" is not one token in "What is the iron\?"/],
  ]
  test.each(cases)('%s', (_, tokens, message) => {
    expect(() => trainTokenizer({ corpus: [], merges: 0, addedTokens: tokens })).toThrow(message)
    expect(() => trainTokenizer({ corpus: [], merges: 0, addedTokens: tokens })).toThrow(DataError)
  })

  test('one that the words before it take part of, in any frame that is asked for', () => {
    const tokens = [' is the gene mutated in', ' gene mutated in']
    const train = (frames?: string[]) =>
      trainTokenizer({ corpus: [], merges: 0, addedTokens: tokens, ...(frames === undefined ? {} : { frames }) })
    expect(() => train()).toThrow('added token " gene mutated in" is not one token in "What is the gene mutated in?"')
    expect(() => train(['Name the%.', 'This is the%.'])).toThrow(/in "This is the gene mutated in\."/)
    expect(train(['Name the%.']).tokenizer.addedTokens).toHaveLength(9)
  })

  test('a fragment that begins many words', () => {
    const words = Array.from({ length: 65 }, (_, index) => ` a${String.fromCharCode(98 + (index % 20))}${index}`)
    expect(() => trainTokenizer({ corpus: words, merges: 0, addedTokens: [' a'] })).toThrow(
      /" a" begins more than 64 longer words/,
    )
    expect(trainTokenizer({ corpus: words.slice(1), merges: 0, addedTokens: [' a'] }).guards).toHaveLength(64)
  })

  test('a special token that is there twice', () => {
    const special = { content: '<s>', special: true }
    expect(() => trainTokenizer({ corpus: [], merges: 0, addedTokens: [], specialTokens: [special, special] })).toThrow(
      /special token is there twice/,
    )
  })
})
