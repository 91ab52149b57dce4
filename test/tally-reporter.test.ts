import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'fleming-tally-'))
afterAll(() => rmSync(dir, { recursive: true }))

const FIXTURES: { readonly [file: string]: string } = {
  'good.test.js': `describe('a', () => { test('1', () => {}); describe('b', () => test('2', () => {})) })`,
  'bad.test.js': `test('fails', () => { throw new Error('no') }); test('passes', () => {})`,
  'skip.test.js': `test.skip('skipped', () => {}); test.todo('todo'); test('passes', () => {})`,
  'broken.test.js': `test('never collected', () => {})\nthrow new Error('at collection')`,
  'suite.test.js': `describe('s', () => { beforeAll(() => { throw new Error('hook') }); test('not run', () => {}) })`,
  'unhandled.test.js': `test('passes', async () => {
    setTimeout(() => { throw new Error('later') }, 5)
    await new Promise((resolve) => setTimeout(resolve, 60))
  })`,
}

function lastLine(...files: readonly string[]): { readonly line: string | undefined; readonly status: number | null } {
  for (const file of files) writeFileSync(join(dir, file), FIXTURES[file] ?? '')
  const reporter = join(root, 'test', 'tally-reporter.ts')
  const args = ['run', '--root', dir, '--globals', '--reporter=default', `--reporter=${reporter}`]
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const { stdout, status } = spawnSync(process.execPath, [vitest, ...args], { encoding: 'utf8' })
  for (const file of files) rmSync(join(dir, file))
  return { line: stdout.trimEnd().split('\n').at(-1), status }
}

test('the last line counts the test cases of a run in which all pass', () => {
  expect(lastLine('good.test.js')).toEqual({ line: '2 passed, 0 failed', status: 0 })
})

test('failed, skipped and planned cases are counted, and so is what breaks outside of a case', () => {
  // passed: good 2, bad 1, skip 1, unhandled 1. failed: bad 1, broken file 1, broken suite 1, unhandled error 1.
  // skipped: skip 2, and the case whose suite broke before it ran.
  expect(lastLine(...Object.keys(FIXTURES))).toEqual({ line: '5 passed, 4 failed, 3 skipped', status: 1 })
})
