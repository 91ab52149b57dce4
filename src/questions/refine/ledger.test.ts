import { expect, test } from 'vitest'
import type { QuestionId } from '../types.ts'
import type { Finding } from './contamination.ts'
import { makeItem } from './fixtures/sample-rows.ts'
import { createLedger, type LedgerRow } from './ledger.ts'

const finding = (benchmark: string, item: string): Finding => ({
  ...{ benchmark, benchmarkItem: item as QuestionId, rule: 'exact question', score: 1, evidence: 'the same words' },
})

test('every finding is a row, and the summary counts items, questions and rules by benchmark and by source', () => {
  const rows: LedgerRow[] = []
  const ledger = createLedger(['medqa', 'careqa'], (row) => rows.push(row))
  expect(ledger.record(makeItem('1', {}, 'b'), [])).toBe(true)
  expect(ledger.record(makeItem('2', {}, 'b'), [finding('medqa', 'q1'), finding('medqa', 'q2')])).toBe(false)
  expect(
    ledger.record(makeItem('3', {}, 'a'), [finding('medqa', 'q1'), { ...finding('jmed', 'j'), benchmarkItem: null }]),
  ).toBe(false)
  expect(rows.map(({ item, source, benchmarkItem }) => [item, source, benchmarkItem])).toEqual([
    ['2', 'b', 'q1'],
    ['2', 'b', 'q2'],
    ['3', 'a', 'q1'],
    ['3', 'a', null],
  ])
  expect(ledger.summary()).toEqual({
    checked: 3,
    removed: 2,
    benchmarks: [
      { benchmark: 'careqa', items: 0, benchmarkItems: 0, byRule: {} },
      { benchmark: 'jmed', items: 1, benchmarkItems: 0, byRule: { 'exact question': 1 } },
      { benchmark: 'medqa', items: 2, benchmarkItems: 2, byRule: { 'exact question': 3 } },
    ],
    sources: [
      { source: 'a', checked: 1, removed: 1, byBenchmark: { jmed: 1, medqa: 1 } },
      { source: 'b', checked: 2, removed: 1, byBenchmark: { medqa: 1 } },
    ],
  })
})
