import type { ColumnEntity } from './column-mapping.ts'
import { columnSource } from './columns.ts'
import { tabs } from './table-formats.ts'

/** Treatments are those of PharmacotherapyDB, symptoms co-occur in MEDLINE, side effects come from SIDER. */
const families = ['hetionet', 'pharmacotherapydb', 'medline', 'disease-ontology', 'drugbank', 'sider']
const license = 'CC0-1.0 for what Hetionet adds; each node and edge keeps the licence of its source'

/** Kinds of nodes with a type of ours; the other kinds are processes, pathways and functions of the cell. */
const types = {
  Anatomy: 'anatomy',
  Compound: 'drug',
  Disease: 'disease',
  Gene: 'gene',
  'Pharmacologic Class': 'drug-class',
  'Side Effect': 'effect',
  Symptom: 'finding',
} as const

/** Prefix of the identifiers of a kind; empty where they bring their own. */
const prefixes = {
  Anatomy: '',
  Compound: 'DRUGBANK',
  Disease: '',
  Gene: 'NCBIGENE',
  'Pharmacologic Class': 'NDFRT',
  'Side Effect': 'UMLS',
  Symptom: 'MESH',
} as const

const node = (column: string): Pick<ColumnEntity, 'key' | 'type'> => ({
  key: { column, after: '::', prefix: { column, until: '::', values: prefixes } },
  type: { column, until: '::', values: types },
})

/** The nodes of Hetionet, `hetionet-v1.0-nodes.tsv`. */
export const hetionetNodes = columnSource({
  name: 'hetionet-nodes',
  title: 'Hetionet nodes',
  file: 'hetionet-v1.0-nodes.tsv',
  license,
  isPublishable: true,
  families,
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      node: {
        key: { column: 'id', after: '::', prefix: { column: 'kind', values: prefixes } },
        label: 'name',
        type: { column: 'kind', values: types },
      },
    },
  },
})

/** The edges of Hetionet, `hetionet-v1.0-edges.sif`; they name nothing, so the nodes must be read too. */
export const hetionetEdges = columnSource({
  name: 'hetionet-edges',
  title: 'Hetionet edges',
  file: 'hetionet-v1.0-edges.sif',
  license,
  isPublishable: true,
  families,
  closedRelations: [],
  testedOn: 'written samples',
  mapping: {
    format: tabs,
    entities: { source: node('source'), target: node('target') },
    rules: [
      // Compound–disease edges run from the drug, our triples from the disease.
      { when: { metaedge: ['CtD'] }, head: 'target', relation: 'treated_by', tail: 'source' },
      { when: { metaedge: ['CpD'] }, head: 'target', relation: 'palliated_by', tail: 'source' },
      { when: { metaedge: ['DpS'] }, head: 'source', relation: 'has_finding', tail: 'target' },
      { when: { metaedge: ['DlA'] }, head: 'source', relation: 'affects', tail: 'target' },
      { when: { metaedge: ['DaG'] }, head: 'source', relation: 'associated_gene', tail: 'target' },
      { when: { metaedge: ['CcSE'] }, head: 'source', relation: 'has_adverse_effect', tail: 'target' },
      { when: { metaedge: ['CbG'] }, head: 'source', relation: 'targets', tail: 'target' },
      { when: { metaedge: ['PCiC'] }, head: 'target', relation: 'in_class', tail: 'source' },
      { when: { metaedge: ['DrD'] }, head: 'source', relation: 'co_occurs_with', tail: 'target' },
    ],
    otherwise: 'metaedge',
  },
})
