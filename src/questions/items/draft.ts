import type { Constraint } from './answers.ts'
import type { Hop } from './reader.ts'
import type { Shape } from './shapes.ts'

/** What a question is made from, before its answers are searched and its text is written. Entities and triples by number. */
export type Draft = {
  readonly shape: Shape
  /**
   * What the stem names, each with the step from it. A comparison or contrast has both diseases in `pair` and here
   * what they share, then what tells them apart.
   */
  readonly given: readonly Constraint[]
  readonly pair: readonly [number, number] | null
  /** What the stem withholds: diagnoses, intermediates, further features. */
  readonly hidden: readonly number[]
  readonly gold: number
  /** Entities walked through from the given ones to the gold, both aside; the diagnosis of a case comes first. */
  readonly path: readonly number[]
  /** All triples of the subgraph, in walking order. */
  readonly triples: readonly number[]
  /** Those that entail the gold. */
  readonly proof: readonly number[]
  /** The last step, and where the drawn walk took it; siblings of that entity give the distractors. */
  readonly last: Hop
  readonly anchor: number
}

/** Why nothing was drawn, in words short enough to count by. */
export type DraftFailure =
  | 'the walk came back to where it had been'
  | 'no second disease shares a finding'
  | 'no feature tells the two diseases apart'
  | 'too few features to withhold one'
  | 'nothing that is shown points at few diseases'

export type DraftResult =
  | { readonly kind: 'draft'; readonly draft: Draft }
  | { readonly kind: 'failed'; readonly reason: DraftFailure }
