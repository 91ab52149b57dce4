import { DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { splitWords, trainBpe } from './bpe.ts'
import { loadTokenizer, specialTokens as ownSpecialTokens } from './tokenizer.ts'
import { buildTokenizerJson, type TokenizerJson } from './tokenizer-json.ts'
import type { AddedToken, Tokenizer } from './types.ts'

/** Sentences in which each name must come out as its one token; `%` is the name with its space. */
const defaultFrames = ['What is the%?', 'The% is so.']

/** A token that needs more guards than this is a fragment of words, not a name (chosen by us). */
const maxGuardsPerToken = 64

/** The rest of a word after a token that ended inside it: letters and digits, a hyphen only between them. */
const restOfWord = /(?:-?[\p{L}\p{N}\p{M}_])+/uy

export type TokenizerTraining = {
  /** What the byte pairs are learnt from. */
  readonly corpus: Iterable<string>
  /** The most merges to learn. */
  readonly merges: number
  /** Names of entities and relations, each starting with its space: " falciparum malaria". Their order is that of their ids. */
  readonly addedTokens: readonly string[]
  /** Control tokens and tags; ours unless told. */
  readonly specialTokens?: readonly { readonly content: string; readonly special: boolean }[]
  /** Sentences in which every added token is checked, with `%` in its place: those that questions are worded with. */
  readonly frames?: readonly string[]
}

export type TrainedTokenizer = {
  readonly json: TokenizerJson
  readonly tokenizer: Tokenizer
  /** Words of the corpus that begin with a name and go on, added as tokens of their own so that the name does not match in them. */
  readonly guards: readonly string[]
}

/**
 * A byte-level BPE tokenizer with names as whole tokens. Ids: 256 bytes, merges, special tokens, names, guards.
 *
 * The tokenizer matches added tokens at the leftmost place, the longest first, and knows no word boundary: " iron" would
 * match in " ironic" and before "-rich". So each word of the corpus that goes on after a name becomes a token itself (a
 * guard), which is longer and wins, here and in Hugging Face's native library alike. In text with other words a name can
 * still match at the start of a longer word; decoding is exact all the same. A name matches only after its own space and
 * in its own case: not at the start of a text, nor straight after `<answer>` without a space.
 *
 * Words that stand before a name can take part of it: with the name " is the gene of", "What is the gene of" no longer
 * holds the name " gene of". That is why each name is checked in the frames.
 *
 * @throws {DataError} naming the token when one does not start with its one space, is there twice, is a fragment of many
 *   words, or does not come out of a frame as its one id and back as its text
 */
export function trainTokenizer(training: TokenizerTraining): TrainedTokenizer {
  const { corpus, merges, addedTokens, specialTokens = ownSpecialTokens, frames = defaultFrames } = training
  checkNames(addedTokens, specialTokens)
  const { wordCounts, guards } = countWords(corpus, addedTokens, specialTokens)
  const model = trainBpe(wordCounts, merges)
  const contents = [...specialTokens, ...[...addedTokens, ...guards].map((content) => ({ content, special: false }))]
  const added = contents.map(({ content, special }, index) => ({ id: model.vocab.size + index, content, special }))
  const json = buildTokenizerJson(model, added)
  const tokenizer = loadTokenizer(json)
  for (const frame of frames) for (const token of added) verifyToken(tokenizer, token, frame)
  return { json, tokenizer, guards }
}

function checkNames(names: readonly string[], specialTokens: readonly { readonly content: string }[]): void {
  const seen = new Set(specialTokens.map(({ content }) => content))
  if (seen.size < specialTokens.length) throw new DataError('a special token is there twice')
  for (const name of names) {
    const quoted = formatJson(name)
    // Without its space a name would match in the middle of words.
    if (!/^ \S(?:.*\S)?$/u.test(name)) {
      throw new DataError(`added token ${quoted} must be one line that starts with one space and does not end with one`)
    }
    if (/\p{Surrogate}/u.test(name)) throw new DataError(`added token ${quoted} holds a lone surrogate`)
    if (seen.has(name)) throw new DataError(`added token ${quoted} is there twice`)
    const special = specialTokens.find(({ content }) => name.includes(content))
    if (special !== undefined) throw new DataError(`added token ${quoted} holds the special token ${special.content}`)
    seen.add(name)
  }
}

/** The words between the added tokens with their counts, and the guards, in code-unit order. */
function countWords(
  corpus: Iterable<string>,
  names: readonly string[],
  specialTokens: readonly { readonly content: string }[],
): { wordCounts: Map<string, number>; guards: string[] } {
  const wordCounts = new Map<string, number>()
  const guardsByName = new Map<string, Set<string>>()
  const count = (text: string): void => {
    for (const word of splitWords(text)) wordCounts.set(word, (wordCounts.get(word) ?? 0) + 1)
  }
  const isName = new Set(names)
  const pattern = longestFirst([...names, ...specialTokens.map(({ content }) => content)])
  for (const text of corpus) {
    let from = 0
    for (let match = pattern?.exec(text) ?? null; match !== null; match = pattern?.exec(text) ?? null) {
      const name = match[0]
      let end = match.index + name.length
      const rest = isName.has(name) ? restAt(text, end) : ''
      if (rest !== '') addGuard(guardsByName, name, rest)
      end += rest.length
      count(text.slice(from, match.index))
      from = end
      pattern!.lastIndex = end
    }
    count(text.slice(from))
  }
  const guards = [...guardsByName].flatMap(([name, rests]) => [...rests].map((rest) => name + rest))
  return { wordCounts, guards: [...new Set(guards)].sort() }
}

/** Alternatives longest first: what it finds is the leftmost and there the longest, as in the tokenizer. */
function longestFirst(contents: readonly string[]): RegExp | null {
  if (contents.length === 0) return null
  const sorted = [...contents].sort((a, b) => b.length - a.length)
  return new RegExp(sorted.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'gu')
}

function restAt(text: string, at: number): string {
  restOfWord.lastIndex = at
  return restOfWord.exec(text)?.[0] ?? ''
}

function addGuard(guardsByName: Map<string, Set<string>>, name: string, rest: string): void {
  const rests = guardsByName.get(name) ?? new Set<string>()
  guardsByName.set(name, rests.add(rest))
  if (rests.size > maxGuardsPerToken) {
    throw new DataError(`added token ${formatJson(name)} begins more than ${maxGuardsPerToken} longer words`, {
      hint: 'leave it to the byte pairs, or lengthen it',
    })
  }
}

/** The frame must encode to the token's one id between its own ids, and decode to itself. */
function verifyToken(tokenizer: Tokenizer, { id, content }: AddedToken, frame: string): void {
  const [before = '', after = ''] = frame.split('%')
  const text = before + content + after
  const ids = tokenizer.encode(text)
  const expected = [...tokenizer.encode(before), id, ...tokenizer.encode(after)]
  if (ids.length !== expected.length || ids.some((value, index) => value !== expected[index])) {
    const found = ids.map((value) => formatJson(tokenizer.decode([value])))
    throw new DataError(`added token ${formatJson(content)} is not one token in ${formatJson(text)}`, {
      hint: `another added token overlaps it: ${found.join(' ')}`,
    })
  }
  if (tokenizer.decode(ids) !== text) {
    throw new DataError(`added token ${formatJson(content)} does not decode to itself in ${formatJson(text)}`)
  }
}
