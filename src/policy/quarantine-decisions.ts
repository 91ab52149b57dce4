import { contentId, sha256Hex } from '../core/hash.ts'
import { canonicalJson } from '../core/json.ts'
import type { DisputeCase, DisputeState } from '../questions/refine/disputes.ts'
import type { Question } from '../questions/types.ts'

/** What people decided about the training questions of a run; what nobody decided about is in neither set. */
export type Decisions = {
  /** Labels found right: trained on, and never suspects again. */
  readonly kept: ReadonlySet<string>
  /** Questions found indefensible: stage 2 neither sweeps them nor trains on them. */
  readonly removed: ReadonlySet<string>
}

/** Nobody has decided anything. */
export const noDecisions: Decisions = { kept: new Set(), removed: new Set() }

/** A question in the open form in which the policy was asked, as the dispute queue keeps it, and the hash of that. */
export function labelOfQuestion(
  { stem, acceptedEntityIds }: Pick<Question, 'stem' | 'acceptedEntityIds'>,
  labelOf: (entityId: string) => string,
): {
  readonly label: Pick<DisputeCase['shown'], 'form' | 'stem' | 'context' | 'options' | 'golds' | 'answers'>
  readonly content: string
} {
  const answers = acceptedEntityIds.map(labelOf)
  const label = { form: 'open' as const, stem, context: null, options: [], golds: [], answers }
  return { label, content: contentId('label', label) }
}

/**
 * What the dispute queue says of these questions. A decision about another wording or another label of the same question
 * decides nothing here.
 *
 * @param contentOf hash of what a question asks and how it is labelled, as its case would hold it
 */
export function decisionsOn(
  questions: readonly Pick<Question, 'id'>[],
  state: DisputeState,
  contentOf: (questionId: string) => string,
): Decisions {
  const [kept, removed] = [new Set<string>(), new Set<string>()]
  if (state.size === 0) return noDecisions
  for (const question of questions) {
    const dispute = state.get(question.id)
    const decided = dispute?.decision?.decision.kind
    if (decided === undefined || dispute!.case.content !== contentOf(question.id)) continue
    if (decided === 'remove') removed.add(question.id)
    else kept.add(question.id)
  }
  return { kept, removed }
}

/**
 * The hash of decisions, whoever took them, when and why; null when there are none, so that a run that nobody reviewed has
 * the manifests of one that raised nothing.
 */
export function hashDecisions({ kept, removed }: Decisions): string | null {
  if (kept.size + removed.size === 0) return null
  return sha256Hex(canonicalJson({ kept: [...kept].sort(), removed: [...removed].sort() }))
}

/** The questions that stage 2 may sweep and train on, in their order. */
export const withoutRemoved = <Asked extends Pick<Question, 'id'>>(
  questions: readonly Asked[],
  { removed }: Decisions,
): Asked[] => questions.filter(({ id }) => !removed.has(id))
