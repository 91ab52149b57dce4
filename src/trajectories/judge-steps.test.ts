import { expect, test } from 'vitest'
import { clinicalSchema } from '../graph/clinical.ts'
import { sketchGraph } from '../graph/fixtures/tiny-graph.ts'
import { judgeStrictly, judgeWithGraph } from './judge-steps.ts'

const graph = sketchGraph({
  diseases: { gout: 'common', pseudogout: 'uncommon', measles: 'common' },
  triples: [
    'gout | has_hallmark | tophi',
    'gout | first_line | naproxen',
    'gout | mimicked_by | pseudogout',
    'measles | has_hallmark | Koplik spots',
  ],
})
const judge = judgeWithGraph(graph)
const verdicts = (text: string): string[] => judge(text).map(({ verdict }) => verdict)

test.each([
  ['tophi is the hallmark of gout.', ['supports']],
  ['In gout one often sees tophi.', ['supports']],
  ['tophi is the hallmark of measles.', ['unknown']],
  ['Measles never causes tophi.', ['unknown']],
  ['gout lacks tophi.', ['contradicts']],
  ['pseudogout lacks tophi.', []],
  ['Perhaps gout explains the tophi.', []],
  ['The patient is old.', []],
  ['Gout it is.', []],
  ['gout has the hallmark tophi. gout lacks tophi; measles is not gout', ['supports', 'contradicts', 'unknown']],
])('"%s" is judged %j', (text, expected) => {
  expect(verdicts(text)).toEqual(expected)
})

test('a verdict quotes its sentence', () => {
  expect(judge('First this. gout lacks tophi.')).toEqual([{ verdict: 'contradicts', text: 'gout lacks tophi.' }])
})

test('a statement that a triple of the graph denies is a contradiction, a guess at it is not', () => {
  const denying = clinicalSchema.relations.find(({ denies }) => denies !== undefined)!
  const denied = clinicalSchema.relation(denying.denies!)
  const clinical = sketchGraph(
    { diseases: { gout: 'common' }, triples: [`gout | ${denying.name} | naproxen`] },
    clinicalSchema,
  )
  const judged = judgeWithGraph(clinical)
  expect(judged(`gout${denied.statement} naproxen.`).map(({ verdict }) => verdict)).toEqual(['contradicts'])
  expect(judged(`Perhaps gout${denied.statement} naproxen.`).map(({ verdict }) => verdict)).toEqual(['unknown'])
})

test('the strict judge takes every step that is no triple for a contradiction', () => {
  expect(
    judgeStrictly(graph)(' perhaps gout; pseudogout lacks tophi; tophi is the hallmark of gout; think hard;'),
  ).toEqual([
    { verdict: 'supports', text: 'tophi is the hallmark of gout' },
    { verdict: 'contradicts', text: 'think hard' },
  ])
})

test('a sentence of names without end costs no more than a long one', () => {
  const start = process.cpuUsage()
  expect(judge('gout tophi '.repeat(6_000))).toEqual([])
  expect(judge(`${'gout tophi '.repeat(80)}. `.repeat(60)).length).toBe(60)
  expect(process.cpuUsage(start).user).toBeLessThan(4e6)
})
