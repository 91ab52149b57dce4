import type { BpeModel } from './bpe.ts'
import type { AddedToken } from './types.ts'

/** The part of Hugging Face's `tokenizer.json` that we write. */
export type TokenizerJson = {
  readonly version: '1.0'
  readonly truncation: null
  readonly padding: null
  readonly added_tokens: readonly {
    readonly id: number
    readonly content: string
    readonly single_word: false
    readonly lstrip: false
    readonly rstrip: false
    readonly normalized: false
    readonly special: boolean
  }[]
  readonly normalizer: null
  readonly pre_tokenizer: ByteLevel
  readonly post_processor: ByteLevel
  readonly decoder: ByteLevel
  readonly model: {
    readonly type: 'BPE'
    readonly dropout: null
    readonly unk_token: null
    readonly continuing_subword_prefix: null
    readonly end_of_word_suffix: null
    readonly fuse_unk: false
    readonly byte_fallback: false
    readonly ignore_merges: false
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (readonly [string, string])[]
  }
}

type ByteLevel = {
  readonly type: 'ByteLevel'
  readonly add_prefix_space: false
  readonly trim_offsets: false
  readonly use_regex: true
}

const byteLevel: ByteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true }

/**
 * A `tokenizer.json`, version 1.0, of a byte-level BPE: loads here, in Hugging Face's native tokenizers, and in what is
 * built on them. Write it with `formatJson`.
 *
 * `single_word` is false throughout: the native library would then want a non-word character *before* the token's own
 * leading space, so no name would match after a word; `loadTokenizer` refuses the flag.
 */
export function buildTokenizerJson(model: BpeModel, addedTokens: readonly AddedToken[]): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens.map(({ id, content, special }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(model.vocab),
      merges: model.merges,
    },
  }
}
