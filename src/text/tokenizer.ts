import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { byteAlphabet } from './bpe.ts'
import type { AddedToken, Tokenizer } from './types.ts'

export type { AddedToken, Tokenizer } from './types.ts'

/**
 * Tokens that every tokenizer of ours has, in the order of their ids. Control tokens are flagged special, so decoding
 * can leave them out; the tags of the answer are not, because the reader needs to see them.
 */
export const specialTokens: readonly { readonly content: string; readonly special: boolean }[] = [
  { content: '<|pad|>', special: true },
  { content: '<|im_start|>', special: true },
  { content: '<|im_end|>', special: true },
  { content: '<think>', special: false },
  { content: '</think>', special: false },
  { content: '<answer>', special: false },
  { content: '</answer>', special: false },
]

/** Largest vocabulary that is loaded: four times that of the largest open models (chosen by us). */
const maxVocabSize = 1_000_000

/** Split patterns of the Qwen and Llama 3 families. A pattern is code: an unknown one may take exponential time. */
const knownPatterns: ReadonlySet<string> = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
])

const byteLevelSchema = z.looseObject({ type: z.literal('ByteLevel'), add_prefix_space: z.literal(false) })
const splitSchema = z.looseObject({
  type: z.literal('Split'),
  pattern: z.object({ Regex: z.string().refine((text) => knownPatterns.has(text), 'is not a known split pattern') }),
})
const idSchema = z
  .int()
  .min(0)
  .max(maxVocabSize - 1)
const fileSchema = z.looseObject({
  version: z.literal('1.0'),
  normalizer: z.union([z.null(), z.looseObject({ type: z.literal('NFC') })]),
  pre_tokenizer: z.union([
    byteLevelSchema,
    z.looseObject({ type: z.literal('Sequence'), pretokenizers: z.tuple([splitSchema, byteLevelSchema]) }),
  ]),
  post_processor: z.unknown(),
  decoder: z.looseObject({ type: z.literal('ByteLevel') }),
  added_tokens: z.array(
    z.looseObject({
      id: idSchema,
      content: z.string().min(1),
      special: z.boolean(),
      lstrip: z.literal(false),
      rstrip: z.literal(false),
    }),
  ),
  model: z.looseObject({
    type: z.literal('BPE'),
    // Checked entry by entry below: the names of tokens are data, `__proto__` included.
    vocab: z.custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null,
      'must be an object',
    ),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).max(maxVocabSize),
  }),
})

type TokenizerFile = z.infer<typeof fileSchema>

/** What we use of the library; its own types do not resolve under NodeNext. */
type Library = { encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] } }

const byteOf: ReadonlyMap<string, number> = new Map(byteAlphabet.map((letter, byte) => [letter, byte]))

/**
 * A tokenizer from the parsed content of a Hugging Face `tokenizer.json`: byte-level BPE, run by
 * `@huggingface/tokenizers`.
 *
 * Added tokens are matched first: at each place the longest, and from left to right, anywhere, in words too. Decoding
 * reads them back to back with the byte-level rest, so `decode(encode(text))` is the text.
 *
 * @param json the parsed file, not its text
 * @throws {DataError} when it is not a byte-level BPE of known patterns, or its ids and merges do not fit together
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new DataError(`tokenizer.json: ${issue.path.join('.')}: ${issue.message}`, {
      field: issue.path.join('.'),
      hint: 'only byte-level BPE is supported (Qwen, Llama 3, GPT-2 and our own)',
    })
  }
  const contents = readVocabulary(parsed.data)
  checkMerges(parsed.data)
  const added = [...parsed.data.added_tokens].sort((a, b) => a.id - b.id)
  return wrapLibrary(
    openLibrary(parsed.data),
    contents,
    added.map(({ id, content, special }) => ({ id, content, special })),
  )
}

/** Token by id, after checking that each id and each content is held once and all 256 bytes are there. */
function readVocabulary({ model, added_tokens: addedTokens }: TokenizerFile): Map<number, string> {
  const contents = new Map<number, string>()
  const fail = (message: string): never => {
    throw new DataError(`tokenizer.json: ${message}`)
  }
  const vocab = Object.entries(model.vocab)
  if (vocab.length > maxVocabSize) fail(`${vocab.length} tokens are more than ${maxVocabSize}`)
  for (const [token, id] of vocab) {
    const parsed = idSchema.safeParse(id)
    if (!parsed.success) fail(`token ${formatJson(token)} has no whole id below ${maxVocabSize}`)
    const taken = contents.get(parsed.data!)
    if (taken !== undefined) fail(`tokens ${formatJson(taken)} and ${formatJson(token)} both have id ${parsed.data}`)
    contents.set(parsed.data!, token)
  }
  const seen = new Set<string>()
  for (const { id, content } of addedTokens) {
    const own = Object.hasOwn(model.vocab, content) ? model.vocab[content] : id
    if (own !== id) fail(`added token ${formatJson(content)} has ids ${own} and ${id}`)
    const taken = contents.get(id)
    if (taken !== undefined && taken !== content)
      fail(`${formatJson(taken)} and ${formatJson(content)} both have id ${id}`)
    if (seen.has(content)) fail(`added token ${formatJson(content)} is there twice`)
    seen.add(content)
    contents.set(id, content)
  }
  const missing = byteAlphabet.findIndex((letter) => !Object.hasOwn(model.vocab, letter))
  // The library leaves a byte without a token out of the ids, without a word.
  if (missing >= 0) fail(`there is no token for byte ${missing}`)
  return contents
}

function checkMerges({ model }: TokenizerFile): void {
  model.merges.forEach((merge, index) => {
    const [left = '', right = '', ...more] = typeof merge === 'string' ? merge.split(' ') : merge
    const parts = [left, right, left + right]
    if (left === '' || right === '' || more.length > 0 || !parts.every((part) => Object.hasOwn(model.vocab, part))) {
      throw new DataError(
        `tokenizer.json: merge ${index} (${formatJson(merge)}) joins tokens that are not in the vocabulary`,
      )
    }
  })
}

function openLibrary(file: TokenizerFile): Library {
  try {
    return new LibraryTokenizer(file, {})
  } catch (cause) {
    throw new DataError(`tokenizer.json: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function wrapLibrary(
  library: Library,
  contents: ReadonlyMap<number, string>,
  addedTokens: readonly AddedToken[],
): Tokenizer {
  const added = new Map(addedTokens.map((token) => [token.id, token]))
  const ids = new Map(Array.from(contents, ([id, content]) => [content, id]))
  let vocabSize = 0
  for (const id of contents.keys()) vocabSize = Math.max(vocabSize, id + 1)
  return {
    vocabSize,
    addedTokens,
    idOf: (token) => ids.get(token),
    encode: (text) => {
      const lone = text.search(/\p{Surrogate}/u)
      if (lone >= 0) throw new DataError(`the text has a lone surrogate at ${lone}, which has no UTF-8`)
      return library.encode(text, { add_special_tokens: false }).ids
    },
    decode: (tokens, { skipSpecial = false } = {}) => {
      const texts: string[] = []
      let bytes = ''
      const flush = (): void => {
        if (bytes !== '') texts.push(decodeBytes(bytes))
        bytes = ''
      }
      for (const id of tokens) {
        const content = contents.get(id)
        if (content === undefined) throw new DataError(`token id ${id} is not in the vocabulary of ${contents.size}`)
        const token = added.get(id)
        if (token === undefined) bytes += content
        else if (!(skipSpecial && token.special)) {
          flush()
          texts.push(content)
        }
      }
      flush()
      return texts.join('')
    },
  }
}

/**
 * The text of tokens in the byte alphabet. Our own, because the library's decoder looks every token up in the list of
 * added tokens, one by one (2,000 names cost 7 µs a token), and takes spaces away before punctuation unless told not to.
 */
function decodeBytes(letters: string): string {
  const bytes = Uint8Array.from(letters, (letter) => byteOf.get(letter) ?? unknownLetter(letter))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function unknownLetter(letter: string): never {
  throw new DataError(`tokenizer.json: ${formatJson(letter)} in a token is not a letter of the byte alphabet`)
}
