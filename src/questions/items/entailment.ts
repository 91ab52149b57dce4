import type { ClinicalRelationName } from '../../graph/clinical.ts'

type RelationFacts = {
  /** False: no question asks for it. Denials are evidence; co-occurrence in print is no medical fact. */
  readonly isAsked: boolean
  /** False: asked from the head alone. Sources name the chief site of a disease, never all that affects a site. */
  readonly isAskedBackward: boolean
  /** Relations that say the same and more: whatever is a hallmark is a finding, so it answers a question for findings. */
  readonly narrower: readonly ClinicalRelationName[]
  /** A head has one value: a graph that states exactly one excludes the others. */
  readonly isSingleValued: boolean
  /**
   * How many tails a head must list before silence about one more says that it is not so. Infinity: sources name a few
   * examples of what is true, and silence never refutes. Chosen by us, from reading what is made of each relation.
   */
  readonly silenceFrom: number
  /**
   * How many heads must have a tail before it is offered as wrong for another by silence: a wording that stands at one
   * disease alone ("pale stools") is a word of its page, and other pages may say the same in other words. Chosen by us.
   */
  readonly inUseFrom: number
  /** So few are right, forward or backward, that a graph may know them all: only then can an answer in words be judged. */
  readonly isNameable: { readonly tail: boolean; readonly head: boolean }
}

const plain: RelationFacts = {
  isAsked: true,
  isAskedBackward: true,
  narrower: [],
  isSingleValued: false,
  silenceFrom: 1,
  inUseFrom: 1,
  isNameable: { tail: false, head: false },
}
const named: RelationFacts = { ...plain, isNameable: { tail: true, head: false } }
const namedBoth: RelationFacts = { ...plain, isNameable: { tail: true, head: true } }
const single: RelationFacts = { ...named, isSingleValued: true }
const sparse: RelationFacts = { ...plain, silenceFrom: Number.POSITIVE_INFINITY }
const neverAsked: RelationFacts = { ...plain, isAsked: false }

/** What follows from a triple of each relation, besides the triple. */
export const relationFacts: { readonly [Name in ClinicalRelationName]: RelationFacts } = {
  is_a: plain,
  has_finding: { ...plain, silenceFrom: 8, inUseFrom: 3, narrower: ['has_hallmark', 'shows'] },
  has_hallmark: namedBoth,
  shows: namedBoth,
  confirmed_by: named,
  first_line: named,
  treated_by: { ...plain, silenceFrom: 4, narrower: ['first_line'] },
  // One organism, one gene may cause diseases that no source lists: asked for from the disease alone.
  caused_by_organism: named,
  caused_by_gene: named,
  caused_by_factor: sparse,
  affects: { ...plain, isAskedBackward: false },
  complicated_by: sparse,
  arises_from: plain,
  mimicked_by: plain,
  // A disease may be inherited in two ways; where sources state one only, the others are refuted by it.
  inherited_as: single,
  in_class: named,
  acts_by: named,
  has_adverse_effect: plain,
  contraindicated_in: plain,
  monitored_by: plain,
  metabolised_by: plain,
  reversed_by: named,
  managed_with: plain,
  inhibited_by: plain,
  induced_by: plain,
  spread_by: plain,
  organism_class: named,
  encodes: single,
  serves: named,
  examines: plain,
  part_of: named,
  palliated_by: sparse,
  not_treated_by: neverAsked,
  lacks_finding: neverAsked,
  diagnosed_by: { ...sparse, narrower: ['confirmed_by'] },
  measured_by: plain,
  // Shown in cases, never asked: no source lists the risks of a disease whole.
  has_risk_factor: { ...sparse, isAsked: false, narrower: ['caused_by_factor'] },
  prevented_by: sparse,
  triggered_by: sparse,
  transmitted_by: sparse,
  derives_from: named,
  associated_gene: { ...plain, narrower: ['caused_by_gene'] },
  co_occurs_with: neverAsked,
  interacts_with: plain,
  targets: plain,
}

/** Every relation of the clinical schema, in the order of the table. */
export const clinicalRelationNames: readonly ClinicalRelationName[] = Object.keys(relationFacts).filter(isClinical)

const answering = new Map<ClinicalRelationName, readonly ClinicalRelationName[]>()
const implied = new Map<ClinicalRelationName, readonly ClinicalRelationName[]>()
for (const name of clinicalRelationNames) {
  answering.set(name, [name, ...relationFacts[name].narrower])
  implied.set(name, [name, ...clinicalRelationNames.filter((wider) => relationFacts[wider].narrower.includes(name))])
}

/** The relation, and those by which it is true as well. */
export function relationsAnswering(name: ClinicalRelationName): readonly ClinicalRelationName[] {
  return answering.get(name) ?? [name]
}

/** The relation, and those that it implies: what is denied or closed for one of them is false for it. */
export function relationsImplied(name: ClinicalRelationName): readonly ClinicalRelationName[] {
  return implied.get(name) ?? [name]
}

/** True for a name of the clinical schema. */
export function isClinical(name: string): name is ClinicalRelationName {
  return Object.hasOwn(relationFacts, name)
}
