import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { formatJson, parseJson } from '../core/json.ts'
import { removeDir } from '../core/store.ts'
import { startFaultyServer } from '../endpoint/fixtures/faulty-server.ts'
import { type FakeFault, type FakeRequest, type FakeWiki, startFakeWiki } from '../graph/agent/fixtures/fake-wiki.ts'
import { madeUpWiki } from '../graph/agent/fixtures/made-up-wiki.ts'
import { clinicalSchema } from '../graph/clinical.ts'
import { packTriples } from '../graph/packed.ts'
import { writePacked } from '../graph/packed-file.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const root = join(tmpdir(), `fleming-graph-explore-${randomUUID()}`)
const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})
afterAll(() => removeDir(root))

const freshDir = (): string => join(root, randomUUID())
const contact = ['--contact', 'me@clinic.example']
const seeds = ['--category', 'Made-up diseases', '--depth', '1']

async function wikiServer(faultOf?: (request: FakeRequest, ordinal: number) => FakeFault): Promise<FakeWiki> {
  const wiki = await startFakeWiki(madeUpWiki, faultOf)
  running.push(wiki)
  return wiki
}

async function cli(args: readonly string[], options: { readonly isLive?: boolean; readonly columns?: number } = {}) {
  const shell = recordingShell(options)
  const code = await runCli(['graph', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join(''), shell }
}

const explore = (wiki: FakeWiki, dir: string, ...args: readonly string[]) =>
  cli(['explore', '--api', wiki.apiUrl, '--wikidata', wiki.apiUrl, ...contact, '--dir', dir, ...args])

const json = (text: string): unknown => parseJson(text, { file: 'stdout' })
const recordsIn = (dir: string): string => readFileSync(join(dir, 'records.jsonl'), 'utf8')

describe('a walk without an endpoint', () => {
  test('says so aloud, tells of each page, and ends with what was found and what comes next', async () => {
    const wiki = await wikiServer()
    const dir = freshDir()
    const { code, out, err } = await explore(wiki, dir, ...seeds)
    expect(code).toBe(0)
    expect(err).toContain('no endpoint: infoboxes alone are read')
    expect(err).toContain('page 1/50  Fabrosis: 6 triples, 1 rejected\n')
    expect(out).toContain('9 triples; nothing is left to read')
    expect(out).toContain('read by        infoboxes only')
    expect(out).toMatch(/triples {8}9 from infoboxes, 0 from sections\n {2}4 × has_finding/)
    expect(out).toContain('rejected\n  1 × link to a disambiguation page')
    expect(out).toContain('licence        CC BY-SA 4.0, https://licenses.example/by-sa')
    expect(out).toContain(`- { source: wiki-agent, files: [${dir}/records.jsonl] }`)
    const agents = new Set(wiki.requests.map(({ headers }) => headers['user-agent']))
    expect([...agents]).toEqual(['fleming-wiki-agent/1 (me@clinic.example)'])
  })

  test('writes records that graph read understands', async () => {
    const dir = freshDir()
    await explore(await wikiServer(), dir, ...seeds, '-q')
    const { code, out } = await cli(['read', 'wiki-agent', join(dir, 'records.jsonl'), '--json'])
    expect(code).toBe(0)
    expect(json(out)).toMatchObject({ source: 'wiki-agent', triples: 9, rejected: 1 })
  })

  test('stops at its budget of pages and goes on with a larger one to the same bytes', async () => {
    const wiki = await wikiServer()
    const [whole, parts] = [freshDir(), freshDir()]
    await explore(wiki, whole, ...seeds, '-q')
    const first = await explore(wiki, parts, ...seeds, '--pages', '3')
    expect(first.out).toContain('3 pages, 9 triples; 3 pages were asked for: a larger --pages goes on')
    expect(first.shell.interruptNote).toBe('stopped after 3 pages; the same command goes on there')
    const second = await explore(wiki, parts, ...seeds)
    expect(second.err).toContain('goes on after 3/50 pages · 9 triples · 1 rejected\n')
    expect(second.err).not.toContain('page 3/50')
    expect(recordsIn(parts)).toBe(recordsIn(whole))
  })

  test('redraws one line on a terminal: counts, and the page that comes next', async () => {
    const wiki = await wikiServer()
    const args = [
      'explore',
      '--api',
      wiki.apiUrl,
      '--no-wikidata',
      ...contact,
      '--dir',
      freshDir(),
      '--title',
      'Fabrosis',
    ]
    const { err } = await cli([...args, '--pages', '2'], { isLive: true, columns: 60 })
    expect(err).toContain('\r\u001b[K❯ 0/2 pages · 0 triples · 0 rejected · reading Fabrosis')
    expect(err).toContain('❯ 1/2 pages · 6 triples · 1 rejected')
    const drawn = err.split('\r\u001b[K').slice(1)
    expect(Math.max(...drawn.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(59)
    expect(wiki.requests.some(({ parameters }) => parameters.action === 'wbgetentities')).toBe(false)
  })

  test('is quiet when asked, and prints JSON', async () => {
    const { code, out, err } = await explore(await wikiServer(), freshDir(), ...seeds, '-q', '--json')
    expect([code, err]).toEqual([0, ''])
    expect(json(out)).toMatchObject({
      schemaVersion: 1,
      stoppedBy: 'nothing left to read',
      triples: { infobox: 9, text: 0 },
      spending: { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 },
    })
  })

  test('is steered by the gaps of a graph: the page it says nothing about comes first', async () => {
    const graphDir = freshDir()
    const graph = packTriples(
      clinicalSchema,
      [
        { label: 'Lupox', type: 'disease' },
        ...['a', 'b', 'c', 'd'].map((label) => ({ label, type: 'finding' as const })),
      ],
      ['a', 'b', 'c', 'd'].map((label) => ['Lupox', 'has_finding', label] as const),
    )
    writePacked(graphDir, graph)
    const wiki = await wikiServer()
    const pages = async (...args: string[]): Promise<string[]> => {
      const { err } = await explore(wiki, freshDir(), ...seeds, '--pages', '2', ...args)
      return [...err.matchAll(/^page \d+\/2 {2}(.*?):/gm)].map(([, title]) => title ?? '')
    }
    expect(await pages()).toEqual(['Fabrosis', 'Lupox'])
    expect(await pages('--graph', graphDir)).toEqual(['Fabrosis', 'Zetamycin'])
  })
})

describe('a walk with an endpoint', () => {
  const item = {
    ...{ head: 'Fabrosis', headType: 'disease', relation: 'has_finding', tail: 'rash', tailType: 'finding' },
    quote: 'Fabrosis presents with rash.',
  }
  const model = async () => {
    const server = await startFaultyServer({
      seed: 1,
      faultRate: 0,
      answer: ({ messages }) =>
        formatJson({ triples: messages[1]?.content.includes('presents with rash') === true ? [item] : [] }),
    })
    running.push(server)
    return server
  }

  test('reads the sections and counts what it spends', async () => {
    const { url } = await model()
    const args = ['--endpoint-url', url, '--endpoint-model', 'reader-1', '--max-money', '500']
    const prices = ['--prompt-price', '1000', '--completion-price', '2000']
    const { code, out, err } = await explore(await wikiServer(), freshDir(), ...seeds, ...args, ...prices)
    expect(code).toBe(0)
    expect(err).not.toContain('no endpoint')
    expect(out).toContain('read by        infoboxes, and sections by reader-1 at http://127.0.0.1')
    expect(out).toContain('triples        9 from infoboxes, 1 from sections')
    const [, calls, tokens, money] = /spent +(\d+) calls, (\d+) tokens, money ([\d.]+)/.exec(out) ?? []
    expect(Number(calls)).toBeGreaterThan(5)
    expect(Number(tokens)).toBe(15 * Number(calls))
    // 10 prompt tokens at 1000 and 5 of the completion at 2000 a million.
    expect(Number(money)).toBeCloseTo(0.02 * Number(calls), 4)
  })

  test('ends with its budget of calls, says so, and goes on with a larger one', async () => {
    const server = await model()
    const wiki = await wikiServer()
    const dir = freshDir()
    const args = [...seeds, '--endpoint-url', server.url, '--endpoint-model', 'reader-1']
    const poor = await explore(wiki, dir, ...args, '--max-calls', '2')
    expect([poor.code, poor.out.includes('the budget of calls, tokens or money is spent')]).toEqual([0, true])
    const asked = server.requests
    const rich = await explore(wiki, dir, ...args)
    expect(rich.out).toContain('1 from sections')
    expect(asked).toBe(2)
  })
})

describe('a walk that cannot be', () => {
  test.each([
    ['without a contact', ['--title', 'X'], "required option '--contact"],
    ['with a contact that is none', ['--contact', 'me', '--title', 'X'], 'is no contact'],
    ['from nowhere', contact, 'nowhere to begin'],
    ['with half an endpoint', [...contact, '--title', 'X', '--endpoint-url', 'http://127.0.0.1:1/v1'], 'a model'],
    ['with limits for no endpoint', [...contact, '--title', 'X', '--max-calls', '3'], 'there is none'],
    [
      'with money and no prices',
      [...contact, '--title', 'X', '--endpoint-url', 'http://a/v1', '--endpoint-model', 'm', '--max-money', '3'],
      'needs prices',
    ],
    [
      'with a key that is not there',
      [
        ...contact,
        '--title',
        'X',
        '--endpoint-url',
        'http://a/v1',
        '--endpoint-model',
        'm',
        '--key-from',
        'NO_SUCH_KEY_1',
      ],
      'NO_SUCH_KEY_1 is not set',
    ],
    ['with a price that is no number', [...contact, '--title', 'X', '--prompt-price', '1e9'], 'must be a number'],
    ['with a graph that is none', [...contact, '--title', 'X', '--graph', '/nowhere'], 'there is no graph'],
    ['of no wiki', [...contact, '--title', 'X', '--api', 'ftp://a/api.php'], 'http(s) address'],
  ])('%s ends with code 2 and a hint', async (_, args, message) => {
    const { code, out, err } = await cli(['explore', '--dir', freshDir(), ...args])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
    expect(err).toContain('hint: ')
  })

  test('with other settings than its folder was begun with ends with code 2', async () => {
    const wiki = await wikiServer()
    const dir = freshDir()
    await explore(wiki, dir, ...seeds, '--pages', '1')
    const { code, err } = await explore(wiki, dir, '--title', 'Lupox')
    expect(code).toBe(2)
    expect(err).toContain('other settings')
  })

  test('because the wiki refuses ends with code 1, keeps what it read, and goes on later', async () => {
    let isDown = true
    const wiki = await wikiServer(({ parameters }) =>
      isDown && parameters.page === 'Zetamycin' ? { status: 403 } : null,
    )
    const dir = freshDir()
    const { code } = await explore(wiki, dir, ...seeds)
    expect(code).toBe(1)
    isDown = false
    const again = await explore(wiki, dir, ...seeds)
    expect(again.code).toBe(0)
    expect(again.err).toContain('goes on after 2/50 pages')
  })
})

test('its help teaches: examples, etiquette, licence, exit codes', async () => {
  const { code, out } = await cli(['explore', '--help'])
  expect(code).toBe(0)
  for (const text of ['Examples:\n  $ fleming graph explore', 'CC BY-SA', 'Etiquette', 'Exit codes:\n  0    ', '130'])
    expect(out).toContain(text)
})
