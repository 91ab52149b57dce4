import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { AuditError, ConfigError, DataError } from '../core/errors.ts'
import { sha256Hex } from '../core/hash.ts'
import { buildGraph, type SourcePlan } from './build.ts'
import { ddxplus } from './sources/ddxplus.ts'
import { diseaseOntologySymptoms, diseaseOntologyTerms } from './sources/disease-ontology.ts'
import { obo } from './sources/obo.ts'
import { pharmacotherapydb } from './sources/pharmacotherapydb.ts'
import { starterTables } from './sources/starter-tables.ts'
import type { EntityRecord, EntityType, KnowledgeSource, PackedGraph, SourceRecord, TripleRecord } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'build-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'source.txt')
writeFileSync(file, 'content')

type Extra = Partial<Omit<EntityRecord, 'kind' | 'key' | 'label' | 'type'>>

let line = 0
const entity = (key: string, label: string, type: EntityType, extra: Extra = {}): EntityRecord => {
  line += 1
  return { kind: 'entity', file, line, key, label, type, synonyms: [], xrefs: [], ...extra }
}
const triple = (head: string, relation: string, tail: string, extra: Partial<TripleRecord> = {}): TripleRecord => {
  line += 1
  return { kind: 'triple', file, line, head, relation, tail, ...extra }
}

function plan(name: string, records: readonly SourceRecord[], changes: Partial<SourcePlan> = {}): SourcePlan {
  const source: KnowledgeSource = {
    name: `${name}-reader`,
    title: name,
    files: ['source.txt'],
    license: 'CC0-1.0',
    isPublishable: true,
    closedRelations: ['has_finding'],
    testedOn: 'written samples',
    read: async function* () {
      yield* records
    },
  }
  return { source, name, revision: '1', license: null, input: { files: [file] }, ...changes }
}

const only = (graph: PackedGraph, name: string): number => {
  const found = graph.find(name)
  expect(found, name).toHaveLength(1)
  return found[0]!
}
const labels = (graph: PackedGraph): string[] =>
  Array.from({ length: graph.entityCount }, (_, index) => graph.labelOf(index))

test('records with one key are one entity: the first source names it, the others add synonyms', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [entity('DOID:1', 'measles', 'disease', { synonyms: ['rubeola'] })]),
    plan('b', [entity('DOID:1', 'Morbilli', 'group', { synonyms: ['Measles', 'rubeola'], rarity: 'rare' })]),
  ])
  expect(labels(graph)).toEqual(['measles'])
  expect(graph.synonymsOf(0)).toEqual(['rubeola', 'Morbilli'])
  expect([graph.typeOf(0), graph.rarityOf(0)]).toEqual(['disease', 'rare'])
  expect(report.resolution.merges['same key']).toBe(1)
  expect(report.resolution.keyTypeClashes).toEqual({
    count: 1,
    examples: [{ key: 'DOID:1', types: ['disease', 'group'] }],
  })
})

test('a cross-reference joins what it names, a label and a synonym join too, each counted by its rule', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [
      entity('DOID:1', 'measles', 'disease', { xrefs: ['UMLS:C1'] }),
      entity('DOID:2', 'oedema', 'finding'),
      entity('DOID:3', 'whooping cough', 'disease', { synonyms: ['pertussis'] }),
    ]),
    plan('b', [
      entity('UMLS:C1', 'morbilli', 'disease'),
      entity('UMLS:C2', 'Edema', 'finding'),
      entity('UMLS:C3', 'Bordetella infection', 'disease', { synonyms: ['Pertussis'] }),
    ]),
  ])
  expect(labels(graph)).toEqual(['measles', 'oedema', 'whooping cough'])
  expect(graph.keysOf(only(graph, 'measles'))).toEqual(['DOID:1', 'UMLS:C1'])
  expect(report.resolution.merges).toEqual({
    'same key': 0,
    'spelling of a key': 0,
    'alternative key': 0,
    'cross-reference': 1,
    label: 1,
    name: 1,
  })
})

test('two identifiers of one space are never joined, by whatever they share', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [
      entity('DOID:1', 'galactosemia', 'disease', { xrefs: ['UMLS:C1'], synonyms: ['GALT deficiency'] }),
      entity('DOID:2', 'classic galactosemia', 'disease', { xrefs: ['UMLS:C1'], synonyms: ['galt deficiency'] }),
    ]),
    plan('b', [entity('UMLS:C1', 'galactose intolerance', 'disease')]),
  ])
  expect(graph.entityCount).toBe(3)
  expect(report.resolution.conflicts.byRule).toEqual({ 'cross-reference': 1, name: 1 })
  expect(report.resolution.conflicts.examples[0]?.entities.map(({ key }) => key)).toEqual([
    'DOID:1',
    'DOID:2',
    'UMLS:C1',
  ])
  expect(report.resolution.ambiguousNames.examples).toEqual([
    {
      name: 'galt deficiency',
      entities: [
        { label: 'classic galactosemia', type: 'disease', key: 'DOID:2' },
        { label: 'galactosemia', type: 'disease', key: 'DOID:1' },
      ],
    },
  ])
})

test('one thing whose names are those of two others is joined with neither', async () => {
  const { graph } = await buildGraph([
    plan('a', [entity('DOID:1', 'hepatitis', 'disease'), entity('DOID:2', 'hepatitis A', 'disease')]),
    plan('b', [entity('X:1', 'liver inflammation', 'disease', { synonyms: ['hepatitis', 'hepatitis A'] })]),
  ])
  expect(labels(graph)).toEqual(['hepatitis', 'hepatitis A', 'liver inflammation'])
})

test('an identifier that was given up for another leads to it', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [entity('DOID:1', 'measles', 'disease', { xrefs: ['DOID:9', 'DOID:8'] })]),
    plan('b', [
      entity('DOID:9', 'old measles', 'disease'),
      entity('F:1', 'fever', 'finding'),
      triple('DOID:9', 'has_finding', 'F:1'),
      triple('DOID:8', 'has_finding', 'F:1'),
    ]),
  ])
  expect(report.resolution.merges['alternative key']).toBe(1)
  expect(graph.keysOf(only(graph, 'old measles'))).toEqual(['DOID:1', 'DOID:9', 'DOID:8'])
  expect([...graph.neighbours(only(graph, 'measles'), graph.relationOf('has_finding'), false)]).toEqual([
    only(graph, 'fever'),
  ])
})

test('a shared class of a classification and a shared abbreviation join nothing', async () => {
  const { graph } = await buildGraph([
    plan('a', [entity('A:1', 'multiple sclerosis', 'disease', { xrefs: ['ICD10:G35'], synonyms: ['MS'] })]),
    plan('b', [entity('B:1', 'mitral stenosis', 'disease', { xrefs: ['ICD10:G35'], synonyms: ['MS'] })]),
  ])
  expect(graph.entityCount).toBe(2)
  expect(graph.find('MS')).toEqual([0, 1])
  expect(graph.find('ICD10:G35')).toEqual([0, 1])
})

test('one name of a disease and of a finding is two entities and a line of the report', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [entity('A:1', 'fever', 'disease'), entity('A:2', 'seizure', 'complication')]),
    plan('b', [entity('B:1', 'Fever', 'finding'), entity('B:2', 'seizure', 'finding')]),
  ])
  expect(labels(graph)).toEqual(['Fever', 'fever', 'seizure'])
  // By label a complication is joined with a finding, and is one.
  expect(graph.typeOf(2)).toBe('finding')
  expect(report.resolution.typeClashes.byTypes).toEqual({ 'disease/finding': 1 })
  expect(report.resolution.typeClashes.examples[0]?.name).toBe('fever')
})

test('near-duplicates are listed, not joined', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [entity('A:1', 'MRI of the brain', 'test'), entity('A:2', 'skin lesion', 'finding')]),
    plan('b', [entity('B:1', 'brain MRI', 'test'), entity('B:2', 'skin lesions', 'finding')]),
  ])
  expect(graph.entityCount).toBe(4)
  expect(report.resolution.nearDuplicates.examples.map((pair) => pair.map(({ label }) => label))).toEqual([
    ['MRI of the brain', 'brain MRI'],
    ['skin lesion', 'skin lesions'],
  ])
})

test('keys that only spell one label are one entity, other keys of one space are not', async () => {
  const { graph } = await buildGraph([
    plan('a', [
      entity('FILLER:finding/Ataxia', 'Ataxia', 'finding'),
      entity('FILLER:finding/ataxia', 'ataxia', 'finding'),
      entity('HP:1', 'tremor', 'finding'),
      entity('HP:2', 'tremor', 'finding'),
    ]),
    plan('b', [entity('SYMP:5', 'ataxia', 'finding')]),
  ])
  expect(labels(graph)).toEqual(['Ataxia', 'tremor', 'tremor'])
  expect(graph.entityIdOf(1)).not.toBe(graph.entityIdOf(2))
})

test('triples that cannot stand are rejected, each under its reason and with its place', async () => {
  const { graph, report } = await buildGraph([
    plan('a', [
      entity('A:1', 'measles', 'disease'),
      entity('A:2', 'fever', 'finding'),
      entity('A:3', 'rubeola', 'disease', { synonyms: ['measles, plain'] }),
      entity('A:4', '  ', 'finding'),
      triple('A:1', 'has_finding', 'A:2'),
      triple('A:9', 'has_finding', 'A:2'),
      triple('A:1', 'has_finding', 'A:9'),
      triple('A:1', 'likes', 'A:2'),
      triple('A:2', 'has_finding', 'A:1'),
      triple('A:1', 'has_finding', 'A:3'),
      triple('A:1', 'is_a', 'A:2'),
      triple('A:1', 'mimicked_by', 'B:1'),
      { kind: 'rejected', file, line: 77, reason: 'obsolete', detail: 'A:7' },
    ]),
    plan('b', [entity('B:1', 'Measles', 'disease')]),
  ])
  expect(graph.tripleCount).toBe(1)
  const [source] = report.sources
  expect([source?.tripleRecords, source?.keptTriples, source?.entityRecords]).toEqual([8, 1, 3])
  expect(source?.rejected.map(({ reason, count }) => [reason, count])).toEqual([
    ['ends are one entity', 1],
    ['entity without a label', 1],
    ['head is a finding', 1],
    ['is_a of another kind', 1],
    ['obsolete', 1],
    ['tail is a disease', 1],
    ['unknown head', 1],
    ['unknown relation', 1],
    ['unknown tail', 1],
  ])
  expect(source?.rejected.find(({ reason }) => reason === 'obsolete')?.examples).toEqual([
    { file, line: 77, detail: 'A:7' },
  ])
  expect(source?.rejected.find(({ reason }) => reason === 'unknown relation')?.examples[0]?.detail).toBe(
    'A:1 likes A:2',
  )
})

test('what several sources say is one triple with all origins and qualifiers', async () => {
  const said = [entity('D:1', 'measles', 'disease'), entity('F:1', 'fever', 'finding')]
  const { graph, report } = await buildGraph([
    plan('a', [...said, triple('D:1', 'has_finding', 'F:1', { line: 5, qualifiers: { frequency: 'often' } })]),
    plan('b', [
      triple('D:1', 'has_finding', 'F:1', {
        line: 6,
        quote: 'Measles causes fever.',
        url: 'https://a.example/1',
        qualifiers: { frequency: '90%', evidence: 'PCS' },
      }),
    ]),
  ])
  expect(graph.tripleCount).toBe(1)
  expect(graph.originsOf(0)).toEqual([
    { source: 'a', revision: '1', license: 'CC0-1.0', file, line: 5 },
    {
      source: 'b',
      revision: '1',
      license: 'CC0-1.0',
      file,
      line: 6,
      quote: 'Measles causes fever.',
      url: 'https://a.example/1',
    },
  ])
  expect(graph.qualifiersOf(0)).toEqual({ evidence: 'PCS', frequency: 'often; 90%' })
  expect(report.sources.map(({ keptTriples }) => keptTriples)).toEqual([1, 1])
})

test('the order of records inside a source changes nothing but lines', async () => {
  const records = [
    entity('A:1', 'measles', 'disease', { xrefs: ['UMLS:C1'] }),
    entity('UMLS:C1', 'morbilli', 'disease'),
    entity('F:1', 'fever', 'finding'),
    entity('F:2', 'rash', 'finding'),
    triple('A:1', 'has_finding', 'F:1'),
    triple('UMLS:C1', 'has_finding', 'F:2'),
  ]
  const [first, second] = records
  const turned = [...records.slice(2).reverse(), first!, second!]
  const a = await buildGraph([plan('a', records)])
  const b = await buildGraph([plan('a', turned)])
  expect(b.graph.hash).toBe(a.graph.hash)
  expect(b.report.resolution).toEqual(a.report.resolution)
})

test('revision and licence come from the plan, else the file, else the reader or the content', async () => {
  const about: SourceRecord = { kind: 'about', revision: '2026-01-01', license: 'CC-BY-4.0' }
  const none = { revision: null, license: null }
  const { graph } = await buildGraph([
    plan('a', [about], { revision: '3', license: 'own' }),
    plan('b', [about], none),
    plan('c', [], none),
  ])
  expect(graph.sources.map(({ revision, license }) => [revision, license])).toEqual([
    ['3', 'own'],
    ['2026-01-01', 'CC-BY-4.0'],
    [`sha256:${sha256Hex('content').slice(0, 12)}`, 'CC0-1.0'],
  ])
  expect(graph.sources[0]).toMatchObject({
    isPublishable: true,
    closedRelations: ['has_finding'],
    files: [{ file, sha256: sha256Hex('content'), sizeBytes: 7 }],
  })
})

test('other bytes than pinned, an unknown pin, a missing file and a name given twice are refused', async () => {
  const good = sha256Hex('content')
  const pinned = (sha256: Readonly<Record<string, string>>) => buildGraph([plan('a', [], { sha256 })])
  await expect(pinned({ [file]: good.toUpperCase() })).resolves.toBeDefined()
  await expect(pinned({ 'source.txt': '0'.repeat(64) })).rejects.toThrow(AuditError)
  await expect(pinned({ 'other.txt': good })).rejects.toThrow(ConfigError)
  const missing = { input: { files: [join(root, 'missing')] } }
  await expect(buildGraph([plan('a', [], missing)])).rejects.toThrow(DataError)
  await expect(buildGraph([plan('a', []), plan('a', [])])).rejects.toThrow(ConfigError)
})

test('a build can be ended between two records', async () => {
  const signal = AbortSignal.abort()
  await expect(buildGraph([plan('a', [entity('A:1', 'measles', 'disease')])], { signal })).rejects.toThrow(/abort/)
})

const starter = fileURLToPath(new URL('../../data/starter', import.meta.url))
test('the bundled starter graph is built with every entity and triple', async () => {
  const { graph, report } = await buildGraph([
    { source: starterTables, name: 'starter', revision: null, license: null, input: { files: [starter] } },
  ])
  expect([graph.sources[0]?.revision, graph.sources[0]?.license]).toEqual(['1', 'CC0-1.0'])
  expect(report.sources[0]?.rejected).toEqual([])
  expect([graph.entityCount, graph.tripleCount]).toEqual([
    report.sources[0]?.entityRecords,
    report.sources[0]?.tripleRecords,
  ])
  expect(graph.sources[0]?.files.every(({ file: name }) => existsSync(name))).toBe(true)
  expect(graph.rarityOf(only(graph, "Addison's disease"))).toBe('rare')
})

const shared = fileURLToPath(new URL('../../../shared/data/kg', import.meta.url))
const openSources: readonly (readonly [KnowledgeSource, readonly string[]])[] = [
  [diseaseOntologyTerms, ['disease-ontology/HumanDO.tsv']],
  [diseaseOntologySymptoms, ['disease-ontology/disease-symptom.tsv']],
  [obo, ['symptom-ontology/symp.obo']],
  [pharmacotherapydb, ['pharmacotherapydb/indications.tsv']],
  [ddxplus, ['ddxplus/release_conditions.json', 'ddxplus/release_evidences.json']],
]
test.skipIf(!existsSync(shared))('open sources become one graph in which every record is accounted for', async () => {
  const plans = openSources.map(([source, files]) => ({
    source,
    name: source.name,
    revision: null,
    license: null,
    input: { files: files.map((name) => join(shared, name)) },
  }))
  const { graph, report } = await buildGraph(plans)
  const refused = ['unknown head', 'unknown tail', 'unknown relation', 'ends are one entity', 'is_a of another kind']
  for (const { name, tripleRecords, keptTriples, rejected } of report.sources) {
    const lost = rejected.filter(({ reason }) => refused.includes(reason) || / is a /.test(reason))
    const lostCount = lost.reduce((sum, { count }) => sum + count, 0)
    expect(keptTriples + lostCount, name).toBe(tripleRecords)
    expect(lostCount / Math.max(1, tripleRecords), name).toBeLessThan(0.01)
  }
  expect(report.resolution.entities).toBe(graph.entityCount)
  // What two ontologies and a data set of cases call by one name is one entity, with the identifiers of all.
  const cough = only(graph, 'cough')
  expect(graph.keysOf(cough).map((key) => key.split(':')[0])).toContain('SYMP')
  const asthma = only(graph, 'DOID:2841')
  expect(graph.labelOf(asthma)).toBe('asthma')
  expect(new Set(graph.neighbours(asthma, graph.relationOf('treated_by'), false)).size).toBeGreaterThan(5)
})
