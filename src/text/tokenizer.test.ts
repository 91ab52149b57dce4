import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { formatJson, parseJson } from '../core/json.ts'
import { createRng } from '../core/rng.ts'
import { trainBpe } from './bpe.ts'
import { cpuMs } from './fixtures/cpu-time.ts'
import { loadTokenizer, type Tokenizer } from './tokenizer.ts'
import { buildTokenizerJson, type TokenizerJson } from './tokenizer-json.ts'

/** What the library's own tokenizer has, as far as these tests ask it. */
type Library = {
  encode(text: string): { readonly ids: number[]; readonly tokens: string[] }
  decode(ids: readonly number[]): string
}

const bytes = trainBpe(new Map(), 0)

function jsonOf(contents: readonly string[], singleWord = false): TokenizerJson {
  const json = buildTokenizerJson(
    bytes,
    contents.map((content, index) => ({ id: 256 + index, content, special: content.startsWith('<|') })),
  )
  return { ...json, added_tokens: json.added_tokens.map((token) => ({ ...token, single_word: singleWord as false })) }
}

/** A tokenizer.json that a test may spoil. */
type Draft = {
  version: unknown
  normalizer: unknown
  pre_tokenizer: unknown
  post_processor: unknown
  added_tokens: Record<string, unknown>[]
  model: Record<string, unknown> & { vocab: Record<string, unknown> }
}

/** A changed copy of a small tokenizer.json. */
function changed(change: (json: Draft) => void, contents: readonly string[] = [' iron']): unknown {
  const json = parseJson(formatJson(jsonOf(contents)), {}) as Draft
  change(json)
  return json
}

const qwenSplit = {
  type: 'Split',
  pattern: {
    Regex:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  },
  behavior: 'Isolated',
  invert: false,
}

function errorOf(action: () => unknown): DataError {
  try {
    action()
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('what @huggingface/tokenizers does with added tokens', () => {
  test.each([false, true])('with single_word %s the longest matches, word boundaries or not', (singleWord) => {
    const library: Library = new LibraryTokenizer(jsonOf([' iron', ' iron deficiency', ' is an'], singleWord), {})
    expect(library.encode(' iron deficiency').tokens).toEqual([' iron deficiency'])
    expect(library.encode(' ironic').tokens).toEqual([' iron', 'i', 'c'])
    expect(library.encode(' iron-rich').tokens.slice(0, 2)).toEqual([' iron', '-'])
    // The leftmost match wins over a longer one that starts later.
    expect(new LibraryTokenizer(jsonOf([' a b', ' b c d']), {}).encode(' a b c d').tokens).toEqual([
      ' a b',
      'Ġ',
      'c',
      'Ġ',
      'd',
    ])
  })

  test('its decode takes spaces before punctuation away, ours does not', () => {
    const json = jsonOf([' iron'])
    const library: Library = new LibraryTokenizer(json, {})
    const tokenizer = loadTokenizer(json)
    expect(library.decode(library.encode('why ?').ids)).toBe('why?')
    expect(tokenizer.decode(tokenizer.encode('why ?'))).toBe('why ?')
  })

  test('with that turned off it decodes any ids as we do', () => {
    const json = jsonOf([' iron', '<think>', '<|pad|>'])
    const library: Library = new LibraryTokenizer(json, { clean_up_tokenization_spaces: false })
    const tokenizer = loadTokenizer(json)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 258 }), { minLength: 1, maxLength: 40 }), (ids) => {
        expect(tokenizer.decode(ids)).toBe(library.decode(ids))
      }),
    )
  })
})

describe('loadTokenizer', () => {
  const tokenizer = loadTokenizer(jsonOf([' iron', '<|pad|>', '<think>', '</think>']))

  test('any text comes back from its ids', () => {
    const pieces = [
      ' iron',
      '<|pad|>',
      '<think>',
      'ironic',
      '\ufeff',
      '\u0000',
      ' ',
      '\r\n',
      '👩‍⚕️',
      'Ġ',
      'é',
      '\u202e',
      '\u0085',
      '  ',
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 12 })
    fc.assert(
      fc.property(text, (parts) => {
        expect(tokenizer.decode(tokenizer.encode(parts.join('')))).toBe(parts.join(''))
      }),
      { numRuns: 1000 },
    )
    expect(tokenizer.encode('')).toEqual([])
    expect(tokenizer.decode([])).toBe('')
  })

  test('added tokens have their ids, the others those of their bytes', () => {
    expect(tokenizer.encode('<think> iron é')).toEqual([258, 256, 32, 0xc3, 0xa9])
    expect(tokenizer.vocabSize).toBe(260)
    expect(tokenizer.idOf(' iron')).toBe(256)
    expect(tokenizer.idOf('Ġ')).toBe(32)
    expect(tokenizer.idOf('constructor')).toBeUndefined()
    expect(tokenizer.addedTokens.map(({ content }) => content)).toEqual([' iron', '<|pad|>', '<think>', '</think>'])
  })

  test('decoding without special tokens keeps the tags', () => {
    const ids = tokenizer.encode('<|pad|><think>a</think><|pad|>')
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('<think>a</think>')
    expect(tokenizer.decode(ids)).toBe('<|pad|><think>a</think><|pad|>')
  })

  test('bytes that are no UTF-8 decode to the replacement character', () => {
    expect(tokenizer.decode([0xc3, 256, 0xa9])).toBe('\ufffd iron\ufffd')
  })

  test('a lone surrogate and an unknown id are refused', () => {
    expect(() => tokenizer.encode('ab\ud800')).toThrow(
      new DataError('the text has a lone surrogate at 2, which has no UTF-8'),
    )
    expect(() => tokenizer.decode([1, 260])).toThrow(/token id 260 is not in the vocabulary/)
    expect(() => tokenizer.decode([-1])).toThrow(DataError)
  })

  test('encoding time grows with the length of hostile text, not with its square', () => {
    const merged = loadTokenizer(buildTokenizerJson(trainBpe(new Map([['a'.repeat(16), 9]]), 20), []))
    const split = loadTokenizer(
      changed((json) => {
        const pretokenizers = [qwenSplit, { ...(json.pre_tokenizer as object), use_regex: false }]
        json.pre_tokenizer = { type: 'Sequence', pretokenizers }
      }),
    )
    for (const [encoder, piece] of [
      ...['a', ' ', ' iro', '<think', 'é', '\n'].map((text) => [tokenizer, text] as const),
      [merged, 'a'] as const,
      ...[' ', '  a', '\n', '!', '\u0301'].map((text) => [split, text] as const),
    ]) {
      const spentMs = (length: number): number => cpuMs(() => encoder.encode(piece.repeat(length / piece.length)))
      spentMs(12_000)
      const growth = Math.min(...[1, 2, 3].map(() => spentMs(48_000) / spentMs(12_000)))
      // Four times the text: linear work grows by 4, quadratic work by 16.
      expect(growth).toBeLessThan(9)
    }
  })

  test('with 2,000 names a megabyte is encoded in a second', () => {
    const { names, text } = namesAndText()
    const tokenizer = loadTokenizer(jsonOf(names))
    const spentMs = cpuMs(() => tokenizer.encode(text))
    expect(names.length).toBeGreaterThan(1990)
    expect(spentMs / (text.length / 1e6)).toBeLessThan(1000)
  })

  test('decoding costs the same with 2,000 names as with ten', () => {
    const { names, text } = namesAndText()
    const perToken = (tokenizer: Tokenizer): number => {
      const ids = tokenizer.encode(text)
      const spentMs = cpuMs(() => {
        for (let round = 0; round < 3; round += 1) expect(tokenizer.decode(ids)).toBe(text)
      })
      return spentMs / ids.length
    }
    perToken(loadTokenizer(jsonOf(names.slice(0, 10))))
    // Looking each token up in a list of the names would make it a hundred times as slow.
    expect(perToken(loadTokenizer(jsonOf(names)))).toBeLessThan(
      10 * perToken(loadTokenizer(jsonOf(names.slice(0, 10)))),
    )
  })
})

/** 2,000 names, and a text of which half the words are such names. */
function namesAndText(): { names: string[]; text: string } {
  const rng = createRng(1, 'speed')
  const word = (): string =>
    Array.from({ length: 3 + rng.int(8) }, () => String.fromCharCode(97 + rng.int(26))).join('')
  const names = [...new Set(Array.from({ length: 2000 }, () => ` ${word()} ${word()}`))]
  const text = Array.from({ length: 30_000 }, () => (rng.int(2) === 0 ? rng.pick(names) : ` ${word()}`)).join('')
  return { names, text }
}

describe('a tokenizer.json that does not fit together', () => {
  const cases: readonly [string, (json: Draft) => void, RegExp][] = [
    ['another model', (json) => Object.assign(json.model, { type: 'Unigram' }), /model\.type/],
    ['another version', (json) => Object.assign(json, { version: '2.0' }), /version/],
    ['no model', (json) => Reflect.deleteProperty(json, 'model'), /model/],
    ['no vocabulary', (json) => Object.assign(json.model, { vocab: null }), /vocab: must be an object/],
    ['an id twice', (json) => Object.assign(json.model.vocab, { a: 98 }), /"a" and "b" both have id 98/],
    ['a negative id', (json) => Object.assign(json.model.vocab, { a: -1 }), /"a" has no whole id/],
    ['an id that is no number', (json) => Object.assign(json.model.vocab, { a: '97' }), /"a" has no whole id/],
    ['an id past the limit', (json) => Object.assign(json.model.vocab, { xy: 5_000_000 }), /"xy" has no whole id/],
    [
      'a merge to an unknown token',
      (json) => Object.assign(json.model, { merges: [['a', 'b']] }),
      /merge 0 \(\["a","b"\]\) joins/,
    ],
    ['a merge of nothing', (json) => Object.assign(json.model, { merges: ['a '] }), /merge 0/],
    ['a merge of three', (json) => Object.assign(json.model, { merges: ['a b c'] }), /merge 0/],
    [
      'an added token with a taken id',
      (json) => Object.assign(json.added_tokens[0]!, { id: 97 }),
      /"a" and " iron" both have id 97/,
    ],
    [
      'an added token without content',
      (json) => Object.assign(json.added_tokens[0]!, { content: '' }),
      /added_tokens\.0\.content/,
    ],
    [
      'an added token that strips spaces',
      (json) => Object.assign(json.added_tokens[0]!, { lstrip: true }),
      /added_tokens\.0\.lstrip/,
    ],
    [
      'an added token twice',
      (json) => json.added_tokens.push({ ...json.added_tokens[0], id: 300 }),
      /" iron" is there twice/,
    ],
    [
      'an added token that is a byte with another id',
      (json) => Object.assign(json.added_tokens[0]!, { content: 'a' }),
      /"a" has ids 97 and 256/,
    ],
    [
      'a hostile pattern',
      (json) =>
        Object.assign(json, {
          pre_tokenizer: {
            type: 'Sequence',
            pretokenizers: [{ type: 'Split', pattern: { Regex: '(a+)+$' } }, json.pre_tokenizer],
          },
        }),
      /pre_tokenizer/,
    ],
    [
      'a split that drops what it splits at',
      (json) =>
        Object.assign(json, {
          pre_tokenizer: {
            type: 'Sequence',
            pretokenizers: [{ ...qwenSplit, behavior: 'Removed' }, json.pre_tokenizer],
          },
        }),
      /pre_tokenizer: Split must be Isolated/,
    ],
    [
      'a space put before the text',
      (json) => Object.assign(json.pre_tokenizer as object, { add_prefix_space: true }),
      /pre_tokenizer: add_prefix_space/,
    ],
    [
      'no pre-tokenizer',
      (json) => Object.assign(json, { pre_tokenizer: null }),
      /pre_tokenizer: none is not supported/,
    ],
    [
      'an added token that wants word boundaries',
      (json) => Object.assign(json.added_tokens[0]!, { single_word: true }),
      /added_tokens\.0\.single_word/,
    ],
    [
      'an added token after a gap',
      (json) => Object.assign(json.added_tokens[0]!, { id: 300 }),
      /" iron" has id 300, but the next free id is 256/,
    ],
    [
      'a normalizer that changes the text',
      (json) => Object.assign(json, { normalizer: { type: 'Lowercase' } }),
      /normalizer/,
    ],
    [
      'an unknown post-processor',
      (json) => Object.assign(json, { post_processor: { type: 'Nonsense' } }),
      /post_processor: Nonsense is not supported/,
    ],
  ]

  test.each(cases)('%s is refused by name', (_, change, message) => {
    expect(() => loadTokenizer(changed(change))).toThrow(message)
    expect(() => loadTokenizer(changed(change))).toThrow(DataError)
  })

  const sentencePiece: readonly [string, (json: Draft) => void, RegExp][] = [
    ['Unigram', (json) => Object.assign(json.model, { type: 'Unigram' }), /model\.type: Unigram is not supported/],
    ['byte fallback', (json) => Object.assign(json.model, { byte_fallback: true }), /model: byte_fallback/],
    [
      'Metaspace',
      (json) => Object.assign(json, { pre_tokenizer: { type: 'Metaspace' } }),
      /Metaspace is not supported/,
    ],
    ['Prepend', (json) => Object.assign(json, { normalizer: { type: 'Prepend' } }), /normalizer: Prepend/],
  ]
  test.each(sentencePiece)(
    'SentencePiece is refused by its %s, and the families that work are named',
    (_, change, message) => {
      const error = errorOf(() => loadTokenizer(changed(change)))
      expect(error.message).toMatch(message)
      expect(error.hint).toMatch(/SentencePiece .*choose a model of another family.*Qwen3/)
    },
  )

  test('a byte without a token is refused in the text that holds it, not before', () => {
    const partial = loadTokenizer(changed((json) => Reflect.deleteProperty(json.model.vocab, 'Ċ'), []))
    expect(partial.encode('a b')).toEqual([97, 32, 98])
    expect(() => partial.encode('a\nb')).toThrow(/no token for byte 0x0a/)
  })

  test.each([null, 3, 'x', [], {}])('%j is refused', (json) => {
    expect(() => loadTokenizer(json)).toThrow(DataError)
  })

  test('without a change it loads, merges as strings or as pairs', () => {
    const merges = { vocab: { ...bytesOf(), ab: 256, abc: 257 }, merges: ['a b', 'ab c'] }
    const load = (list: unknown) =>
      loadTokenizer(changed((json) => Object.assign(json.model, merges, { merges: list }), []))
    expect(load(merges.merges).encode('abcab')).toEqual([257, 256])
    expect(
      load([
        ['a', 'b'],
        ['ab', 'c'],
      ]).encode('abcab'),
    ).toEqual([257, 256])
  })
})

function bytesOf(): Record<string, number> {
  return Object.fromEntries(bytes.vocab)
}
