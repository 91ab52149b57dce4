import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { putAtomic, removeDir } from '../core/store.ts'
import { buildGraph } from '../graph/build.ts'
import { writePacked } from '../graph/packed-file.ts'
import type { KnowledgeSource, SourceRecord } from '../graph/types.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const run = join(tmpdir(), `fleming-graph-show-${randomUUID()}`)
const file = `${run}.txt`
afterAll(() => {
  removeDir(run)
  removeDir(file)
})

const place = { file, line: 7 }
const entity = (key: string, label: string, type: 'disease' | 'finding'): SourceRecord => ({
  ...{ kind: 'entity', ...place, key, label, type, synonyms: [], xrefs: [] },
})
const source: KnowledgeSource = {
  name: 'made-up',
  title: 'Made up',
  files: ['made-up.txt'],
  license: 'CC0-1.0',
  isPublishable: true,
  closedRelations: [],
  testedOn: 'written samples',
  read: async function* () {
    yield entity('X:1', 'Fabrosis', 'disease')
    yield entity('X:2', 'hot palms', 'finding')
    yield entity('X:3', 'cold \u001b[2Jnose', 'finding')
    const said = { quote: 'Fabrosis\u001b]0;owned\u0007 presents with hot palms.', url: 'https://example.org/fab' }
    const words = { head: 'X:1', relation: 'has_finding', ...said }
    yield { kind: 'triple', ...place, ...words, tail: 'X:2', qualifiers: { frequency: 'Very frequent (99-80 %)' } }
    yield { kind: 'triple', ...place, ...words, tail: 'X:3' }
  },
}

beforeAll(async () => {
  putAtomic(file, 'Fabrosis presents with hot palms.\n')
  const plan = { source, name: 'made-up', revision: 'r7', license: null, input: { files: [file] } }
  const { graph } = await buildGraph([plan])
  writePacked(join(run, 'graph'), graph)
})

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(['graph', 'show', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}

describe('graph show', () => {
  test('tells names, keys, and each triple with its place, quote, address, qualifiers, revision and licence', async () => {
    const { code, out, err } = await cli(run, 'fabrosis')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('Fabrosis  disease\n')
    expect(out).toContain('keys     X:1')
    expect(out).toContain('→ has_finding (2)')
    expect(out).toContain(
      `    hot palms  finding\n      frequency: Very frequent (99-80 %)\n      made-up  ${file}:7\n        “Fabrosis ]0;owned presents with hot palms.”\n        https://example.org/fab`,
    )
    expect(out).toContain('sources\n  made-up  revision r7, licence CC0-1.0')
  })

  test('walks from the tail too, and says how to see what was left out', async () => {
    expect((await cli(run, 'X:2')).out).toContain('← has_finding (1)\n    Fabrosis  disease')
    expect((await cli(run, 'fabrosis', '--limit', '1')).out).toContain('and 1 more: --limit 2')
  })

  test('lets no words of a source command the terminal', async () => {
    const { out } = await cli(run, 'fabrosis')
    expect(out).toContain('cold [2Jnose')
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('shows a triple by its id, and everything as JSON', async () => {
    const { code, out } = await cli(run, 'hot palms', '--json')
    expect(code).toBe(0)
    const shown = parseJson(out, { file: 'stdout' })
    expect(shown).toMatchObject({
      schemaVersion: 1,
      name: 'hot palms',
      triple: null,
      entities: [
        {
          label: 'hot palms',
          relations: [{ direction: 'backward', triples: [{ origins: [{ revision: 'r7', file, line: 7 }] }] }],
        },
      ],
    })
    const id = /triple_[0-9a-f]{24}/.exec(out)?.[0] ?? ''
    const triple = await cli(run, id)
    expect(triple.out).toContain(`id       ${id}`)
    expect(triple.out).toContain('head     Fabrosis  disease')
  })

  test('of an unknown name or folder ends with code 2 and what to do', async () => {
    const name = await cli(run, 'fabrosus')
    expect([name.code, name.err]).toEqual([
      2,
      'error[E_CONFIG]: the graph has nothing named "fabrosus"\nhint: near names: "Fabrosis"\n',
    ])
    const folder = await cli('/nowhere', 'x')
    expect(folder.code).toBe(2)
    expect(folder.err).toContain('fleming data')
  })

  test('has a help that teaches', async () => {
    const { code, out } = await cli('--help')
    expect(code).toBe(0)
    expect(out).toContain('Examples:\n  $ fleming graph show')
    expect(out).toContain('Exit codes:\n  0    ')
  })
})
