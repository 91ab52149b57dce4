import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { removeDir } from '../core/store.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const root = join(tmpdir(), `fleming-graph-wikidata-${randomUUID()}`)
afterAll(() => removeDir(root))

/** A query service that knows one symptom of one disease. */
let server: Server
let api: string
let agents: Set<string>
let calls: number

beforeEach(async () => {
  agents = new Set()
  calls = 0
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      calls += 1
      agents.add(request.headers['user-agent'] ?? '')
      const query = new URLSearchParams(Buffer.concat(parts).toString()).get('query') ?? ''
      const bindings = query.includes('wdt:P780 ?value') ? [symptom] : []
      response.end(JSON.stringify({ head: { vars: Object.keys(symptom) }, results: { bindings } }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sparql`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const symptom = {
  item: { type: 'uri', value: 'http://www.wikidata.org/entity/Q12156' },
  itemLabel: { type: 'literal', 'xml:lang': 'en', value: 'malaria' },
  property: { type: 'literal', value: 'P780' },
  value: { type: 'uri', value: 'http://www.wikidata.org/entity/Q38933' },
  valueLabel: { type: 'literal', 'xml:lang': 'en', value: 'fever' },
}

async function cli(...args: readonly string[]) {
  const shell = recordingShell({})
  const code = await runCli(['graph', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}

test('fetched pages are what the source wikidata reads, and a second run asks for none of them again', async () => {
  const dir = join(root, randomUUID())
  const fetch = () => cli('wikidata', '--contact', 'me@clinic.example', '--api', api, '--dir', dir)
  const first = await fetch()
  expect(first.code).toBe(0)
  expect(first.err).toContain(`${join(dir, 'P780-000000000.json')}: 1 rows\n`)
  expect([...agents]).toEqual([expect.stringContaining('me@clinic.example')])
  const pages = readdirSync(dir).filter((name) => /^P\d+-\d+\.json$/.test(name))
  expect(first.out).toContain(`${pages.length} pages in ${dir}`)
  expect(calls).toBe(pages.length)

  const read = await cli('read', 'wikidata', ...pages.map((name) => join(dir, name)), '--json')
  expect(JSON.parse(read.out)).toMatchObject({ triples: 1, triplesByRelation: { has_finding: 1 } })

  const bytes = pages.map((name) => readFileSync(join(dir, name), 'utf8'))
  expect((await fetch()).out).toBe(first.out)
  expect(calls).toBe(pages.length)
  expect(pages.map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(bytes)
})

test('without a contact that someone answers nothing is asked', async () => {
  const { code, err } = await cli('wikidata', '--contact', 'nobody', '--api', api, '--dir', join(root, randomUUID()))
  expect([code, calls]).toEqual([2, 0])
  expect(err).toContain('"nobody" is no contact')
  expect(err).toContain('hint: give an e-mail or web address')
})
