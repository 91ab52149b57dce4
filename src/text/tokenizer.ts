import { DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { createTokenSplitter } from './added-tokens.ts'
import { byteAlphabet } from './bpe.ts'
import { createBpeEncoder } from './bpe-encoder.ts'
import { parseTokenizerFile, type TokenizerParts } from './tokenizer-file.ts'
import type { Tokenizer } from './types.ts'

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

const byteOf: ReadonlyMap<string, number> = new Map(byteAlphabet.map((letter, byte) => [letter, byte]))

/**
 * A tokenizer from the parsed content of a Hugging Face `tokenizer.json`: the byte-level BPE of the Llama 3, Qwen,
 * SmolLM2 and GPT-2 families and our own, with the ids of Hugging Face's native library.
 *
 * Added tokens are matched first: at each place the longest, and from left to right, anywhere, in words too. Decoding
 * reads them back to back with the byte-level rest, so `decode(encode(text))` is the text, in NFC where the file asks
 * for NFC. Letters and digits are those of the running Node's Unicode version: characters newer than that of the native
 * library may be cut into words differently.
 *
 * @param json the parsed file, not its text
 * @throws {DataError} when it is not a byte-level BPE of known patterns, or its ids and merges do not fit together
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const parts = parseTokenizerFile(json)
  const { addedTokens, contents, vocab } = parts
  const added = new Map(addedTokens.map((token) => [token.id, token]))
  const addedIds = new Map(addedTokens.map((token) => [token.content, token.id]))
  let vocabSize = 0
  for (const id of contents.keys()) vocabSize = Math.max(vocabSize, id + 1)
  const encode = createEncoder(parts)
  return {
    vocabSize,
    addedTokens: addedTokens.map(({ id, content, special }) => ({ id, content, special })),
    idOf: (token) => addedIds.get(token) ?? vocab.get(token),
    encode: (text) => {
      const lone = text.search(/\p{Surrogate}/u)
      if (lone >= 0) throw new DataError(`the text has a lone surrogate at ${lone}, which has no UTF-8`)
      return encode(text)
    },
    decode: (tokens, { skipSpecial = false, unknown } = {}) => {
      const texts: string[] = []
      let bytes = ''
      const flush = (): void => {
        if (bytes !== '') texts.push(decodeBytes(bytes))
        bytes = ''
      }
      for (const id of tokens) {
        const content = contents.get(id)
        if (content === undefined) {
          if (unknown === undefined) throw new DataError(`token id ${id} is not in the vocabulary of ${contents.size}`)
          flush()
          texts.push(unknown)
          continue
        }
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

/** Text to ids: raw added tokens, then normalising, then the added tokens of normalised text, then words, then merges. */
function createEncoder(parts: TokenizerParts): (text: string) => number[] {
  const normalize = (text: string): string => (parts.isNfc ? text.normalize('NFC') : text)
  const tokensWhere = (isNormalized: boolean): Map<string, number> =>
    new Map(
      parts.addedTokens
        .filter((token) => token.isNormalized === isNormalized)
        .map(({ content, id }) => [isNormalized ? normalize(content) : content, id]),
    )
  const cutRaw = createTokenSplitter(tokensWhere(false))
  const cutNormalized = createTokenSplitter(tokensWhere(true))
  const encodeWord = createBpeEncoder(parts)
  return (text) => {
    const ids: number[] = []
    for (const raw of cutRaw(text)) {
      for (const section of typeof raw === 'number' ? [raw] : cutNormalized(normalize(raw))) {
        if (typeof section === 'number') ids.push(section)
        else for (const word of parts.split(section)) for (const id of encodeWord(word)) ids.push(id)
      }
    }
    return ids
  }
}

/** The text of tokens in the byte alphabet. */
function decodeBytes(letters: string): string {
  const bytes = Uint8Array.from(letters, (letter) => byteOf.get(letter) ?? unknownLetter(letter))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function unknownLetter(letter: string): never {
  throw new DataError(`tokenizer.json: ${formatJson(letter)} in a token is not a letter of the byte alphabet`)
}
