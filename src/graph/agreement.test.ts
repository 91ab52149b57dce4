import { expect, test } from 'vitest'
import { listedTriples, measureAgreement, unresolvedEntities } from './agreement.ts'
import { createGraph, entityId, tripleId } from './graph.ts'
import { starterSchema } from './schema.ts'
import type { Entity, Triple } from './types.ts'

const origin = { source: 'test', revision: '1', license: 'CC0-1.0', file: 'test.tsv', line: 1 }

function makeEntity(type: 'disease' | 'drug', label: string, synonyms: readonly string[]): Entity {
  return { id: entityId(type, label), label, type, synonyms, origin }
}

const gout = makeEntity('disease', 'gout', ['gouty arthritis'])
const scurvy = makeEntity('disease', 'scurvy', [])
const aspirin = makeEntity('drug', 'aspirin', ['acetylsalicylic acid'])
const colchicine = makeEntity('drug', 'colchicine', [])

function makeTriple(head: Entity, relation: string, tail: Entity): Triple {
  return { id: tripleId(head.id, relation, tail.id), head: head.id, relation, tail: tail.id, origin }
}

const goutAspirin = makeTriple(gout, 'treated_by', aspirin)
const goutColchicine = makeTriple(gout, 'first_line', colchicine)
const scurvyColchicine = makeTriple(scurvy, 'treated_by', colchicine)
const triples = [goutAspirin, goutColchicine, scurvyColchicine]
const graph = createGraph(starterSchema, [gout, scurvy, aspirin, colchicine], triples)

test('names agree by label or synonym, letter case aside', () => {
  const reference = [{ head: 'Gouty Arthritis', tail: 'Acetylsalicylic acid' }]
  expect(measureAgreement(graph, ['treated_by'], reference)).toEqual({
    comparable: [goutAspirin],
    agreed: [goutAspirin],
  })
})

test('a triple is comparable when the reference knows both ends, and agreed only when it pairs them', () => {
  const reference = [
    { head: 'gout', tail: 'colchicine' },
    { head: 'rickets', tail: 'aspirin' },
  ]
  const { comparable, agreed } = measureAgreement(graph, ['first_line', 'treated_by'], reference)
  expect(comparable).toEqual([goutAspirin, goutColchicine])
  expect(agreed).toEqual([goutColchicine])
})

test('other relations are not compared', () => {
  const reference = [{ head: 'gout', tail: 'colchicine' }]
  expect(measureAgreement(graph, ['treated_by'], reference)).toEqual({ comparable: [], agreed: [] })
})

test('triples in a list of wrong pairs are found, ends of different rows are not', () => {
  const wrong = [
    { head: 'Gout', tail: 'aspirin' },
    { head: 'scurvy', tail: 'penicillin' },
  ]
  expect(listedTriples(graph, ['first_line', 'treated_by'], wrong)).toEqual([goutAspirin])
})

test('an entity resolves by any of its names', () => {
  expect(unresolvedEntities([gout, scurvy], ['GOUTY ARTHRITIS', 'rickets'])).toEqual([scurvy])
})
