import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../core/errors.ts'
import { clinicalSchema } from './clinical.ts'
import { entityId, tripleId } from './graph.ts'
import { type EntitySketch, openGraph, packTriples, partsOf, type TripleSketch } from './packed.ts'
import type { GraphSource } from './types.ts'

const entities: readonly EntitySketch[] = [
  { label: 'measles', type: 'disease', synonyms: ['rubeola', 'morbilli'], keys: ['DOID:8622'], rarity: 'uncommon' },
  { label: 'rubella', type: 'disease', rarity: 'rare', labelZh: '风疹' },
  { label: 'fever', type: 'finding', synonyms: ['pyrexia'] },
  { label: 'oedema', type: 'finding' },
  { label: 'vitamin A', type: 'drug' },
]
const triples: readonly TripleSketch[] = [
  ['rubella', 'has_finding', 'fever'],
  ['measles', 'treated_by', 'vitamin A'],
  ['measles', 'has_finding', 'oedema'],
  ['measles', 'mimicked_by', 'rubella'],
  ['measles', 'has_finding', 'fever'],
]
const graph = packTriples(clinicalSchema, entities, triples)
const has = graph.relationOf('has_finding')
const [measles, rubella, fever, oedema, vitamin] = [0, 1, 2, 3, 4] as const

const source = (name: string, isPublishable = true): GraphSource => ({
  name,
  revision: '7',
  license: 'CC-BY-4.0',
  isPublishable,
  closedRelations: [],
  files: [],
})

test('entities are read back as they were given', () => {
  expect(graph.entityCount).toBe(5)
  expect(graph.labelOf(measles)).toBe('measles')
  expect(graph.synonymsOf(measles)).toEqual(['rubeola', 'morbilli'])
  expect(graph.keysOf(measles)).toEqual(['DOID:8622'])
  expect([graph.rarityOf(measles), graph.rarityOf(rubella), graph.rarityOf(fever)]).toEqual([
    'uncommon',
    'rare',
    undefined,
  ])
  expect([graph.labelZhOf(rubella), graph.labelZhOf(measles)]).toEqual(['风疹', undefined])
  expect([...graph.ofType('finding')]).toEqual([fever, oedema])
  expect([...graph.ofType('gene')]).toEqual([])
  expect(graph.typeOf(vitamin)).toBe('drug')
})

test('triples are sorted by head, relation and tail and walked in both directions', () => {
  expect([...graph.neighbours(measles, has, false)]).toEqual([fever, oedema])
  expect([...graph.neighbours(fever, has, true)]).toEqual([measles, rubella])
  expect([...graph.neighbours(fever, has, false)]).toEqual([])
  const [first] = graph.triplesTo(fever, has, true)
  expect([graph.headOf(first!), graph.relationAt(first!), graph.tailOf(first!)]).toEqual([measles, has, fever])
  expect(graph.relationsAt(measles, false).map((relation) => clinicalSchema.relations[relation]!.name)).toEqual([
    'has_finding',
    'treated_by',
    'mimicked_by',
  ])
  expect(graph.relationsAt(rubella, true)).toEqual([graph.relationOf('mimicked_by')])
  expect(graph.degree(measles)).toBe(4)
})

test('a triple is found by its ends, and two entities touch in either direction', () => {
  const triple = graph.findTriple(measles, has, oedema)
  expect(graph.tailOf(triple)).toBe(oedema)
  expect(graph.findTriple(rubella, has, oedema)).toBe(-1)
  expect(graph.findTriple(oedema, has, measles)).toBe(-1)
  expect([graph.touches(rubella, measles), graph.touches(measles, rubella)]).toEqual([true, true])
  expect(graph.touches(rubella, oedema)).toBe(false)
})

test('a name is found by label, synonym, key and Chinese label, spelling and letter case aside', () => {
  expect(graph.find('Edema')).toEqual([oedema])
  expect(graph.find('RUBEOLA')).toEqual([measles])
  expect(graph.find('doid:8622')).toEqual([measles])
  expect(graph.find('风疹')).toEqual([rubella])
  expect(graph.find('mumps')).toEqual([])
  expect(graph.find(' ** ')).toEqual([])
})

test('one name of two entities finds both', () => {
  const two = packTriples(
    clinicalSchema,
    [
      { label: 'multiple sclerosis', type: 'disease', synonyms: ['MS'] },
      { label: 'mitral stenosis', type: 'disease', synonyms: ['ms'] },
    ],
    [],
  )
  expect(two.find('MS')).toEqual([0, 1])
})

test('ids are those of the starter graph', () => {
  expect(graph.entityIdOf(fever)).toBe(entityId('finding', 'fever'))
  const triple = graph.findTriple(measles, has, fever)
  expect(graph.tripleIdOf(triple)).toBe(
    tripleId(entityId('disease', 'measles'), 'has_finding', entityId('finding', 'fever')),
  )
})

test('two entities with one type and label have two ids', () => {
  const parts = partsOf(
    packTriples(
      clinicalSchema,
      [
        { label: 'a', type: 'disease', keys: ['DOID:1'] },
        { label: 'b', type: 'disease', keys: ['DOID:2'] },
      ],
      [],
    ),
  )
  const labels = Uint32Array.of(parts.entities.labels[0]!, parts.entities.labels[0]!)
  const twins = openGraph({ ...parts, entities: { ...parts.entities, labels } })
  expect(twins.labelOf(1)).toBe('a')
  expect(twins.entityIdOf(0)).not.toBe(twins.entityIdOf(1))
})

test('a triple that two sources say is one triple with both origins', () => {
  const said = packTriples(
    clinicalSchema,
    entities,
    [
      ['measles', 'has_finding', 'fever', 'b'],
      ['rubella', 'has_finding', 'fever', 'b'],
      ['measles', 'has_finding', 'fever', 'a'],
    ],
    [source('a'), source('b')],
  )
  expect(said.tripleCount).toBe(2)
  expect(said.originsOf(said.findTriple(measles, has, fever))).toEqual([
    { source: 'a', revision: '7', license: 'CC-BY-4.0', file: 'sketch', line: 3 },
    { source: 'b', revision: '7', license: 'CC-BY-4.0', file: 'sketch', line: 1 },
  ])
})

test('the hash is that of the knowledge: not of the order it was said in, but of its source', () => {
  const again = packTriples(clinicalSchema, entities, [...triples].reverse())
  expect(again.hash).toBe(graph.hash)
  expect(packTriples(clinicalSchema, entities, triples.slice(1)).hash).not.toBe(graph.hash)
  expect(packTriples(clinicalSchema, entities, triples, [source('sketch')]).hash).not.toBe(graph.hash)
})

test('numbers outside the graph are refused', () => {
  expect(() => graph.labelOf(5)).toThrow(new DataError('the graph has no entity 5, only 5'))
  expect(() => graph.neighbours(-1, has, false)).toThrow(DataError)
  expect(() => graph.tailOf(Number.NaN)).toThrow(DataError)
  expect(() => graph.relationOf('likes')).toThrow(ConfigError)
  expect(() => packTriples(clinicalSchema, entities, [['mumps', 'has_finding', 'fever']])).toThrow(/no entity "mumps"/)
})

test('walks agree with a plain list of triples, whatever the graph', () => {
  const size = 12
  const names = ['has_finding', 'is_a', 'treated_by']
  const edge = fc.tuple(fc.nat(size - 1), fc.nat(names.length - 1), fc.nat(size - 1))
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 120 }), (edges) => {
      const labels = Array.from({ length: size }, (_, index) => `e${index}`)
      const packed = packTriples(
        clinicalSchema,
        labels.map((label) => ({ label, type: 'disease' })),
        edges.map(([head, relation, tail]) => [labels[head]!, names[relation]!, labels[tail]!]),
      )
      const plain = new Set(edges.map(([head, relation, tail]) => `${head} ${relation} ${tail}`))
      expect(packed.tripleCount).toBe(plain.size)
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          const said = names.map((_, relation) => plain.has(`${a} ${relation} ${b}`))
          names.forEach((name, relation) => {
            const number = packed.relationOf(name)
            expect(packed.findTriple(a, number, b) !== -1).toBe(said[relation])
            expect(packed.neighbours(a, number, false).includes(b)).toBe(said[relation])
            expect(packed.neighbours(b, number, true).includes(a)).toBe(said[relation])
          })
          const back = names.some((_, relation) => plain.has(`${b} ${relation} ${a}`))
          expect(packed.touches(a, b)).toBe(said.includes(true) || back)
        }
      }
    }),
    { numRuns: 40 },
  )
})
