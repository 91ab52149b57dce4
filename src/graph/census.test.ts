import { expect, test } from 'vitest'
import { censusOf } from './census.ts'
import { findCycles } from './census-cycles.ts'
import { formatCensus } from './census-text.ts'
import { clinicalSchema } from './clinical.ts'
import { packTriples } from './packed.ts'
import { ddxplus } from './sources/ddxplus.ts'
import { hetionetEdges } from './sources/hetionet.ts'
import { hpoAnnotations } from './sources/hpo-annotations.ts'
import { medquad } from './sources/medquad.ts'
import { pharmacotherapydb } from './sources/pharmacotherapydb.ts'
import { primekg } from './sources/primekg.ts'
import type { GraphSource } from './types.ts'

const source = (name: string): GraphSource => ({
  name,
  revision: '1',
  license: 'CC0-1.0',
  isPublishable: true,
  closedRelations: [],
  files: [],
  ...(name.startsWith('disease-ontology') ? { families: ['disease-ontology'] } : {}),
})

const graph = packTriples(
  clinicalSchema,
  [
    { label: 'measles', type: 'disease', rarity: 'rare' },
    { label: 'rubella', type: 'disease', rarity: 'common' },
    { label: 'scurvy', type: 'disease' },
    { label: 'fever', type: 'finding' },
    { label: 'vitamin A', type: 'drug' },
    { label: 'dominant', type: 'inheritance' },
    { label: 'recessive', type: 'inheritance' },
    { label: 'alone', type: 'gene' },
  ],
  [
    ['measles', 'has_finding', 'fever', 'disease-ontology-terms'],
    ['measles', 'has_finding', 'fever', 'ddxplus'],
    ['rubella', 'has_finding', 'fever', 'disease-ontology-terms'],
    ['rubella', 'has_finding', 'fever', 'disease-ontology-symptoms'],
    ['measles', 'treated_by', 'vitamin A', 'ddxplus'],
    ['measles', 'not_treated_by', 'vitamin A', 'disease-ontology-terms'],
    ['scurvy', 'inherited_as', 'dominant', 'ddxplus'],
    ['scurvy', 'inherited_as', 'recessive', 'ddxplus'],
    ['measles', 'is_a', 'rubella', 'ddxplus'],
    ['rubella', 'is_a', 'measles', 'ddxplus'],
  ],
  [source('disease-ontology-terms'), source('disease-ontology-symptoms'), source('ddxplus')],
)
const census = censusOf(graph)

test('agreement counts sources that do not depend on each other', () => {
  const finding = census.relations.find(({ name }) => name === 'has_finding')
  expect(finding).toEqual({
    name: 'has_finding',
    triples: 2,
    heads: 2,
    tails: 1,
    agreed: 1,
    bySource: [
      { name: 'disease-ontology-terms', count: 2 },
      { name: 'ddxplus', count: 1 },
      { name: 'disease-ontology-symptoms', count: 1 },
    ],
  })
  expect([census.agreedTriples, census.agreedShare]).toEqual([1, 1 / 8])
  const apart = censusOf(graph, { families: { 'disease-ontology-symptoms': 'own' } })
  expect(apart.agreedTriples).toBe(2)
})

test('two sources are witnesses by what their readers declare, whatever a configuration calls them', () => {
  const said = (
    a: readonly string[] | null,
    b: readonly string[] | null,
    names: readonly [string, string] = ['x', 'y'],
  ) => {
    const sources = [a, b].map((families, i) => ({ ...source(names[i]!), ...(families === null ? {} : { families }) }))
    const triples = names.map((name) => ['measles', 'has_finding', 'fever', name] as const)
    const sketches = [
      { label: 'measles', type: 'disease' },
      { label: 'fever', type: 'finding' },
    ] as const
    const { agreedTriples, sources: described } = censusOf(packTriples(clinicalSchema, sketches, triples, sources))
    return [agreedTriples, ...described.map(({ family }) => family)]
  }
  expect(said(['disease-ontology'], ['disease-ontology'])).toEqual([0, 'disease-ontology', 'disease-ontology'])
  expect(said(medquad.families!, hpoAnnotations.families!)).toEqual([0, 'medquad and hpo', 'hpo'])
  expect(said(primekg.families!, hpoAnnotations.families!)[0]).toBe(0)
  expect(said(hetionetEdges.families!, pharmacotherapydb.families!)[0]).toBe(0)
  expect(said(ddxplus.families!, medquad.families!)[0]).toBe(1)
  expect(said(null, null)).toEqual([1, 'x', 'y'])
  // An ontology file that says nothing of itself is known by the name that it was given.
  expect(said(null, hpoAnnotations.families!, ['hpo', 'y'])[0]).toBe(0)
})

test('what each source says, and says alone, is counted', () => {
  expect(census.sources.map(({ name, triples, alone, relations }) => [name, triples, alone, relations])).toEqual([
    ['disease-ontology-terms', 3, 1, 2],
    ['disease-ontology-symptoms', 1, 0, 1],
    ['ddxplus', 6, 5, 4],
  ])
})

test('a triple and its denial are a contradiction, two modes of inheritance are several values', () => {
  expect(census.contradictions).toEqual({
    count: 1,
    examples: [
      {
        head: 'measles',
        relation: 'treated_by',
        tail: 'vitamin A',
        saidBy: ['ddxplus'],
        deniedBy: ['disease-ontology-terms'],
      },
    ],
  })
  expect(census.severalValues.examples).toEqual([
    { head: 'scurvy', relation: 'inherited_as', tails: ['dominant', 'recessive'] },
  ])
})

test('orphans, degrees, rarity and taxonomy are measured', () => {
  expect(census.orphans).toEqual({ count: 1, examples: ['alone'], byType: [{ name: 'gene', count: 1 }] })
  expect([census.degreeDeciles[0], census.degreeDeciles[10], census.meanDegree]).toEqual([0, 5, 2])
  expect(census.rarity).toEqual({ common: 1, uncommon: 0, rare: 1, unknown: 1 })
  expect(census.taxonomicShare).toBe(2 / 8)
  expect(census.entityTypes.slice(0, 2)).toEqual([
    { name: 'disease', count: 3 },
    { name: 'inheritance', count: 2 },
  ])
})

test('cycles of is_a are found, chains and diamonds are none', () => {
  expect(census.cycles).toEqual({ count: 1, examples: [['measles', 'rubella']] })
  const depth = 5_000
  const label = (index: number): string => `e${String(index).padStart(4, '0')}`
  const chain = packTriples(
    clinicalSchema,
    Array.from({ length: depth }, (_, index) => ({ label: label(index), type: 'disease' as const })),
    [
      ...Array.from({ length: depth - 1 }, (_, index) => [label(index), 'is_a', label(index + 1)] as const),
      ['e0000', 'is_a', 'e0002'],
      ['e0004', 'is_a', 'e0003'],
      ['e4999', 'is_a', 'e4997'],
    ],
  )
  expect(findCycles(chain, chain.relationOf('is_a'))).toEqual([
    [3, 4],
    [4997, 4998, 4999],
  ])
})

test('an empty graph has a census of zeros', () => {
  const empty = censusOf(packTriples(clinicalSchema, [], []))
  expect([empty.entities, empty.triples, empty.agreedShare, empty.meanDegree]).toEqual([0, 0, 0, 0])
  expect([empty.degreeDeciles, empty.relations, empty.cycles.count]).toEqual([[], [], 0])
})

test('the text names every relation and source with its counts', () => {
  const lines = formatCensus(census).split('\n')
  expect(lines[0]).toBe(`8 entities, 8 triples, ${graph.hash}`)
  expect(lines).toContain(
    'has_finding           2      2      1       1  disease-ontology-terms 2, ddxplus 1, disease-ontology-symptoms 1',
  )
  expect(lines).toContain('contradictions       1')
  expect(lines).toContain('agreed               1 triples, 12.5 %')
})
