import { columnSource } from './columns.ts'
import { tabs } from './table-formats.ts'

/** Drugs that treat, ease or do not treat a disease, judged by curators: `indications.tsv` of PharmacotherapyDB. */
export const pharmacotherapydb = columnSource({
  name: 'pharmacotherapydb',
  title: 'PharmacotherapyDB indications',
  file: 'indications.tsv',
  license: 'CC0-1.0 over sources under CC-BY-NC-SA-3.0 (MEDI, PREDICT)',
  isPublishable: false,
  families: ['pharmacotherapydb'],
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      disease: { key: 'doid_id', label: 'disease', type: 'disease' },
      drug: { key: { column: 'drugbank_id', prefix: 'DRUGBANK' }, label: 'drug', type: 'drug' },
    },
    rules: [
      {
        when: { category: ['DM', 'SYM', 'NOT'] },
        head: 'disease',
        relation: {
          column: 'category',
          // Disease-modifying, symptomatic, and looked at by a curator and found to be no indication.
          values: { DM: 'treated_by', SYM: 'palliated_by', NOT: 'not_treated_by' },
        },
        tail: 'drug',
        qualifiers: { category: 'category', curators: 'n_curators', resources: 'n_resources' },
      },
    ],
    otherwise: 'category',
  },
})
