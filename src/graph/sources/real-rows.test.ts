import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { knowledgeSources } from '../registry.ts'
import type { SourceRecord } from '../types.ts'
import { readAll, tally } from './fixtures/read-all.ts'

/** Rows of the sources themselves, which lie beside the project and are no part of it. */
const kg = new URL('../../../../shared/data/kg/', import.meta.url).pathname
const rows = (file: string): number =>
  readFileSync(kg + file, 'utf8')
    .split('\n')
    .filter((line) => line !== '').length - 1
const realTest = test.skipIf(!existsSync(kg))
const read = (source: string, ...files: string[]) =>
  readAll(knowledgeSources.get(source), { files: files.map((file) => kg + file) })
/** Lines that gave a triple, an entity or a rejection: a row without any was lost. */
const lines = (records: readonly SourceRecord[]): number =>
  new Set(records.flatMap((record) => (record.kind === 'about' ? [] : [record.line]))).size

realTest('Symptom Ontology: 1,020 terms are 895 living and 125 obsolete, with 898 parents', async () => {
  const records = await read('obo', 'symptom-ontology/symp.obo')
  expect(records[0]).toEqual({
    kind: 'about',
    revision: 'releases/2026-07-30/symp.obo',
    license: 'CC0-1.0',
    families: ['symptom-ontology'],
  })
  expect(tally(records)).toEqual({
    entities: { finding: 895 },
    triples: { is_a: 898 },
    rejected: { obsolete: 125, 'synonym of scope RELATED': 4 },
  })
})

realTest('Disease Ontology terms: every row is a parent of a term, found by its label', async () => {
  const records = await read('disease-ontology-terms', 'disease-ontology/HumanDO.tsv')
  expect(tally(records)).toEqual({ entities: { disease: 12_246, group: 1 }, triples: { is_a: 12_296 }, rejected: {} })
  expect(rows('disease-ontology/HumanDO.tsv')).toBe(12_296)
})

realTest('Disease Ontology axioms: 6,064 rows are 8,598 triples and 1,542 claims counted by reason', async () => {
  const records = await read('disease-ontology-axioms', 'disease-ontology/DO-subClassOf-anonymous.tsv')
  const counts = tally(records)
  expect(counts.triples).toEqual({
    affects: 1021,
    caused_by_factor: 45,
    caused_by_organism: 307,
    derives_from: 540,
    has_finding: 2614,
    inherited_as: 3663,
    transmitted_by: 283,
    triggered_by: 125,
  })
  expect(counts.rejected).toEqual({
    'a class beside its restrictions': 25,
    'a counted restriction': 5,
    'a filler that narrows another': 82,
    'a kind of cell as material basis': 49,
    'a phenotype as material basis': 2,
    'filler is too wide: disease has basis in': 248,
    'filler is too wide: has disease driver': 18,
    'filler is too wide: has material basis in': 110,
    'filler is too wide: transmitted by': 1,
    'property without counterpart: adjacent to': 2,
    'property without counterpart: disease has basis in': 288,
    'property without counterpart: existence starts during': 406,
    'property without counterpart: has_origin': 38,
    'said twice in one row': 7,
    'susceptibility is named after the disease': 261,
  })
  expect(counts.entities.disease).toBe(6064)
  expect(lines(records)).toBe(6064)
})

realTest('Disease Ontology symptoms: 2,222 pairs of 863 diseases and 300 symptoms', async () => {
  const records = await read('disease-ontology-symptoms', 'disease-ontology/disease-symptom.tsv')
  expect(tally(records)).toEqual({
    entities: { disease: 863, finding: 300 },
    triples: { has_finding: 2222 },
    rejected: {},
  })
})

realTest.each([
  ['ICD10inDO.tsv', 3571, 'ICD10CM:'],
  ['MESHinDO.tsv', 4023, 'MESH:'],
  ['OrphanetinDO.tsv', 2261, 'ORPHA:'],
])(
  'Disease Ontology cross-references: each of the rows of %s names identifiers of one kind',
  async (file, count, prefix) => {
    const records = await read('disease-ontology-xrefs', `disease-ontology/${file}`)
    expect(tally(records)).toEqual({ entities: { disease: count }, triples: {}, rejected: {} })
    const xrefs = records.flatMap((record) => (record.kind === 'entity' ? record.xrefs : []))
    expect(xrefs.length).toBeGreaterThanOrEqual(count)
    expect(xrefs.every((xref) => xref.startsWith(prefix))).toBe(true)
  },
)

realTest('PharmacotherapyDB: 755 drugs that treat, 390 that ease and 243 that do not', async () => {
  const records = await read('pharmacotherapydb', 'pharmacotherapydb/indications.tsv')
  expect(tally(records)).toEqual({
    entities: { disease: 97, drug: 601 },
    triples: { treated_by: 755, palliated_by: 390, not_treated_by: 243 },
    rejected: {},
  })
})

realTest('Hetionet nodes: 47,031 nodes, of which 17,478 are of kinds that medicine does not ask about', async () => {
  const counts = tally(await read('hetionet-nodes', 'hetionet/hetionet-v1.0-nodes.tsv'))
  expect(counts.entities).toEqual({
    anatomy: 402,
    disease: 137,
    drug: 1552,
    'drug-class': 345,
    effect: 5734,
    finding: 438,
    gene: 20_945,
  })
  expect(counts.rejected).toEqual({
    'type without counterpart: Biological Process': 11_381,
    'type without counterpart: Cellular Component': 1391,
    'type without counterpart: Molecular Function': 2884,
    'type without counterpart: Pathway': 1822,
  })
})

realTest('MEDLINE co-occurrence: of 17,556 rows 543 pairs of diseases are more than chance', async () => {
  const records = await read('medline-cooccurrence', 'medline-cooccurrence/disease-disease-cooccurrence.tsv')
  expect(tally(records)).toEqual({
    entities: { disease: 129 },
    triples: { co_occurs_with: 543 },
    rejected: { 'mirror of another row': 543, 'no more often than by chance': 16_470 },
  })
})

realTest('MeSH: 135 headings of diseases and 438 symptoms, inverted headings turned round', async () => {
  const slim = await read('do-slim-mesh', 'medline-cooccurrence/DO-slim-to-mesh.tsv')
  expect(tally(slim).entities).toEqual({ disease: 135 })
  const symptoms = await read('mesh-symptoms', 'mesh-symptoms/symptoms.tsv')
  expect(tally(symptoms)).toEqual({ entities: { finding: 438 }, triples: {}, rejected: {} })
  expect(symptoms[0]).toMatchObject({ key: 'MESH:D000006', label: 'Acute Abdomen', synonyms: ['Abdomen, Acute'] })
})

realTest('LOINC to HPO: 7,415 rows, those with a normal outcome rule a phenotype out', async () => {
  const counts = tally(await read('loinc2hpo', 'loinc2hpo/loinc2hpo-annotations.tsv'))
  expect(counts).toEqual({
    entities: {},
    triples: { measured_by: 4266 },
    rejected: { 'outcome is normal': 3135, 'outcome is a code of SNOMED CT': 14 },
  })
})

realTest('DDXPlus: 49 conditions and 223 evidences; each of the 888 links is a triple or rejected', async () => {
  const files = ['ddxplus/release_conditions.json', 'ddxplus/release_evidences.json']
  const records = await read('ddxplus', ...files)
  const counts = tally(records)
  expect(counts.triples).toEqual({ has_finding: 332, has_risk_factor: 276 })
  expect(counts.rejected).toEqual({
    'code of another disease': 1,
    'detail of another evidence': 14,
    'evidence of being well': 2,
    'link to a detail of another evidence': 271,
    'link to an evidence of being well': 9,
  })
  expect(332 + 276 + 271 + 9).toBe(888)
  const entities = records.filter((record) => record.kind === 'entity')
  // E_125 asks for reflux, which is a condition of the release.
  expect(entities).toHaveLength(49 + 223 - 14 - 2 - 1)
  const labels = entities.map(({ label, type }) => `${label.toLowerCase()} ${type}`)
  expect(new Set(labels).size).toBe(labels.length)
  // No name of ours is a question, and none is the name of two evidences.
  const evidences = entities.filter(({ key }) => /^DDXPLUS:E_\d+$/.test(key)).map(({ label }) => label)
  expect(evidences.filter((label) => /\?|^(do|have|are|did) /i.test(label))).toEqual([])
  expect(new Set(evidences).size).toBe(206)
})

realTest('DDXPlus cites the line of each link and writes ICD-10 codes in capitals', async () => {
  const files = ['ddxplus/release_conditions.json', 'ddxplus/release_evidences.json']
  const records = await read('ddxplus', ...files)
  const text = readFileSync(kg + files[0]!, 'utf8').split('\n')
  const links = records.filter((record) => record.kind === 'triple')
  for (const { line, tail } of links) {
    const evidence = tail === 'DDXPLUS:GERD' ? 'E_125' : tail.slice('DDXPLUS:'.length)
    expect(text[line - 1]).toContain(`"${evidence}"`)
  }
  expect(links.some(({ tail }) => tail === 'DDXPLUS:GERD')).toBe(true)
  expect(records.find((record) => record.kind === 'entity' && record.label === 'Cluster headache')).toMatchObject({
    xrefs: ['ICD10CM:G44.009'],
  })
  // The release gives systemic lupus the code of systemic sclerosis.
  expect(records.find((record) => record.kind === 'entity' && record.key === 'DDXPLUS:SLE')).toMatchObject({
    label: 'systemic lupus erythematosus',
    synonyms: ['SLE'],
    xrefs: [],
  })
})
