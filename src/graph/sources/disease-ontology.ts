import type { KnowledgeSource, SourceRecord } from '../types.ts'
import { columnSource } from './columns.ts'
import { normaliseCurie } from './curie.ts'
import { type DelimitedRow, readDelimited } from './delimited.ts'
import { createFirsts, entityRecord, fileOf, rejected, tripleRecord } from './source-kit.ts'
import { quotedTabs, tabs } from './table-formats.ts'

const common = {
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['disease-ontology'],
  closedRelations: [],
  testedOn: 'real rows',
} as const
const TERM_COLUMNS = ['id', 'label', 'subClassOf']
/** The root has no row of its own in the report. */
const ROOT = { label: 'disease', key: 'DOID:4' } as const

/** The terms of the Disease Ontology with their parents, `HumanDO.tsv`; a parent is given by its label alone. */
export const diseaseOntologyTerms: KnowledgeSource = {
  ...common,
  name: 'disease-ontology-terms',
  title: 'Disease Ontology terms',
  files: ['HumanDO.tsv'],
  read: (input) => readTerms(fileOf(input, 'disease-ontology-terms', 'HumanDO.tsv')),
}

async function* readTerms(file: string): AsyncGenerator<SourceRecord> {
  const keyOf = await readKeys(file)
  const isFirst = createFirsts()
  for await (const row of bodyOf(file)) {
    const place = { file, line: row.line }
    if (row.kind === 'malformed') {
      yield rejected(place, 'malformed row', row.detail)
      continue
    }
    const [id, label, parent] = row.fields as [string, string, string]
    const key = normaliseCurie(id)
    if (key === null || label === '') {
      yield rejected(place, key === null ? 'no identifier in id' : 'no name in label', id)
      continue
    }
    const parentKey = keyOf.get(parent)
    if (isFirst(key)) yield entityRecord(place, { key, label, type: 'disease' })
    if (parent === ROOT.label && isFirst(ROOT.key)) yield entityRecord(place, { ...ROOT, type: 'group' })
    if (parentKey === undefined) yield rejected(place, 'parent is no term', parent)
    else if (parentKey === key) yield rejected(place, 'joined to itself', key)
    else yield tripleRecord(place, key, 'is_a', parentKey)
  }
}

async function readKeys(file: string): Promise<ReadonlyMap<string, string>> {
  const keyOf = new Map<string, string>([[ROOT.label, ROOT.key]])
  for await (const row of bodyOf(file)) {
    const key = row.kind === 'row' ? normaliseCurie(row.fields[0]!) : null
    if (row.kind === 'row' && key !== null) keyOf.set(row.fields[1]!, key)
  }
  return keyOf
}

async function* bodyOf(file: string): AsyncGenerator<DelimitedRow> {
  let isHeader = true
  for await (const row of readDelimited(file, { ...quotedTabs, comment: '#' }, TERM_COLUMNS)) {
    if (!isHeader) yield row
    isHeader = false
  }
}

/** Symptoms of diseases with their identifiers, `disease-symptom.tsv`. */
export const diseaseOntologySymptoms = columnSource({
  ...common,
  name: 'disease-ontology-symptoms',
  title: 'Disease Ontology symptoms',
  file: 'disease-symptom.tsv',
  mapping: {
    format: tabs,
    entities: {
      disease: { key: 'disease_id', label: 'disease_label', type: 'disease' },
      symptom: { key: 'symptom_id', label: 'symptom_label', type: 'finding' },
    },
    rules: [{ head: 'disease', relation: 'has_finding', tail: 'symptom' }],
  },
})

/** Identifiers of diseases elsewhere: `ICD10inDO.tsv`, `MESHinDO.tsv` or `OrphanetinDO.tsv`, all of one form. */
export const diseaseOntologyXrefs = columnSource({
  ...common,
  name: 'disease-ontology-xrefs',
  title: 'Disease Ontology cross-references',
  file: 'ICD10inDO.tsv, MESHinDO.tsv or OrphanetinDO.tsv',
  mapping: {
    format: quotedTabs,
    entities: {
      disease: { key: 'id', label: 'label', type: 'disease', xrefs: [{ column: 'xrefs', separator: ',' }] },
    },
  },
})
