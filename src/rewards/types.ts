import type { AnswerSpec, AnswerValue, Reading } from '../text/types.ts'

/** How far a number may be from the gold, in the gold's unit; the larger of the two allowances counts. */
export type Tolerance = {
  readonly absolute?: number
  /** Share of the gold's size: 0.05 allows five percent. */
  readonly relative?: number
}

/** How near a number must come: within `tolerance`, or so near that it rounds to the gold at `decimals` places. */
export type NumberPrecision = {
  /** Decimal places of the gold as printed; null where it is exact: whole numbers, scores, counts, fractions. */
  readonly decimals: number | null
  readonly tolerance?: Tolerance
}

/** What is right, by the kind of answer; numbers in the unit of the spec. */
export type Gold =
  /** Any one of these entities. */
  | { readonly kind: 'entities'; readonly ids: readonly string[] }
  /** Exactly these options, as shown, ascending: one for a single choice. */
  | { readonly kind: 'options'; readonly indices: readonly number[] }
  | ({ readonly kind: 'number'; readonly value: number } & NumberPrecision)
  | ({ readonly kind: 'range'; readonly low: number; readonly high: number } & NumberPrecision)
  /** Any wording that the spec lists. */
  | { readonly kind: 'names' }

/** A question as a verifier sees it: how its answer is read, and what is right. Never its prompt. */
export type AnswerTask = { readonly id: string; readonly spec: AnswerSpec; readonly gold: Gold }

/** What a reward may look at: a completion as the one reader reads it, and what counts as right. */
export type Attempt = {
  readonly completion: string
  readonly reading: Reading
  readonly value: AnswerValue
  readonly gold: Gold
}

/** A verifiable training signal. `score` is deterministic and depends on the attempt alone. */
export interface Reward {
  readonly name: string
  /** Smallest and largest value that `score` returns. */
  readonly range: readonly [number, number]
  score(attempt: Attempt): number
}

/** How correctness and format become one number. */
export interface Rule {
  readonly name: RewardRule
  /** Smallest and largest total. */
  readonly range: readonly [number, number]
  /** @param correct 0 or 1 @param wellFormed 0 or 1 */
  total(correct: number, wellFormed: number): number
}

export type RewardRule = 'gated' | 'additive' | 'penalised'

export type RewardParts = { readonly correct: number; readonly format: number; readonly total: number }
