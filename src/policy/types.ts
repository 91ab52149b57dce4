import type { Difficulty, QuestionId } from '../questions/types.ts'
import type { AnswerTask } from '../rewards/types.ts'

/** What the failure map sorts questions by. */
export const failureAxes = ['relation', 'hop', 'rarity', 'answerType', 'form', 'language', 'source', 'topic'] as const

export type FailureAxis = (typeof failureAxes)[number]

/**
 * A question as the policy is trained on it, whatever it was made from: what is asked, what is right, and what it is like.
 */
export type TrainingQuestion = {
  readonly id: QuestionId
  readonly difficulty: Difficulty
  /** The user's turn, with options and instruction where there are any. */
  readonly prompt: string
  /** How an answer is read, and what is right. */
  readonly task: AnswerTask
  /** What is right, as `Rollout.answered` words it. */
  readonly acceptedAnswers: readonly string[]
  /** Names of the groups of like questions that it is one of, from narrow to wide; never empty. */
  readonly clusters: readonly string[]
  /** What it counts as on each axis of the failure map; nothing on an axis that says nothing of it. */
  readonly facets: Readonly<Partial<Record<FailureAxis, readonly string[]>>>
}
