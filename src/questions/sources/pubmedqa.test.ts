import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { readAll } from './fixtures/read-all.ts'
import { m23k } from './m23k.ts'
import { pubmedqa } from './pubmedqa.ts'
import { isOfficialTestId, OFFICIAL_TEST_ROWS } from './pubmedqa-test.ts'

const root = mkdtempSync(join(tmpdir(), 'pubmedqa-'))
afterAll(() => rmSync(root, { recursive: true }))
const real = fileURLToPath(new URL('../../../../shared/data/pubmedqa/', import.meta.url))
const row = (pubid: string) => ({ pubid, question: `Does ${pubid}?`, context: ['It did.'], final_decision: 'yes' })

describe('the official test of PubMedQA', () => {
  test('has 500 ids', () => {
    expect(OFFICIAL_TEST_ROWS).toBe(500)
  })

  test.skipIf(!existsSync(real))('is known without its list: those 500 ids and no other of the thousand', () => {
    const ids = Object.keys(parseJson(readText(join(real, 'ori_pqal.json')), {}) as object)
    const truth = Object.keys(parseJson(readText(join(real, 'test_ground_truth.json')), {}) as object)
    expect(new Set(ids.filter(isOfficialTestId))).toEqual(new Set(truth))
  })

  test.skipIf(!existsSync(real))(
    'stays out of training in the file that has no list beside it, and in sets made from it',
    async () => {
      const alone = join(root, 'train.json')
      copyFileSync(join(real, 'ori_pqal.json'), alone)
      const { items, reasons } = await readAll(pubmedqa, alone, { split: 'train' })
      expect([items.length, reasons]).toEqual([500, { 'official test row': 500 }])
      const test = Object.keys(parseJson(readText(join(real, 'test_ground_truth.json')), {}) as object)[0]
      const made = join(root, 'm23k-train.json')
      const asked = (pubid: string | undefined) => ({
        ...{ prompt: `Does ${pubid}?\nA. yes\nB. no`, answer_letter: 'A', source: 'qiaojin/PubMedQA:pqa_labeled' },
        metadata: `{'pubid': ${pubid}, 'question': 'Does it?'}`,
      })
      writeFileSync(made, formatJson([asked(test), asked('1')]))
      const read = await readAll(m23k, made, { split: 'train' })
      expect([read.items.length, read.reasons]).toEqual([1, { 'official test row': 1 }])
      expect(read.items[0]?.origin).toMatchObject({ inheritedFrom: ['qiaojin/PubMedQA:pqa_labeled'] })
    },
  )

  const official = 12377809
  const options = { answer_letter: 'A', answer_string: 'yes', source: 'qiaojin/PubMedQA:pqa_labeled' }
  test.each<[string, unknown]>([
    ['Python', `{'pubid': ${official}, 'question': 'Does it?'}`],
    ['Python with the id in quotes', `{'pubid': '${official}'}`],
    ['JSON', `{"PMID" : "${official}"}`],
    ['a number of a table', `{'pubid': ${official}.0}`],
    ['an object', { pubid: official }],
    ['an object with text', { PMID: String(official) }],
    ['an object within', [{ row: { pubid: official } }]],
  ])('is known in notes of a set made from it that are %s', async (_, metadata) => {
    const file = join(root, 'made-train.json')
    const asked = (notes: unknown, stem: string) => ({ ...options, prompt: `${stem}\nA. yes\nB. no`, metadata: notes })
    writeFileSync(file, formatJson([asked(metadata, 'Does it?'), asked({ pubid: 1 }, 'Does another?')]))
    const { items, reasons } = await readAll(m23k, file, { split: 'train' })
    expect([items.map(({ stem }) => stem), reasons]).toEqual([['Does another?'], { 'official test row': 1 }])
  })

  test('cannot be told from a row without an id that can be read, which is dropped', async () => {
    const file = join(root, 'made.json')
    const asked = (source: string, metadata: unknown) => ({
      ...{ ...options, source, metadata, prompt: `Does it, ${source} ${String(metadata)}?\nA. yes\nB. no` },
    })
    const notes = [null, "{'question': 'Does it?'}", "{'pubid': None}", {}]
    const unknown = notes.map((metadata) => asked('qiaojin/PubMedQA:pqa_labeled', metadata))
    const others = [asked('qiaojin/PubMedQA:pqa_artificial', null), asked('GBaker/MedQA-USMLE-4-options', null)]
    writeFileSync(file, formatJson([...unknown, asked('pubmedqa', null), ...others]))
    const made = await readAll(m23k, file, { split: 'train' })
    expect([made.items.length, made.reasons]).toEqual([2, { 'no row id': 5 }])
    const rows = join(root, 'ids.json')
    const ids = [`${official}`, `${official}.0`, ` PMID: ${official}`, `0${official}`, 'p1', '', null, 1.5, -1, 7]
    writeFileSync(rows, formatJson(ids.map((pubid, index) => ({ ...row(`${index}`), pubid, id: index }))))
    const { items, reasons } = await readAll(pubmedqa, rows, { split: 'train' })
    expect([items.map(({ origin }) => 'row' in origin && origin.row), reasons]).toEqual([
      ['7'],
      { 'official test row': 4, 'no row id': 5 },
    ])
  })

  test('takes ids of a list beside the file as well', async () => {
    const file = join(root, 'rows.json')
    writeFileSync(file, formatJson([row('1'), row('2')]))
    writeFileSync(join(root, 'test_ground_truth.json'), formatJson({ '2': 'yes' }))
    const { items } = await readAll(pubmedqa, file)
    expect(items.map(({ origin }) => ('split' in origin ? origin.split : null))).toEqual(['train', 'test'])
    writeFileSync(join(root, 'test_ground_truth.json'), '[1]')
    await expect(readAll(pubmedqa, file)).rejects.toMatchObject({ file: join(root, 'test_ground_truth.json') })
    rmSync(join(root, 'test_ground_truth.json'))
  })
})
