import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { codeHash } from './code-hash.ts'
import { type Config, configSchema } from './config.ts'
import { parseConfig } from './config-file.ts'
import { openRunDirectory, readRunConfigText } from './run-directory.ts'

const root = mkdtempSync(join(tmpdir(), 'runs-'))
afterAll(() => rmSync(root, { recursive: true }))

const configOf = (name: string, ...assignments: string[]): Config =>
  parseConfig('', 'fleming.yaml', [`name=${name}`, ...assignments])
const read = (dir: string, file: string): string => readFileSync(join(dir, file), 'utf8')

function open(config: Config): string {
  const run = openRunDirectory(root, config)
  run.release()
  return run.dir
}

test('a new run has a folder of its name with its whole configuration', () => {
  const dir = open(configOf('first', 'seed=4'))
  expect(dir).toBe(join(root, 'first'))
  expect(parseConfig(readRunConfigText(dir), 'config.yaml')).toEqual({
    ...configSchema.parse({}),
    name: 'first',
    seed: 4,
  })
})

test('run.json says what the numbers depend on: seeds, code, versions and machine, and no time', () => {
  const dir = open(configOf('record', 'seed=4', 'dataSeed=5'))
  const record = parseJson(read(dir, 'run.json'), { file: 'run.json' })
  expect(record).toMatchObject({
    schemaVersion: 1,
    name: 'record',
    seed: 4,
    dataSeed: 5,
    codeHash: codeHash(['.']),
    node: process.versions.node,
    onnxruntime: expect.stringMatching(/^\d+\.\d+/),
  })
  const before = read(dir, 'run.json')
  open(configOf('record', 'seed=4', 'dataSeed=5'))
  expect(read(dir, 'run.json')).toBe(before)
})

test('the same configuration opens the same run again and leaves its record of it alone', () => {
  const dir = open(configOf('again'))
  const before = read(dir, 'config.yaml')
  expect(open(configOf('again'))).toBe(dir)
  expect(read(dir, 'config.yaml')).toBe(before)
})

test('the same name with another configuration is refused, naming each key with both values', () => {
  open(configOf('clash'))
  const other = configOf('clash', 'seed=9', 'rl-1.plateau.window=3', 'rl-2.mining=false')
  expect(() => open(other)).toThrow(ConfigError)
  expect(() => open(other)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /clash\/config\.yaml: the run "clash" was started with another configuration \(seed: 1 → 9; rl-1\.plateau\.window: \d+ → 3; rl-2\.mining: true → false\)$/,
      ),
      hint: 'give this run another name (--name), or delete the folder to start over',
    }),
  )
  // Refusing lets go of the lock, and changes nothing.
  expect(parseConfig(read(join(root, 'clash'), 'config.yaml'), '')).toEqual(configOf('clash'))
  open(configOf('clash'))
})

test('a key that only one of the two has is a difference', () => {
  open(configOf('keys', 'questions.perHop={1: 5}'))
  expect(() => open(configOf('keys', 'questions.perHop={2: 6}'))).toThrow(
    /\(questions\.perHop\.1: 5 → absent; questions\.perHop\.2: absent → 6\)/,
  )
})

test('while one process works in a run, no other may', () => {
  const run = openRunDirectory(root, configOf('busy'))
  expect(() => openRunDirectory(root, configOf('busy'))).toThrow(expect.objectContaining({ code: 'E_LOCKED' }))
  expect(() => open(configOf('idle'))).not.toThrow()
  run.release()
  expect(() => open(configOf('busy'))).not.toThrow()
})

test('a folder without a run is named, with what to give instead', () => {
  const dir = join(root, 'nowhere')
  expect(() => readRunConfigText(dir)).toThrow(DataError)
  expect(() => readRunConfigText(dir)).toThrow(
    expect.objectContaining({ message: `${dir}: there is no run here`, hint: expect.stringContaining('runs/default') }),
  )
})
