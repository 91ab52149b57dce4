import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineError } from '../../core/errors.ts'
import { putAtomic } from '../../core/store.ts'
import { readAll, tally } from './fixtures/read-all.ts'
import { wikidata } from './wikidata.ts'
import { type WikidataProperty, wikidataProperties } from './wikidata-properties.ts'
import { fetchWikidata, wikidataQuery } from './wikidata-query.ts'

const symptoms: readonly WikidataProperty[] = wikidataProperties.filter(({ property }) => property === 'P780')
const ROWS = 5
let server: Server
let endpoint: string
let dir: string
let asked: { query: string; agent: string }[]
/** What the server answers before it answers well. */
let failures: { status: number; headers?: Record<string, string>; body?: string }[]

const uri = (id: string) => ({ type: 'uri', value: `http://www.wikidata.org/entity/${id}` })
const literal = (value: string) => ({ type: 'literal', value })

function page(query: string): string {
  const limit = Number(/LIMIT (\d+)/.exec(query)![1])
  const offset = Number(/OFFSET (\d+)/.exec(query)![1])
  const property = /wdt:(P\d+) \?value/.exec(query)![1]!
  const count = property === 'P780' ? Math.max(0, Math.min(limit, ROWS - offset)) : 0
  const bindings = Array.from({ length: count }, (_, i) => ({
    item: uri(`Q${100 + offset + i}`),
    itemLabel: literal(`disease ${offset + i}`),
    property: literal(property),
    value: uri('Q1'),
    valueLabel: literal('fever'),
  }))
  return JSON.stringify({ head: { vars: ['item'] }, results: { bindings } })
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wikidata-'))
  asked = []
  failures = []
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const query = new URLSearchParams(Buffer.concat(parts).toString()).get('query') ?? ''
      asked.push({ query, agent: request.headers['user-agent'] ?? '' })
      const failure = failures.shift()
      response.writeHead(failure?.status ?? 200, failure?.headers)
      response.end(failure === undefined ? page(query) : (failure.body ?? 'busy'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sparql`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true, force: true })
})

const options = () => ({
  endpoint,
  contact: 'test@example.org',
  outDir: join(dir, 'pages'),
  properties: symptoms,
  pageSize: 2,
  retryDelayMs: 1,
})

test('pages are fetched until one is not full, and the source reads them all', async () => {
  const files = await fetchWikidata(options())
  // Three pages of P780, one of each of the six kinds of identifier.
  expect(files).toHaveLength(9)
  expect(asked).toHaveLength(9)
  expect(asked[0]!.agent).toBe('fleming-wikidata/1 (test@example.org)')
  expect(tally(await readAll(wikidata, { files }))).toMatchObject({
    entities: { disease: ROWS, finding: 1 },
    triples: { has_finding: ROWS },
  })
})

test('a second run asks for nothing, a run that lost a page asks for that one alone', async () => {
  const files = await fetchWikidata(options())
  const before = files.map((file) => readFileSync(file, 'utf8'))
  asked = []
  expect(await fetchWikidata(options())).toEqual(files)
  expect(asked).toHaveLength(0)
  rmSync(files[1]!)
  await fetchWikidata(options())
  expect(asked).toHaveLength(1)
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(before)
})

test('429 is waited out as long as the service says, 500 and pages cut short are asked again', async () => {
  failures = [
    { status: 429, headers: { 'retry-after': '1' } },
    { status: 500 },
    { status: 200, body: '{"head": {"vars": []}, "results": {"bindings": [' },
  ]
  const start = performance.now()
  const files = await fetchWikidata(options())
  expect(performance.now() - start).toBeGreaterThanOrEqual(990)
  expect(files).toHaveLength(9)
  expect(asked).toHaveLength(12)
  expect(asked[0]!.query).toBe(asked[3]!.query)
})

test('a refusal for good ends at once, one that lasts ends after the attempts, and nothing half is left', async () => {
  failures = [{ status: 400, body: 'malformed query' }]
  await expect(fetchWikidata(options())).rejects.toMatchObject({ status: 400, retryable: false })
  expect(asked).toHaveLength(1)
  failures = Array(3).fill({ status: 503 })
  const error = await fetchWikidata({ ...options(), maxAttempts: 3 }).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(EngineError)
  expect(error).toMatchObject({ status: 503, retryable: true })
  expect(readdirSync(join(dir, 'pages'))).toEqual(['plan.json'])
})

test('a pause of an hour is not waited for, nor cut short: the run stops, says so, and goes on later', async () => {
  failures = [{ status: 429, headers: { 'retry-after': '3600' } }]
  await expect(fetchWikidata(options())).rejects.toThrow('asks for a pause of 3600 s')
  expect(asked).toHaveLength(1)
  expect(await fetchWikidata(options())).toHaveLength(9)
})

test('a second run into a folder waits for nobody: it is told that the folder is in use', async () => {
  const first = fetchWikidata(options())
  await expect(fetchWikidata(options())).rejects.toMatchObject({ code: 'E_LOCKED' })
  expect(await first).toHaveLength(9)
  expect(asked).toHaveLength(9)
})

test('an item that is a disease in one row and a finding in another is one disease', async () => {
  const row = (item: string, property: string, value: string, isIdentifier = false) => ({
    item: uri(item),
    itemLabel: literal(`thing ${item}`),
    property: literal(property),
    value: isIdentifier ? literal(value) : uri(value),
    ...(isIdentifier ? {} : { valueLabel: literal(`thing ${value}`) }),
  })
  const read = async (bindings: readonly unknown[]) => {
    const file = join(dir, 'rows.json')
    putAtomic(file, JSON.stringify({ head: { vars: ['item'] }, results: { bindings } }))
    return readAll(wikidata, { files: [file] })
  }
  const rows = [
    row('Q1', 'P780', 'Q2'),
    row('Q1', 'P780', 'Q3'),
    row('Q2', 'P780', 'Q3'),
    row('Q2', 'P699', 'DOID:2', true),
  ]
  for (const order of [rows, [...rows].reverse()]) {
    const records = await read(order)
    const types = new Map<string, Set<string>>()
    for (const record of records) {
      if (record.kind === 'entity') types.set(record.key, (types.get(record.key) ?? new Set()).add(record.type))
    }
    expect(Object.fromEntries([...types].sort().map(([key, found]) => [key, [...found]]))).toEqual({
      'WIKIDATA:Q1': ['disease'],
      'WIKIDATA:Q2': ['disease'],
      'WIKIDATA:Q3': ['finding'],
    })
    // That Q2 is a finding of Q1 cannot stand: both are diseases.
    expect(tally(records)).toMatchObject({
      triples: { has_finding: 2 },
      rejected: { 'type does not fit the relation': 1 },
    })
  }
})

test('another page size in the same folder is refused', async () => {
  await fetchWikidata(options())
  await expect(fetchWikidata({ ...options(), pageSize: 3 })).rejects.toThrow('holds pages of other questions')
})

test('a caller who stops is heard while waiting', async () => {
  failures = [{ status: 429, headers: { 'retry-after': '500' } }]
  const stop = new AbortController()
  const run = fetchWikidata({ ...options(), signal: stop.signal })
  setTimeout(() => stop.abort(), 50)
  await expect(run).rejects.toMatchObject({ code: 'E_ABORTED' })
})

test('the service is told whom to write to', async () => {
  await expect(fetchWikidata({ ...options(), contact: 'fleming' })).rejects.toThrow('"fleming" is no contact')
})

test('queries are ordered pages of one property, and nothing else can be put in', () => {
  const question = { property: 'P780', head: 'disease', isLiteral: false } as const
  const query = wikidataQuery(question, 10, 20)
  expect(query).toContain('?item wdt:P780 ?value .')
  expect(query).toContain('?item wdt:P31/wdt:P279* wd:Q12136 .')
  expect(query).toContain('ORDER BY ?item ?value LIMIT 10 OFFSET 20')
  expect(query).toContain('OPTIONAL { ?value rdfs:label ?valueLabelZh . FILTER(LANG(?valueLabelZh) = "zh") }')
  expect(() => wikidataQuery({ ...question, property: 'P780 } DROP ALL #' }, 1, 0)).toThrow('is no property')
  expect(wikidataProperties.map(({ property }) => property)).not.toContain('P1050')
})
