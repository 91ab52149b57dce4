import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify as formatYaml } from 'yaml'
import { ConfigError, DataError } from '../core/errors.ts'
import { configSchema } from './config.ts'
import { loadConfig, parseConfig } from './config-file.ts'

const root = mkdtempSync(join(tmpdir(), 'config-'))
afterAll(() => rmSync(root, { recursive: true }))

const parse = (text: string, ...assignments: string[]) => parseConfig(text, 'fleming.yaml', assignments)

function errorOf(text: string, ...assignments: string[]): ConfigError {
  try {
    parse(text, ...assignments)
  } catch (cause) {
    if (cause instanceof ConfigError) return cause
    throw cause
  }
  throw new DataError('nothing was thrown')
}

test('an empty file is the default run, with the values that the paper states', () => {
  for (const text of ['', '# nothing but this\n', '{}', 'rl-1: {}\n'])
    expect(parse(text)).toEqual(configSchema.parse({}))
  const config = parse('')
  expect(config).toMatchObject({ name: 'default', seed: 1, dataSeed: 1 })
  expect(config.graph).toEqual({ dir: 'data/starter', diseases: expect.anything() })
  // Hard : simple 1 : 1, right : wrong 1 : 2, temperature 1, no ratio clip.
  expect(config['rl-1'].hardShare).toBe(0.5)
  expect(config['rl-2'].rightShare).toBeCloseTo(1 / 3, 12)
  expect([config['rl-1'].temperature, config['rl-2'].temperature]).toEqual([1, 1])
  expect([config['rl-1'].loss, config['rl-1'].rewardRule]).toEqual(['importance_sampling', 'gated'])
})

test('what the file says stands, and all else is default', () => {
  const config = parse('seed: 7\nrl-1:\n  steps: 3\n  plateau:\n    window: 9\n')
  const defaults = configSchema.parse({})
  expect(config).toEqual({
    ...defaults,
    seed: 7,
    'rl-1': { ...defaults['rl-1'], steps: 3, plateau: { ...defaults['rl-1'].plateau, window: 9 } },
  })
})

test('the resolved configuration of a run reads back as itself', () => {
  const config = parse('seed: 3\nquestions: { perHop: { 1: 5, 2: 6 } }')
  expect(config.questions.perHop).toEqual({ 1: 5, 2: 6 })
  expect(parse(formatYaml(config))).toEqual(config)
})

test('the file of the project is valid', () => {
  const file = join(import.meta.dirname, '../../fleming.yaml')
  expect(loadConfig(file)).toEqual(parseConfig(readFileSync(file, 'utf8'), file))
  expect(loadConfig(file, ['name=other']).name).toBe('other')
})

test('a file that is not there is named', () => {
  expect(() => loadConfig(join(root, 'none.yaml'))).toThrow(/none\.yaml: no such file$/)
})

test.each([
  ['in the file', 'seed: 1\nraed: 2\n', 'fleming.yaml:2: unknown key "raed"', /^did you mean "seed"\?|known: name/],
  [
    'in a section',
    'seed: 1\nrl-1:\n  steps: 3\n  stepz: 4\n',
    'fleming.yaml:4: unknown key "rl-1.stepz"',
    /^did you mean "steps"\?/,
  ],
  [
    'in a section of a section',
    'rl-1:\n\n  plateau:\n    windows: 4\n',
    'fleming.yaml:4: unknown key "rl-1.plateau.windows"',
    /^did you mean "window"\?/,
  ],
  ['that is a section', 'rl-3:\n  steps: 1\n', 'fleming.yaml:1: unknown key "rl-3"', /^did you mean "rl-[12]"\?/],
])('a key that is not known %s is refused at its line, with the nearest that is', (_, text, message, hint) => {
  const error = errorOf(text)
  expect(error.message).toBe(message)
  expect(error.hint).toMatch(hint)
})

test.each([
  ['a text for a number', 'seed: 1\nrl-1:\n  steps: many\n', /^fleming\.yaml:3: rl-1\.steps: .*expected number/],
  ['a fraction for a count', 'rl-1:\n  steps: 1.5\n', /^fleming\.yaml:2: rl-1\.steps: .*int/],
  ['a share above one', 'questions:\n  heldOutDiseases: 1.5\n', /^fleming\.yaml:2: questions\.heldOutDiseases: /],
  ['a number for a section', 'seed: 1\nrl-2: 5\n', /^fleming\.yaml:2: rl-2: .*expected object/],
  ['a loss that is none', 'rl-2:\n  loss: dpo\n', /^fleming\.yaml:2: rl-2\.loss: .*importance_sampling/],
  [
    'a temperature that is not one',
    'rl-1:\n  temperature: 0.7\n',
    /^fleming\.yaml:2: rl-1\.temperature: RL samples at temperature 1/,
  ],
  ['a group of one', 'rl-1:\n  groupSize: 1\n', /^fleming\.yaml:2: rl-1\.groupSize: /],
  ['a sweep of one', 'rl-2:\n  sweepSize: 1\n', /^fleming\.yaml:2: rl-2\.sweepSize: a group needs at least two/],
  ['a name with a slash', 'name: a/b\n', /^fleming\.yaml:1: name: letters, digits/],
  [
    'a hop count that is none',
    'questions:\n  perHop:\n    1: 5\n    5: 3\n',
    /^fleming\.yaml:4: questions\.perHop\.5: /,
  ],
  [
    'a negative number of questions',
    'questions:\n  perHop:\n    1: 5\n    2: -3\n',
    /^fleming\.yaml:4: questions\.perHop\.2: /,
  ],
])('%s is refused at its line', (_, text, message) => {
  const error = errorOf(text)
  expect(error.message).toMatch(message)
  expect(error.hint).toMatch(/docs\/configuration\.md/)
})

test.each([
  ['an open bracket', 'seed: 1\nname: [a\n', /^fleming\.yaml:[23]: not YAML: /],
  ['a key twice', 'seed: 1\nname: a\nseed: 2\n', /^fleming\.yaml:3: not YAML: .*unique/],
  ['a tab for indentation', 'rl-1:\n\tsteps: 1\n', /^fleming\.yaml:2: not YAML: /],
])('%s is refused at its line', (_, text, message) => {
  expect(errorOf(text).message).toMatch(message)
})

test.each(['- a\n- b\n', 'just a text\n', '42\n'])('what is no list of sections is refused: %j', (text) => {
  expect(errorOf(text).message).toMatch(/^fleming\.yaml:1: expected sections with keys/)
  expect(errorOf(text, 'rl-1.steps=3').message).toMatch(/^fleming\.yaml:1: /)
})

test('assignments come on top of the file, the last one wins, and each value is read as YAML', () => {
  const config = parse(
    'seed: 1\nrl-1:\n  steps: 3\n  groupSize: 4\n',
    'rl-1.steps=40',
    'rl-1.plateau.window=7',
    'rl-2.mining=false',
    'graph.diseases=all',
    'name=no-mining',
    'seed=2',
    'seed=3',
  )
  expect(config['rl-1']).toMatchObject({ steps: 40, groupSize: 4, plateau: { window: 7, minGain: 0.01 } })
  expect([config['rl-2'].mining, config.graph.diseases, config.name, config.seed]).toEqual([
    false,
    'all',
    'no-mining',
    3,
  ])
})

test('a whole section may be assigned, and keys of it after that', () => {
  const perHop = (text: string, ...assignments: string[]) => parse(text, ...assignments).questions.perHop
  expect(perHop('', 'questions.perHop={1: 5}')).toEqual({ 1: 5 })
  expect(perHop('', 'questions.perHop={1: 5}', 'questions.perHop.2=6')).toEqual({ 1: 5, 2: 6 })
  expect(perHop('questions:\n  perHop: { 1: 5, 2: 7 }\n', 'questions.perHop.2=6')).toEqual({ 1: 5, 2: 6 })
})

test('a value may hold an equals sign', () => {
  expect(parse('', 'graph.dir=/data/a=b').graph.dir).toBe('/data/a=b')
})

test.each([
  ['no equals sign', 'rl-1.steps', /^--set rl-1\.steps: expected key=value$/],
  ['no key', '=3', /^--set =3: expected key=value$/],
  ['an unknown key', 'rl-1.stepz=3', /^--set rl-1\.stepz=3: unknown key "rl-1\.stepz"$/],
  ['an unknown section', 'rl3.steps=3', /unknown key "rl3"$/],
  ['a wrong type', 'rl-1.steps=many', /^--set rl-1\.steps=many: rl-1\.steps: .*expected number/],
  ['a wrong type inside a section', 'rl-1={steps: many}', /rl-1\.steps: .*expected number/],
  ['a value that is not YAML', 'name="a', /^--set name="a: not YAML: /],
])('an assignment with %s is refused, naming it', (_, assignment, message) => {
  const error = errorOf('seed: 1\n', assignment)
  expect(error.message).toMatch(message)
  expect(error.hint).toMatch(/\w{3}/)
})

test('a wrong value that an assignment mends is no error', () => {
  expect(parse('rl-1:\n  steps: many\n', 'rl-1.steps=3')['rl-1'].steps).toBe(3)
  writeFileSync(join(root, 'a.yaml'), 'seed: x\n')
  expect(loadConfig(join(root, 'a.yaml'), ['seed=5']).seed).toBe(5)
})
