import { DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import type { Step } from '../graph/schema.ts'
import { withoutOptions } from './shown-options.ts'

/** Frames a stem is worded with; `%` stands for the chain of noun phrases. */
export const stemFrames = ['What is the%?', 'Name the%.', 'State the%.', 'Which is the%?'] as const

/**
 * The stem of a question: the chain of phrases in reading order (last step first) about `subject`, in the frame that
 * belongs to this question.
 *
 * @param steps the steps of the path, in walking order
 * @param subject what the first step starts from, with its leading space: " measles"
 */
export function wordStem(steps: readonly Step[], subject: string, key: string): string {
  const chain = [...steps]
    .reverse()
    .map((step) => step.phrase)
    .join(' the')
  const frame = createRng('wording', key).pick(stemFrames)
  return frame.replace('%', () => `${chain}${subject}`)
}

/** " whichever of <a> and <b> has the hallmark <feature>": the subject of a comparative question. */
export function wordComparison(labels: readonly [string, string], step: Step, feature: string): string {
  return ` whichever of ${labels[0]} and ${labels[1]}${step.statement} ${feature}`
}

/** "measles has the hallmark Koplik spots": a triple as a sentence, with a space before the head. */
export function wordStatement(step: Step, head: string, tail: string): string {
  return ` ${head}${step.statement} ${tail}`
}

/**
 * The stem as the opening of a statement, "The first-line drug for measles is": the wording in which a model that only
 * knows facts can be asked. Options behind the stem are left out.
 */
export function openStatement(asked: string): string {
  const stem = withoutOptions(asked)
  for (const frame of stemFrames) {
    const [opening = '', closing = ''] = frame.split('%')
    if (stem.startsWith(opening) && stem.endsWith(closing))
      return `The${stem.slice(opening.length, stem.length - closing.length)} is`
  }
  throw new DataError(`the stem "${stem}" has none of the frames that questions are worded with`)
}

const letterOrDigit = /[\p{L}\p{N}]/u
const han = /\p{Script=Han}/u

/**
 * Where a text holds a name as whole words, from a place on, or -1. Chinese is written without spaces, so a name may
 * touch Chinese characters on either side: "fever" and "发热" both stand in "患者出现fever和发热".
 *
 * @param text in lower case
 * @param name in lower case
 */
export function placeOfName(text: string, name: string, from = 0): number {
  if (name === '') return -1
  const [first, last] = [name[0]!, name[name.length - 1]!]
  for (let at = text.indexOf(name, from); at >= 0; at = text.indexOf(name, at + 1)) {
    if (isOutside(text[at - 1], first) && isOutside(text[at + name.length], last)) return at
  }
  return -1
}

/** True when the character beside a name is no part of its word. */
function isOutside(beside = '', edge = ''): boolean {
  return !letterOrDigit.test(beside) || han.test(beside) || han.test(edge)
}

/** True when the stem holds one of the names as whole words, letter case aside: "C1 inhibitor" in "low C1 inhibitor activity". */
export function holdsName(stem: string, names: readonly string[]): boolean {
  const text = stem.toLowerCase()
  return names.some((name) => placeOfName(text, name.toLowerCase()) >= 0)
}
