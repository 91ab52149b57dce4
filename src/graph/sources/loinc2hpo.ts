import { columnSource } from './columns.ts'
import { tabs } from './table-formats.ts'

const LOINC_NOTICE =
  'this material contains content from LOINC (loinc.org), © Regenstrief Institute, Inc., loinc.org/license'

/**
 * Which laboratory test finds a phenotype: `loinc2hpo-annotations.tsv`. The file names neither tests nor phenotypes:
 * HPO terms come from hp.obo, tests from a table of the user's own.
 */
export const loinc2hpo = columnSource({
  name: 'loinc2hpo',
  title: 'LOINC to HPO',
  file: 'loinc2hpo-annotations.tsv',
  license: `permissive licence of the Jackson Laboratory; ${LOINC_NOTICE}`,
  isPublishable: true,
  families: ['hpo'],
  closedRelations: [],
  testedOn: 'real rows',
  mapping: {
    format: tabs,
    entities: {
      finding: { key: 'hpoTermId', type: 'finding' },
      test: { key: { column: 'loincId', prefix: 'LOINC' }, type: 'test' },
    },
    rules: [
      // The outcome is normal, and the phenotype stands there as what it rules out.
      { when: { outcome: ['N', 'NEG'] }, reject: 'outcome is normal' },
      {
        when: { outcome: ['H', 'L', 'POS'] },
        head: 'finding',
        relation: 'measured_by',
        tail: 'test',
        qualifiers: { outcome: 'outcome', scale: 'loincScale' },
      },
      { reject: 'outcome is a code of SNOMED CT' },
    ],
  },
})
