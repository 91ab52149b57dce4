import type { Rng } from '../../core/rng.ts'
import type { EntityType } from '../../graph/types.ts'
import type { ItemForm } from '../types.ts'
import type { Shape, StepName } from './shapes.ts'

/** A name as the stem shows it, with the type that decides on its article. */
export type Named = { readonly name: string; readonly type: EntityType }

/** All that a writer of stems may know: the gold is not among it, so it cannot leak. */
export type StemRequest = {
  readonly shape: Shape
  readonly form: ItemForm
  /** What the stem names, each with the step from it; for comparisons what is shared, then what tells apart. */
  readonly given: readonly (Named & { readonly step: StepName })[]
  readonly pair: readonly [Named, Named] | null
  /** Types of the entities between the given ones and the asked one, in walking order. */
  readonly pathTypes: readonly EntityType[]
  readonly answerType: EntityType
  /** Right answers in the graph. */
  readonly rightCount: number
}

/** Writes the text of a stem; the same request and stream give the same text. */
export type StemWriter = (request: StemRequest, rng: Rng) => string
