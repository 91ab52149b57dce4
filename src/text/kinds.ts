import { readAnswerSet } from './answer-sets.ts'
import { readAnswerValue } from './answer-value.ts'
import { readName } from './kinds-names.ts'
import { readNumber } from './number.ts'
import type { AnswerSpec, AnswerValue } from './types.ts'

/**
 * The value of an answer body, whatever kind of answer is asked for. It never guesses: the whole body is the answer, or
 * the value says why not.
 *
 * @param body what stands between the answer tags; null (no answer) reads as `none`
 * @throws {ConfigError} when a numeric spec names a unit or an analyte that is not in the tables
 */
export function readAnswer(body: string | null, spec: AnswerSpec): AnswerValue {
  if (body === null) return { kind: 'none' }
  switch (spec.kind) {
    case 'choice':
    case 'open':
      return readAnswerValue(body, spec)
    case 'choices':
      return readAnswerSet(body, spec)
    case 'number':
      return readNumber(body, spec)
    case 'names':
      return readName(body, spec)
  }
}

/** A value in a word or two, for logs and reports: "B", "A C", "7.2", an entity's id, or why there is none. */
export function formatAnswer(value: AnswerValue): string {
  switch (value.kind) {
    case 'letter':
      return value.letter
    case 'letters':
      return value.letters.join(' ')
    case 'number':
      return String(value.value)
    case 'range':
      return `${value.low} to ${value.high}`
    case 'entity':
      return value.id
    case 'name':
      return `wording ${value.index + 1}`
    default:
      return value.kind
  }
}
