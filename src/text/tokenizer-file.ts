/** Reading a Hugging Face `tokenizer.json`: what we run of it, and everything else refused by name. */

import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import {
  chainSplitters,
  isKnownPattern,
  splitByDigits,
  splitByGpt2,
  splitByPattern,
  type WordSplitter,
} from './pre-tokenizer.ts'
import type { AddedToken } from './types.ts'

/** Largest vocabulary that is loaded: four times that of the largest open models (chosen by us). */
const maxVocabSize = 1_000_000

const supported = 'byte-level BPE is supported: Llama 3, Qwen2, Qwen2.5, Qwen3, SmolLM2, GPT-2 and our own'
const sentencePieceHint = `this is a SentencePiece tokenizer (Llama 2, Mistral, Gemma, T5); choose a model of another family: ${supported}`

/** Parts that only tokenizers made by SentencePiece have. */
const sentencePieceParts: ReadonlySet<string> = new Set([
  'Unigram',
  'Metaspace',
  'Prepend',
  'Replace',
  'Precompiled',
  'ByteFallback',
  'Fuse',
  'Strip',
])

const idSchema = z
  .int()
  .min(0)
  .max(maxVocabSize - 1)
const partSchema = z.looseObject({ type: z.string() })
const empty = z.union([z.null(), z.literal('')]).optional()
const fileSchema = z.looseObject({
  version: z.literal('1.0'),
  normalizer: partSchema.nullable(),
  pre_tokenizer: partSchema.nullable(),
  post_processor: partSchema.nullable(),
  decoder: partSchema.nullable(),
  added_tokens: z.array(
    z.looseObject({
      id: idSchema,
      content: z.string().min(1),
      special: z.boolean(),
      lstrip: z.literal(false).optional(),
      rstrip: z.literal(false).optional(),
      single_word: z.literal(false).optional(),
      normalized: z.boolean().optional(),
    }),
  ),
  model: z.looseObject({
    type: z.string(),
    // Checked entry by entry below: the names of tokens are data, `__proto__` included.
    vocab: z.custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null,
      'must be an object',
    ),
    // Checked entry by entry below, since a schema takes as long for 150,000 merges as everything else together.
    merges: z.array(z.unknown()).max(maxVocabSize),
    dropout: z.literal(0).nullish(),
    continuing_subword_prefix: empty,
    end_of_word_suffix: empty,
    ignore_merges: z.boolean().nullish(),
  }),
})
type Part = z.infer<typeof partSchema>

/** What a `tokenizer.json` says, checked. */
export type TokenizerParts = {
  readonly isNfc: boolean
  readonly split: WordSplitter
  readonly vocab: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
  readonly ignoreMerges: boolean
  /** By ascending id. `isNormalized`: looked for in the normalised text, after the others. */
  readonly addedTokens: readonly (AddedToken & { readonly isNormalized: boolean })[]
  /** Token by id: added tokens as text, the others in the byte alphabet. */
  readonly contents: ReadonlyMap<number, string>
}

/**
 * The parts of a tokenizer from the parsed content of its `tokenizer.json`.
 *
 * The post-processor is checked but not run: a chat template writes its own first token.
 *
 * @throws {DataError} naming the part that is not supported, or the ids and merges that do not fit together
 */
export function parseTokenizerFile(json: unknown): TokenizerParts {
  refuseOtherModels(json)
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    fail(issue.message, issue.path.join('.'))
  }
  const { model, added_tokens: added, ...parts } = parsed.data
  const isNfc = readNormalizer(parts.normalizer)
  const split = readPreTokenizer(parts.pre_tokenizer)
  checkPostProcessor(parts.post_processor)
  if (parts.decoder?.type !== 'ByteLevel') refusePart('decoder', parts.decoder)
  const vocab = readVocabulary(model.vocab)
  const addedTokens = added
    .map(({ id, content, special, normalized }) => ({ id, content, special, isNormalized: normalized ?? !special }))
    .sort((a, b) => a.id - b.id)
  return {
    isNfc,
    split,
    vocab,
    merges: readMerges(model.merges, vocab),
    ignoreMerges: model.ignore_merges ?? false,
    addedTokens,
    contents: readContents(vocab, addedTokens),
  }
}

function fail(message: string, field?: string, hint = supported): never {
  throw new DataError(`tokenizer.json: ${field === undefined ? '' : `${field}: `}${message}`, {
    ...(field === undefined ? {} : { field }),
    hint,
  })
}

function refusePart(field: string, part: Part | null): never {
  const name = part === null ? 'none' : part.type
  fail(`${name} is not supported`, field, sentencePieceParts.has(name) ? sentencePieceHint : supported)
}

/** The kind of model is asked first: whoever brings another one should read that and not which field it lacks. */
function refuseOtherModels(json: unknown): void {
  const parsed = z.looseObject({ model: partSchema }).safeParse(json)
  if (!parsed.success) return
  const { model } = parsed.data
  if (model.type !== 'BPE') refusePart('model.type', model)
  if (model.byte_fallback === true) fail('byte_fallback is not supported', 'model', sentencePieceHint)
}

function readNormalizer(part: Part | null): boolean {
  if (part === null) return false
  if (part.type === 'NFC') return true
  if (part.type !== 'Sequence') refusePart('normalizer', part)
  return partsOf(part, 'normalizers', 'normalizer').map(readNormalizer).includes(true)
}

function readPreTokenizer(part: Part | null): WordSplitter {
  const field = 'pre_tokenizer'
  const steps = part?.type === 'Sequence' ? partsOf(part, 'pretokenizers', field) : part === null ? [] : [part]
  const last = steps.at(-1)
  if (last?.type !== 'ByteLevel') refusePart(field, last ?? null)
  if (last.add_prefix_space === true) fail('add_prefix_space is not supported', field)
  const before = steps.slice(0, -1).map((step): WordSplitter => {
    if (step.type === 'Digits') return splitByDigits(step.individual_digits === true)
    if (step.type !== 'Split') refusePart(field, step)
    const pattern = z.object({ Regex: z.string() }).safeParse(step.pattern)
    if (!pattern.success || !isKnownPattern(pattern.data.Regex)) fail('this is not a known split pattern', field)
    if (step.behavior !== 'Isolated' || step.invert === true) fail('Split must be Isolated, not inverted', field)
    return splitByPattern(pattern.data.Regex)
  })
  return chainSplitters(last.use_regex === false ? before : [...before, splitByGpt2])
}

function checkPostProcessor(part: Part | null): void {
  if (part === null || part.type === 'ByteLevel' || part.type === 'TemplateProcessing') return
  if (part.type !== 'Sequence') refusePart('post_processor', part)
  for (const step of partsOf(part, 'processors', 'post_processor')) checkPostProcessor(step)
}

function partsOf(part: Part, key: string, field: string): Part[] {
  const parsed = z.array(partSchema).safeParse(part[key])
  return parsed.success ? parsed.data : fail(`${key} must be a list of objects with a type`, field)
}

function readVocabulary(vocab: Readonly<Record<string, unknown>>): Map<string, number> {
  const entries = Object.entries(vocab)
  if (entries.length > maxVocabSize) fail(`${entries.length} tokens are more than ${maxVocabSize}`)
  const ids = new Map<string, number>()
  for (const [token, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= maxVocabSize) {
      fail(`token ${formatJson(token)} has no whole id below ${maxVocabSize}`)
    }
    ids.set(token, id)
  }
  return ids
}

/** Token by id, after checking that each id and each content is held once. */
function readContents(vocab: ReadonlyMap<string, number>, addedTokens: readonly AddedToken[]): Map<number, string> {
  const contents = new Map<number, string>()
  const put = (id: number, content: string): void => {
    const taken = contents.get(id)
    if (taken !== undefined && taken !== content) {
      fail(`tokens ${formatJson(taken)} and ${formatJson(content)} both have id ${id}`)
    }
    contents.set(id, content)
  }
  for (const [token, id] of vocab) put(id, token)
  const seen = new Set<string>()
  let nextId = vocab.size
  for (const { id, content } of addedTokens) {
    const own = vocab.get(content) ?? id
    if (own !== id) fail(`added token ${formatJson(content)} has ids ${own} and ${id}`)
    if (seen.has(content)) fail(`added token ${formatJson(content)} is there twice`)
    seen.add(content)
    put(id, content)
    if (vocab.has(content)) continue
    // The native library counts on by itself, whatever the file says: with a gap it would read other ids than we do.
    if (id !== nextId) fail(`added token ${formatJson(content)} has id ${id}, but the next free id is ${nextId}`)
    nextId += 1
  }
  return contents
}

function readMerges(merges: readonly unknown[], vocab: ReadonlyMap<string, number>): (readonly [string, string])[] {
  return merges.map((merge, index) => {
    const parts: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
    const [left, right] = parts
    if (typeof left !== 'string' || typeof right !== 'string' || parts.length !== 2 || left === '' || right === '') {
      fail(`merge ${index} (${formatJson(merge)}) is not a pair of tokens`)
    }
    if (!vocab.has(left) || !vocab.has(right) || !vocab.has(left + right)) {
      fail(`merge ${index} (${formatJson(merge)}) joins tokens that are not in the vocabulary`)
    }
    return [left, right]
  })
}
