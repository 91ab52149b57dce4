import type { JsonlWriter } from '../../core/store.ts'
import type { ContaminationIndex } from '../../questions/refine/contamination.ts'
import { createDeduplicator, type DeduplicationReport, type Verdict } from '../../questions/refine/duplicates.ts'
import { formatDefects } from '../../questions/refine/format-filter.ts'
import { createLedger, type LedgerSummary, sourceNameOf } from '../../questions/refine/ledger.ts'
import { scanPhi } from '../../questions/refine/phi/scan.ts'
import type { Item } from '../../questions/types.ts'
import type { DataConfig } from './config.ts'
import { Tally } from './shared.ts'

/** What the filters need beside the items. */
export type ScreenOptions = {
  readonly config: DataConfig['refinement']
  readonly contamination: ContaminationIndex
  /** Takes what was left out: item, step, reason, and what was found. */
  readonly excluded: JsonlWriter
  /** Takes the rows of the contamination ledger. */
  readonly ledger: JsonlWriter
  /** Takes findings of protected health information. */
  readonly phi: JsonlWriter
  /** Takes curated items whose stem stands elsewhere with another answer: one of the two labels is wrong. */
  readonly dispute: (item: Item, reason: string) => void
  /** Whether a reviewer has let a disputed item stay. */
  readonly isSettled: (item: Item) => boolean
}

export type ScreenCensus = {
  readonly items: number
  readonly kept: number
  readonly excludedByReason: Readonly<Record<string, number>>
  /** Marks that a reader must know and that drop nothing: options that must not be shuffled. */
  readonly notes: Readonly<Record<string, number>>
  readonly duplicates: DeduplicationReport
  readonly contamination: LedgerSummary
  readonly phi: {
    readonly mode: string
    readonly items: number
    readonly findingsByType: Readonly<Record<string, number>>
  }
}

/** The filters that need no language model, in their order, over a stream of items. */
export type Screen = {
  /** The items that pass, in order. */
  pass(items: Iterable<Item>): Generator<Item>
  census(): ScreenCensus
}

/**
 * Filters for form, contamination, duplicates and protected health information. An item is left out by the first that
 * objects, and written down with its reason.
 *
 * Contamination goes before duplicates, so that a clean item is never given up for one that is itself given up.
 *
 * @paper Fleming-R1 §3.1: format filter; anonymisation in preprocessing
 */
export function createScreen(options: ScreenOptions): Screen {
  const { config, contamination, excluded } = options
  const deduplicator = createDeduplicator({ threshold: config.nearDuplicates })
  const ledger = createLedger(contamination.benchmarks, (row) => options.ledger.write(row))
  const reasons = new Tally()
  const notes = new Tally()
  const phiTypes = new Tally()
  const counts = { items: 0, kept: 0, phi: 0 }
  const out = (item: Item, step: string, reason: string, detail: string): false => {
    reasons.add(`${step}: ${reason}`)
    excluded.write({ item: item.id, source: sourceNameOf(item), step, reason, detail })
    return false
  }
  const isWellFormed = (item: Item): boolean => {
    const defects = formatDefects(item)
    for (const { reason, severity } of defects) if (severity === 'note') notes.add(reason)
    const fatal = defects.find(({ severity }) => severity === 'drop')
    return fatal === undefined || out(item, 'format', fatal.reason, fatal.detail)
  }
  const isClean = (item: Item): boolean => {
    const findings = contamination.check(item)
    if (ledger.record(item, findings)) return true
    const first = findings[0]!
    return out(item, 'contamination', `${first.benchmark}: ${first.rule}`, first.evidence)
  }
  const isNew = (item: Item): boolean => {
    const verdict = deduplicator.add(item)
    if (verdict.kind === 'kept') return true
    if (verdict.kind === 'review' && options.isSettled(item)) return true
    if (verdict.kind === 'review') options.dispute(item, `${verdict.reason}, as ${verdict.of}`)
    return out(item, 'duplicates', duplicateReason(verdict), `${verdict.of}, Jaccard ${verdict.jaccard.toFixed(2)}`)
  }
  const isAnonymous = (item: Item): boolean => {
    // What is made from a graph holds names of entities alone.
    if (config.phi === 'off' || item.origin.kind === 'graph') return true
    const { context, stem, answers, explanation, subject } = item
    const text = [context ?? '', stem, ...item.options, ...answers, explanation ?? '', subject ?? ''].join('\n')
    const spans = scanPhi(text)
    if (spans.length === 0) return true
    counts.phi += 1
    for (const { type } of spans) phiTypes.add(type)
    const found = spans.map(({ start, end, type, rule }) => ({ type, rule, text: text.slice(start, end) }))
    options.phi.write({ item: item.id, source: sourceNameOf(item), found })
    return config.phi === 'warn' || out(item, 'phi', found[0]!.type, found[0]!.rule)
  }
  return {
    pass: function* (items) {
      for (const item of items) {
        counts.items += 1
        if (!isWellFormed(item) || !isClean(item) || !isNew(item) || !isAnonymous(item)) continue
        counts.kept += 1
        yield item
      }
    },
    census: () => ({
      items: counts.items,
      kept: counts.kept,
      excludedByReason: reasons.toRecord(),
      notes: notes.toRecord(),
      duplicates: deduplicator.report(),
      contamination: ledger.summary(),
      phi: { mode: config.phi, items: counts.phi, findingsByType: phiTypes.toRecord() },
    }),
  }
}

function duplicateReason(verdict: Exclude<Verdict, { kind: 'kept' }>): string {
  return verdict.kind === 'duplicate' ? verdict.how : verdict.reason
}
