import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { idOf, sketchGraph, tinyGraph, tinySketch } from './fixtures/tiny-graph.ts'
import { createGraph, entityId, tripleId } from './graph.ts'
import { starterSchema } from './schema.ts'
import type { Entity, Triple } from './types.ts'

const graph = tinyGraph()
const id = (name: string) => idOf(graph, name)
const labels = (from: string, step: string): string[] =>
  graph.follow(id(from), starterSchema.step(step)).map(({ entity }) => graph.entity(entity).label)

test('a step reaches the tails of its triples in the order of the triples', () => {
  expect(labels('falciparum malaria', 'first_line')).toEqual(['artesunate', 'quinine'])
  expect(labels('falciparum malaria', 'has_hallmark')).toEqual(['tertian fever'])
  expect(labels('artesunate', 'first_line')).toEqual([])
})

test('an inverse step reaches the heads, by the same triple', () => {
  const [arrival, ...others] = graph.follow(id('tophi'), starterSchema.step('hallmark_of'))
  expect(others).toEqual([])
  expect(arrival!.entity).toBe(id('gout'))
  expect(arrival!.triple.id).toBe(tripleId(id('gout'), 'has_hallmark', id('tophi')))
})

test('any step can be walked backwards, whether or not it has a name for that', () => {
  const backwards = { ...starterSchema.step('acts_by'), backward: true }
  const drugs = graph.follow(id('cell wall inhibition'), backwards).map(({ entity }) => graph.entity(entity).label)
  expect(drugs).toEqual(['ceftriaxone', 'benzathine penicillin'])
})

test('has means this head, relation and tail; touches means any triple, either way round', () => {
  const [gout, colchicine, tophi] = [id('gout'), id('colchicine'), id('tophi')]
  expect(graph.has(gout, 'treated_by', colchicine)).toBe(true)
  expect(graph.has(colchicine, 'treated_by', gout)).toBe(false)
  expect(graph.has(gout, 'first_line', colchicine)).toBe(false)
  expect([graph.touches(gout, colchicine), graph.touches(colchicine, gout)]).toEqual([true, true])
  expect(graph.touches(tophi, colchicine)).toBe(false)
})

test('the degree counts triples at both ends', () => {
  // A drug of two diseases, with one mechanism and one effect.
  expect(graph.degree(id('colchicine'))).toBe(4)
  expect(graph.degree(id('tophi'))).toBe(1)
})

test('an entity is found by label or synonym, letter case and surrounding space aside', () => {
  expect(graph.find(' Rubeola ')?.label).toBe('measles')
  expect(graph.find('WILSON DISEASE')?.id).toBe(id('Wilson disease'))
  expect(graph.find('Wilson')).toBeUndefined()
  expect(graph.find('')).toBeUndefined()
})

test('entities of a type come in file order', () => {
  expect(graph.ofType('gene').map(({ label }) => label)).toEqual(['ATP7B', 'HFE', 'CFTR', 'SERPINA1'])
})

test('ids that are not in the graph are named errors', () => {
  const stranger = entityId('disease', 'scurvy')
  const triple = tripleId(stranger, 'is_a', stranger)
  expect(() => graph.entity(stranger)).toThrow(new DataError(`entity ${stranger} is not in the graph`))
  expect(() => graph.degree(stranger)).toThrow(DataError)
  expect(() => graph.follow(stranger, starterSchema.step('is_a'))).toThrow(DataError)
  expect(() => graph.triple(triple)).toThrow(`triple ${triple} is not in the graph`)
})

const place = (line: number) => ({ source: 's', revision: '1', license: 'CC0-1.0', file: 'e.tsv', line })
const entity = (type: 'drug' | 'effect', label: string, synonyms: readonly string[], line: number): Entity => ({
  id: entityId(type, label),
  label,
  type,
  synonyms,
  origin: place(line),
})

test.each([
  ['a label in another letter case', entity('drug', 'Iron', [], 2), entity('effect', 'iron', [], 3)],
  ['a synonym that is a label', entity('drug', 'iron', [], 2), entity('effect', 'overload', ['Iron'], 3)],
  ['a synonym of both', entity('drug', 'iron', ['Fe'], 2), entity('drug', 'ferrite', ['fe'], 3)],
])('%s names two entities and is refused at its place', (_, first, second) => {
  expect(() => createGraph(starterSchema, [first, second], [])).toThrow(
    /^e\.tsv:3: ".*" names both \w+ ".*" and \w+ ".*"$/,
  )
})

test('an entity may repeat its own name as a synonym', () => {
  expect(createGraph(starterSchema, [entity('drug', 'iron', ['Iron'], 2)], []).find('IRON')?.label).toBe('iron')
})

test('a triple whose end is not declared is refused at its place', () => {
  const [drug, effect] = [entity('drug', 'iron', [], 2), entity('effect', 'nausea', [], 3)]
  const triple: Triple = {
    id: tripleId(drug.id, 'has_adverse_effect', effect.id),
    head: drug.id,
    relation: 'has_adverse_effect',
    tail: effect.id,
    origin: { ...place(7), file: 't.tsv' },
  }
  expect(() => createGraph(starterSchema, [drug], [triple])).toThrow(/^t\.tsv:7: .*not declared/)
  expect(createGraph(starterSchema, [drug, effect], [triple]).has(drug.id, 'has_adverse_effect', effect.id)).toBe(true)
})

test('the hash knows entities, synonyms, rarity and triples, but not their places', () => {
  const moved = createGraph(
    graph.schema,
    graph.entities.map((item) => ({ ...item, origin: place(99) })),
    graph.triples.map((item) => ({ ...item, origin: place(98) })),
  )
  expect(moved.hash).toBe(graph.hash)
  const hashes = [
    graph.hash,
    sketchGraph({ ...tinySketch, synonyms: {} }).hash,
    sketchGraph({ ...tinySketch, triples: tinySketch.triples.slice(1) }).hash,
    sketchGraph({ ...tinySketch, diseases: { ...tinySketch.diseases, gout: 'rare' } }).hash,
  ]
  expect(new Set(hashes).size).toBe(4)
})

test('an id is the type and the label, or head, relation and tail: nothing else, and each of them', () => {
  expect(entityId('drug', 'iron')).toBe(entityId('drug', 'iron'))
  expect(entityId('drug', 'iron')).toMatch(/^entity_[0-9a-f]{24}$/)
  expect(entityId('effect', 'iron')).not.toBe(entityId('drug', 'iron'))
  const [a, b] = [entityId('drug', 'a'), entityId('drug', 'b')]
  expect(tripleId(a, 'reversed_by', b)).not.toBe(tripleId(b, 'reversed_by', a))
})

test('a graph of nothing is a graph', () => {
  const empty = createGraph(starterSchema, [], [])
  expect([empty.entities, empty.triples, empty.ofType('disease')]).toEqual([[], [], []])
})
