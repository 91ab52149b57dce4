import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createLinker } from '../linking.ts'
import { openfdaLexicon } from './fixtures/json-samples.ts'
import { readAll, tally } from './fixtures/read-all.ts'
import { samples, writeSample } from './fixtures/samples.ts'
import { openfda } from './openfda.ts'
import { readSection, type SectionName } from './openfda-claims.ts'

const dir = mkdtempSync(join(tmpdir(), 'openfda-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const { find } = createLinker(openfdaLexicon)
const claims = (section: SectionName, text: string): string[] =>
  readSection(section, text, find).map(({ entry, problem }) => `${entry.name}${problem === null ? '' : `: ${problem}`}`)

test('claims carry the sentence that makes them', async () => {
  const records = await readAll(openfda, writeSample(dir, 'sample', samples.openfda!))
  const triples = records.filter((record) => record.kind === 'triple')
  expect(triples.map(({ head, relation, tail }) => `${head} ${relation} ${tail}`)).toEqual([
    'DOID:1 treated_by UNII:U1',
    'UNII:U1 contraindicated_in DOID:3',
    'UNII:U1 interacts_with DRUGBANK:1',
  ])
  expect(triples[2]).toMatchObject({
    quote: 'Coadministration with warfarin may raise its level.',
    url: 'https://dailymed.nlm.nih.gov/dailymed/lookup.cfm?setid=set-1',
  })
  expect(tally(records)).toMatchObject({
    entities: { drug: 1 },
    rejected: {
      'history or risk of a disease': 1,
      'label of several substances': 1,
      'label without a generic name': 1,
      'malformed label': 1,
      'narrower than its name': 1,
      'sentence denies it': 2,
    },
  })
})

test('read with names that may not be published, what it says of them may not be either', async () => {
  const { files } = writeSample(dir, 'closed', samples.openfda!)
  const abouts = async (closed: string) => {
    const lexicon = openfdaLexicon.map((entry) => (entry.name === closed ? { ...entry, isPublishable: false } : entry))
    const records = await readAll(openfda, { files, lexicon })
    return records.filter((record) => record.kind === 'about' && record.isPublishable === false).length
  }
  expect(await abouts('glaucoma')).toBe(1)
  // It is read of, and nothing is said of it.
  expect(await abouts('anemia')).toBe(0)
})

test('without a lexicon there are drugs, and the report says what is missing', async () => {
  const { files } = writeSample(dir, 'bare', samples.openfda!)
  const counts = tally(await readAll(openfda, { files }))
  expect(counts.triples).toEqual({})
  expect(counts.entities).toEqual({ drug: 1 })
  expect(counts.rejected['needs a lexicon']).toBe(1)
})

test.each<[SectionName, string, string[]]>([
  ['contraindications', 'X is contraindicated in patients with asthma or gout.', ['asthma', 'gout']],
  ['contraindications', 'X is contraindicated in patients with asthma who do not have gout.', ['asthma']],
  ['contraindications', 'X is not contraindicated in patients with gout.', ['gout: sentence denies it']],
  ['contraindications', 'X should not be used in patients with glaucoma.', ['glaucoma']],
  ['contraindications', 'X is contraindicated in patients with severe asthma.', ['asthma: narrower than its name']],
  ['contraindications', 'Patients with gout did well. X is contraindicated in infants.', []],
  ['contraindications', 'X is contraindicated in patients with allergy to warfarin.', []],
  ['indications_and_usage', 'X is indicated for the treatment of gout without asthma.', ['gout']],
  ['indications_and_usage', 'X is indicated for the prevention of gout.', []],
  ['drug_interactions', 'Concomitant use of warfarin raises its level.', ['warfarin']],
])('%s: "%s" claims %j', (section, text, expected) => {
  expect(claims(section, text)).toEqual(expected)
})
