import type { Rarity } from '../graph/types.ts'
import type { QuestionId, Split } from '../questions/types.ts'

/** One question answered greedily: everything the scores are computed from. */
export type AnswerRecord = {
  readonly questionId: QuestionId
  readonly split: Split
  readonly hop: number
  readonly rarity: Rarity | 'none'
  readonly completion: string
  /** The entity answered, or how the answer could not be read. */
  readonly answered: string
  readonly unparsed: boolean
  /** Open form: the answer names an accepted entity. */
  readonly correct: boolean
  /** Multiple-choice twin: the answer names the right option. */
  readonly choiceCorrect: boolean
  /** The answer names none of the options. */
  readonly choiceUnmatched: boolean
  readonly groundedSteps: number
  readonly checkableSteps: number
  /** Right, but the supported steps of its reasoning do not lead from the question to the answer. */
  readonly rightForWrongReason: boolean
}

export type Interval = readonly [low: number, high: number]

/** A score: never an accuracy without its n, interval and count of unparsed answers. */
export type Score = {
  readonly n: number
  readonly correct: number
  readonly accuracy: number
  readonly interval: Interval
  readonly unparsed: number
  /** Share of checkable reasoning steps that are triples of the graph; null without any. */
  readonly groundedStepRate: number | null
  /** Share of right answers whose reasoning does not lead to them; null without a right answer. */
  readonly rightForWrongReason: number | null
}

/** Two checkpoints on the same questions: which flipped, and McNemar's exact p. */
export type Paired = {
  readonly n: number
  readonly gained: number
  readonly lost: number
  readonly difference: number
  readonly p: number
}
