import { expect, test } from 'vitest'
import { clinicalSchema } from '../graph/clinical.ts'
import { linkGraph } from '../graph/linking.ts'
import { packTriples } from '../graph/packed.ts'
import { createCoverageCounter, gapWeights } from './coverage.ts'
import type { GraphOrigin, Item, QuestionId } from './types.ts'

const graph = packTriples(
  clinicalSchema,
  [
    { label: 'measles', type: 'disease', rarity: 'uncommon' },
    { label: 'rubella', type: 'disease', rarity: 'rare' },
    { label: 'Koplik spots', type: 'finding' },
    { label: 'cough', type: 'finding' },
    { label: 'ribavirin', type: 'drug', synonyms: ['Virazole'] },
  ],
  [
    ['measles', 'has_finding', 'Koplik spots'],
    ['measles', 'has_finding', 'cough'],
    ['rubella', 'has_finding', 'cough'],
    ['measles', 'treated_by', 'ribavirin'],
  ],
)
const at = (name: string): number => graph.find(name)[0]!

const exam = (stem: string, answers: readonly string[]): Item => ({
  id: 'question_1' as QuestionId,
  form: 'single',
  language: 'en',
  stem,
  context: null,
  options: [...answers, 'rubella'],
  golds: [0],
  answers,
  origin: { kind: 'curated', source: 's', revision: 'r', license: 'l', split: 'train', file: 'f', line: 1, row: null },
})

test('stems and right answers are read, wrong options are not; pairs in one question cover a triple', () => {
  const counter = createCoverageCounter(graph, linkGraph(graph))
  counter.addText(exam('A child has Koplik spots. Diagnosis?', ['Measles']))
  counter.addText(exam('Which drug is called Virazole?', ['none of these']))
  counter.addText(exam('What is the capital?', ['Paris']))
  const { coverage, mentions } = counter
  expect(coverage.items).toBe(3)
  expect(coverage.linkedItems).toBe(2)
  expect(coverage.byType).toEqual({
    disease: { all: 2, covered: 1 },
    finding: { all: 2, covered: 1 },
    drug: { all: 1, covered: 1 },
  })
  expect(coverage.diseasesByRarity).toEqual({ rare: { all: 1, covered: 0 }, uncommon: { all: 1, covered: 1 } })
  expect(coverage.byRelation).toEqual({ has_finding: { all: 3, covered: 1 }, treated_by: { all: 1, covered: 0 } })
  expect(mentions[at('measles')]).toBe(1)
  expect(mentions[at('rubella')]).toBe(0)
})

test('synthetic items add what they are made of, on top of what was there', () => {
  const counter = createCoverageCounter(graph, linkGraph(graph))
  counter.addText(exam('A child has Koplik spots. Diagnosis?', ['Measles']))
  const triple = graph.findTriple(at('rubella'), graph.relationOf('has_finding'), at('cough'))
  const origin = {
    kind: 'graph',
    given: [graph.entityIdOf(at('cough'))],
    hidden: [],
    asked: [graph.entityIdOf(at('rubella'))],
    triples: [graph.tripleIdOf(triple)],
  } as unknown as GraphOrigin
  counter.addSynthetic({ ...exam('?', []), origin })
  expect(counter.coverage.byType.disease).toEqual({ all: 2, covered: 2 })
  expect(counter.coverage.byRelation.has_finding).toEqual({ all: 3, covered: 2 })
})

test('what no exam mentions weighs most, and a strength of 0 favours nothing', () => {
  expect([...gapWeights(Uint32Array.of(0, 1, 3), 1)]).toEqual([1, 0.5, 0.25])
  expect([...gapWeights(Uint32Array.of(0, 1, 3), 0)]).toEqual([1, 1, 1])
})
