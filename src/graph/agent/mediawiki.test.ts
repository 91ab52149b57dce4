import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError, EngineError } from '../../core/errors.ts'
import {
  type FakeFault,
  type FakeRequest,
  type FakeWiki,
  type FakeWikiContent,
  startFakeWiki,
} from './fixtures/fake-wiki.ts'
import { openWiki, type WikiOptions } from './mediawiki.ts'

const content: FakeWikiContent = {
  pages: {
    Fabrosis: { wikitext: "'''Fabrosis'''", revision: 41, item: 'Q1' },
    Fever: { wikitext: 'hot', revision: 42, item: 'Q2' },
    Fab: { wikitext: 'may mean', revision: 43, isDisambiguation: true },
  },
  redirects: { 'High temperature': 'Fever', 'Hot hands': 'Fever#Hands', Loop: 'Loop two', 'Loop two': 'Loop two' },
  categories: { Fevers: { pages: ['A', 'B', 'C', 'D', 'E'], subcats: ['Category:Chills'] } },
  items: {
    Q1: {
      id: 'Q1',
      labels: { en: { value: 'fabrosis' }, zh: { value: '法布病' } },
      aliases: { en: [{ value: 'Fab' }, { value: 7 }] },
      claims: {
        P1550: [{ rank: 'normal', mainsnak: { datavalue: { value: '558' } } }],
        P699: [{ rank: 'normal', mainsnak: { datavalue: { value: 'DOID:12' } } }],
        P494: [
          { rank: 'deprecated', mainsnak: { datavalue: { value: 'A00' } } },
          { rank: 'normal', mainsnak: { datavalue: { value: 'B99.1' } } },
          { rank: 'normal', mainsnak: { snaktype: 'novalue' } },
        ],
      },
    },
  },
  rights: { text: 'CC BY-SA 4.0', url: '' },
}
const running: FakeWiki[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

async function start(
  faultOf?: (request: FakeRequest, ordinal: number) => FakeFault,
  options: Partial<WikiOptions> = {},
) {
  const server = await startFakeWiki(content, faultOf)
  running.push(server)
  const pausesMs: number[] = []
  const wiki = openWiki({
    contact: 'me@clinic.example',
    apiUrl: server.apiUrl,
    wikidataUrl: server.apiUrl,
    sleep: async (ms) => {
      pausesMs.push(ms)
    },
    ...options,
  })
  return { server, wiki, pausesMs }
}

describe('manners', () => {
  test('every request names the contact, the lag it bears and the form of the answer', async () => {
    const { server, wiki } = await start()
    await wiki.page('Fabrosis')
    expect(server.requests[0]?.headers['user-agent']).toBe('fleming-wiki-agent/1 (me@clinic.example)')
    expect(server.requests[0]?.parameters).toEqual({
      action: 'parse',
      page: 'Fabrosis',
      redirects: '1',
      prop: 'wikitext|revid',
      format: 'json',
      formatversion: '2',
      maxlag: '5',
    })
  })

  test('requests go one at a time, whoever asks', async () => {
    const { server, wiki } = await start()
    await Promise.all([wiki.page('Fabrosis'), wiki.page('Fever'), wiki.siteInfo(), wiki.resolve(['Fever'])])
    expect(server.requests).toHaveLength(4)
    expect(server.peak).toBe(1)
  })

  test.each([[''], ['me'], ['me@host'], ['me@clinic.example\r\nx: y'], ['ftp://a.example'], ['a b@c.d'], ['é@c.de']])(
    'a contact that reaches nobody is refused: %j',
    (contact) => {
      expect(() => openWiki({ contact, apiUrl: 'http://a/api.php', wikidataUrl: null })).toThrow(ConfigError)
    },
  )

  test.each([['file:///etc/passwd'], ['ftp://a.example/api.php'], ['api.php'], ['http://user:word@a.example/api.php']])(
    'an address that is none of http(s) is refused: %s',
    async (apiUrl) => {
      const wiki = openWiki({ contact: 'https://clinic.example/robot', apiUrl, wikidataUrl: null })
      await expect(wiki.siteInfo()).rejects.toThrow(ConfigError)
    },
  )

  test('a lag of the server is waited out as long as it asks', async () => {
    const lag = JSON.stringify({ error: { code: 'maxlag', info: 'Waiting for db: 7 seconds lagged.', lag: 7 } })
    const { wiki, pausesMs } = await start((_, n) => (n <= 2 ? { body: lag, headers: { 'retry-after': '7' } } : null))
    expect((await wiki.page('Fever'))?.revision).toBe(42)
    expect(pausesMs).toEqual([7_000, 7_000])
    expect(wiki.counts).toEqual({ requests: 3, retries: 2, waitedMs: 14_000 })
  })

  test('too many requests: its pause in seconds or as a date, else one that doubles', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString()
    const { wiki, pausesMs } = await start((_, n) => {
      if (n === 1) return { status: 429, headers: { 'retry-after': '3' } }
      if (n === 2) return { status: 503, headers: { 'retry-after': date } }
      return n <= 4 ? { status: 502 } : null
    })
    await wiki.siteInfo()
    expect(pausesMs[0]).toBe(3_000)
    expect(pausesMs[1]).toBeGreaterThan(27_000)
    expect(pausesMs[1]).toBeLessThanOrEqual(30_000)
    expect(pausesMs.slice(2)).toEqual([4_000, 8_000])
  })

  test('a pause of a day is not waited for but told', async () => {
    const { wiki, pausesMs } = await start(() => ({ status: 429, headers: { 'retry-after': '86400' } }))
    await expect(wiki.siteInfo()).rejects.toThrow('pause of 86400 s')
    expect(pausesMs).toEqual([])
  })

  test('a server that keeps failing is given up after the attempts allowed', async () => {
    const { wiki, server } = await start(() => ({ isCut: true }), { maxAttempts: 3 })
    await expect(wiki.siteInfo()).rejects.toThrow(EngineError)
    expect(server.requests).toHaveLength(3)
  })

  test('a page of a proxy in place of JSON is asked for again', async () => {
    const { wiki } = await start((_, n) => (n === 1 ? { body: '<html>busy</html>' } : null))
    expect((await wiki.siteInfo()).license).toBe('CC BY-SA 4.0')
  })

  test('an error of ours is told at once, in the words of the server', async () => {
    const body = JSON.stringify({ error: { code: 'badvalue', info: 'Unrecognized value' } })
    const { wiki, server } = await start(() => ({ body }))
    await expect(wiki.siteInfo()).rejects.toThrow('badvalue: Unrecognized value')
    expect(server.requests).toHaveLength(1)
  })

  test('a server that never answers is left after the time allowed', async () => {
    const { wiki } = await start(() => ({ hangs: true }), { timeoutMs: 50, maxAttempts: 2 })
    await expect(wiki.siteInfo()).rejects.toThrow('no answer within 0.05 s')
  })

  test('redirects stay with the host', async () => {
    const away = await start(() => ({ status: 302, headers: { location: 'http://evil.example/w/api.php' } }))
    await expect(away.wiki.siteInfo()).rejects.toThrow('redirects to evil.example')
    const local = await start((_, n) =>
      n === 1 ? { status: 301, headers: { location: '/w/api.php?action=query&meta=siteinfo' } } : null,
    )
    expect((await local.wiki.siteInfo()).name).toBe('Fake wiki')
    const round = await start(() => ({ status: 302, headers: { location: '/' } }))
    await expect(round.wiki.siteInfo()).rejects.toThrow('not followed')
  })

  test('an abort ends a request and a pause', async () => {
    const stop = new AbortController()
    const hanging = await start(() => ({ hangs: true }), { signal: stop.signal })
    const asked = hanging.wiki.siteInfo()
    stop.abort()
    await expect(asked).rejects.toMatchObject({ code: 'E_ABORTED' })
    await expect(hanging.wiki.siteInfo()).rejects.toMatchObject({ code: 'E_ABORTED' })
  })
})

describe('answers', () => {
  test('lists are read to their end, and no further than asked', async () => {
    const { wiki, server } = await start()
    expect(await wiki.categoryMembers('Fevers', 'page', 100)).toEqual(['A', 'B', 'C', 'D', 'E'])
    expect(server.requests.map(({ parameters }) => parameters.cmcontinue)).toEqual([undefined, '2', '4'])
    expect(await wiki.categoryMembers('Category:Fevers', 'page', 3)).toEqual(['A', 'B', 'C'])
    expect(server.requests).toHaveLength(5)
    expect(await wiki.categoryMembers('Fevers', 'subcat', 10)).toEqual(['Category:Chills'])
    expect(await wiki.search('hot', 10)).toEqual(['Fever'])
  })

  test('titles are followed through spelling, redirects and parts of pages', async () => {
    const { wiki, server } = await start()
    const asked = ['fever', 'high_temperature', 'Hot hands', 'Fab', 'Nowhere', 'Loop', 'a|b', '']
    const resolved = await wiki.resolve(asked)
    expect([...resolved.keys()].sort()).toEqual([...asked].sort())
    const fever = { kind: 'page', title: 'Fever', item: 'Q2', isDisambiguation: false, fragment: null }
    expect(resolved.get('fever')).toEqual(fever)
    expect(resolved.get('high_temperature')).toEqual(fever)
    expect(resolved.get('Hot hands')).toEqual({ ...fever, fragment: 'Hands' })
    expect(resolved.get('Fab')).toMatchObject({ isDisambiguation: true, item: null })
    for (const missing of ['Nowhere', 'Loop', 'a|b', '']) expect(resolved.get(missing)).toEqual({ kind: 'missing' })
    expect(server.requests[0]?.parameters.titles).toBe('fever|high_temperature|Hot hands|Fab|Nowhere|Loop')
  })

  test('titles are asked for fifty at a time', async () => {
    const { wiki, server } = await start()
    await wiki.resolve(Array.from({ length: 120 }, (_, i) => `Page ${i}`))
    expect(server.requests.map(({ parameters }) => parameters.titles?.split('|').length)).toEqual([50, 50, 20])
  })

  test('long titles in other scripts make smaller requests: no address comes near the 8 kB that servers refuse', async () => {
    const { wiki, server } = await start()
    const titles = Array.from({ length: 60 }, (_, i) => `${'病'.repeat(80)}${i}`)
    const resolved = await wiki.resolve(titles)
    expect(resolved.size).toBe(60)
    const asked = server.requests.flatMap(({ parameters }) => parameters.titles?.split('|') ?? [])
    expect(asked).toEqual(titles)
    const sizes = server.requests.map(({ parameters }) => encodeURIComponent(parameters.titles ?? '').length)
    expect(Math.max(...sizes)).toBeLessThan(5_100)
    // Longer than MediaWiki allows: not asked for.
    expect(await wiki.resolve(['病'.repeat(90)])).toEqual(new Map([['病'.repeat(90), { kind: 'missing' }]]))
  })

  test('items that are too many for one answer are asked for in halves', async () => {
    const { wiki, server } = await start(({ parameters }) =>
      (parameters.ids?.split('|').length ?? 0) > 2 ? { body: ' '.repeat((32 << 20) + 1) } : null,
    )
    const items = await wiki.items(['Q1', 'Q404', 'Q405', 'Q406'])
    expect([...items.keys()]).toEqual(['Q1'])
    expect(server.requests.map(({ parameters }) => parameters.ids)).toEqual([
      'Q1|Q404|Q405|Q406',
      'Q1|Q404',
      'Q405|Q406',
    ])
  })

  test('a page comes with its revision, and a page that is not there is none', async () => {
    const { wiki } = await start()
    expect(await wiki.page('High temperature')).toEqual({ title: 'Fever', revision: 42, wikitext: 'hot' })
    expect(await wiki.page('Nowhere')).toBe(null)
  })

  test('a page without a revision cannot be cited and is refused', async () => {
    const { wiki } = await start(() => ({ body: JSON.stringify({ parse: { title: 'X', revid: 0, wikitext: '' } }) }))
    await expect(wiki.page('X')).rejects.toThrow('without its revision')
  })

  test('items come with names in two languages and identifiers elsewhere', async () => {
    const { wiki } = await start()
    const items = await wiki.items(['Q1', 'Q404', 'P1|Q2'])
    expect([...items]).toEqual([
      [
        'Q1',
        {
          id: 'Q1',
          label: 'fabrosis',
          labelZh: '法布病',
          aliases: ['Fab'],
          xrefs: ['DOID:12', 'ICD10:B99.1', 'ORPHA:558'],
        },
      ],
    ])
  })

  test('a revision has an address', async () => {
    const { wiki } = await start()
    const site = await wiki.siteInfo()
    expect(wiki.revisionUrl(site, 'A & B', 7)).toBe('http://wiki.example/w/index.php?title=A_%26_B&oldid=7')
  })

  test.each([['[]'], ['null'], ['{"query":[]}'], ['{"query":{"general":null}}']])(
    'that are no site information are refused: %s',
    async (body) => {
      const { wiki } = await start(() => ({ body }), { maxAttempts: 1 })
      await expect(wiki.siteInfo()).rejects.toThrow()
    },
  )
})
