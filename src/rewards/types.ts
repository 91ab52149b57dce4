import type { AnswerValue, Reading } from '../text/types.ts'

/** What a reward may look at: a completion as the one reader reads it, and the entities that count as right. */
export type Attempt = {
  readonly completion: string
  readonly reading: Reading
  readonly value: AnswerValue
  readonly acceptedIds: readonly string[]
}

/** A verifiable training signal. `score` is deterministic and depends on the attempt alone. */
export interface Reward {
  readonly name: string
  /** Smallest and largest value that `score` returns. */
  readonly range: readonly [number, number]
  score(attempt: Attempt): number
}
