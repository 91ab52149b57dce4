import { decoys } from './note-words.ts'
import { generateNote } from './notes.ts'
import { scanPhi } from './scan.ts'
import { type PhiType, phiRuleset } from './types.ts'

/** What the rules find in notes that were generated with known identifiers; shares lie in [0, 1]. */
export type PhiMeasure = {
  readonly ruleset: string
  readonly notes: number
  /** Identifiers, and those of them that a finding covers in full. */
  readonly gold: number
  readonly recall: number
  readonly recallByType: Readonly<Record<string, { readonly gold: number; readonly recall: number }>>
  readonly nameRecallByCulture: Readonly<Record<string, number>>
  /** Notes with at least one identifier missed. */
  readonly documentLeakRate: number
  readonly precision: number
  /** Distinct sentences without identifiers, each scanned once: all that there are. */
  readonly decoys: number
  /** Share of them in which something was found: eponyms, vital signs, doses, codes. */
  readonly decoyDamage: number
}

/**
 * Recall and damage of the rules on notes of our own generator: templates, twelve name cultures, identifiers at known
 * places. It shows gaps; it is no benchmark, and no claim about notes of another make.
 */
export function measurePhi(options: { readonly notes: number; readonly seed: number }): PhiMeasure {
  const byType = new Map<PhiType, { gold: number; found: number }>()
  const byCulture = new Map<string, { gold: number; found: number }>()
  let leaking = 0
  let findings = 0
  let right = 0
  for (let index = 0; index < options.notes; index++) {
    const { text, gold } = generateNote(options.seed, index)
    const spans = scanPhi(text)
    findings += spans.length
    right += spans.filter((span) => gold.some(({ start, end }) => span.start < end && start < span.end)).length
    let missed = 0
    for (const { start, end, type, culture } of gold) {
      const isFound = spans.some((span) => span.start <= start && span.end >= end)
      if (!isFound) missed += 1
      count(byType, type, isFound)
      if (culture !== undefined) count(byCulture, culture, isFound)
    }
    if (missed > 0) leaking += 1
  }
  const sentences = [...new Set(decoys)]
  const damaged = sentences.filter((sentence) => scanPhi(sentence).length > 0).length
  const total = [...byType.values()].reduce((sum, { gold }) => sum + gold, 0)
  const found = [...byType.values()].reduce((sum, { found: hits }) => sum + hits, 0)
  return {
    ruleset: phiRuleset,
    notes: options.notes,
    gold: total,
    recall: share(found, total),
    recallByType: Object.fromEntries(
      [...byType]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([type, { gold, found: hits }]) => [type, { gold, recall: share(hits, gold) }]),
    ),
    nameRecallByCulture: Object.fromEntries(
      [...byCulture]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([culture, { gold, found: hits }]) => [culture, share(hits, gold)]),
    ),
    documentLeakRate: share(leaking, options.notes),
    precision: share(right, findings),
    decoys: sentences.length,
    decoyDamage: share(damaged, sentences.length),
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

function count<Key>(counts: Map<Key, { gold: number; found: number }>, key: Key, isFound: boolean): void {
  const known = counts.get(key) ?? { gold: 0, found: 0 }
  known.gold += 1
  if (isFound) known.found += 1
  counts.set(key, known)
}
