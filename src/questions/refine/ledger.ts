import type { Item, QuestionId } from '../types.ts'
import type { Finding } from './contamination.ts'

/** One row of the contamination ledger: which item contains what, by which rule, and how one can see it. */
export type LedgerRow = Finding & {
  readonly item: QuestionId
  /** Data set of the item; of a synthetic one its shape. */
  readonly source: string
  /** On the last row of an item: findings beyond it, which are counted and not listed. */
  readonly further?: number
}

/** What one benchmark lost nothing to, and what it cost. */
export type BenchmarkSummary = {
  readonly benchmark: string
  /** Training items that were removed for it. */
  readonly items: number
  /** Questions of the benchmark that were found in them. */
  readonly benchmarkItems: number
  readonly byRule: Readonly<Record<string, number>>
}

export type SourceSummary = {
  readonly source: string
  readonly checked: number
  readonly removed: number
  readonly byBenchmark: Readonly<Record<string, number>>
}

export type LedgerSummary = {
  readonly checked: number
  readonly removed: number
  /** Every benchmark of the index, those without a finding too: a zero is a result. */
  readonly benchmarks: readonly BenchmarkSummary[]
  readonly sources: readonly SourceSummary[]
}

export type Ledger = {
  /**
   * Records one checked item; rows are written for findings.
   *
   * @returns whether the item may stay in the mix: it has no finding
   */
  record(item: Item, findings: readonly Finding[]): boolean
  summary(): LedgerSummary
}

/** Rows of one item; chosen by us: an item in the words of a hundred questions is clear enough after twenty. */
const MAX_ROWS = 20

type BenchmarkCount = { items: number; readonly found: Set<QuestionId>; readonly byRule: Map<string, number> }
type SourceCount = { checked: number; removed: number; readonly byBenchmark: Map<string, number> }

/**
 * A ledger of what was removed and why.
 *
 * @param benchmarks names of the index, so that one without findings is in the summary
 * @param write takes the rows as they come, for a JSONL file
 */
export function createLedger(benchmarks: readonly string[], write: (row: LedgerRow) => void): Ledger {
  const byBenchmark = new Map<string, BenchmarkCount>()
  const bySource = new Map<string, SourceCount>()
  const totals = { checked: 0, removed: 0 }
  const benchmarkCount = (name: string): BenchmarkCount =>
    getOrAdd(byBenchmark, name, () => ({ items: 0, found: new Set<QuestionId>(), byRule: new Map<string, number>() }))
  for (const name of benchmarks) benchmarkCount(name)
  return {
    record: (item, findings) => {
      const source = sourceNameOf(item)
      const counts = getOrAdd(bySource, source, () => ({ checked: 0, removed: 0, byBenchmark: new Map() }))
      counts.checked += 1
      totals.checked += 1
      if (findings.length === 0) return true
      counts.removed += 1
      totals.removed += 1
      for (const name of new Set(findings.map(({ benchmark }) => benchmark))) {
        benchmarkCount(name).items += 1
        counts.byBenchmark.set(name, (counts.byBenchmark.get(name) ?? 0) + 1)
      }
      for (const [index, finding] of findings.entries()) {
        const count = benchmarkCount(finding.benchmark)
        count.byRule.set(finding.rule, (count.byRule.get(finding.rule) ?? 0) + 1)
        if (finding.benchmarkItem !== null) count.found.add(finding.benchmarkItem)
        const further = index === MAX_ROWS - 1 ? findings.length - MAX_ROWS : 0
        if (index < MAX_ROWS) write({ item: item.id, source, ...finding, ...(further > 0 ? { further } : {}) })
      }
      return false
    },
    summary: () => ({
      ...totals,
      benchmarks: sortedEntries(byBenchmark).map(([benchmark, { items, found, byRule }]) => ({
        ...{ benchmark, items, benchmarkItems: found.size },
        byRule: Object.fromEntries(sortedEntries(byRule)),
      })),
      sources: sortedEntries(bySource).map(([source, { checked, removed, byBenchmark: by }]) => ({
        ...{ source, checked, removed },
        byBenchmark: Object.fromEntries(sortedEntries(by)),
      })),
    }),
  }
}

/** The group of an item in reports: its data set, or the shape of a synthetic one. */
export function sourceNameOf(item: Item): string {
  return item.origin.kind === 'curated' ? item.origin.source : `graph:${item.origin.shape}`
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function sortedEntries<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
