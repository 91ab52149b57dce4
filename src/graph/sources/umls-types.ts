/** Semantic types and relationship attributes of the UMLS in our terms. */

import type { EntityType } from '../types.ts'

/** UMLS semantic type → what we call it; a concept takes the first of its types that stands here. */
export const semanticTypes: ReadonlyMap<string, EntityType> = new Map([
  ['T047', 'disease'], // Disease or Syndrome
  ['T048', 'disease'], // Mental or Behavioral Dysfunction
  ['T191', 'disease'], // Neoplastic Process
  ['T019', 'disease'], // Congenital Abnormality
  ['T020', 'disease'], // Acquired Abnormality
  ['T049', 'disease'], // Cell or Molecular Dysfunction
  ['T037', 'disease'], // Injury or Poisoning
  ['T184', 'finding'], // Sign or Symptom
  ['T033', 'finding'], // Finding
  ['T190', 'finding'], // Anatomical Abnormality
  ['T034', 'result'], // Laboratory or Test Result
  ['T059', 'test'], // Laboratory Procedure
  ['T060', 'test'], // Diagnostic Procedure
  ['T061', 'procedure'], // Therapeutic or Preventive Procedure
  ['T121', 'drug'], // Pharmacologic Substance
  ['T200', 'drug'], // Clinical Drug
  ['T195', 'drug'], // Antibiotic
  ['T023', 'anatomy'], // Body Part, Organ, or Organ Component
  ['T029', 'anatomy'], // Body Location or Region
  ['T024', 'anatomy'], // Tissue
  ['T025', 'anatomy'], // Cell
  ['T022', 'system'], // Body System
  ['T007', 'organism'], // Bacterium
  ['T005', 'organism'], // Virus
  ['T004', 'organism'], // Fungus
  ['T204', 'organism'], // Eukaryote
  ['T028', 'gene'], // Gene or Genome
  ['T116', 'protein'], // Amino Acid, Peptide, or Protein
  ['T126', 'enzyme'], // Enzyme
  ['T046', 'process'], // Pathologic Function
  ['T131', 'exposure'], // Hazardous or Poisonous Substance
])

/**
 * RELA → relation and direction. A row of MRREL reads "CUI2 RELA CUI1"; where the second concept is our tail, the row is
 * read backwards. Of a RELA and its inverse, one is taken.
 */
export const relationshipAttributes: ReadonlyMap<string, { readonly relation: string; readonly head: 1 | 2 }> = new Map(
  [
    ['isa', { relation: 'is_a', head: 2 }],
    ['may_treat', { relation: 'treated_by', head: 1 }],
    ['may_prevent', { relation: 'prevented_by', head: 1 }],
    ['may_diagnose', { relation: 'diagnosed_by', head: 1 }],
    ['contraindicated_with_disease', { relation: 'contraindicated_in', head: 2 }],
    ['has_manifestation', { relation: 'has_finding', head: 2 }],
    ['has_definitional_manifestation', { relation: 'has_finding', head: 2 }],
    ['disease_has_finding', { relation: 'has_finding', head: 2 }],
    ['disease_may_have_finding', { relation: 'has_finding', head: 2 }],
    ['disease_excludes_finding', { relation: 'lacks_finding', head: 2 }],
    ['has_finding_site', { relation: 'affects', head: 2 }],
    ['disease_has_primary_anatomic_site', { relation: 'affects', head: 2 }],
    ['has_causative_agent', { relation: 'caused_by_organism', head: 2 }],
    ['gene_associated_with_disease', { relation: 'associated_gene', head: 1 }],
    ['due_to', { relation: 'caused_by_factor', head: 2 }],
    ['part_of', { relation: 'part_of', head: 2 }],
  ],
)

/** The inverses of the attributes above: rows that say the same again. */
export const mirroredAttributes: ReadonlySet<string> = new Set([
  'inverse_isa',
  'may_be_treated_by',
  'may_be_prevented_by',
  'may_be_diagnosed_by',
  'has_contraindicated_drug',
  'manifestation_of',
  'definitional_manifestation_of',
  'is_finding_of_disease',
  'may_be_finding_of_disease',
  'is_not_finding_of_disease',
  'finding_site_of',
  'is_primary_anatomic_site_of_disease',
  'causative_agent_of',
  'disease_has_associated_gene',
  'cause_of',
  'has_part',
])
