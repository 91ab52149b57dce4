/** Which properties of Wikidata are which relations; data.md §3.2. */

import type { EntityType } from '../types.ts'

export type WikidataProperty = {
  readonly property: string
  /** What Wikidata calls it. */
  readonly label: string
  readonly relation: string
  readonly tail: EntityType
  /** The item is the head, a disease unless said otherwise. */
  readonly head: EntityType
  /** The item with the statement is our tail: the symmetric property of a drug. */
  readonly isBackward?: true
}

/** P1050 (medical condition) stands on people and is never asked for. */
export const wikidataProperties: readonly WikidataProperty[] = [
  { property: 'P780', label: 'symptoms and signs', relation: 'has_finding', head: 'disease', tail: 'finding' },
  { property: 'P5131', label: 'possible medical findings', relation: 'has_finding', head: 'disease', tail: 'finding' },
  {
    property: 'P2176',
    label: 'drug or therapy used for treatment',
    relation: 'treated_by',
    head: 'disease',
    tail: 'drug',
  },
  { property: 'P924', label: 'possible treatment', relation: 'treated_by', head: 'disease', tail: 'procedure' },
  { property: 'P828', label: 'has cause', relation: 'caused_by_factor', head: 'disease', tail: 'factor' },
  { property: 'P923', label: 'medical examination', relation: 'diagnosed_by', head: 'disease', tail: 'test' },
  { property: 'P927', label: 'anatomical location', relation: 'affects', head: 'disease', tail: 'anatomy' },
  { property: 'P2293', label: 'genetic association', relation: 'associated_gene', head: 'disease', tail: 'gene' },
  { property: 'P1542', label: 'has effect', relation: 'complicated_by', head: 'disease', tail: 'complication' },
  { property: 'P5642', label: 'risk factor', relation: 'has_risk_factor', head: 'disease', tail: 'factor' },
  {
    property: 'P1060',
    label: 'disease transmission process',
    relation: 'transmitted_by',
    head: 'disease',
    tail: 'route',
  },
  { property: 'P769', label: 'significant drug interaction', relation: 'interacts_with', head: 'drug', tail: 'drug' },
  { property: 'P1909', label: 'side effect', relation: 'has_adverse_effect', head: 'drug', tail: 'effect' },
  {
    property: 'P4954',
    label: 'may prevent',
    relation: 'prevented_by',
    head: 'drug',
    tail: 'disease',
    isBackward: true,
  },
  {
    property: 'P2175',
    label: 'medical condition treated',
    relation: 'treated_by',
    head: 'drug',
    tail: 'disease',
    isBackward: true,
  },
]

type WikidataIdentifier = { readonly property: string; readonly prefix: string }

/** Properties that give an identifier elsewhere. */
export const wikidataIdentifiers: readonly WikidataIdentifier[] = [
  { property: 'P699', prefix: '' },
  { property: 'P494', prefix: 'ICD10' },
  { property: 'P486', prefix: 'MESH' },
  { property: 'P1550', prefix: 'ORPHA' },
  { property: 'P3841', prefix: '' },
  { property: 'P2892', prefix: 'UMLS' },
]
