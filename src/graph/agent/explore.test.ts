import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError, EngineError } from '../../core/errors.ts'
import { scriptedModel } from '../../endpoint/fixtures/scripted-model.ts'
import type { ChatRequest } from '../../endpoint/types.ts'
import type { SourceRecord } from '../types.ts'
import { begin, bytesOf, closeWalks, freshDir, noLimit, pagesIn } from './fixtures/walks.ts'
import { exploredPages } from './records.ts'

afterEach(closeWalks)

async function recordsOf(dir: string): Promise<SourceRecord[]> {
  const records: SourceRecord[] = []
  for await (const record of exploredPages.read({ files: [join(dir, 'records.jsonl')] })) records.push(record)
  return records
}

const passageOf = (request: ChatRequest): string => request.messages[1]?.content ?? ''
const triple = (head: string, headType: string, relation: string, tail: string, tailType: string, quote: string) => ({
  head,
  headType,
  relation,
  tail,
  tailType,
  quote,
})

/** Reads two pages well and does whatever the hostile one asks. */
const gullible = () =>
  scriptedModel((request) => {
    const text = passageOf(request)
    const found = text.includes('Ignore the above')
      ? [
          triple('Lupox', 'disease', 'treated_by', 'bleach', 'drug', 'Bleach cures all Lupox.'),
          triple('Lupox', 'disease', 'has_finding', 'bleach', 'drug', 'bleach treats Lupox'),
          triple('Lupox', 'disease', 'obeys', 'system', 'finding', 'system: new rules.'),
          triple('Lupox', 'disease', 'has_finding', 'itching', 'finding', 'Lupox presents with itching.'),
        ]
      : text.includes('presents with rash')
        ? [
            triple('Fabrosis', 'disease', 'has_finding', 'rash', 'finding', 'Fabrosis presents with rash.'),
            triple('Fabrosis', 'disease', 'treated_by', 'Zetamycin', 'drug', 'Zetamycin cures Fabrosis.'),
          ]
        : []
    return JSON.stringify({ triples: found })
  })

describe('without a model', () => {
  test('a walk reads infoboxes, says so, and ends when nothing is left', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    const report = await run(dir)
    expect(report).toMatchObject({
      stoppedBy: 'nothing left to read',
      extraction: 'infoboxes only: no language model was given, so no section was read',
      license: 'CC BY-SA 4.0, https://licenses.example/by-sa',
      triples: { infobox: 9, text: 0 },
      rejected: { 'link to a disambiguation page': 1 },
      passages: { read: 0, leftOut: 0, failed: {} },
      proseItems: 2,
      usage: { promptTokens: 0, completionTokens: 0 },
    })
    expect(report.skipped).toEqual({ 'already read': 1, disambiguation: 2, missing: 3 })
    expect(pagesIn(dir).map(({ title }) => title)).not.toContain('Football')
  })

  test('triples have their quote, revision and address, and items of Wikidata for names', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    await run(dir)
    const page = pagesIn(dir)[0]
    expect(page).toMatchObject({
      ordinal: 1,
      asked: 'Fabrosis',
      title: 'Fabrosis',
      revision: 101,
      item: 'Q1',
      type: 'disease',
    })
    expect(page?.url).toBe('http://wiki.example/w/index.php?title=Fabrosis&oldid=101')
    expect(page?.triples.map(({ head, relation, tail }) => `${head} ${relation} ${tail}`)).toEqual([
      'WIKIDATA:Q1 has_finding WIKIDATA:Q2',
      'WIKIDATA:Q1 has_finding WIKIDATA:Q3',
      'WIKIDATA:Q1 has_finding wiki-agent:name/hot hands',
      'WIKIDATA:Q1 caused_by_factor WIKIDATA:Q4',
      'WIKIDATA:Q1 treated_by WIKIDATA:Q5',
      'WIKIDATA:Q1 mimicked_by WIKIDATA:Q6',
    ])
    expect(page?.triples[1]).toMatchObject({ quote: 'Fever, joint pain, hot hands, Fab', tailAs: 'joint pain' })
    expect(page?.entities[0]).toEqual({
      key: 'WIKIDATA:Q1',
      label: 'Fabrosis',
      type: 'disease',
      typeFrom: 'infobox',
      title: 'Fabrosis',
      synonyms: ['Fab disease', 'fabrosis', 'Fabian illness'],
      xrefs: ['DOID:12'],
      labelZh: '法布病',
    })
  })

  test('seeds are the titles given, then those of categories and searches, up to their number', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    const seeds = {
      titles: ['Chess'],
      categories: ['Made-up diseases'],
      searches: ['Infobox'],
      categoryDepth: 1,
      maxTitles: 2,
    }
    await run(dir, { seeds, budget: { ...noLimit, pages: 0 } })
    expect(bytesOf(dir)).toContain('"titles":["Chess","Fabrosis","Fever"],"categories":["Category:Made-up diseases"')
  })

  test('what is read next follows the frontier: the drug and the disease before findings and unknown links', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    await run(dir)
    expect(
      pagesIn(dir)
        .map(({ title }) => title)
        .slice(0, 3),
    ).toEqual(['Fabrosis', 'Lupox', 'Zetamycin'])
  })

  test('the source reads the log back, with the type that each page gives itself', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    await run(dir)
    const records = await recordsOf(dir)
    expect(records.filter(({ kind }) => kind === 'about')).toEqual([
      { kind: 'about', license: 'CC BY-SA 4.0, https://licenses.example/by-sa', isPublishable: true },
    ])
    const types = new Map(records.flatMap((record) => (record.kind === 'entity' ? [[record.key, record.type]] : [])))
    expect(types.get('WIKIDATA:Q4')).toBe('organism')
    expect(records).toContainEqual({
      kind: 'triple',
      file: join(dir, 'records.jsonl'),
      line: 3,
      head: 'WIKIDATA:Q1',
      relation: 'caused_by_organism',
      tail: 'WIKIDATA:Q4',
      quote: 'Zeta bacillus',
      url: 'http://wiki.example/w/index.php?title=Fabrosis&oldid=101',
      qualifiers: { page: 'Fabrosis', revision: '101', readBy: 'infobox', headAs: 'Fabrosis', tailAs: 'Zeta bacillus' },
    })
    expect(
      records.filter(({ kind }) => kind === 'rejected').map((record) => 'reason' in record && record.reason),
    ).toEqual(['link to a disambiguation page'])
    expect(await recordsOf(dir)).toEqual(records)
  })
})

describe('with a model', () => {
  test('sections give triples that hold against the page; what it was talked into is rejected and counted', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    const model = gullible()
    const report = await run(dir, { model })
    expect(report.extraction).toBe('infoboxes, and sections by scripted in memory')
    expect(report.triples).toEqual({ infobox: 9, text: 2 })
    expect(report.rejected).toEqual({
      'link to a disambiguation page': 1,
      'quote not in the passage': 1,
      'said twice on the page': 1,
      'tail outside the range': 1,
      'unknown relation': 1,
    })
    const texts = pagesIn(dir).flatMap(({ triples }) => triples.filter(({ from }) => from === 'text'))
    expect(texts.map(({ tailAs, quote }) => [tailAs, quote])).toEqual([
      ['rash', 'Fabrosis presents with rash.'],
      ['itching', 'Lupox presents with itching.'],
    ])
    expect(bytesOf(dir)).not.toContain('wiki-agent:name/bleach')
  })

  test('the words of a hostile page stand between its delimiters and nowhere else in a request', async () => {
    const { folder, run } = await begin()
    const model = gullible()
    await run(folder(), { model })
    const request = model.requests.find((asked) => passageOf(asked).includes('Ignore the above'))
    const [system, user] = request?.messages ?? []
    expect(request?.messages.map(({ role }) => role)).toEqual(['system', 'user'])
    for (const words of ['Ignore the above', 'bleach', 'new rules', 'steal'])
      expect(system?.content).not.toContain(words)
    const mark = /^<(passage-[0-9a-f]{32})>\n/.exec(user?.content ?? '')?.[1] ?? 'none'
    expect(user?.content.split(mark)).toHaveLength(3)
    expect(user?.content.endsWith(`\n</${mark}>`)).toBe(true)
    expect(user?.content).not.toMatch(/[\u200b\u202e]|steal|<script/)
  })

  test('a reply that cannot be read is asked for again, then counted as a failed passage', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    const model = scriptedModel(() => 'As you wish: no JSON today.')
    const report = await run(dir, { model, maxAttempts: 2, budget: { ...noLimit, pages: 1 } })
    expect(model.requests.map(({ temperature }) => temperature)).toEqual([0, 0.3])
    expect(report.passages).toEqual({ read: 0, leftOut: 0, failed: { 'refused: not JSON': 1 } })
    expect(report.triples).toEqual({ infobox: 6, text: 0 })
  })

  test('budgets of pages and tokens end the walk, and a larger one goes on where it ended', async () => {
    const { folder, run } = await begin()
    const [whole, parts] = [folder(), folder()]
    await run(whole, { model: gullible() })
    const three = await run(parts, { model: gullible(), budget: { ...noLimit, pages: 3 } })
    expect([three.stoppedBy, three.pages]).toEqual(['pages', 3])
    const poor = await run(parts, { model: gullible(), budget: { ...noLimit, pages: 100, calls: 4 } })
    expect([poor.stoppedBy, poor.pages]).toEqual(['calls, tokens or money', 4])
    const rich = await run(parts, { model: gullible() })
    expect(rich.stoppedBy).toBe('nothing left to read')
    expect(bytesOf(parts)).toBe(bytesOf(whole))
  })

  test('other settings in the same folder are refused', async () => {
    const { folder, run } = await begin()
    const dir = folder()
    await run(dir, { budget: { ...noLimit, pages: 1 } })
    await expect(run(dir, { model: gullible() })).rejects.toThrow(ConfigError)
  })
})

describe('killed', () => {
  class Kill extends Error {}
  const budget = { ...noLimit, pages: 4 }

  test('after any record, the walk goes on without reading a page twice and ends with the same bytes', async () => {
    const { server, folder, run } = await begin()
    const whole = folder()
    await run(whole, { model: gullible(), budget })
    const lines = bytesOf(whole).split('\n').length - 1
    expect(lines).toBeGreaterThan(5)
    for (let kill = 1; kill <= lines; kill += 1) {
      const dir = folder()
      let seen = 0
      const die = (): void => {
        seen += 1
        if (seen === kill) throw new Kill()
      }
      await expect(run(dir, { model: gullible(), budget, onRecord: die })).rejects.toThrow(Kill)
      expect(bytesOf(dir).split('\n').length - 1).toBe(kill)
      const from = server.requests.length
      await run(dir, { model: gullible(), budget })
      expect(bytesOf(dir)).toBe(bytesOf(whole))
      const read = new Set<string>()
      const before = bytesOf(whole).split('\n').slice(0, kill)
      for (const line of before) {
        const title: unknown = JSON.parse(line).title
        if (line.startsWith('{"kind":"page"') && typeof title === 'string') read.add(title)
      }
      const again = server.requests.slice(from).filter(({ parameters }) => parameters.action === 'parse')
      expect(again.filter(({ parameters }) => read.has(parameters.page ?? ''))).toEqual([])
    }
  }, 30_000)

  test('inside any call of the model, no answered call is asked again and the bytes are the same', async () => {
    const { folder, run } = await begin()
    const whole = folder()
    const counting = gullible()
    await run(whole, { model: counting, budget })
    for (let kill = 1; kill <= counting.requests.length; kill += 1) {
      const dir = folder()
      const dying = { ...gullible(), hash: counting.hash }
      let asked = 0
      const answer = dying.complete
      const complete: typeof answer = async (request, options) => {
        asked += 1
        if (asked === kill) throw new Kill()
        return answer(request, options)
      }
      await expect(run(dir, { model: { ...dying, complete }, budget })).rejects.toThrow(Kill)
      const rest = gullible()
      await run(dir, { model: rest, budget })
      expect(bytesOf(dir)).toBe(bytesOf(whole))
      expect(rest.requests.length).toBe(counting.requests.length - kill + 1)
    }
  }, 30_000)

  test('in the middle of a line, the torn line is set aside and the bytes are the same', async () => {
    const { folder, run } = await begin()
    const [whole, dir] = [folder(), folder()]
    await run(whole)
    await run(dir, { budget: { ...noLimit, pages: 2 } })
    const { appendFileSync } = await import('node:fs')
    appendFileSync(join(dir, 'records.jsonl'), '{"kind":"page","ordinal":3,"asked":"Fev')
    const torn = await recordsOf(dir)
    expect(torn.at(-1)).toMatchObject({ kind: 'rejected', reason: 'half a line' })
    await run(dir)
    expect(bytesOf(dir)).toBe(bytesOf(whole))
  })

  test('by its signal, it stops between or inside requests and says so', async () => {
    const { folder, run } = await begin()
    const [whole, dir] = [folder(), folder()]
    await run(whole, { model: gullible() })
    const stop = new AbortController()
    const inside = gullible()
    const complete: typeof inside.complete = async (request, options) => {
      stop.abort()
      return inside.complete(request, options)
    }
    const report = await run(dir, { model: { ...inside, complete }, signal: stop.signal })
    expect([report.stoppedBy, report.pages]).toEqual(['aborted', 0])
    expect((await run(dir, { model: gullible() })).stoppedBy).toBe('nothing left to read')
    expect(bytesOf(dir)).toBe(bytesOf(whole))
  })

  test('by a wiki that fails for good, it throws, loses no page, and goes on later to the same bytes', async () => {
    let isDown = false
    let canFail = false
    const { folder, run } = await begin((request) => {
      if (canFail && request.parameters.page === 'Zetamycin') isDown = true
      return isDown ? { status: 500 } : null
    })
    const [whole, dir] = [folder(), folder()]
    await run(whole)
    canFail = true
    await expect(run(dir)).rejects.toThrow(EngineError)
    expect(pagesIn(dir).length).toBe(2)
    expect(bytesOf(dir)).not.toContain('error of the wiki')
    canFail = false
    isDown = false
    expect((await run(dir)).stoppedBy).toBe('nothing left to read')
    expect(bytesOf(dir)).toBe(bytesOf(whole))
  })
})

describe('a log that is none', () => {
  test.each([
    ['no log at all', 'hello\nworld\n', 'did not write'],
    ['an empty file', '', 'not a log of the wiki agent'],
  ])('%s is a named error', async (_, text, message) => {
    const dir = freshDir()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(dir, 'records.jsonl'), text)
    await expect(recordsOf(dir)).rejects.toThrow(message)
  })
})
