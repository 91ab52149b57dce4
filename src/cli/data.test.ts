import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-cli-data-'))
afterAll(() => rmSync(root, { recursive: true }))

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(['data', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}
const starter = ['--config', 'configs/data-starter.yaml', '--root', root, '--set', 'synthesis.count=50']
const graph = 'graph:\n  sources:\n    - { source: starter-tables, files: [data/starter] }\n'

function write(name: string, text: string): string {
  const file = join(root, name)
  writeFileSync(file, text)
  return file
}

describe('data', () => {
  test('makes a run: progress on stderr, one JSON object on stdout that says what its files hold', async () => {
    const { code, out, err } = await cli(...starter, '--json')
    expect(code).toBe(0)
    const dir = join(root, 'data-starter')
    expect(err.split('\n')[0]).toBe(`data run "data-starter" → ${dir}`)
    for (const stage of ['graph', 'curated', 'synthesis', 'refinement']) expect(err).toContain(`${stage}: done in `)
    const report = parseJson(out, { file: 'stdout' }) as { refinement: { mix: { size: number } } }
    expect(report).toMatchObject({
      ...{ schemaVersion: 1, name: 'data-starter', dataSeed: 1, dir, report: join(dir, 'report.html') },
      curated: { sets: [] },
      synthesis: { wanted: 50, kept: 50 },
    })
    const questions = readFileSync(join(dir, 'refinement', 'questions.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(questions).toHaveLength(report.refinement.mix.size)
    expect(questions.length).toBeGreaterThan(40)
    expect(existsSync(join(dir, 'report.html'))).toBe(true)
  }, 60_000)

  test('again makes nothing again, --quiet tells nothing, and the summary names the next files', async () => {
    const again = await cli(...starter)
    expect(again.code).toBe(0)
    for (const stage of ['graph', 'curated', 'synthesis', 'refinement'])
      expect(again.err).toContain(`${stage}: unchanged, not made again`)
    const quiet = await cli(...starter, '--quiet')
    expect([quiet.code, quiet.err]).toEqual([0, ''])
    expect(quiet.out).toMatch(/ made from the graph +50 of 50\n/)
    expect(quiet.out).toContain(`questions      ${join(root, 'data-starter')}/refinement/questions.jsonl`)
    expect(quiet.out).toContain('not for clinical use')
  }, 60_000)

  test.each<[string, string, string, string]>([
    ['a key of a section', `${graph}synthesis:\n  cuont: 3\n`, '5: unknown key "synthesis.cuont"', '"count"'],
    [
      'a key in a list',
      `${graph}    - source: obo\n      files: [a.obo]\n      licence: CC0\n`,
      '6: unknown key "graph.sources.1.licence"',
      '"license"',
    ],
    [
      'a key in a set of questions',
      `${graph}curated:\n  sets:\n    - { source: medqa, from: a.jsonl }\n    - { source: medqa, from: b.jsonl, slpit: dev }\n`,
      '7: unknown key "curated.sets.1.slpit"',
      '"split"',
    ],
  ])('names %s that it does not know, with its line and the nearest one', async (_, text, message, hint) => {
    const config = write('typo.yaml', text)
    const { code, out, err } = await cli('--config', config, '--root', root)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`error[E_CONFIG]: ${config}:${message}`)
    expect(err.split('hint: ')[1]).toContain(hint)
  })

  test.each<[string, string[], string, string]>([
    [
      'no configuration',
      ['-c', '/nowhere/data.yaml'],
      'there is no configuration "/nowhere/data.yaml"',
      '--config FILE',
    ],
    ['an unknown reader', ['--set', 'graph.sources=[{source: obi, files: [x]}]'], '"obi"', '"obo"'],
    [
      'a file that is not there',
      ['--set', 'graph.sources=[{source: obo, files: [/nowhere.obo]}]'],
      '/nowhere.obo',
      'path',
    ],
    [
      'a value that does not fit',
      ['--set', 'synthesis.count=-1'],
      '--set synthesis.count=-1: synthesis.count: ',
      'docs/',
    ],
    ['a seed that is none', ['--data-seed', 'x'], 'It must be a whole number', '--help'],
  ])('ends with code 2 for %s, says what to do, and leaves no run', async (_, args, message, hint) => {
    const place = ['--config', 'configs/data-starter.yaml', '--name', 'refused', '--root', root]
    const { code, out, err } = await cli(...place, ...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
    expect(err.split('hint: ')[1]).toContain(hint)
    expect(existsSync(join(root, 'refused'))).toBe(false)
  })

  test('has a help that teaches', async () => {
    const { code, out } = await cli('--help')
    expect(code).toBe(0)
    expect(out).toContain('Examples:\n  $ fleming data -c configs/data-starter.yaml')
    expect(out).toContain('Exit codes:\n  0    ')
  })
})
