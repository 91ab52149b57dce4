import { ConfigError } from '../../core/errors.ts'
import type { Item, QuestionId } from '../types.ts'
import { createCoverageIndex } from './contamination-coverage.ts'
import { createExactIndex } from './contamination-exact.ts'
import { inheritedBenchmarks, type KnownContamination, knownContamination } from './contamination-inherited.ts'
import { createNearStemIndex } from './contamination-near.ts'

/** What is compared, and how: the rules of data.md §6. */
export type ContaminationRule =
  | 'exact question'
  | 'exact question and answer'
  | 'exact question and options'
  | '8-gram coverage of the question'
  | '8-gram coverage of question and answer'
  | '8-gram coverage of the context'
  | '13-character coverage of the question'
  | '13-character coverage of question and answer'
  | '13-character coverage of the context'
  | 'near short question'
  | 'near short question and options'
  | 'inherited'

/** A question of a benchmark that an item contains. */
export type Finding = {
  readonly benchmark: string
  /** Null when the benchmark as a whole is inherited. */
  readonly benchmarkItem: QuestionId | null
  readonly rule: ContaminationRule
  /** Coverage or similarity, in [0, 1]; 1 for exact and inherited. */
  readonly score: number
  /** What both share, or where the inheritance is known from. */
  readonly evidence: string
}

/** A question that no item of training may contain. */
export type BenchmarkItem = { readonly benchmark: string; readonly item: Item }

export type ContaminationConfig = {
  /** Share of the n-grams of a benchmark question that one item covers, from which it contains it. */
  readonly coverage?: number
  /** Jaccard similarity of character 5-grams from which a short question is another one. */
  readonly shortSimilarity?: number
  /** Sets known to hold benchmark questions, in place of {@link knownContamination}. */
  readonly known?: readonly KnownContamination[]
}

export type ContaminationIndex = {
  readonly benchmarks: readonly string[]
  readonly benchmarkItems: number
  readonly sizeBytes: number
  /** What an item contains: for each benchmark question the first rule that applies. Empty: clean. */
  check(item: Item): Finding[]
}

/** A rule that applies to the benchmark question of this number. */
export type RuleHit = {
  readonly index: number
  readonly rule: ContaminationRule
  readonly score: number
  readonly evidence: string
}

/**
 * An index of benchmark questions. Each item is compared as a question alone, with its answer, with its options and
 * with its context, whatever form the benchmark has it in.
 *
 * 1. The same words as the question (of a stem that only says "Which is true?", with answer or options).
 * 2. Coverage: half of the distinct 8-grams of question, question and answer, or context stand in the item; any single
 *    shared n-gram would flag nearly every clinical vignette (data.md §6). Chinese: 13-grams of characters.
 * 3. Short questions, which n-grams cannot see: Jaccard similarity of character 5-grams, of the stem alone and with the
 *    options.
 * 4. Inherited: the item's set, or what its row was made from, is known to hold a benchmark.
 *
 * The explanation of an item is not compared: it is not trained on.
 *
 * @deviation Fleming-R1 describes no contamination check, though MedQA, MedMCQA and PubMedQA are among its sources and
 *   its benchmarks.
 * @throws {ConfigError} when a threshold is not in (0, 1]
 */
export function createContaminationIndex(
  benchmarks: Iterable<BenchmarkItem>,
  config: ContaminationConfig = {},
): ContaminationIndex {
  const { coverage = 0.5, shortSimilarity = 0.8, known = knownContamination } = config
  assertShare('coverage', coverage)
  assertShare('similarity of short questions', shortSimilarity)
  const rows = [...benchmarks]
  const items = rows.map(({ item }) => item)
  const rules = [
    createExactIndex(items),
    createCoverageIndex(items, coverage),
    createNearStemIndex(items, shortSimilarity),
  ]
  return {
    benchmarks: [...new Set(rows.map(({ benchmark }) => benchmark))].sort(),
    benchmarkItems: rows.length,
    sizeBytes: rules.reduce((sum, rule) => sum + rule.sizeBytes, 0),
    check: (item) => {
      const findings: Finding[] = inheritedFindings(item, known)
      const found = new Set<number>()
      for (const rule of rules) {
        for (const hit of rule.check(item)) {
          if (found.has(hit.index)) continue
          found.add(hit.index)
          const { benchmark, item: benchmarkItem } = rows[hit.index]!
          const { rule: name, score, evidence } = hit
          findings.push({ benchmark, benchmarkItem: benchmarkItem.id, rule: name, score, evidence })
        }
      }
      return findings
    },
  }
}

function inheritedFindings(item: Item, known: readonly KnownContamination[]): Finding[] {
  if (item.origin.kind !== 'curated') return []
  return inheritedBenchmarks(item.origin, known).map(({ benchmark, evidence }) => ({
    ...{ benchmark, benchmarkItem: null, rule: 'inherited' as const, score: 1 },
    evidence,
  }))
}

function assertShare(name: string, share: number): void {
  if (share > 0 && share <= 1) return
  throw new ConfigError(`contamination, ${name}: expected a share above 0 and up to 1, found ${share}`, {
    hint: 'we recommend 0.5 for coverage and 0.8 for short questions',
  })
}
