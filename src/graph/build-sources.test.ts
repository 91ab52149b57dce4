import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readItem } from './agent/wikidata-item.ts'
import { buildGraph, type SourcePlan } from './build.ts'
import { readPacked, writePacked } from './packed-file.ts'
import type { EntityRecord, EntityType, KnowledgeSource, SourceRecord } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'build-sources-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'source.txt')
writeFileSync(file, 'content')

type Extra = Partial<Omit<EntityRecord, 'kind' | 'key' | 'label' | 'type'>>

let line = 0
const entity = (key: string, label: string, type: EntityType, extra: Extra = {}): EntityRecord => {
  line += 1
  return { kind: 'entity', file, line, key, label, type, synonyms: [], xrefs: [], ...extra }
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

test('an identifier that a disease and a finding both claim joins nothing and is a line of the report', async () => {
  const { report } = await buildGraph([
    plan('a', [
      entity('A:1', 'hypertension', 'disease', { xrefs: ['UMLS:C1', 'ICD10:I10'] }),
      entity('B:1', 'raised pressure', 'finding', { xrefs: ['UMLS:C1', 'ICD10:I10'] }),
    ]),
  ])
  const { entities, conflicts, referenceClashes } = report.resolution
  expect([entities, conflicts.count]).toEqual([2, 0])
  expect(referenceClashes).toEqual({
    count: 1,
    examples: [
      {
        shared: 'UMLS:C1',
        entities: [
          { label: 'hypertension', type: 'disease', key: 'A:1' },
          { label: 'raised pressure', type: 'finding', key: 'B:1' },
        ],
      },
    ],
  })
})

test('an identifier of Orphanet is one, however a wiki spells its prefix', async () => {
  const item = readItem({ id: 'Q1', claims: { P1550: [{ mainsnak: { datavalue: { value: '558' } } }] } })
  const { report } = await buildGraph([
    plan('a', [
      entity('ORPHA:558', 'Marfan syndrome type 1', 'disease'),
      entity('WIKIDATA:Q1', 'Marfan', 'disease', { xrefs: item?.xrefs ?? [] }),
    ]),
  ])
  expect(report.resolution.merges['cross-reference']).toBe(1)
})

test('a file that may not be published makes its source so, and one that may cannot undo what the reader says', async () => {
  const reader = plan('closed', [{ kind: 'about', isPublishable: true }])
  const { graph } = await buildGraph([
    plan('a', [
      { kind: 'about', isPublishable: false },
      { kind: 'about', revision: '2' },
    ]),
    plan('b', []),
    { ...reader, source: { ...reader.source, isPublishable: false } },
  ])
  expect(graph.sources.map(({ name, isPublishable }) => [name, isPublishable])).toEqual([
    ['a', false],
    ['b', true],
    ['closed', false],
  ])
})

test('a graph remembers the readers of its sources and what they come from, also in its file', async () => {
  const declared = plan('b', [{ kind: 'about', families: ['hpo'] }])
  const { graph } = await buildGraph([
    plan('a', []),
    { ...declared, source: { ...declared.source, families: ['medquad'] } },
  ])
  const dir = join(root, 'families')
  writePacked(dir, graph)
  for (const { sources } of [graph, readPacked(dir)]) {
    expect(sources.map(({ reader, families }) => [reader, families])).toEqual([
      ['a-reader', undefined],
      ['b-reader', ['medquad', 'hpo']],
    ])
  }
})
