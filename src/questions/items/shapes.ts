import { ConfigError } from '../../core/errors.ts'
import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { ItemForm } from '../types.ts'
import { clinicalRelationNames, isClinical, relationFacts } from './entailment.ts'

/** A direction of a relation: `treated_by` from head to tail, `~treated_by` from tail to head. */
export type StepName = ClinicalRelationName | `~${ClinicalRelationName}`

export type ShapeGroup = 'taxonomy' | 'one-hop' | 'path' | 'common' | 'case' | 'comparison'

type ShapeKind =
  /** One given entity, a chain of steps, the last entity asked; those between are hidden. */
  | { readonly kind: 'walk'; readonly steps: readonly StepName[] }
  /** Two or three given entities, the one entity that all of them lead to by one step, then a chain. */
  | { readonly kind: 'common'; readonly given: StepName; readonly onward: readonly StepName[] }
  /** A disease seen through some of its features; the rest is withheld. Asks the disease, or what a chain from it reaches. */
  | { readonly kind: 'case'; readonly given: readonly StepName[]; readonly onward: readonly StepName[] }
  /** Two diseases that share a finding, a feature that only one has, then a chain from that one. */
  | {
      readonly kind: 'comparison'
      readonly shared: StepName
      readonly features: readonly StepName[]
      readonly onward: readonly StepName[]
    }
  /** Two diseases that share a finding; asks what only the first has. */
  | { readonly kind: 'contrast'; readonly shared: StepName; readonly step: StepName }

/** A row of the table of shapes: what is given, hidden and asked, and in which forms. */
export type Shape = ShapeKind & {
  readonly name: string
  readonly group: ShapeGroup
  /** Triples between what is given and what is asked. */
  readonly hop: number
  readonly forms: readonly ItemForm[]
}

/** The forms in which what a step leads to can be asked: in words only where a graph may know all that is right. */
function formsOf(last: StepName | undefined, forms: readonly ItemForm[]): readonly ItemForm[] {
  if (last === undefined) return forms
  const { relation, backward } = readStep(last)
  const { isNameable } = relationFacts[relation]
  return (backward ? isNameable.head : isNameable.tail) ? forms : forms.filter((form) => form !== 'open')
}

const everyForm: readonly ItemForm[] = ['single', 'multiple', 'open']
const withoutWords: readonly ItemForm[] = ['single', 'multiple']
const oneAnswer: readonly ItemForm[] = ['single', 'open']

/** Chains that a clinician walks, by the types along the way. Directions are those of the relations. */
const chains: readonly (readonly [name: string, ...steps: StepName[]])[] = [
  ['finding-disease-drug', '~has_finding', 'treated_by'],
  ['finding-disease-first-line', '~has_finding', 'first_line'],
  ['finding-disease-confirmation', '~has_finding', 'confirmed_by'],
  ['finding-disease-organism', '~has_finding', 'caused_by_organism'],
  ['finding-disease-gene', '~has_finding', 'associated_gene'],
  ['finding-disease-mutation', '~has_finding', 'caused_by_gene'],
  ['finding-disease-complication', '~has_finding', 'complicated_by'],
  ['finding-disease-process', '~has_finding', 'arises_from'],
  ['finding-disease-vector', '~has_finding', 'transmitted_by'],
  ['hallmark-disease-first-line', '~has_hallmark', 'first_line'],
  ['hallmark-disease-confirmation', '~has_hallmark', 'confirmed_by'],
  ['hallmark-disease-organism', '~has_hallmark', 'caused_by_organism'],
  ['hallmark-disease-mutation', '~has_hallmark', 'caused_by_gene'],
  ['hallmark-disease-complication', '~has_hallmark', 'complicated_by'],
  ['result-disease-first-line', '~shows', 'first_line'],
  ['result-disease-drug', '~shows', 'treated_by'],
  ['result-disease-finding', '~shows', 'has_finding'],
  ['result-disease-confirmation', '~shows', 'confirmed_by'],
  ['organism-disease-drug', '~caused_by_organism', 'treated_by'],
  ['organism-disease-first-line', '~caused_by_organism', 'first_line'],
  ['organism-disease-complication', '~caused_by_organism', 'complicated_by'],
  ['organism-disease-vector', '~caused_by_organism', 'transmitted_by'],
  ['gene-disease-drug', '~associated_gene', 'treated_by'],
  // Neither findings nor inheritance of "a disease of the gene X": a gene may have diseases that no source here lists.
  ['test-disease-first-line', '~confirmed_by', 'first_line'],
  ['disease-drug-effect', 'treated_by', 'has_adverse_effect'],
  ['disease-drug-mechanism', 'treated_by', 'acts_by'],
  ['disease-drug-class', 'treated_by', 'in_class'],
  ['disease-drug-target', 'treated_by', 'targets'],
  ['disease-drug-contraindication', 'treated_by', 'contraindicated_in'],
  ['disease-drug-interaction', 'treated_by', 'interacts_with'],
  ['disease-drug-enzyme', 'treated_by', 'metabolised_by'],
  ['disease-first-line-effect', 'first_line', 'has_adverse_effect'],
  ['disease-first-line-mechanism', 'first_line', 'acts_by'],
  ['disease-first-line-contraindication', 'first_line', 'contraindicated_in'],
  ['disease-first-line-monitoring', 'first_line', 'monitored_by'],
  ['disease-organism-class', 'caused_by_organism', 'organism_class'],
  ['disease-organism-route', 'caused_by_organism', 'spread_by'],
  ['disease-gene-protein', 'caused_by_gene', 'encodes'],
  ['disease-finding-test', 'has_finding', 'measured_by'],
  ['drug-effect-remedy', 'has_adverse_effect', 'managed_with'],
  ['drug-enzyme-inhibitor', 'metabolised_by', 'inhibited_by'],
  ['drug-enzyme-inducer', 'metabolised_by', 'induced_by'],
  ['finding-disease-drug-effect', '~has_finding', 'treated_by', 'has_adverse_effect'],
  ['finding-disease-drug-mechanism', '~has_finding', 'treated_by', 'acts_by'],
  ['finding-disease-drug-target', '~has_finding', 'treated_by', 'targets'],
  ['finding-disease-drug-contraindication', '~has_finding', 'treated_by', 'contraindicated_in'],
  ['finding-disease-organism-route', '~has_finding', 'caused_by_organism', 'spread_by'],
  ['finding-disease-organism-class', '~has_finding', 'caused_by_organism', 'organism_class'],
  ['finding-disease-gene-protein', '~has_finding', 'caused_by_gene', 'encodes'],
  ['hallmark-disease-first-line-mechanism', '~has_hallmark', 'first_line', 'acts_by'],
  ['hallmark-disease-first-line-effect', '~has_hallmark', 'first_line', 'has_adverse_effect'],
  ['organism-disease-drug-mechanism', '~caused_by_organism', 'treated_by', 'acts_by'],
  ['organism-disease-drug-effect', '~caused_by_organism', 'treated_by', 'has_adverse_effect'],
  ['gene-disease-drug-effect', '~associated_gene', 'treated_by', 'has_adverse_effect'],
  ['disease-gene-protein-role', 'caused_by_gene', 'encodes', 'serves'],
  ['disease-drug-enzyme-inhibitor', 'treated_by', 'metabolised_by', 'inhibited_by'],
  ['disease-drug-effect-remedy', 'treated_by', 'has_adverse_effect', 'managed_with'],
  ['finding-disease-drug-enzyme-inhibitor', '~has_finding', 'treated_by', 'metabolised_by', 'inhibited_by'],
  ['hallmark-disease-gene-protein-role', '~has_hallmark', 'caused_by_gene', 'encodes', 'serves'],
  // Symptom → pathophysiology → test: the process is shared with the disease that the test confirms.
  ['finding-disease-process-disease-test', '~has_finding', 'arises_from', '~arises_from', 'confirmed_by'],
  [
    'finding-disease-process-disease-drug-mechanism',
    '~has_finding',
    'arises_from',
    '~arises_from',
    'first_line',
    'acts_by',
  ],
]

const commons: readonly (readonly [name: string, given: StepName, ...onward: StepName[]])[] = [
  ['disease-of-findings', '~has_finding'],
  ['disease-of-hallmarks', '~has_hallmark'],
  ['drug-of-diseases', 'treated_by'],
  ['drug-of-effects', '~has_adverse_effect'],
  ['drug-of-targets', '~targets'],
  ['finding-of-diseases', 'has_finding'],
  ['organism-of-diseases', 'caused_by_organism'],
  ['gene-of-diseases', 'associated_gene'],
  ['effect-of-drugs', 'has_adverse_effect'],
  ['enzyme-of-drugs', 'metabolised_by'],
  ['confirmation-of-findings', '~has_finding', 'confirmed_by'],
  ['gene-of-findings', '~has_finding', 'associated_gene'],
]

/** What a case may show of its disease, in the order in which the stem tells it. */
export const caseFeatures = [
  '~has_risk_factor',
  '~has_finding',
  '~has_hallmark',
  '~affects',
  '~shows',
  '~associated_gene',
  '~caused_by_gene',
  '~inherited_as',
  '~arises_from',
  '~derives_from',
  '~caused_by_organism',
  '~transmitted_by',
  '~diagnosed_by',
  '~confirmed_by',
] as const satisfies readonly StepName[]

/** Features that tell two diseases apart at the bedside or in the laboratory. */
const tellingFeatures: readonly StepName[] = ['~has_finding', '~has_hallmark', '~shows', '~has_risk_factor']

/** What is asked of a disease that the stem hides. */
const nextSteps: readonly (readonly [name: string, ...onward: StepName[]])[] = [
  ['drug', 'treated_by'],
  ['first-line', 'first_line'],
  ['relief', 'palliated_by'],
  ['test', 'diagnosed_by'],
  ['confirmation', 'confirmed_by'],
  ['organism', 'caused_by_organism'],
  ['gene', 'associated_gene'],
  ['complication', 'complicated_by'],
  ['drug-mechanism', 'treated_by', 'acts_by'],
  ['drug-effect', 'treated_by', 'has_adverse_effect'],
]

const relationBehind = new Map<StepName, ClinicalRelationName>(clinicalRelationNames.map((name) => [`~${name}`, name]))

/** A step as relation and direction. */
export function readStep(step: StepName): { readonly relation: ClinicalRelationName; readonly backward: boolean } {
  return isClinical(step)
    ? { relation: step, backward: false }
    : { relation: relationBehind.get(step)!, backward: true }
}

/** Every shape of question that can be made from a graph over the clinical schema, each name once. */
export const shapes: readonly Shape[] = [...oneHopShapes(), ...pathShapes(), ...subgraphShapes()]

const shapeByName = new Map(shapes.map((shape) => [shape.name, shape]))

/** The shape of a name, or null: an item of another version of the table may name one that is gone. */
export function findShape(name: string): Shape | null {
  return shapeByName.get(name) ?? null
}

/**
 * The shape of a name.
 *
 * @throws {ConfigError} when the table has no such row
 */
export function shapeOf(name: string): Shape {
  const shape = shapeByName.get(name)
  if (shape === undefined) {
    throw new ConfigError(`unknown shape "${name}"`, { hint: 'src/questions/items/shapes.ts lists all of them' })
  }
  return shape
}

function oneHopShapes(): Shape[] {
  return clinicalRelationNames
    .filter((name) => relationFacts[name].isAsked)
    .flatMap((name): StepName[] => (relationFacts[name].isAskedBackward ? [name, `~${name}`] : [name]))
    .map((step): Shape => {
      const group = groupOf(readStep(step).relation)
      return { kind: 'walk', name: step, group, hop: 1, forms: formsOf(step, everyForm), steps: [step] }
    })
}

/** What belongs to what is asked apart, and little: it is vocabulary rather than medicine, and ontologies are full of it. */
function groupOf(name: ClinicalRelationName): ShapeGroup {
  return name === 'is_a' || name === 'part_of' || name === 'organism_class' ? 'taxonomy' : 'one-hop'
}

function pathShapes(): Shape[] {
  return chains.map(
    ([name, ...steps]): Shape => ({
      kind: 'walk',
      name,
      group: 'path',
      hop: steps.length,
      // One finding may be that of a disease nobody listed: its cause in words cannot be judged.
      forms: steps[0] === '~has_finding' ? withoutWords : formsOf(steps.at(-1), everyForm),
      steps,
    }),
  )
}

function subgraphShapes(): Shape[] {
  const common = commons.map(
    ([name, given, ...onward]): Shape => ({
      kind: 'common',
      name,
      group: 'common',
      hop: 1 + onward.length,
      // What leads to all of several things is never listed whole.
      forms: withoutWords,
      given,
      onward,
    }),
  )
  // Infections look alike, and a vector carries several: a case of one does not tell its organism.
  const asks: typeof nextSteps = [['diagnosis'], ...nextSteps.filter(([name]) => name !== 'organism')]
  const cases = asks.map(([name, ...onward]): Shape => {
    // A case that asks for the organism must not show it.
    const given = caseFeatures.filter((feature) => !onward.includes(readStep(feature).relation))
    return {
      kind: 'case',
      name: `case-${name}`,
      group: 'case',
      hop: 1 + onward.length,
      forms: onward.length === 0 ? oneAnswer : oneAnswer.filter((form) => form !== 'open'),
      given,
      onward,
    }
  })
  const comparisons = nextSteps.map(
    ([name, ...onward]): Shape => ({
      kind: 'comparison',
      name: `comparison-${name}`,
      group: 'comparison',
      hop: 1 + onward.length,
      forms: formsOf(onward.at(-1), oneAnswer),
      shared: '~has_finding',
      features: tellingFeatures,
      onward,
    }),
  )
  const contrast: Shape = {
    kind: 'contrast',
    name: 'contrast-finding',
    group: 'comparison',
    hop: 1,
    forms: ['single'],
    shared: '~has_finding',
    step: 'has_finding',
  }
  return [...common, ...cases, ...comparisons, contrast]
}
