import { expect, test } from 'vitest'
import { idOf, sketchGraph, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { connects, createGrounder } from '../graph/grounding.ts'
import { starterSchema } from '../graph/schema.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import type { Question } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import { buildLexicon, matchEntity } from '../text/lexicon.ts'
import { teachFromGraph, walkOf } from './graph-teacher.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
const ground = createGrounder(graph)
const lexicon = buildLexicon(graph.entities)
const id = (label: string) => idOf(graph, label)
const label = (question: Question): string => graph.entity(question.path.maskedEntity).label

const teach = (question: Question, backtrackShare = 0.5, seed = 1) =>
  teachFromGraph(graph, question, { seed, backtrackShare })
const thinkingOf = (completion: string): string => readCompletion(completion, { thinkPrefilled: true }).thinking ?? ''

const about = (start: string, ...steps: string[]): Question =>
  questions.find(
    ({ kind, path }) => kind === 'forward' && path.start === id(start) && path.steps.join() === steps.join(),
  )!

test('the teacher walks the path, a triple a step, to the masked entity', () => {
  const question = about('Koplik spots', 'hallmark_of', 'first_line')
  expect(teach(question, 0)).toEqual({
    completion:
      ' Koplik spots is the hallmark of measles; measles is first treated with vitamin A;</think><answer> vitamin A</answer>',
    backtracks: false,
  })
})

test('on the way it raises a competing diagnosis and rules it out by the clue that it lacks', () => {
  const question = about('Koplik spots', 'hallmark_of', 'first_line')
  expect(teach(question, 1)).toEqual({
    completion: [
      ' perhaps rubella;',
      ' rubella lacks Koplik spots;',
      ' Koplik spots is the hallmark of measles;',
      ' measles is first treated with vitamin A;',
      '</think><answer> vitamin A</answer>',
    ].join(''),
    backtracks: true,
  })
})

test('of two compared diagnoses it rules the wrong one out first, then goes on from the other', () => {
  const question = questions.find(
    ({ path }) => path.comparison?.feature === id('tophi') && path.steps.join() === 'first_line',
  )!
  expect(teach(question, 0)).toEqual({
    completion: [
      ' pseudogout lacks tophi;',
      ' gout has the hallmark tophi;',
      ' gout is first treated with naproxen;',
      '</think><answer> naproxen</answer>',
    ].join(''),
    backtracks: true,
  })
})

test.each([0, 0.5, 1])(
  'with backtracking %d every completion has the strict form, true steps and the right answer',
  (share) => {
    for (const question of questions) {
      const { completion } = teach(question, share)
      const reading = readCompletion(completion, { thinkPrefilled: true })
      expect(reading.defects).toEqual([])
      expect(matchEntity(reading.answer!, lexicon)).toEqual({ kind: 'entity', id: question.path.maskedEntity })
      expect(question.acceptedEntityIds).toContain(question.path.maskedEntity)
      const grounding = ground(reading.thinking!)
      expect(grounding.grounded).toBe(grounding.checkable)
      const { comparison, start } = question.path
      const starts = comparison === undefined ? [start] : [comparison.feature, comparison.chosen]
      expect(connects(grounding, starts, [question.path.maskedEntity])).toBe(true)
    }
  },
)

test('every competitor that is raised is ruled out at once, is mistaken for what follows, and lacks the clue in the graph', () => {
  let raised = 0
  for (const question of questions) {
    const { completion, backtracks } = teach(question, 1)
    const { steps } = ground(thinkingOf(completion))
    expect(backtracks).toBe(steps.some(({ kind }) => kind === 'ruled-out'))
    steps.forEach((step, index) => {
      if (step.kind !== 'hypothesis') return
      raised += 1
      const [excluded, found] = [steps[index + 1], steps[index + 2]]
      if (excluded?.kind !== 'ruled-out' || found?.kind !== 'supported') throw new TypeError('not ruled out')
      expect(excluded.from).toBe(step.entity)
      expect(excluded.to).toBe(found.from)
      expect(graph.triples.filter(({ head, tail }) => head === step.entity && tail === found.from)).toEqual([])
      expect(graph.has(step.entity, 'mimicked_by', found.to) || graph.has(found.to, 'mimicked_by', step.entity)).toBe(
        true,
      )
    })
  }
  expect(raised).toBeGreaterThan(50)
})

test('nothing competes with a cause: an organism or a gene is no clue to weigh diagnoses by', () => {
  for (const start of ['measles virus', 'ATP7B']) {
    const asked = questions.filter(({ kind, path }) => kind === 'forward' && path.start === id(start))
    expect(asked.length).toBeGreaterThan(0)
    for (const question of asked) {
      const first = thinkingOf(teach(question, 1).completion).split(';')[0]!
      expect(first.startsWith('perhaps')).toBe(false)
    }
  }
})

test('a competitor that has the clue too is not raised', () => {
  const shared = sketchGraph({
    diseases: { a: 'common', b: 'common', c: 'common' },
    triples: ['a | has_hallmark | f', 'b | has_finding | f', 'a | mimicked_by | b', 'c | mimicked_by | a'],
  })
  const [hallmark] = shared.triples
  const { a, f } = { a: idOf(shared, 'a'), f: idOf(shared, 'f') }
  const question = (seed: number): Question =>
    ({
      id: `q${seed}`,
      path: { start: f, steps: ['hallmark_of'], triples: [hallmark!.id], hidden: [], maskedEntity: a },
    }) as unknown as Question
  const raised = Array.from({ length: 20 }, (_, seed) => {
    const { completion } = teachFromGraph(shared, question(seed), { seed, backtrackShare: 1 })
    return completion.split(';')[0]
  })
  expect(new Set(raised)).toEqual(new Set([' perhaps c']))
})

test('the share of questions that backtrack is the asked one, among those in which something competes', () => {
  const able = questions.filter(
    ({ kind, path }) => kind === 'forward' && /^(hallmark_of|result_of)$/.test(path.steps[0]!),
  )
  const backtracking = (share: number): number => able.filter((question) => teach(question, share).backtracks).length
  const most = backtracking(1)
  expect(backtracking(0)).toBe(0)
  expect(most).toBeGreaterThan(60)
  expect(Math.abs(backtracking(0.5) - most / 2)).toBeLessThan(4 * Math.sqrt(most * 0.25))
})

test('a walk reads each triple in the direction of its step', () => {
  const question = about('needle-shaped crystals', 'result_of', 'first_line')
  expect(walkOf(graph, question)).toEqual([
    { step: starterSchema.step('result_of'), from: id('needle-shaped crystals'), to: id('gout') },
    { step: starterSchema.step('first_line'), from: id('gout'), to: id('naproxen') },
  ])
  expect(label(question)).toBe('naproxen')
})

test('seed and question decide what is written', () => {
  const all = (seed: number): string[] => questions.map((question) => teach(question, 0.5, seed).completion)
  expect(all(1)).toEqual(all(1))
  expect(all(2)).not.toEqual(all(1))
})
