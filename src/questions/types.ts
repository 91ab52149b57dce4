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

export type Language = 'en' | 'zh'

/** `single`: one right option; `multiple`: one or more; `open`: an answer in words. */
export type ItemForm = 'single' | 'multiple' | 'open'

/** Where a curated item stands: its row in a file of a data set, at a revision. */
export type CuratedOrigin = {
  readonly kind: 'curated'
  /** Name of the source in the registry: `medqa`. */
  readonly source: string
  readonly revision: string
  readonly license: string
  readonly split: 'train' | 'dev' | 'test'
  readonly file: string
  readonly line: number
  /** The data set's own id of the row, where it has one. */
  readonly row: string | null
  /** Data sets that this row was made from by others, as far as the row says so: contamination is inherited. */
  readonly inheritedFrom?: readonly string[]
}

/**
 * Why an option is wrong. `explicit`: a triple says so, or another right answer excludes it; `closed`: the relation is
 * listed whole by its source, so what is not listed is false; `open`: no source says it, which is absence, not proof.
 */
export type OptionRefutation = {
  readonly option: number
  readonly world: 'explicit' | 'closed' | 'open'
  /** One sentence for a reader. */
  readonly reason: string
  /** Triples that the reason rests on; none for a mere absence. */
  readonly triples: readonly TripleId[]
}

/** The subgraph a synthetic item was made from, what it shows and hides, and why its answer is right and alone. */
export type GraphOrigin = {
  readonly kind: 'graph'
  /** Hash of the graph. */
  readonly graph: string
  /** Row of the table of shapes: `finding-disease-drug`. */
  readonly shape: string
  readonly hop: number
  /** All triples of the subgraph, in walking order. */
  readonly triples: readonly TripleId[]
  /** Entities the stem names. */
  readonly given: readonly EntityId[]
  /** Entities of the subgraph that the stem withholds, the asked ones aside. */
  readonly hidden: readonly EntityId[]
  /** Entities asked for: the right options, or every answer that is accepted. */
  readonly asked: readonly EntityId[]
  /** Entities of the options, in the order shown; null for "none of the above". */
  readonly optionEntities: readonly (EntityId | null)[]
  /** Triples that entail the gold. */
  readonly proof: readonly TripleId[]
  readonly refutations: readonly OptionRefutation[]
  readonly rarity: Rarity | 'none'
  readonly writer: 'template' | 'llm'
  /** Names of the sources whose triples were used. */
  readonly sources: readonly string[]
}

/**
 * A question in the form in which data sets exchange it, options as text: curated or made from a graph. What passes
 * refinement is what a model of any size is trained with.
 */
export type Item = {
  readonly id: QuestionId
  readonly form: ItemForm
  readonly language: Language
  readonly stem: string
  /** Text that belongs before the question: an abstract, a case; null where the stem is all. */
  readonly context: string | null
  /** Empty in the open form. */
  readonly options: readonly string[]
  /** Indices of the right options, ascending; empty in the open form. */
  readonly golds: readonly number[]
  /** The right options in words; in the open form every wording that is accepted. */
  readonly answers: readonly string[]
  readonly origin: CuratedOrigin | GraphOrigin
  readonly difficulty?: Difficulty
  /** Subject, topic or category, as the data set names it. */
  readonly subject?: string
  /** The data set's own explanation of the answer. */
  readonly explanation?: string
}

/** A row of a data set that could not become an item: counted by `reason`, shown with `detail`. */
export type DroppedRow = {
  readonly reason: string
  readonly detail: string
  readonly file: string
  readonly line: number
}

export type ReadRow =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'dropped'; readonly row: DroppedRow }

/** What a reader of a data set is told. */
export type QuestionInput = {
  readonly file: string
  /** How items and messages name the file where its path says nothing: `hf:owner/name@commit:path`; else the path. */
  readonly place?: string
  readonly revision: string
  /** Of the file; read from its name or rows where null. */
  readonly split: 'train' | 'dev' | 'test' | null
  /** Number of the first option in the file's gold column, where its rows alone do not show it. */
  readonly answerBase?: 0 | 1
}

/** A data set of questions: one file of code each, one line in the registry. */
export type QuestionSource = {
  readonly name: string
  readonly title: string
  readonly license: string
  readonly language: Language
  /** Repository on the Hub, where there is one. */
  readonly hub: string | null
  /** Folder or word in the paths of its files that tells this set from others of the repository: `pqa_labeled`. */
  readonly hubConfig?: string
  /** `benchmark`: read to keep it out of training, and to evaluate on; never a source of training items. */
  readonly use: 'training' | 'benchmark'
  /** `fixed`: every row has the same options in the same order, so golds may crowd; `spread` unless told. */
  readonly goldPositions?: 'spread' | 'fixed'
  /** `real rows` of the data set, or `written samples` of its documented form. */
  readonly testedOn: 'real rows' | 'written samples'
  /** @throws {DataError} naming file and line when the file is not of this form at all */
  read(input: QuestionInput): AsyncIterable<ReadRow>
}
