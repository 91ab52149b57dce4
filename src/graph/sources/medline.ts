import { columnSource } from './columns.ts'
import { tabs } from './table-formats.ts'

/** One-sided Fisher test of a pair; the limit under which Hetionet took pairs of diseases from this file. */
const MAX_P = 0.005

/** Pairs of diseases that MEDLINE articles are about more often than by chance: `disease-disease-cooccurrence.tsv`. */
export const medlineCooccurrence = columnSource({
  name: 'medline-cooccurrence',
  title: 'MEDLINE co-occurrence of diseases',
  file: 'disease-disease-cooccurrence.tsv',
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['medline'],
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      first: { key: 'doid_code_0', label: 'doid_name_0', type: 'disease' },
      second: { key: 'doid_code_1', label: 'doid_name_1', type: 'disease' },
    },
    rules: [
      {
        within: { p_fisher: { below: MAX_P }, enrichment: { above: 1 } },
        isOrdered: ['doid_code_0', 'doid_code_1'],
        head: 'first',
        relation: 'co_occurs_with',
        tail: 'second',
        qualifiers: { articles: 'cooccurrence', enrichment: 'enrichment', p: 'p_fisher' },
      },
      { within: { p_fisher: { below: MAX_P }, enrichment: { above: 1 } }, reject: 'mirror of another row' },
      { reject: 'no more often than by chance' },
    ],
  },
})

/** Disease Ontology identifiers with their MeSH headings: `DO-slim-to-mesh.tsv`. */
export const doSlimMesh = columnSource({
  name: 'do-slim-mesh',
  title: 'Disease Ontology slim to MeSH',
  file: 'DO-slim-to-mesh.tsv',
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['medline', 'disease-ontology'],
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      disease: {
        key: 'doid_code',
        label: 'doid_name',
        type: 'disease',
        xrefs: [{ column: 'mesh_id', prefix: 'MESH' }],
      },
    },
  },
})

/** The headings under Signs and Symptoms of MeSH: `symptoms.tsv`. */
export const meshSymptoms = columnSource({
  name: 'mesh-symptoms',
  title: 'MeSH symptoms',
  file: 'symptoms.tsv',
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['medline'],
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      symptom: { key: { column: 'mesh_id', prefix: 'MESH' }, label: 'mesh_name', type: 'finding', isInverted: true },
    },
  },
})
