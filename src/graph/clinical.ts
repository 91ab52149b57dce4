import { relations } from './relations.ts'
import { defineSchema, type Schema } from './schema.ts'
import type { EntityType, Relation } from './types.ts'

type StarterName = (typeof relations)[number]['name']

/** What the starter relations may join in graphs of open sources, and their predicate in the Biolink model. */
const widened: {
  readonly [Name in StarterName]: {
    readonly biolink: string
    readonly domain?: readonly EntityType[]
    readonly range?: readonly EntityType[]
  }
} = {
  is_a: {
    biolink: 'subclass_of',
    domain: ['disease', 'group', 'finding', 'drug', 'anatomy', 'organism', 'test', 'procedure', 'exposure'],
    range: [
      'disease',
      'group',
      'finding',
      'drug',
      'drug-class',
      'anatomy',
      'organism',
      'test',
      'procedure',
      'exposure',
    ],
  },
  has_finding: { biolink: 'has_phenotype', range: ['finding', 'result'] },
  has_hallmark: { biolink: 'has_phenotype' },
  shows: { biolink: 'has_phenotype' },
  confirmed_by: { biolink: 'diagnosed_by', range: ['test', 'procedure'] },
  first_line: { biolink: 'treated_by' },
  treated_by: { biolink: 'treated_by', domain: ['disease', 'finding'], range: ['drug', 'procedure', 'drug-class'] },
  caused_by_organism: { biolink: 'caused_by' },
  caused_by_gene: { biolink: 'caused_by' },
  caused_by_factor: { biolink: 'caused_by', range: ['factor', 'exposure', 'drug', 'disease'] },
  affects: { biolink: 'disease_has_location', range: ['anatomy', 'system'] },
  complicated_by: { biolink: 'has_sequelae', range: ['complication', 'disease', 'finding'] },
  arises_from: { biolink: 'disease_has_basis_in' },
  mimicked_by: { biolink: 'similar_to' },
  inherited_as: { biolink: 'has_mode_of_inheritance' },
  in_class: { biolink: 'subclass_of' },
  acts_by: { biolink: 'has_mechanism_of_action' },
  has_adverse_effect: { biolink: 'has_adverse_event', range: ['effect', 'finding', 'disease'] },
  contraindicated_in: { biolink: 'contraindicated_in', range: ['condition', 'disease', 'finding'] },
  monitored_by: { biolink: 'related_to' },
  metabolised_by: { biolink: 'affected_by', range: ['enzyme', 'protein', 'gene'] },
  reversed_by: { biolink: 'related_to' },
  managed_with: { biolink: 'treated_by' },
  inhibited_by: { biolink: 'affected_by' },
  induced_by: { biolink: 'affected_by' },
  spread_by: { biolink: 'related_to' },
  organism_class: { biolink: 'in_taxon' },
  encodes: { biolink: 'has_gene_product' },
  serves: { biolink: 'actively_involved_in' },
  examines: { biolink: 'related_to' },
  part_of: { biolink: 'part_of', range: ['system', 'anatomy'] },
}

/** Relations that open sources have and the starter graph does not. */
const added = [
  {
    name: 'palliated_by',
    domain: ['disease'],
    range: ['drug'],
    statement: ' is eased by',
    phrase: ' symptomatic drug for',
    biolink: 'ameliorated_by',
  },
  {
    name: 'not_treated_by',
    domain: ['disease'],
    range: ['drug'],
    statement: ' is not treated with',
    phrase: ' drug without use in',
    biolink: 'treated_by',
    denies: 'treated_by',
  },
  {
    name: 'lacks_finding',
    domain: ['disease'],
    range: ['finding', 'result'],
    statement: ' comes without',
    phrase: ' finding absent from',
    biolink: 'has_phenotype',
    denies: 'has_finding',
  },
  {
    name: 'diagnosed_by',
    domain: ['disease', 'finding'],
    range: ['test', 'procedure'],
    statement: ' is diagnosed with',
    phrase: ' test used in',
    biolink: 'diagnosed_by',
  },
  {
    name: 'measured_by',
    domain: ['finding', 'result'],
    range: ['test'],
    statement: ' is found by',
    phrase: ' test that finds',
    biolink: 'assessed_by',
  },
  {
    name: 'has_risk_factor',
    domain: ['disease'],
    range: ['factor', 'disease', 'exposure', 'finding', 'condition'],
    statement: ' is made likelier by',
    phrase: ' risk factor for',
    biolink: 'has_risk_factor',
  },
  {
    name: 'prevented_by',
    domain: ['disease'],
    range: ['drug', 'procedure', 'factor'],
    statement: ' is prevented by',
    phrase: ' means of preventing',
    biolink: 'prevented_by',
  },
  {
    name: 'triggered_by',
    domain: ['disease'],
    range: ['exposure', 'drug', 'factor'],
    statement: ' is triggered by',
    phrase: ' trigger of',
    biolink: 'caused_by',
  },
  {
    name: 'transmitted_by',
    domain: ['disease'],
    range: ['organism', 'route'],
    statement: ' is transmitted by',
    phrase: ' vector or route of',
    biolink: 'transmitted_by',
  },
  {
    name: 'derives_from',
    domain: ['disease'],
    range: ['anatomy'],
    statement: ' derives from',
    phrase: ' tissue or cell of origin of',
    biolink: 'derives_from',
  },
  {
    name: 'associated_gene',
    domain: ['disease'],
    range: ['gene', 'protein'],
    statement: ' is associated with variants of',
    phrase: ' gene associated with',
    biolink: 'condition_associated_with_gene',
  },
  {
    name: 'co_occurs_with',
    domain: ['disease'],
    range: ['disease'],
    statement: ' is often written of with',
    phrase: ' disease often written of with',
    biolink: 'occurs_together_in_literature_with',
  },
  {
    name: 'interacts_with',
    domain: ['drug'],
    range: ['drug', 'drug-class', 'exposure'],
    statement: ' interacts with',
    phrase: ' drug that interacts with',
    biolink: 'interacts_with',
  },
  {
    name: 'targets',
    domain: ['drug'],
    range: ['protein', 'gene', 'enzyme'],
    statement: ' acts on',
    phrase: ' target of',
    biolink: 'directly_physically_interacts_with',
  },
] as const satisfies readonly Relation[]

/** A name of the clinical schema. */
export type ClinicalRelationName = StarterName | (typeof added)[number]['name']

/** The schema of graphs built from open sources: every relation of the starter graph, wider, and those it lacks. */
export const clinicalSchema: Schema = defineSchema([
  ...relations.map((relation): Relation => ({ ...relation, ...widened[relation.name] })),
  ...added,
])

/** Category of the Biolink model of each entity type, without prefix. */
export const biolinkCategories: { readonly [Type in EntityType]: string } = {
  disease: 'Disease',
  group: 'Disease',
  finding: 'PhenotypicFeature',
  result: 'ClinicalFinding',
  test: 'Procedure',
  drug: 'Drug',
  'drug-class': 'ChemicalEntity',
  mechanism: 'BiologicalProcess',
  process: 'PathologicalProcess',
  organism: 'OrganismTaxon',
  'organism-class': 'OrganismTaxon',
  gene: 'Gene',
  protein: 'Protein',
  role: 'MolecularActivity',
  factor: 'ExposureEvent',
  anatomy: 'AnatomicalEntity',
  system: 'AnatomicalEntity',
  complication: 'DiseaseOrPhenotypicFeature',
  effect: 'PhenotypicFeature',
  condition: 'DiseaseOrPhenotypicFeature',
  enzyme: 'Protein',
  route: 'Phenomenon',
  specimen: 'MaterialSample',
  inheritance: 'GeneticInheritance',
  procedure: 'Procedure',
  exposure: 'ExposureEvent',
}
