import type { CuratedOrigin } from '../types.ts'

/** A set for training that is known to hold questions of a benchmark, and how that is known. */
export type KnownContamination = {
  readonly set: string
  /** The part of the set that does; where a row says that it is of another part, it is clean. */
  readonly part: string
  /** Parts whose name begins alike, but which are clean. */
  readonly except?: readonly string[]
  readonly benchmark: string
  readonly basis: string
}

/** PubMedQA's questions without labels and with made ones: no test question is among them. */
const cleanPubmedqa = ['pubmedqau', 'pubmedqaa', 'pubmedqapqau', 'pubmedqapqaa']

/** What is known. Names are compared without case and punctuation, and a longer name of the same beginning fits too. */
export const knownContamination: readonly KnownContamination[] = [
  {
    ...{ set: 'medreason', part: 'medxpertqa', benchmark: 'medxpertqa' },
    basis: 'configs/dataset_configs.yml of MedReason lists the test split of MedXpertQA as a source',
  },
  {
    ...{ set: 'medreason', part: 'mmlu', benchmark: 'mmlu' },
    basis: 'configs/dataset_configs.yml of MedReason lists MMLU as a source',
  },
  {
    ...{ set: 'medreason', part: 'pubmedqa', except: cleanPubmedqa, benchmark: 'pubmedqa' },
    basis: 'MedReason takes all of pqa_labeled, in which the 500 official test questions lie',
  },
  {
    ...{ set: 'medreason', part: 'lasthle', benchmark: 'hle' },
    basis: "configs/dataset_configs.yml of MedReason lists Humanity's Last Exam as a source",
  },
  {
    ...{ set: 'm23k', part: 'pubmedqa', except: cleanPubmedqa, benchmark: 'pubmedqa' },
    basis: 'm1 splits pqa_labeled with a seed of its own: about half of the official test is in its training part',
  },
  {
    ...{ set: 'm1k', part: 'pubmedqa', except: cleanPubmedqa, benchmark: 'pubmedqa' },
    basis: 'a part of m23k, which splits pqa_labeled with a seed of its own',
  },
]

/** Sets that are published for evaluation alone: whatever was made from them was made from a benchmark. */
const benchmarksOnly =
  'medxpertqa mmlupro mmlu careqa medbullets jmed healthbench hle lasthle pqalabeled pubmedqapqalabeled'

const otherNames: ReadonlyMap<string, string> = new Map([
  ['lasthle', 'hle'],
  ['mmlupro', 'mmlu-pro'],
  ['pqalabeled', 'pubmedqa'],
  ['pubmedqapqalabeled', 'pubmedqa'],
])

/** Splits that are benchmarks, by the set; of other sets it is `test`. The test of MedMCQA in papers is its validation. */
const heldOutSplits: ReadonlyMap<string, readonly string[]> = new Map([
  ['medmcqa', ['validation', 'valid', 'val', 'dev', 'test']],
])

/** One benchmark that an item inherits, and why. */
export type Inheritance = { readonly benchmark: string; readonly evidence: string }

/**
 * The benchmarks that an item inherits from what it was made of: by its own row where that says so, else by its whole
 * set.
 *
 * @param known further facts can be added to {@link knownContamination}
 */
export function inheritedBenchmarks(
  origin: Pick<CuratedOrigin, 'source' | 'inheritedFrom'>,
  known: readonly KnownContamination[] = knownContamination,
): Inheritance[] {
  const found = new Map<string, string>()
  const note = (benchmark: string, evidence: string): void => {
    if (!found.has(benchmark)) found.set(benchmark, evidence)
  }
  const parts = origin.inheritedFrom ?? []
  for (const part of parts) {
    const benchmark = benchmarkOf(part)
    if (benchmark !== null) note(benchmark, `the row was made from "${part}", which is for evaluation`)
  }
  for (const name of [origin.source, ...parts]) {
    const rows = known.filter(({ set }) => keyOf(name).startsWith(set))
    const others = parts.filter((part) => part !== name)
    for (const { part, except = [], benchmark, basis } of rows) {
      const isOf = others
        .map(keyOf)
        .some((key) => key.startsWith(part) && !except.some((clean) => key.startsWith(clean)))
      if (isOf) note(benchmark, `the row was made from it; ${basis}`)
      else if (others.length === 0) note(benchmark, `the row of "${name}" does not say what it was made from; ${basis}`)
    }
  }
  return [...found].map(([benchmark, evidence]) => ({ benchmark, evidence }))
}

/** The benchmark that a name of a set or of a split stands for; null where it may be trained on. */
function benchmarkOf(name: string): string | null {
  const key = keyOf(name)
  const only = benchmarksOnly.split(' ').filter((benchmark) => key.startsWith(benchmark))
  const longest = only.sort((a, b) => b.length - a.length)[0]
  if (longest !== undefined) return otherNames.get(longest) ?? longest
  const words = name.toLowerCase().split(/[^a-z0-9]+/)
  const set = words.find((word) => heldOutSplits.has(word)) ?? words.find((word) => word !== '') ?? ''
  const splits = heldOutSplits.get(set) ?? ['test']
  return words.some((word) => splits.includes(word)) ? set : null
}

/** The name after the owner, in letters and digits. */
function keyOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1)
  // "medqa/test" is a split, not an owner and a name; its key is that of the whole.
  const isSplit = /^(?:train|test|dev|val|valid|validation)$/i.test(last)
  return (isSplit ? name : last).toLowerCase().replace(/[^a-z0-9]/g, '')
}
