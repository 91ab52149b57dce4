import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createGraph, entityId, type Graph, tripleId } from './graph.ts'
import {
  type Bars,
  countRelations,
  countTypes,
  discriminatingTriples,
  missedBars,
  nearDuplicates,
  sharedTails,
  starterBars,
  taxonomicShare,
} from './quality.ts'
import { starterSchema } from './schema.ts'
import { readTables } from './sources/tables.ts'
import type { Entity, EntityType, Rarity } from './types.ts'

const starterDir = join(import.meta.dirname, '../../data/starter')
const origin = { source: 'test', revision: '1', license: 'CC0-1.0', file: 'test.tsv', line: 1 }

function makeEntity(
  type: EntityType,
  label: string,
  synonyms: readonly string[] = [],
  rarity: Rarity = 'rare',
): Entity {
  const ends = { id: entityId(type, label), label, type, synonyms, origin }
  return type === 'disease' ? { ...ends, rarity } : ends
}

/** A graph of the named entities; a triple is written "head|relation|tail". */
function makeGraph(entities: readonly Entity[], triples: readonly string[]): Graph {
  const idOf = new Map(entities.map((entity) => [entity.label, entity.id]))
  return createGraph(
    starterSchema,
    entities,
    triples.map((line) => {
      const [head = '', relation = '', tail = ''] = line.split('|')
      const ends = { head: idOf.get(head)!, relation, tail: idOf.get(tail)! }
      return { id: tripleId(ends.head, relation, ends.tail), ...ends, origin }
    }),
  )
}

const measles = makeEntity('disease', 'measles', [], 'uncommon')
const rubella = makeEntity('disease', 'rubella')
const viral = makeEntity('group', 'viral infection')
const rash = makeEntity('finding', 'rash')
const koplik = makeEntity('finding', 'Koplik spots')

const twoRashes = makeGraph(
  [measles, rubella, viral, rash, koplik],
  [
    'measles|is_a|viral infection',
    'rubella|is_a|viral infection',
    'measles|has_finding|rash',
    'rubella|has_finding|rash',
    'measles|has_hallmark|Koplik spots',
  ],
)

const noBars: Bars = {
  diseases: 0,
  rareDiseases: 0,
  triples: 0,
  relations: 0,
  discriminatingTriples: 0,
  maxTaxonomicShare: 1,
  uniqueTails: [],
}

test('types and relations are counted, the most frequent first and equal counts by name', () => {
  expect([...countTypes(twoRashes)]).toEqual([
    ['disease', 2],
    ['finding', 2],
    ['group', 1],
  ])
  expect([...countRelations(twoRashes)]).toEqual([
    ['has_finding', 2],
    ['is_a', 2],
    ['has_hallmark', 1],
  ])
})

test('two class memberships of five triples are a taxonomic share of 0.4', () => {
  expect(taxonomicShare(twoRashes)).toBe(0.4)
  expect(taxonomicShare(makeGraph([], []))).toBe(0)
})

test('a triple discriminates only when no other disease has its relation and tail', () => {
  const found = [...discriminatingTriples(twoRashes)].map(([disease, triples]) => [disease.label, triples.length])
  expect(found).toEqual([
    ['measles', 1],
    ['rubella', 0],
  ])
})

test('the same tail under another relation still discriminates', () => {
  const graph = makeGraph([measles, rubella, rash], ['measles|has_finding|rash', 'rubella|has_hallmark|rash'])
  expect([...discriminatingTriples(graph).values()].map((triples) => triples.length)).toEqual([1, 1])
})

test('a tail is shared when a second disease has it, be it by another relation', () => {
  expect(sharedTails(twoRashes, 'has_hallmark')).toEqual([])
  expect(sharedTails(twoRashes, 'has_finding')).toEqual([rash])
  const stolen = makeGraph(
    [measles, rubella, koplik],
    ['measles|has_hallmark|Koplik spots', 'rubella|has_finding|Koplik spots'],
  )
  expect(sharedTails(stolen, 'has_hallmark')).toEqual([koplik])
})

test.each([
  ['night sweat', 'night sweats'],
  ['acid-fast bacillus', 'acid fast bacillus'],
  ["Crohn's disease", 'Crohn disease'],
  ['brain MRI', 'MRI of the brain'],
  ['leg edema', 'leg oedema'],
  ['Rash', 'rash'],
  ['Lewy body', 'Lewy bodies'],
])('"%s" and "%s" are near-duplicates', (a, b) => {
  const [first, second] = [makeEntity('finding', a), makeEntity('result', b)]
  const graph = { entities: [first, second] } as unknown as Graph
  expect(nearDuplicates(graph)).toEqual([[first, second]])
})

test.each([
  ['hepatitis B', 'hepatitis C'],
  ['hemophilia A', 'hemophilia'],
  ['type 1 diabetes mellitus', 'type 2 diabetes mellitus'],
  ['lower back pain', 'back pain'],
  ['raised intracranial pressure', 'raised intraocular pressure'],
])('"%s" and "%s" are two things', (a, b) => {
  const graph = makeGraph([makeEntity('disease', a), makeEntity('disease', b)], [])
  expect(nearDuplicates(graph)).toEqual([])
})

test('a synonym that is the label of another entity but for a plural is a near-duplicate', () => {
  const flu = makeEntity('disease', 'influenza', ['flu'])
  const other = makeEntity('finding', 'influenzas')
  expect(nearDuplicates(makeGraph([flu, other], []))).toEqual([[flu, other]])
})

test('a graph at its bars misses none', () => {
  const bars = { ...noBars, diseases: 2, rareDiseases: 1, triples: 5, relations: 3, maxTaxonomicShare: 0.4 }
  expect(missedBars(twoRashes, { ...bars, uniqueTails: ['has_hallmark'] })).toEqual([])
})

test('every missed bar is named with what was found and what is needed', () => {
  const bars = {
    diseases: 3,
    rareDiseases: 2,
    triples: 6,
    relations: 4,
    discriminatingTriples: 1,
    maxTaxonomicShare: 0.3,
  }
  expect(missedBars(twoRashes, { ...bars, uniqueTails: ['has_finding'] })).toEqual([
    'diseases: 2, at least 3 are needed',
    'rare diseases: 1, at least 2 are needed',
    'triples: 5, at least 6 are needed',
    'relations: 3, at least 4 are needed',
    'taxonomic share: 0.4, at most 0.3 is allowed',
    'discriminating triples: "rubella" has 0, at least 1 are needed',
    'unique tails: "rash" is not the "has_finding" of one disease only',
  ])
})

test('near-duplicates miss a bar of their own', () => {
  const graph = makeGraph([measles, rash, makeEntity('result', 'rashs')], ['measles|has_finding|rash'])
  expect(missedBars(graph, noBars)).toEqual(['near-duplicates: finding "rash" and result "rashs" may be one thing'])
})

test('the bundled starter graph meets every bar', () => {
  expect(missedBars(readTables(starterDir, starterSchema), starterBars)).toEqual([])
})
