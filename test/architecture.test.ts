import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { SourceFile } from './architecture-facts.ts'
import { findViolations, LAYERS } from './architecture-rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const paperMapFile = join(root, 'docs', 'paper-map.md')

function readTree(dir: string): SourceFile[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${dir}/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

describe('the project', () => {
  const files = [...readTree('src'), ...readTree('test')]
  const paperMap = existsSync(paperMapFile) ? readFileSync(paperMapFile, 'utf8') : null
  const violations = findViolations(files, paperMap)

  test('there is something to check', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.some(({ path }) => path === 'src/core/json.ts')).toBe(true)
  })

  test.each([
    ['imports follow the table of layers', 'layers'],
    ['no file imports itself by way of others', 'cycles'],
    ['no file is longer than 500 lines', 'length'],
    ['one file imports onnxruntime', 'onnxruntime'],
    ['JSON goes through core/json.ts', 'json'],
    ['moments come from core/clock.ts, random numbers from core/rng.ts', 'clock'],
    ['only core/store writes files', 'writes'],
    ['what is thrown is a FlemingError', 'errors'],
    ['nothing is exported as default', 'defaults'],
    ['docs/paper-map.md names every file with @paper or @deviation', 'paper'],
  ])('%s', (_, rule) => {
    expect(violations[rule]).toEqual([])
  })
})

/** Violations of a project of these files, without the rules that are kept. */
function check(
  files: Readonly<Record<string, string>>,
  paperMap: string | null = '',
): Record<string, readonly string[]> {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }))
  return Object.fromEntries(Object.entries(findViolations(sources, paperMap)).filter(([, found]) => found.length > 0))
}

describe('the checker allows', () => {
  test.each(Object.entries(LAYERS))('%s to import itself and what the table says', (layer, allowed) => {
    const imports = [layer, ...allowed].map((other) => `import { x } from '../${other}/x.ts'`).join('\n')
    const types = layer === 'core' ? '' : `\nimport { type T } from '../engine/types.ts'`
    expect(check({ [`src/${layer}/a.ts`]: imports + types })).toEqual({})
  })

  test('tests to import and do what code may not', () => {
    const text = `import { run } from '../cli/run.ts'
      import * as fs from 'node:fs'
      throw new Error(JSON.stringify([Math.random(), new Date(), fs]))`
    expect(check({ 'src/core/a.test.ts': text })).toEqual({})
  })

  test('words of banned calls in comments, texts and property names', () => {
    const text = `// JSON.parse, Math.random()
      /* export default; throw new Error() */
      const text = "import { x } from '../cli/x.ts'; JSON.parse"
      const parse = model.JSON.parse(new Date(0), report.performance.nowhere)
      import { readFileSync, openSync } from 'node:fs'
      throw new DataError(text)`
    expect(check({ 'src/core/a.ts': text })).toEqual({})
  })

  test('the homes of JSON, clock, store and onnxruntime to use them', () => {
    const files = {
      'src/core/json.ts': 'JSON.parse(JSON.stringify(1))',
      'src/core/clock.ts': 'new Date(); performance.now()',
      'src/core/store.ts': `import { writeSync } from 'node:fs'`,
      'src/core/store/atomic.ts': `import { renameSync } from 'node:fs'`,
      'src/engine/local/session.ts': `import { InferenceSession } from 'onnxruntime-node'`,
    }
    expect(check(files)).toEqual({})
  })
})

describe('the checker catches', () => {
  test.each([
    ['an import up the table', 'src/core/a.ts', `import { x } from '../text/x.ts'`, 'src/text/x.ts'],
    ['the rewards in an evaluation', 'src/evaluation/a.ts', `import { x } from '../rewards/x.ts'`, 'src/rewards/x.ts'],
    [
      'an engine picked by the policy',
      'src/policy/a.ts',
      `import { x } from '../engine/local/x.ts'`,
      'src/engine/local/x.ts',
    ],
    [
      'types of another layer in core',
      'src/core/a.ts',
      `import type { T } from '../text/types.ts'`,
      'src/text/types.ts',
    ],
    [
      'types below a layer',
      'src/policy/a.ts',
      `import type { T } from '../engine/local/types.ts'`,
      'src/engine/local/types.ts',
    ],
    ['a dynamic import', 'src/endpoint/fixtures/a.ts', `await import('../../text/x.ts')`, 'src/text/x.ts'],
    ['an import type', 'src/endpoint/a.ts', `type T = import('../text/x.ts').T`, 'src/text/x.ts'],
    ['an export from', 'src/rewards/a.ts', `export { x } from '../graph/x.ts'`, 'src/graph/x.ts'],
    ['an import that leaves src', 'src/core/a.ts', `import { x } from '../../test/x.ts'`, 'test/x.ts'],
  ])('%s', (_, path, text, target) => {
    const layer = path.split('/')[1] ?? ''
    const allowed = ['itself', ...(LAYERS[layer] ?? [])].join(', ')
    expect(check({ [path]: text })).toEqual({ layers: [`${path} imports ${target}; ${layer} may import ${allowed}`] })
  })

  test('a layer that is not in the table', () => {
    expect(check({ 'src/util/a.ts': '' })).toEqual({ layers: ['src/util/a.ts: there is no layer "util"'] })
  })

  test('a cycle, but not one that types alone close', () => {
    const files = {
      'src/core/a.ts': `import { b } from './b.ts'`,
      'src/core/b.ts': `import { type T, c } from './c.ts'`,
      'src/core/c.ts': `export * from './a.ts'`,
    }
    expect(check(files)).toEqual({ cycles: ['src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts'] })
    expect(check({ ...files, 'src/core/c.ts': `import { type A } from './a.ts'` })).toEqual({})
    expect(check({ ...files, 'src/core/c.ts': `export type { A } from './a.ts'` })).toEqual({})
  })

  test('the 501st line, of a test too', () => {
    expect(check({ 'src/core/a.ts': 'x()\n'.repeat(500) })).toEqual({})
    expect(check({ 'src/core/a.test.ts': 'x()\n'.repeat(501) })).toEqual({
      length: ['src/core/a.test.ts has 501 lines, more than 500'],
    })
  })

  test('a second file with onnxruntime, even for its types', () => {
    const text = `import type { Tensor } from 'onnxruntime-node'`
    expect(check({ 'src/engine/local/sampler.ts': text })).toEqual({
      onnxruntime: ['src/engine/local/sampler.ts imports onnxruntime; only src/engine/local/session.ts may'],
    })
  })

  test.each(['JSON.parse', 'JSON.stringify'])('%s', (call) => {
    expect(check({ 'src/text/a.ts': `const x = ${call}(y)` })).toEqual({
      json: [`src/text/a.ts uses ${call}; use core/json.ts`],
    })
  })

  test.each(['Math.random', 'Date.now', 'performance.now', 'process.hrtime'])('%s', (call) => {
    expect(check({ 'src/text/a.ts': `const x = ${call}()` })).toEqual({
      clock: [`src/text/a.ts uses ${call}; use core/clock.ts or core/rng.ts`],
    })
  })

  test.each(['new Date()', 'new Date', 'Date()'])('%s', (call) => {
    expect(check({ 'src/text/a.ts': `const x = ${call}` })).toEqual({
      clock: ['src/text/a.ts uses new Date(); use core/clock.ts'],
    })
  })

  test.each([
    [`import { writeFileSync } from 'node:fs'`, 'writeFileSync'],
    [`import { readFileSync, mkdirSync as make } from 'node:fs'`, 'mkdirSync'],
    [`import { createWriteStream } from 'fs'`, 'createWriteStream'],
    [`import { rename } from 'node:fs/promises'`, 'rename'],
    [`import { open } from 'node:fs/promises'`, 'open'],
    [`import { promises } from 'node:fs'`, 'promises'],
    [`import fs from 'node:fs'`, 'default'],
    [`import * as fs from 'node:fs'`, '*'],
    [`const fs = await import('node:fs')`, '*'],
    [`export { rmSync } from 'node:fs'`, 'rmSync'],
  ])('%s', (text, name) => {
    expect(check({ 'src/text/a.ts': text })).toEqual({
      writes: [`src/text/a.ts imports ${name} of node:fs; write through core/store.ts`],
    })
  })

  test('a bare error', () => {
    expect(check({ 'src/text/a.ts': `throw new Error('x')` })).toEqual({
      errors: ['src/text/a.ts throws a bare Error'],
    })
  })

  test.each(['export default 1', 'export default function f() {}', 'const a = 1; export { a as default }'])(
    '%s',
    (text) => {
      expect(check({ 'src/text/a.ts': text })).toEqual({ defaults: ['src/text/a.ts has a default export'] })
    },
  )

  test.each(['@paper Fleming-R1 Eq. (2)', '@deviation the paper is silent'])('%s that the map does not name', (tag) => {
    const files = { 'src/policy/advantage.ts': `/**\n * Centred.\n *\n * ${tag}\n */\nexport const x = 1` }
    expect(check(files, '| Eq. (2) | src/policy/advantage.ts |')).toEqual({})
    expect(check(files, '| Eq. (2) | src/policy/grpo.ts |')).toEqual({
      paper: ['src/policy/advantage.ts has @paper or @deviation, but docs/paper-map.md does not name it'],
    })
    expect(check(files, null)).toEqual({
      paper: ['docs/paper-map.md does not exist; it must name the 1 files with @paper or @deviation'],
    })
  })
})
