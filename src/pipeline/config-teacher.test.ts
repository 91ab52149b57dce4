import { expect, test } from 'vitest'
import { configSchema } from './config.ts'
import { coldStartSchema, decisiveTeacher } from './config-teacher.ts'

const problems = (section: Record<string, unknown>): string[] =>
  coldStartSchema.safeParse(section).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

test('a section without a word about teachers is that of the default run: the graph teaches, nothing is held out', () => {
  expect(configSchema.parse({})['cold-start']).toMatchObject({
    ...{ items: 150, epochs: 16, batch: 16, learningRate: 1e-3 },
    ...{ teacher: 'graph', mode: 'blind', attempts: 4, depth: 1, mistakes: 0 },
    strategies: ['backtracking', 'path-exploration', 'self-correction'],
    ...{ decay: 'linear', warmup: 5, finalShare: 1, bucketed: false, holdOut: 0, patience: null },
  })
})

test.each([
  [{ teacher: 'endpoint' }, 'endpoint: the endpoint teacher needs the name of one'],
  [{ endpoint: 'x' }, 'endpoint: the graph teacher asks no endpoint'],
  [{ model: 'x' }, 'model: the graph teacher has no model of its own'],
  [{ teacher: 'engine', mistakes: 0.5 }, 'mistakes: the engine teacher makes its own mistakes'],
  [{ patience: 3 }, 'patience: an early stop needs a held-out share: set holdOut'],
  [{ strategies: ['backtracking', 'backtracking'] }, 'strategies: a strategy stands twice'],
  [{ checks: { answer: 'off' } }, 'checks: a trajectory with a wrong answer is none: the check `answer` always drops'],
])('%j is refused', (section, problem) => {
  expect(problems(section)).toEqual([problem])
})

test('an unknown check is refused with the known ones, and sound settings pass', () => {
  expect(problems({ checks: { lengths: 'off' } })[0]).toContain('no check is named "lengths": answer, leak, ')
  expect(
    problems({ teacher: 'endpoint', endpoint: 'x', holdOut: 0.1, patience: 3, checks: { length: 'off' } }),
  ).toEqual([])
})

test('the model behind the teacher counts for the stage, its address does not', () => {
  const config = configSchema.parse({})
  expect([config.endpoints, decisiveTeacher(config)]).toEqual([{}, {}])
  const section = { teacher: 'endpoint', endpoint: 'strong' }
  const endpoints = { strong: { url: 'http://127.0.0.1:1/v1', model: 'm-120b' } }
  expect(decisiveTeacher(configSchema.parse({ 'cold-start': section, endpoints }))).toEqual({ teacherModel: 'm-120b' })
})
