import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { clinicalSchema } from '../clinical.ts'
import type { EntityType, SourceRecord } from '../types.ts'
import { readDocuments } from './medquad/documents.ts'
import { dir, entitiesOf, pages, read, rejectedOf, triplesOf } from './medquad/fixtures/pages.ts'
import { medquadPassages } from './medquad/passages.ts'
import { medquad } from './medquad.ts'

const table = (rows: string): string =>
  'What are the signs? The Human Phenotype Ontology provides the following list of signs and symptoms for Examplosis. ' +
  `If known, how often. Signs and Symptoms Approximate number of patients (when available) ${rows} ` +
  'The Human Phenotype Ontology (HPO) has collected information on how often. It may be 90%.'

describe('phenotype tables of GARD', () => {
  const rows =
    'Cleft palate 90% Low-set, posteriorly rotated ears 7.5% Aplasia/Hypoplasia of the iris 25/29 ' +
    'Autosomal recessive inheritance - Adult onset - Examplosis - Short nose - Coma {comment="x"} - Kyphosis'

  test('rows become findings with their frequency as it stands, and inheritance', async () => {
    const records = await read([pages({ focus: 'Examplosis', source: 'GARD', qa: { symptoms: table(rows) } })])
    expect(
      triplesOf(records).map(({ relation, tail, qualifiers, quote }) => [relation, tail, qualifiers, quote]),
    ).toEqual([
      ['has_finding', 'medquad:finding:cleft palate', { frequency: '90%' }, 'Cleft palate 90%'],
      [
        'has_finding',
        'medquad:finding:low set, posteriorly rotated ears',
        { frequency: '7.5%' },
        'Low-set, posteriorly rotated ears 7.5%',
      ],
      [
        'has_finding',
        'medquad:finding:aplasia hypoplasia of iris',
        { frequency: '25/29' },
        'Aplasia/Hypoplasia of the iris 25/29',
      ],
      ['inherited_as', 'medquad:inheritance:autosomal recessive', undefined, 'Autosomal recessive inheritance'],
      ['has_finding', 'medquad:finding:short nose', undefined, 'Short nose'],
    ])
    expect(rejectedOf(records).map(({ reason, detail }) => [reason, detail])).toEqual([
      ['table row is no finding', 'Adult onset'],
      ['unreadable table row', 'Coma {comment="x"}'],
      ['table row without end', 'Kyphosis'],
      ['name of the disease itself', 'Examplosis'],
    ])
  })

  test('a disease of GARD is rare, one of another source says nothing of it', async () => {
    const records = await read([
      pages({ focus: 'Examplosis', source: 'GARD', qa: {} }, { focus: 'Testitis', source: 'NIDDK', qa: {} }),
    ])
    expect(entitiesOf(records).map(({ label, rarity }) => [label, rarity])).toEqual([
      ['Examplosis', 'rare'],
      ['Testitis', undefined],
    ])
  })

  test('the frequency of the table is kept when a sentence of an earlier answer says the same', async () => {
    const records = await read([
      pages({
        focus: 'Examplosis',
        source: 'GARD',
        qa: { information: 'Symptoms include seizures.', symptoms: table('Seizures 50%') },
      }),
    ])
    expect(triplesOf(records).map(({ qualifiers }) => qualifiers)).toEqual([{ frequency: '50%' }])
  })
})

describe('what a page is about', () => {
  test.each([
    ['Overweight and Obesity', 'NHLBI', ['T047'], 'focus is not one disease'],
    ['Prevent diabetes problems: Keep your eyes healthy', 'NIDDK', ['T047'], 'focus is not one disease'],
    ['Eye Diseases', 'MPlusHealthTopics', ['T047'], 'focus is a group of diseases'],
    ['Living with Examplosis', 'NIDDK', ['T047'], 'focus is a topic'],
    ['Air Pollution', 'MPlusHealthTopics', [], 'focus is no disease'],
    ['', 'CDC', [], 'no focus'],
  ])('"%s" of %s is rejected', async (focus, source, types, reason) => {
    const records = await read([pages({ focus, source, types, qa: { symptoms: 'Symptoms include fever.' } })])
    expect(records.map((record) => (record.kind === 'rejected' ? record.reason : record.kind))).toEqual([reason])
  })

  test.each([
    ['What I need to know about Examplosis', 'Examplosis', []],
    ['Kidney Stones in Adults', 'Kidney Stones', []],
    ['Parasites - Loiasis', 'Loiasis', []],
    ['Parasites - Examplosis (also known as Toe Worm Infection)', 'Examplosis', ['Toe Worm Infection']],
    ['Guillain-Barr Syndrome', 'Guillain-Barré Syndrome', []],
  ])('"%s" is about %s', async (focus, label, synonyms) => {
    const records = await read([pages({ focus, source: 'CDC', qa: {} })])
    expect(entitiesOf(records).map((entity) => [entity.label, entity.synonyms])).toEqual([[label, synonyms]])
  })

  test('what a topic of MedlinePlus covers is no other name of it', async () => {
    const records = await read([
      pages(
        { focus: 'Stillness', source: 'MPlusHealthTopics', types: ['T184'], synonyms: ['Half-stillness'], qa: {} },
        { focus: 'Examplosis', source: 'GARD', qa: { symptoms: table('Half-stillness 50%') } },
      ),
    ])
    expect(entitiesOf(records).map(({ label, synonyms }) => [label, synonyms])).toEqual([
      ['Stillness', []],
      ['Examplosis', []],
      ['Half-stillness', []],
    ])
  })

  test('a finding has treatments but no findings of its own', async () => {
    const records = await read([
      pages({
        focus: 'Twitching',
        types: ['T184'],
        qa: { symptoms: 'Symptoms include fever.', treatment: 'Treatment includes baclofen.' },
      }),
    ])
    expect(triplesOf(records).map(({ relation }) => relation)).toEqual(['treated_by'])
    expect(rejectedOf(records).map(({ reason }) => reason)).toEqual(['type does not fit the relation'])
  })

  test('one CUI is the key, several are not, and one that other names share is nobody\u2019s', async () => {
    const records = await read([
      pages(
        { focus: 'Alone disease', cuis: ['C0000001'], qa: {} },
        { focus: 'Double disease', cuis: ['C0000002', 'C0000003'], qa: {} },
        { focus: 'Shared disease', cuis: ['C0000004'], qa: {} },
        { focus: 'Shared disease type 2', cuis: ['C0000004'], qa: {} },
      ),
    ])
    expect(entitiesOf(records).map(({ key }) => key)).toEqual([
      'UMLS:C0000001',
      'medquad:double disease',
      'medquad:shared disease',
      'medquad:shared disease type 2',
    ])
  })

  test('pages of one name are one entity, whatever file they are in', async () => {
    const first = pages({ focus: 'Example Syndrome', qa: {} })
    const second = pages({ focus: 'Example syndrome', cuis: ['C0000001'], qa: {} })
    expect(entitiesOf(await read([first, second])).map(({ key }) => key)).toEqual(['UMLS:C0000001'])
  })
})

describe('files', () => {
  test('an identifier from names that may not be published makes all that was read so', async () => {
    const file = pages({
      focus: 'Examplosis',
      qa: { symptoms: 'The symptoms of Examplosis include fever and hot palms.' },
    })
    const closed = async (name: string) => {
      const entry = { name, key: 'UMLS:C0000001', type: 'finding', isPublishable: false } as const
      const records: SourceRecord[] = []
      for await (const record of medquad.read({ files: [file], lexicon: [entry] })) records.push(record)
      return records.some((record) => record.kind === 'about' && record.isPublishable === false)
    }
    expect([await closed('fever'), await closed('frostbite')]).toEqual([true, false])
  })

  test('a file of another format is refused at its first line', async () => {
    for (const text of ['<Document id="1"/>', '[1, 2]', '{"id": 1}', '{"a":1,"a":2}']) {
      const error = await read([pages(text)]).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(DataError)
      expect(error).toMatchObject({ line: 1, hint: expect.stringContaining('JSONL') })
    }
  })

  test('a broken line among good ones is rejected with its place', async () => {
    const file = pages({ focus: 'Examplosis', qa: {} }, '', '{"id": ', '{"id":"2","source":"X"}')
    expect(rejectedOf(await read([file])).map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'not a document'],
      [4, 'not a document'],
    ])
  })

  test('a packed file reads like a plain one', async () => {
    const file = join(dir, 'packed.jsonl.gz')
    const plain = pages({ focus: 'Examplosis', qa: { symptoms: 'Symptoms include fever.' } })
    writeFileSync(file, gzipSync(readFileSync(plain)))
    expect(triplesOf(await read([file]))).toHaveLength(1)
  })

  test('hostile answers are read in time', async () => {
    const answers = [
      'symptoms of '.repeat(4_000),
      `Examplosis is a ${'disease and '.repeat(3_000)}`,
      'Symptoms include '.concat('a, '.repeat(20_000)),
      'mutations in the '.concat('A1 and '.repeat(9_000)),
      `${'('.repeat(30_000)}${' - '.repeat(9_000)}`,
      table('- '.repeat(20_000)),
    ]
    const file = pages(...answers.map((answer) => ({ focus: 'Examplosis', qa: { symptoms: answer, causes: answer } })))
    const startMs = performance.now()
    expect(triplesOf(await read([file]))).toEqual([])
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})

test('passages are whole sentences of the answer, without table, one disease each', async () => {
  const answer = `${'Fever is one of the signs that people have. '.repeat(4)}${table('Cleft palate 90%')}`
  const file = pages(
    { focus: 'Examplosis', source: 'GARD', qa: { symptoms: answer } },
    { focus: 'Overweight and Obesity', qa: { symptoms: answer } },
  )
  const passages = []
  for await (const passage of medquadPassages([file], { maxLength: 100 })) passages.push(passage)
  expect(passages.map(({ document, focus, passage, line }) => [document, focus, passage, line])).toEqual([
    [
      'GARD/1/1-0',
      'Examplosis',
      'Fever is one of the signs that people have. Fever is one of the signs that people have.',
      1,
    ],
    [
      'GARD/1/1-0',
      'Examplosis',
      'Fever is one of the signs that people have. Fever is one of the signs that people have.',
      1,
    ],
  ])
  expect(passages.every(({ passage }) => answer.includes(passage))).toBe(true)
})

const realDir = fileURLToPath(new URL('../../../../shared/data/kg/medquad/', import.meta.url))
const counts = {
  '2_GARD_QA.first600.jsonl': 600,
  '4_MPlus_Health_Topics_QA.jsonl': 981,
  '5_NIDDK_QA.jsonl': 151,
  '6_NINDS_QA.jsonl': 273,
  '8_NHLBI_QA_XML.jsonl': 88,
  '9_CDC_QA.jsonl': 59,
}

describe.skipIf(!existsSync(realDir))('the real pages', { timeout: 30_000 }, () => {
  let records: SourceRecord[] = []
  const files = Object.keys(counts).map((name) => join(realDir, name))
  beforeAll(async () => {
    records = await read(files)
  }, 60_000)

  test('all 2,152 documents are read', async () => {
    const found: Record<string, number> = {}
    for (const name of Object.keys(counts)) {
      for await (const read of readDocuments(join(realDir, name))) {
        if (read.kind === 'document') found[name] = (found[name] ?? 0) + 1
      }
    }
    expect(found).toEqual(counts)
  })

  test('the counts of triples and rejections are those that were read by hand', () => {
    expect(countBy(triplesOf(records).map(({ relation }) => relation))).toMatchInlineSnapshot(`
      {
        "affects": 49,
        "caused_by_factor": 69,
        "caused_by_gene": 90,
        "caused_by_organism": 16,
        "complicated_by": 58,
        "diagnosed_by": 63,
        "has_finding": 11576,
        "has_risk_factor": 73,
        "inherited_as": 452,
        "prevented_by": 3,
        "transmitted_by": 1,
        "treated_by": 406,
      }
    `)
    expect(countBy(rejectedOf(records).map(({ reason }) => reason))).toMatchInlineSnapshot(`
      {
        "focus is a group of diseases": 142,
        "focus is a topic": 77,
        "focus is no disease": 237,
        "focus is not one disease": 129,
        "item is no known name": 5160,
        "name of another type": 196,
        "name of the disease itself": 37,
        "no focus": 3,
        "table row is no finding": 170,
        "type does not fit the relation": 50,
        "unreadable table row": 1,
      }
    `)
  })

  test('every triple has a quote, an address, ends that are introduced before it, and types of the schema', () => {
    const types = new Map<string, EntityType>()
    const faults: string[] = []
    for (const record of records) {
      if (record.kind === 'entity') types.set(record.key, record.type)
      if (record.kind !== 'triple') continue
      const { domain, range } = clinicalSchema.relation(record.relation)
      const head = types.get(record.head)
      const tail = types.get(record.tail)
      const fits = head !== undefined && tail !== undefined && domain.includes(head) && range.includes(tail)
      const hasPlace = record.quote !== undefined && record.quote !== '' && record.url?.startsWith('http') === true
      if (!fits || !hasPlace || record.head === record.tail)
        faults.push(`${record.file}:${record.line} ${record.relation}`)
    }
    expect(faults).toEqual([])
  })

  test('facts of the pages are there', () => {
    const known = new Set(triplesOf(records).map(({ head, relation, tail }) => `${head} ${relation} ${tail}`))
    const labels = new Map(entitiesOf(records).map(({ label, key }) => [label, key]))
    const has = (head: string, relation: string, tail: string): boolean =>
      known.has(`${labels.get(head)} ${relation} ${labels.get(tail)}`)
    expect(has('Cerebrotendinous xanthomatosis', 'caused_by_gene', 'CYP27A1')).toBe(true)
    expect(has('Plague', 'caused_by_organism', 'Yersinia pestis')).toBe(true)
    expect(has('Ulcerative Colitis', 'diagnosed_by', 'colonoscopy')).toBe(true)
    expect(has('Abetalipoproteinemia', 'inherited_as', 'autosomal recessive')).toBe(true)
  })
})

function countBy(values: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const value of [...values].sort()) found[value] = (found[value] ?? 0) + 1
  return found
}
