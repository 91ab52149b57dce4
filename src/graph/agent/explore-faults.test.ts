import { afterEach, describe, expect, test } from 'vitest'
import { clinicalSchema } from '../clinical.ts'
import { extractionVersion } from '../extract.ts'
import { defineSchema } from '../schema.ts'
import { begin, bytesOf, closeWalks, noLimit, pagesIn } from './fixtures/walks.ts'
import { openWiki } from './mediawiki.ts'

afterEach(closeWalks)

describe('a page that', () => {
  const error = (code: string) => ({ body: JSON.stringify({ error: { code, info: 'told' } }) })

  test.each([
    ['the server cannot render', error('internal_api_error_MWException'), 'error of the wiki'],
    ['always ends in HTTP 500', { status: 500 }, 'error of the wiki'],
    ['may not be read', error('permissiondenied'), 'refused by the wiki'],
    ['has no revision', { body: '{"parse":{"title":"Zetamycin","revid":0,"wikitext":""}}' }, 'unreadable answer'],
    ['comes as no JSON', { body: '{"parse":' }, 'unreadable answer'],
  ] as const)('%s is passed over, counted, and the walk goes on', async (_, fault, reason) => {
    const { folder, run } = await begin((request) => (request.parameters.page === 'Zetamycin' ? fault : null))
    const dir = folder()
    const report = await run(dir)
    expect(report.stoppedBy).toBe('nothing left to read')
    expect(report.skipped).toMatchObject({ [reason]: 1 })
    expect(pagesIn(dir).map(({ title }) => title)).toEqual(expect.arrayContaining(['Fabrosis', 'Lupox', 'Fever']))
    // Passed over for good: another run does not ask for it again.
    expect((await run(dir)).skipped).toEqual(report.skipped)
  })

  test('is larger than any page is passed over as well', async () => {
    const body = `{"parse":{"title":"Zetamycin","revid":1,"wikitext":"${'x'.repeat(33 << 20)}"}}`
    const { folder, run } = await begin((request) => (request.parameters.page === 'Zetamycin' ? { body } : null))
    expect((await run(folder())).skipped).toMatchObject({ 'answer too large': 1 })
  })

  test('we are not allowed to ask for ends the walk: the next one would be refused too', async () => {
    const { folder, run } = await begin((request) =>
      request.parameters.page === 'Zetamycin' ? error('readapidenied') : null,
    )
    await expect(run(folder())).rejects.toThrow('readapidenied')
  })

  test('has an infobox without end gives two hundred triples with short quotes, and the rest is counted', async () => {
    const symptoms = Array.from({ length: 20_000 }, (_, i) => `[[Sign ${i}]]`).join(', ')
    const wikitext = `{{Infobox medical condition|symptoms=${symptoms}}}`
    const { server, folder, run } = await begin((request) =>
      request.parameters.page === 'Fabrosis'
        ? { body: JSON.stringify({ parse: { title: 'Fabrosis', revid: 101, wikitext } }) }
        : null,
    )
    const dir = folder()
    const report = await run(dir, { budget: { ...noLimit, pages: 1 } })
    expect([report.triples.infobox, report.itemsLeftOut]).toEqual([200, 19_800])
    const quotes = pagesIn(dir)[0]?.triples.map(({ quote, tailAs }) => [quote.length <= 300, quote.includes(tailAs)])
    expect(new Set(quotes?.map(String))).toEqual(new Set(['true,true']))
    expect(server.requests.length).toBeLessThan(20)
    expect(bytesOf(dir).length).toBeLessThan(200_000)
  })
})

describe('settings', () => {
  test('hold where items are looked up, so names of one Wikibase never mix with those of another', async () => {
    const { server, folder, run } = await begin()
    const dir = folder()
    await run(dir, { budget: { ...noLimit, pages: 1 } })
    const wiki = openWiki({
      contact: 'me@clinic.example',
      apiUrl: server.apiUrl,
      wikidataUrl: null,
      sleep: async () => {},
    })
    await expect(run(dir, { wiki })).rejects.toThrow('other settings')
  })

  test('hold a version of what is asked of a model and what is accepted', () => {
    const version = extractionVersion(clinicalSchema)
    expect(version).toMatch(/^extraction_[0-9a-f]{24}$/)
    const fewer = defineSchema(clinicalSchema.relations.slice(1))
    expect(extractionVersion(fewer)).not.toBe(version)
  })
})
