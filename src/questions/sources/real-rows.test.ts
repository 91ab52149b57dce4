import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../core/json.ts'
import { readJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { questionSources } from '../registry.ts'
import type { Item } from '../types.ts'
import { readAll } from './fixtures/read-all.ts'

const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url))
const read = (source: string, file: string) => readAll(questionSources.get(source), join(shared, file))
type Cells = Readonly<Record<string, unknown>>
const cellsOf = (file: string) => readJsonl(join(shared, file), (value) => value as Cells)
const count = (items: readonly Item[], key: (item: Item) => unknown): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const item of items) counts[String(key(item))] = (counts[String(key(item))] ?? 0) + 1
  return counts
}
const splitOf = ({ origin }: Item) => (origin.kind === 'curated' ? origin.split : 'graph')

describe.skipIf(!existsSync(shared))('real rows', () => {
  test('MedQA: 50 training and 400 test rows, each answer the option of its letter', async () => {
    for (const [file, rows, split] of [
      ['medqa/medqa_train_small.50rows.jsonl', 50, 'train'],
      ['medqa/phrases_no_exclude_test.first400.jsonl', 400, 'test'],
    ] as const) {
      const { items, dropped } = await read('medqa', file)
      expect([items.length, dropped.length, count(items, splitOf)]).toEqual([rows, 0, { [split]: rows }])
      const cells = cellsOf(file)
      expect(items.map(({ answers }) => answers[0]?.replace(/\s+/g, ' '))).toEqual(
        cells.map(({ answer }) => String(answer).replace(/\s+/g, ' ')),
      )
    }
  })

  test('MedMCQA: 500 rows counted from 1, 4 dropped for duplicate options', async () => {
    const file = 'medmcqa/dev.first500.json'
    const { items, reasons, dropped } = await read('medmcqa', file)
    expect([items.length, reasons, count(items, splitOf)]).toEqual([496, { 'duplicate options': 4 }, { dev: 496 }])
    expect(dropped.map(({ line }) => line)).toEqual([45, 162, 206, 319])
    const cells = cellsOf(file)
    for (const { golds, origin } of items) {
      const row = cells[origin.kind === 'curated' ? origin.line - 1 : -1]
      expect(golds).toEqual([Number(row?.cop) - 1])
    }
  })

  test('CareQA: 706 lines are 704 rows and 2 of NaN; 3 have duplicate options, and chemistry keeps its NaN', async () => {
    const { items, reasons, dropped } = await read('careqa', 'careqa/CareQA_en.first700-and-nan-rows.jsonl')
    expect([items.length, reasons]).toEqual([701, { 'missing text': 2, 'duplicate options': 3 }])
    expect(dropped.filter(({ reason }) => reason === 'missing text').map(({ line }) => line)).toEqual([701, 702])
    expect(dropped.find(({ line }) => line === 50)?.detail).toContain('it is the gold')
    const chemistry = items.slice(-4).map(({ stem, options }) => [stem, ...options].join(' '))
    expect(chemistry.every((text) => text.includes('NaN'))).toBe(true)
    expect(count(items, splitOf)).toEqual({ test: 701 })
  })

  test('CMExam: 2,000 rows in Chinese, 62 with several golds, 73 with four options', async () => {
    const { items, dropped } = await read('cmexam', 'cmexam/cmexam_2000.apollo.json')
    expect([items.length, dropped.length]).toEqual([2000, 0])
    expect(count(items, ({ form }) => form)).toEqual({ single: 1938, multiple: 62 })
    expect(count(items, ({ options }) => options.length)).toEqual({ 4: 73, 5: 1927 })
    expect(items[1]?.origin).toMatchObject({ line: 8 })
  })

  test('MedXpertQA: both forms, ten options in every row, none of them in the stem', async () => {
    for (const [file, rows] of [
      ['medxpertqa/text.first300-of-1001..2449.jsonl', 300],
      ['medxpertqa/sampled_text_input.first60.jsonl', 60],
    ] as const) {
      const { items, dropped } = await read('medxpertqa', file)
      expect([items.length, dropped.length, count(items, ({ options }) => options.length)]).toEqual([
        rows,
        0,
        { 10: rows },
      ])
      expect(items.filter(({ stem }) => stem.includes('Answer Choices'))).toEqual([])
      const labels = cellsOf(file).map(({ label }) => String(label))
      expect(items.map(({ golds }) => 'ABCDEFGHIJ'[golds[0] ?? -1])).toEqual(labels)
    }
  })

  test('MMLU-Pro biology: all 717 rows, 617 with ten options; genotypes that differ in case are two options', async () => {
    const { items, dropped } = await read('mmlu-pro', 'mmlu-pro/mmlu-pro_biology.jsonl')
    expect([items.length, dropped.length]).toEqual([717, 0])
    expect(items.filter(({ options }) => options.length === 10)).toHaveLength(617)
    const lower = items.filter(
      ({ options }) => new Set(options.map((text) => text.toLowerCase())).size < options.length,
    )
    expect(lower).toHaveLength(10)
    expect(count(items, ({ origin }) => ('inheritedFrom' in origin ? 'mmlu' : 'new')).mmlu).toBe(
      cellsOf('mmlu-pro/mmlu-pro_biology.jsonl').filter(({ src }) => String(src).startsWith('ori_mmlu-')).length,
    )
  })

  test('PubMedQA: 1,000 rows with their abstracts, of which the official 500 are test rows, whatever is declared', async () => {
    const { items, dropped } = await read('pubmedqa', 'pubmedqa/ori_pqal.json')
    expect([items.length, dropped.length, count(items, splitOf)]).toEqual([1000, 0, { test: 500, train: 500 }])
    expect(items.every(({ context }) => context !== null && context.length > 100)).toBe(true)
    const truth = parseJson(readText(join(shared, 'pubmedqa/test_ground_truth.json')), {}) as Cells
    const tests = items.filter((item) => splitOf(item) === 'test')
    expect(
      Object.fromEntries(tests.map(({ origin, answers }) => [('row' in origin && origin.row) || '', answers[0]])),
    ).toEqual(truth)
    expect(count(tests, ({ answers }) => answers[0])).toEqual({ yes: 276, no: 169, maybe: 55 })
    const declared = await readAll(questionSources.get('pubmedqa'), join(shared, 'pubmedqa/ori_pqal.json'), {
      split: 'train',
    })
    expect([declared.items.length, declared.reasons]).toEqual([500, { 'official test row': 500 }])
  })
})
