import { clock } from '../../../core/clock.ts'
import type { TokenUsage } from '../../types.ts'
import type { Catalog } from './catalog.ts'
import type { RunRecord } from './records.ts'

const NOTHING: TokenUsage = { trained: 0, scored: 0, prefilled: 0, sampled: 0 }

/** Counts tokens per run; the counts of the base are kept apart and end with the server. */
export type Ledger = {
  add(runId: string | null, tokens: Partial<TokenUsage>): void
  /** Notes that a run was asked for something. */
  touch(runId: string): void
  /** A run with its counts up to now. */
  current(record: RunRecord): RunRecord
  /** Writes what has changed into the runs' records. */
  flush(): void
  /** One line per model that did anything since the server started. */
  summary(): readonly string[]
}

/** A ledger over the runs of a catalog. */
export function createLedger(catalog: Catalog): Ledger {
  /** Since the last flush. */
  const unsaved = new Map<string, { usage: TokenUsage; lastRequestAt: string | undefined }>()
  const sinceStart = new Map<string | null, TokenUsage>()
  const entryOf = (runId: string) => {
    const entry = unsaved.get(runId) ?? { usage: NOTHING, lastRequestAt: undefined }
    unsaved.set(runId, entry)
    return entry
  }
  const current = (record: RunRecord): RunRecord => {
    const entry = unsaved.get(record.runId)
    if (entry === undefined) return record
    return {
      ...record,
      usage: plus(record.usage, entry.usage),
      lastRequestAt: entry.lastRequestAt ?? record.lastRequestAt,
    }
  }
  return {
    add(runId, tokens) {
      sinceStart.set(runId, plus(sinceStart.get(runId) ?? NOTHING, tokens))
      if (runId === null) return
      const entry = entryOf(runId)
      entry.usage = plus(entry.usage, tokens)
    },
    touch(runId) {
      entryOf(runId).lastRequestAt = clock.now().toISOString()
    },
    current,
    flush() {
      for (const runId of [...unsaved.keys()]) {
        const record = catalog.findRun(runId)
        if (record !== undefined) catalog.putRun(current(record))
        unsaved.delete(runId)
      }
    },
    summary: () =>
      [...sinceStart].map(
        ([runId, { trained, scored, prefilled, sampled }]) =>
          `${runId ?? 'base'}: ${trained} tokens trained, ${scored} scored, ${prefilled} prefilled, ${sampled} sampled`,
      ),
  }
}

function plus(a: TokenUsage, b: Partial<TokenUsage>): TokenUsage {
  return {
    trained: a.trained + (b.trained ?? 0),
    scored: a.scored + (b.scored ?? 0),
    prefilled: a.prefilled + (b.prefilled ?? 0),
    sampled: a.sampled + (b.sampled ?? 0),
  }
}

/** Tokens in lists. */
export function countTokens(lists: readonly (readonly number[])[]): number {
  return lists.reduce((total, { length }) => total + length, 0)
}
