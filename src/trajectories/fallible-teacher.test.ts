import { expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { createGrounder } from '../graph/grounding.ts'
import type { EntityId } from '../graph/types.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import type { Question } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { type FallibleTeaching, teachFallibly } from './fallible-teacher.ts'
import { teachFromGraph } from './graph-teacher.ts'
import { judgeStrictly } from './judge-steps.ts'
import { taskOfQuestion } from './task.ts'
import { teach } from './teach.ts'
import { graphTeacherActions } from './teachers/graph.ts'
import { teachers } from './teachers/registry.ts'
import type { Revision, StrategyName } from './types.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
/** Every fourth: enough to meet every kind. */
const few = questions.filter((_, index) => index % 4 === 0)
const ground = createGrounder(graph)
const lexicon = buildLexicon(graph.entities)
const names = (id: EntityId): string => graph.entity(id).label
const teaching: FallibleTeaching = { seed: 1, backtrackShare: 0.5, mistakes: 0.5 }

const draft = (question: Question, attempt = 1, options: Partial<FallibleTeaching> = {}) =>
  teachFallibly(graph, ground, question, { mode: 'blind', attempt, revision: null }, { ...teaching, ...options })!
/** A revision that does not go wrong again. */
const revise = (question: Question, strategy: StrategyName, previous: string, mistakes = 1e-9) => {
  const revision: Revision = { strategy, depth: 1, previous, complaint: 'the answer is not right' }
  return teachFallibly(graph, ground, question, { mode: 'blind', attempt: 1, revision }, { ...teaching, mistakes })
}
const stepsOf = (completion: string) =>
  ground(readCompletion(completion, { thinkPrefilled: true }).thinking ?? '').steps
const isLost = (completion: string): boolean => stepsOf(completion).some(({ kind }) => kind === 'unsupported')

const compared = questions.find(
  ({ path }) => path.comparison?.feature === idOf(graph, 'tophi') && path.steps.length === 1,
)!
const walked = questions.find(
  ({ kind, path }) =>
    kind === 'forward' && path.start === idOf(graph, 'Koplik spots') && path.steps.join() === 'hallmark_of,first_line',
)!
const lost =
  ' Koplik spots is the hallmark of gout; gout is first treated with naproxen;</think><answer> naproxen</answer>'

test('a draft without a mistake is that of the teacher that makes none', () => {
  for (const question of few) {
    const { mistakes, ...settings } = teaching
    const faultless = teachFromGraph(graph, question, settings)
    expect(draft(question, 1, { mistakes: 0 })).toEqual(faultless)
    const some = [1, 2, 3, 4].map((attempt) => draft(question, attempt)).filter(({ completion }) => !isLost(completion))
    for (const one of some) expect(one).toEqual(faultless)
  }
})

test('at every hop the first wrong turn comes with the asked chance; the choice between two diseases counts as a hop', () => {
  for (const hop of [1, 2, 3]) {
    const asked = few.filter((question) => question.hop === hop)
    const drafts = asked.flatMap((question) => [1, 2, 3, 4, 5].map((attempt) => draft(question, attempt)))
    const share = drafts.filter(({ completion }) => !isLost(completion)).length / drafts.length
    const expected = 0.5 ** hop
    const deviation = Math.sqrt((expected * (1 - expected)) / drafts.length)
    expect(Math.abs(share - expected)).toBeLessThan(4 * deviation)
  }
})

test('a lost chain has one false step, to what the same step reaches elsewhere, and true steps from there to its answer', () => {
  let atOnce = 0
  for (const question of few.filter(({ kind }) => kind === 'forward')) {
    const { completion } = draft(question, 1, { mistakes: 1 })
    const steps = stepsOf(completion)
    // Where the graph refutes nothing, as for the only drug of a mechanism, no turn is wrong.
    const wrong = steps.findIndex(({ kind }) => kind === 'unsupported')
    if (wrong === 0) atOnce += 1
    let at = question.path.start
    for (const [index, one] of steps.entries()) {
      if (one.kind !== 'supported' && one.kind !== 'unsupported') throw new TypeError(one.kind)
      expect(one.kind).toBe(index === wrong ? 'unsupported' : 'supported')
      expect(one.from).toBe(at)
      at = one.to
      if (index !== wrong) continue
      expect(graph.touches(one.from, one.to)).toBe(false)
      const { relation, backward } = graph.schema.step(question.path.steps[index]!)
      const ends = graph.triples.filter((triple) => triple.relation === relation)
      expect(ends.map(({ head, tail }) => (backward ? head : tail))).toContain(one.to)
    }
    expect(completion.endsWith(`</think><answer> ${names(at)}</answer>`)).toBe(true)
  }
  expect(atOnce).toBeGreaterThan(60)
})

test('who chooses the wrong one of two diseases says so against the graph and goes on from it', () => {
  const { completion } = draft(compared, 1, { mistakes: 1 })
  expect(completion).toBe(
    [
      ' gout lacks tophi;',
      ' pseudogout has the hallmark tophi;',
      ` pseudogout is first treated with ${names(graph.follow(idOf(graph, 'pseudogout'), graph.schema.step('first_line'))[0]!.entity)};`,
      `</think><answer> ${names(graph.follow(idOf(graph, 'pseudogout'), graph.schema.step('first_line'))[0]!.entity)}</answer>`,
    ].join(''),
  )
})

test('backtracking keeps the wrong turn and the step after it as a guess, says what it lacks, and goes back', () => {
  expect(revise(walked, 'backtracking', lost)).toEqual({
    completion: [
      ' perhaps gout;',
      ' gout is first treated with naproxen;',
      ' gout lacks Koplik spots;',
      ' Koplik spots is the hallmark of measles;',
      ' measles is first treated with vitamin A;',
      '</think><answer> vitamin A</answer>',
    ].join(''),
    backtracks: true,
  })
})

test('path exploration weighs another candidate than the wrong turn and rules it out', () => {
  expect(revise(walked, 'path-exploration', lost)).toEqual({
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

test('self-correction writes the chain anew without a trace of the mistake', () => {
  expect(revise(walked, 'self-correction', lost)).toEqual({
    completion:
      ' Koplik spots is the hallmark of measles; measles is first treated with vitamin A;</think><answer> vitamin A</answer>',
    backtracks: false,
  })
})

test('a wrong choice between two diseases is taken back by the feature that only one has, said once', () => {
  const { completion } = draft(compared, 1, { mistakes: 1 })
  const revised = revise(compared, 'backtracking', completion)!.completion
  expect(revised.startsWith(' perhaps pseudogout; pseudogout is first treated with ')).toBe(true)
  expect(revised.split(' pseudogout lacks tophi;')).toHaveLength(2)
  expect(revised.endsWith(' gout is first treated with naproxen;</think><answer> naproxen</answer>')).toBe(true)
})

test('the true steps before a wrong turn stay where they are', () => {
  const late =
    ' Koplik spots is the hallmark of measles; measles is first treated with naproxen;</think><answer> naproxen</answer>'
  expect(revise(walked, 'backtracking', late)!.completion).toBe(
    [
      ' Koplik spots is the hallmark of measles;',
      ' perhaps naproxen;',
      ' naproxen lacks measles;',
      ' measles is first treated with vitamin A;',
      '</think><answer> vitamin A</answer>',
    ].join(''),
  )
})

test('every revision that does not go wrong again is grounded and right, whatever went wrong before', () => {
  const judge = judgeStrictly(graph)
  for (const question of few) {
    const { completion } = draft(question, 1, { mistakes: 0.9 })
    for (const strategy of ['backtracking', 'path-exploration', 'self-correction'] as const) {
      const revised = revise(question, strategy, completion)
      if (!isLost(completion)) {
        expect(revised).toBeNull()
        continue
      }
      const { thinking, answer, defects } = readCompletion(revised!.completion, { thinkPrefilled: true })
      expect(defects).toEqual([])
      expect(taskOfQuestion(question, graph, lexicon).judge(answer!)).toBe('right')
      expect(judge(thinking!).filter(({ verdict }) => verdict !== 'supports')).toEqual([])
    }
  }
})

test.each([
  '',
  'no reasoning',
  '</think></think><answer>',
  ' gout is first treated with gout;</think><answer> x</answer>',
])('in the chain %j there is nothing to revise', (previous) => {
  expect(revise(walked, 'self-correction', previous)).toBeNull()
})

test('diseases that are held out of training are neither turned to nor walked through', () => {
  const avoid = new Set(
    graph
      .ofType('disease')
      .map(({ id }) => id)
      .slice(0, 6),
  )
  const asked = questions.filter(
    ({ path }) =>
      ![...path.triples].some((id) => [graph.triple(id).head, graph.triple(id).tail].some((end) => avoid.has(end))) &&
      !avoid.has(path.comparison?.rejected as EntityId),
  )
  expect(asked.length).toBeGreaterThan(40)
  for (const question of asked) {
    const { completion } = draft(question, 1, { mistakes: 1, avoid })
    const steps = stepsOf(completion).flatMap((step) => ('from' in step ? [step.from, step.to] : []))
    expect(steps.filter((id) => avoid.has(id))).toEqual([])
  }
})

test('attempts differ, each the same every time; refinement rescues, and every chain says that its teacher knew the path', async () => {
  const some = questions.slice(0, 80)
  const create = () =>
    teachers.get('graph').create({ graph: { graph, questions: some, ...teaching, avoid: new Set<EntityId>() } })
  const run = (strategies: readonly StrategyName[], attempts = 1) =>
    teach(
      some.map((question) => taskOfQuestion(question, graph, lexicon)),
      {
        ...{ teacher: create(), attempts, mode: 'blind', strategies, depth: 1 },
        ...{ actions: graphTeacherActions, judgeSteps: judgeStrictly(graph) },
      },
    )
  const plain = await run([])
  const refined = await run(['backtracking', 'path-exploration', 'self-correction'])
  expect(plain.report.kept).toBeLessThan(50)
  expect(refined.report.kept).toBeGreaterThan(70)
  expect(refined.report.rounds.map(({ strategy, solved }) => [strategy, solved > 0])).toEqual([
    [null, true],
    ['backtracking', true],
    ['path-exploration', true],
    ['self-correction', true],
  ])
  expect(await run(['backtracking', 'path-exploration', 'self-correction'])).toEqual(refined)
  expect(new Set(refined.trajectories.map(({ sawGold }) => sawGold))).toEqual(new Set([true]))
  expect(new Set(refined.trajectories.map(({ origin }) => origin))).toEqual(new Set(['gold-conditioned', 'refined']))
  const four = await run([], 4)
  expect(Object.keys(four.report.passes).length).toBeGreaterThan(2)
  expect(four.report.kept).toBeGreaterThan(plain.report.kept)
})

test('without mistakes the graph teacher has one attempt and revises nothing', () => {
  const parts = { graph, questions, seed: 1, backtrackShare: 0.5, avoid: new Set<EntityId>() }
  expect(teachers.get('graph').create({ graph: parts }).distinctAttempts).toBe(1)
  expect(teachers.get('graph').create({ graph: { ...parts, mistakes: 0.1 } }).distinctAttempts).toBeNull()
})
