import { readCompletion } from '../../text/answer.ts'
import { exactNameKey, foldedNameKey } from '../../text/entity-name.ts'
import { readAnswer } from '../../text/kinds.ts'
import type { Item } from '../types.ts'

/** What a trial answered: original indices of options, or words for an open item. */
export type GivenAnswer =
  | { readonly kind: 'options'; readonly indices: readonly number[] }
  | { readonly kind: 'words'; readonly text: string }

export type AnswerReading =
  | { readonly kind: 'answer'; readonly answer: GivenAnswer }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Longest answer in words that counts as one (chosen by us: a name, not an essay). */
const MAX_WORDS_CHARS = 200

/**
 * The answer in a reply to an item whose options were shown in some order. It never guesses: the answer stands in one
 * answer block, and is one option, a list of letters, or a short text.
 *
 * @param originals original index of each shown option
 */
export function readGivenAnswer(text: string, item: Item, originals: readonly number[]): AnswerReading {
  const { answer } = readCompletion(text)
  if (answer === null || answer === '') return { kind: 'unreadable', reason: 'no answer block' }
  if (item.form === 'open') {
    if (answer.length > MAX_WORDS_CHARS) return { kind: 'unreadable', reason: 'answer too long' }
    return { kind: 'answer', answer: { kind: 'words', text: answer.replace(/\s+/gu, ' ') } }
  }
  const shown = originals.map((index) => item.options[index]!)
  const value = readAnswer(answer, { kind: item.form === 'single' ? 'choice' : 'choices', options: shown })
  const indices = value.kind === 'letter' ? [value.index] : value.kind === 'letters' ? value.indices : null
  if (indices === null) return { kind: 'unreadable', reason: `answer ${value.kind}` }
  const back = indices.map((index) => originals[index]!).sort((a, b) => a - b)
  return { kind: 'answer', answer: { kind: 'options', indices: back } }
}

/** Whether an answer is the one on the label: the same options, or a wording that is accepted. */
export function isAsLabelled(answer: GivenAnswer, item: Item): boolean {
  if (answer.kind === 'options') {
    return answer.indices.length === item.golds.length && item.golds.every((gold) => answer.indices.includes(gold))
  }
  const exact = exactNameKey(answer.text)
  if (exact === '') return false
  const folded = foldedNameKey(answer.text)
  return item.answers.some((accepted) => exactNameKey(accepted) === exact || foldedNameKey(accepted) === folded)
}

/** The answer in words, for people. */
export function wordsOf(answer: GivenAnswer, item: Item): string {
  return answer.kind === 'words' ? answer.text : answer.indices.map((index) => item.options[index]!).join(' | ')
}
