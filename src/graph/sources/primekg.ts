import type { ColumnEntity, ColumnRule } from './column-mapping.ts'
import { columnSource } from './columns.ts'
import { commas } from './table-formats.ts'

const types = {
  drug: 'drug',
  disease: 'disease',
  'effect/phenotype': 'finding',
  'gene/protein': 'gene',
  anatomy: 'anatomy',
  exposure: 'exposure',
} as const

/** Prefix of the identifiers of a `source`. `MONDO_grouped` joins several MONDO numbers by `_`. */
const prefixes = {
  DrugBank: 'DRUGBANK',
  MONDO: 'MONDO',
  MONDO_grouped: 'PRIMEKG-MONDO-GROUP',
  HPO: 'HP',
  NCBI: 'NCBIGENE',
  UBERON: 'UBERON',
  CTD: 'MESH',
} as const

const end = (side: 'x' | 'y'): ColumnEntity => ({
  key: { column: `${side}_id`, prefix: { column: `${side}_source`, values: prefixes } },
  label: `${side}_name`,
  type: { column: `${side}_type`, values: types },
})

const oneWay = (relation: string, from: keyof typeof types, to: string): ColumnRule[] => {
  const is = (side: 'x_type' | 'y_type', type: string) => ({ relation: [relation], [side]: [type] })
  return [
    {
      when: is('x_type', from),
      head: 'x',
      relation: to,
      tail: 'y',
      qualifiers: { source_relation: 'display_relation' },
    },
    { when: is('y_type', from), reject: 'mirror of another row' },
  ]
}

/** PrimeKG, `kg.csv`: 4,050,249 rows, each edge given in both directions, of which one is taken. */
export const primekg = columnSource({
  name: 'primekg',
  title: 'PrimeKG',
  file: 'kg.csv',
  license: 'MIT for the code; mixes DrugBank, DrugCentral and HPO terms, each under its own licence',
  isPublishable: false,
  families: ['primekg', 'hpo', 'mondo', 'drugbank', 'drugcentral', 'sider'],
  closedRelations: [],
  testedOn: 'written samples',
  mapping: {
    format: commas,
    entities: { x: end('x'), y: end('y') },
    rules: [
      ...oneWay('indication', 'disease', 'treated_by'),
      ...oneWay('contraindication', 'drug', 'contraindicated_in'),
      { when: { relation: ['off-label use'] }, reject: 'off-label use is no indication' },
      ...oneWay('disease_phenotype_positive', 'disease', 'has_finding'),
      ...oneWay('disease_phenotype_negative', 'disease', 'lacks_finding'),
      ...oneWay('disease_protein', 'disease', 'associated_gene'),
      ...oneWay('drug_effect', 'drug', 'has_adverse_effect'),
      ...oneWay('drug_protein', 'drug', 'targets'),
      ...oneWay('exposure_disease', 'disease', 'has_risk_factor'),
      {
        when: { relation: ['drug_drug'] },
        isOrdered: ['x_id', 'y_id'],
        head: 'x',
        relation: 'interacts_with',
        tail: 'y',
        qualifiers: { source_relation: 'display_relation' },
      },
      { when: { relation: ['drug_drug'] }, reject: 'mirror of another row' },
      // Both directions of a hierarchy, and nothing says which end is the parent.
      {
        when: { relation: ['disease_disease', 'phenotype_phenotype', 'anatomy_anatomy', 'exposure_exposure'] },
        reject: 'hierarchy without a direction',
      },
    ],
    otherwise: 'relation',
  },
})
