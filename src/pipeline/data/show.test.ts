import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { removeDir } from '../../core/store.ts'
import { clinicalSchema } from '../../graph/clinical.ts'
import { packTriples } from '../../graph/packed.ts'
import { writePacked } from '../../graph/packed-file.ts'
import { openDataGraph, showNamed } from './show.ts'
import { nearestNames } from './show-near.ts'

const root = join(tmpdir(), `fleming-show-${randomUUID()}`)
afterAll(() => removeDir(root))

const findings = Array.from({ length: 30 }, (_, index) => `sign ${String(index).padStart(2, '0')}`)
const graph = packTriples(
  clinicalSchema,
  [
    {
      label: 'Fabrosis',
      type: 'disease',
      synonyms: ['Fab disease'],
      keys: ['DOID:12'],
      rarity: 'rare',
      labelZh: '法布病',
    },
    { label: 'Lupox', type: 'disease', synonyms: ['Fab'] },
    { label: 'Fab', type: 'gene' },
    { label: 'Zetamycin', type: 'drug' },
    ...findings.map((label) => ({ label, type: 'finding' as const })),
  ],
  [
    ['Fabrosis', 'treated_by', 'Zetamycin'],
    ...findings.map((label) => ['Fabrosis', 'has_finding', label] as const),
    ['Lupox', 'mimicked_by', 'Fabrosis'],
  ],
)
const hintOf = (name: string): string | undefined => {
  try {
    showNamed(graph, name)
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.hint
    throw cause
  }
  return 'nothing was thrown'
}

describe('an entity', () => {
  test.each(['fabrosis', 'FAB DISEASE', 'doid:12', '法布病'])(
    'is found by %s, with what the graph has of it',
    (name) => {
      const { entities, triple, hash } = showNamed(graph, name)
      expect([entities.length, triple, hash]).toEqual([1, null, graph.hash])
      expect(entities[0]).toMatchObject({
        label: 'Fabrosis',
        labelZh: '法布病',
        type: 'disease',
        rarity: 'rare',
        synonyms: ['Fab disease'],
        triples: 32,
      })
      expect(entities[0]?.keys).toContain('DOID:12')
    },
  )

  test('shows its triples by relation in both directions, with origins, up to the limit', () => {
    const { entities } = showNamed(graph, 'fabrosis', { limit: 3 })
    const relations = entities[0]?.relations ?? []
    expect(
      relations.map(({ relation, direction, total, triples }) => [relation, direction, total, triples.length]),
    ).toEqual(
      expect.arrayContaining([
        ['has_finding', 'forward', 30, 3],
        ['treated_by', 'forward', 1, 1],
        ['mimicked_by', 'backward', 1, 1],
      ]),
    )
    expect(relations).toHaveLength(3)
    const treated = relations.find(({ relation }) => relation === 'treated_by')?.triples[0]
    expect(treated).toMatchObject({
      head: { label: 'Fabrosis', type: 'disease' },
      tail: { label: 'Zetamycin', type: 'drug' },
      origins: [{ source: 'sketch', revision: '1', license: 'CC0-1.0' }],
    })
    expect(treated?.sentence).toMatch(/^Fabrosis \S.*\S Zetamycin$/)
  })

  test('is one of several where several have the name: all are shown', () => {
    expect(
      showNamed(graph, 'fab')
        .entities.map(({ label, type }) => `${label} ${type}`)
        .sort(),
    ).toEqual(['Fab gene', 'Lupox disease'])
  })

  test('and a triple are found by the ids that questions cite', () => {
    const shown = showNamed(graph, 'fabrosis').entities[0]
    expect(showNamed(graph, shown?.id ?? '').entities[0]).toEqual(shown)
    const triple = shown?.relations[0]?.triples[0]
    expect(showNamed(graph, triple?.id ?? '')).toEqual({ hash: graph.hash, entities: [], triple })
  })
})

describe('an unknown name', () => {
  test('is an error with the nearest names', () => {
    expect(hintOf('fabrosys')).toBe('near names: "Fabrosis"')
    expect(hintOf('zetamicyn')).toBe('near names: "Zetamycin"')
    expect(hintOf('disease')).toBe('near names: "Fab disease"')
    expect(hintOf('sign')).toBe('near names: "sign 00", "sign 01", "sign 02", "sign 03", "sign 04"')
  })

  test.each(['', '  ', 'quite another thing', 'entity_0123456789abcdef01234567', 'triple_0123456789abcdef01234567'])(
    '"%s" without any near it is told what names are',
    (name) => {
      expect(hintOf(name)).toContain('a key such as DOID:1205')
    },
  )

  test('of any length is looked for in bounded time', () => {
    const start = performance.now()
    expect(nearestNames(graph, 'x'.repeat(1_000_000))).toEqual([])
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('a folder', () => {
  test('may be that of the run or of its graph; another one is an error', () => {
    const run = join(root, 'run')
    writePacked(join(run, 'graph'), graph)
    expect(openDataGraph(run).hash).toBe(graph.hash)
    expect(openDataGraph(join(run, 'graph')).hash).toBe(graph.hash)
    expect(() => openDataGraph(root)).toThrow(ConfigError)
    expect(() => openDataGraph(root)).toThrow('there is no graph in')
  })
})
