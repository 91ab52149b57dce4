import type { Brand } from '../core/brand.ts'
import type { RelationPath } from '../graph/paths.ts'
import type { EntityId, EntityType, Rarity, TripleId } from '../graph/types.ts'

export type QuestionId = Brand<string, 'QuestionId'>

/** `easy` counts as simple, `moderate` and `difficult` as hard in the paper's hard : simple mix. */
export type Difficulty = 'easy' | 'moderate' | 'difficult'

export type Split = 'train' | 'held-out-composition' | 'held-out-disease'

export type Option = { readonly entityId: EntityId; readonly label: string }

/** Why an option is wrong: the graph's own evidence, kept with the question. */
export type Refutation = { readonly entityId: EntityId; readonly reason: string }

/** The walk a question was made from. Everything between start and asked entity is hidden from the stem. */
export type QuestionPath = {
  readonly start: EntityId
  readonly steps: readonly string[]
  /** One walk to the gold entity, in order. */
  readonly triples: readonly TripleId[]
  readonly hidden: readonly EntityId[]
  readonly maskedEntity: EntityId
  readonly comparison?: Comparison
}

/** The two diseases of a comparative question and the feature, reached by `step`, that only the chosen one has. */
export type Comparison = {
  readonly chosen: EntityId
  readonly rejected: EntityId
  readonly feature: EntityId
  readonly step: string
}

/** A path, alone or behind the choice between two diseases, before it is worded. */
export type Candidate = { readonly path: RelationPath; readonly comparison?: Comparison }

export type Question = {
  readonly id: QuestionId
  readonly kind: 'forward' | 'comparative'
  readonly split: Split
  readonly hop: number
  readonly difficulty: Difficulty
  readonly rarity: Rarity | 'none'
  readonly stem: string
  readonly answerType: EntityType
  /** Every entity that the path reaches: an open answer may name any of them. */
  readonly acceptedEntityIds: readonly EntityId[]
  /** The multiple-choice twin: exactly one of these is accepted. */
  readonly options: readonly Option[]
  readonly gold: number
  readonly path: QuestionPath
  readonly refutations: readonly Refutation[]
}
