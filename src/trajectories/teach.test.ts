import { expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { capGoldShare, chooseMedian } from './choose.ts'
import { scriptedTeacher } from './fixtures/scripted-teacher.ts'
import { choiceTask, soundThinking } from './fixtures/tasks.ts'
import { teachFromGraph } from './graph-teacher.ts'
import { judgeStrictly } from './judge-steps.ts'
import { taskOfQuestion } from './task.ts'
import { type AttemptRecord, type TeachOptions, teach } from './teach.ts'
import { graphTeacherActions } from './teachers/graph.ts'
import { teachers } from './teachers/registry.ts'
import type { Ask, Trajectory } from './types.ts'

const right = (variant = ''): string => ` ${soundThinking(variant)}</think><answer> B</answer>`
const wrong = ` ${soundThinking()}</think><answer> C</answer>`

const run = async (write: (ask: Ask) => string | null, parts: Partial<TeachOptions> = {}, count = 1) => {
  const teacher = scriptedTeacher(write)
  const records: AttemptRecord[] = []
  const tasks = Array.from({ length: count }, (_, index) => choiceTask(`q${index + 1}`))
  const taught = await teach(tasks, {
    ...{ teacher, attempts: 3, mode: 'blind', strategies: [], depth: 1, actions: {}, judgeSteps: null },
    onAttempt: (record) => records.push(record),
    ...parts,
  })
  return { ...taught, teacher, records }
}

test('of k blind attempts the one of median length is kept, and says that nobody saw the gold', async () => {
  const variants = [' in a very full aeroplane', '', ' on a bus']
  const { trajectories, report } = await run(({ attempt }) => right(variants[attempt - 1]))
  expect(trajectories).toEqual([
    {
      id: expect.stringMatching(/^trajectory_[0-9a-f]{24}$/),
      questionId: 'q1',
      teacher: 'scripted-teacher',
      sawGold: false,
      origin: 'blind',
      strategy: null,
      attempts: 3,
      backtracks: false,
      completion: right(' on a bus'),
      groundedSteps: 0,
      checkableSteps: 0,
    },
  ])
  expect(report.passes).toEqual({ '3': 1 })
})

test('a wrong answer and a chain with a fault are not among those to choose from', async () => {
  const leak = right(', since the answer is known')
  const { trajectories, report, records } = await run(({ attempt }) => [wrong, leak, right()][attempt - 1]!)
  expect(trajectories[0]!.completion).toBe(right())
  expect(records.map(({ verdict }) => verdict)).toEqual(['answer: wrong', 'leak: since the answer is', 'kept'])
  expect(report.rounds).toEqual([
    { mode: 'blind', strategy: null, depth: 0, questions: 1, asked: 3, solved: 1, right: 2, failed: 0, skipped: 0 },
  ])
  expect(report.passes).toEqual({ '2': 1 })
  expect(report.checks.answer).toEqual({
    ...{ action: 'drop', checked: 3, found: 1, reasons: { wrong: 1 } },
    examples: [{ questionId: 'q1', reason: 'wrong', evidence: 'C' }],
  })
})

test('strategies are tried in their declared order, level by level, and each rescue is counted to its strategy', async () => {
  const strategies = ['self-correction', 'backtracking'] as const
  const { teacher, trajectories, report } = await run(
    ({ task, revision }) => {
      if (revision === null) return wrong
      if (task.id === 'q1') return revision.strategy === 'self-correction' ? right() : wrong
      if (task.id === 'q2') return revision.strategy === 'backtracking' && revision.depth === 2 ? right() : wrong
      return wrong
    },
    { attempts: 1, strategies, depth: 2 },
    3,
  )
  expect(teacher.asked).toEqual([
    ...['q1/blind/1', 'q2/blind/1', 'q3/blind/1'],
    ...['q1/blind/self-correction-1/1', 'q2/blind/self-correction-1/1', 'q3/blind/self-correction-1/1'],
    ...['q2/blind/backtracking-1/1', 'q3/blind/backtracking-1/1'],
    ...['q2/blind/self-correction-2/1', 'q3/blind/self-correction-2/1'],
    ...['q2/blind/backtracking-2/1', 'q3/blind/backtracking-2/1'],
  ])
  expect(
    trajectories.map(({ questionId, origin, strategy, attempts, sawGold }) => ({
      ...{ questionId, origin, strategy, attempts, sawGold },
    })),
  ).toEqual([
    { questionId: 'q1', origin: 'refined', strategy: 'self-correction', attempts: 2, sawGold: false },
    { questionId: 'q2', origin: 'refined', strategy: 'backtracking', attempts: 5, sawGold: false },
  ])
  expect(report.rounds.map(({ strategy, depth, questions, solved }) => [strategy, depth, questions, solved])).toEqual([
    [null, 0, 3, 0],
    ['self-correction', 1, 3, 1],
    ['backtracking', 1, 2, 0],
    ['self-correction', 2, 2, 0],
    ['backtracking', 2, 2, 1],
  ])
  expect(report.unsolved).toEqual({ 'answer: wrong': 1 })
})

test('whoever revises is told what failed and the chain that did, and a blind one never the gold', async () => {
  const sum = ` ${soundThinking(', 2 + 2 = 5,')}</think><answer> B</answer>`
  const { teacher } = await run(({ revision }) => (revision === null ? sum : right()), {
    attempts: 1,
    strategies: ['self-correction'],
  })
  expect(teacher.asks[1]!.revision).toEqual({
    ...{ strategy: 'self-correction', depth: 1, previous: sum, complaint: 'a calculation is wrong' },
  })
})

test('blind first shows the gold once, only for what stayed unsolved, and marks what comes of it', async () => {
  const { teacher, trajectories } = await run(
    ({ task, mode }) => (task.id === 'q1' || mode === 'answer-aware' ? right() : wrong),
    { attempts: 2, mode: 'blind-first' },
    2,
  )
  expect(teacher.asked).toEqual(['q1/blind/1', 'q1/blind/2', 'q2/blind/1', 'q2/blind/2', 'q2/answer-aware/1'])
  expect(trajectories.map(({ sawGold, origin }) => [sawGold, origin])).toEqual([
    [false, 'blind'],
    [true, 'gold-conditioned'],
  ])
})

test('the paper’s mode shows the gold from the start, in revisions too', async () => {
  const { trajectories } = await run(({ revision }) => (revision === null ? wrong : right()), {
    ...{ attempts: 1, mode: 'answer-aware', strategies: ['backtracking'] },
  })
  expect(trajectories[0]).toMatchObject({ sawGold: true, origin: 'refined', strategy: 'backtracking' })
})

test('a question whose calls all failed has nothing to revise and is counted', async () => {
  const { teacher, trajectories, report } = await run(() => null, { attempts: 2, strategies: ['backtracking'] })
  expect(teacher.asked.length).toBe(2)
  expect(trajectories).toEqual([])
  expect(report.unsolved).toEqual({ 'no reply: server-error': 1 })
  expect(report.rounds[0]).toMatchObject({ asked: 2, failed: 2, right: 0 })
})

test('a check that only reports, and one that is off, drop nothing', async () => {
  const stub = ' It must be a clot.</think><answer> B</answer>'
  expect((await run(() => stub, { attempts: 1 })).report.unsolved).toEqual({ 'length: too short': 1 })
  const reported = await run(() => stub, { attempts: 1, actions: { length: 'report' } })
  expect(reported.report.kept).toBe(1)
  expect(reported.report.checks.length).toMatchObject({ action: 'report', found: 1 })
  const off = await run(() => stub, { attempts: 1, actions: { length: 'off' } })
  expect(off.report.kept).toBe(1)
  expect(Object.keys(off.report.checks)).not.toContain('length')
})

test('a broken form is counted and never read further', async () => {
  const { report } = await run(() => ' no end', { attempts: 1 })
  expect(report.checks.form).toMatchObject({ checked: 1, found: 1, reasons: { unclosedThink: 1 } })
  expect(report.checks.answer!.checked).toBe(0)
})

test('not more than five examples of a fault are kept, all are counted', async () => {
  const { report } = await run(() => wrong, { attempts: 1 }, 9)
  expect(report.checks.answer!.found).toBe(9)
  expect(report.checks.answer!.examples.map(({ questionId }) => questionId)).toEqual(['q1', 'q2', 'q3', 'q4', 'q5'])
})

test('numbers, strategies and questions that cannot be are refused', async () => {
  await expect(run(() => wrong, { attempts: 0 })).rejects.toThrow(ConfigError)
  await expect(run(() => wrong, { depth: -1 })).rejects.toThrow(ConfigError)
  await expect(run(() => wrong, { strategies: ['backtracking', 'backtracking'] })).rejects.toThrow('twice')
  await expect(run(() => wrong, { actions: { lengths: 'off' } })).rejects.toThrow('unknown check "lengths"')
  const twice = [choiceTask('q1'), choiceTask('q1')]
  const options = { teacher: scriptedTeacher(() => wrong), attempts: 1, mode: 'blind', strategies: [] } as const
  await expect(teach(twice, { ...options, depth: 0, actions: {}, judgeSteps: null })).rejects.toThrow('twice')
})

test('the median is of the middle, the shorter of two, and of nothing nothing', () => {
  const lengthOf = (text: string): number => text.length
  expect(chooseMedian(['ccc', 'a', 'bb'], lengthOf)).toBe('bb')
  expect(chooseMedian(['ccc', 'a', 'bb', 'dddd'], lengthOf)).toBe('bb')
  expect(chooseMedian(['x', 'y', 'z'], lengthOf)).toBe('y')
  expect(chooseMedian([], lengthOf)).toBeNull()
})

test('a cap on the share that saw the gold keeps the order and the blind ones', () => {
  const all = Array.from({ length: 20 }, (_, index) => ({
    id: `t${index}`,
    sawGold: index % 4 !== 0,
  })) as unknown as Trajectory[]
  const half = capGoldShare(all, 0.5, 1)
  expect([half.kept.length, half.cut]).toEqual([10, 10])
  expect(half.kept.filter(({ sawGold }) => !sawGold).length).toBe(5)
  expect(half.kept.map((one) => all.indexOf(one))).toEqual(
    half.kept.map((one) => all.indexOf(one)).sort((a, b) => a - b),
  )
  expect(capGoldShare(all, 1, 1).cut).toBe(0)
  expect(capGoldShare(all, 0, 1).kept.length).toBe(5)
  expect(capGoldShare(all, 0.5, 2).kept).not.toEqual(half.kept)
  expect(() => capGoldShare(all, 1.5, 1)).toThrow(ConfigError)
})

test('the graph teacher as one among others keeps every chain that it writes', async () => {
  const graph = tinyGraph()
  const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
  const some = questions.slice(0, 60)
  const lexicon = buildLexicon(graph.entities)
  const settings = { seed: 1, backtrackShare: 0.5, avoid: new Set<never>() }
  const teacher = teachers.get('graph').create({ graph: { graph, questions: some, ...settings } })
  const { trajectories, report } = await teach(
    some.map((question) => taskOfQuestion(question, graph, lexicon)),
    {
      teacher,
      attempts: 4,
      mode: 'blind',
      strategies: [],
      depth: 0,
      actions: graphTeacherActions,
      judgeSteps: judgeStrictly(graph),
    },
  )
  const own = some.map((question) => teachFromGraph(graph, question, settings))
  expect(trajectories.map(({ completion, backtracks }) => ({ completion, backtracks }))).toEqual(own)
  expect(trajectories[0]).toMatchObject({
    teacher: 'graph-teacher',
    sawGold: true,
    origin: 'gold-conditioned',
    attempts: 1,
  })
  expect(report.rounds[0]!.asked).toBe(60)
})
