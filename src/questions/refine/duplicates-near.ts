import { createBandIndex } from './duplicates-bands.ts'
import { createByteRows, doubled } from './duplicates-store.ts'
import { bandsFor, createMinHasher, PERMUTATIONS, similarityOfBytes } from './minhash.ts'
import { shinglesOf } from './shingles.ts'
import { createShingleSet } from './shingles-set.ts'

/** Texts that share a band with one text, of which the similarity is at least estimated; chosen by us. */
const MAX_CANDIDATES = 512

/** Four standard errors of an estimate from 128 permutations at 0.8: a pair estimated lower is not measured. */
const ESTIMATE_MARGIN = 0.14

/** Finds texts like a given one among those before it. One text is loaded at a time, asked about, and added or not. */
export type NearIndex = {
  /** Pairs whose similarity was computed in full. */
  readonly comparisons: number
  /** Texts that had more candidates than are compared. */
  readonly cut: number
  readonly sizeBytes: number
  /** @param answerKey texts of synthetic items are only compared with those of the same answer */
  load(text: string, answerKey: number, isCurated: boolean): void
  /** Adds the loaded text: they are numbered from 0. */
  addLoaded(): void
  /** Those whose similarity to the loaded text reaches the threshold, oldest first. */
  matches(): readonly { readonly index: number; readonly jaccard: number }[]
  /** The Jaccard similarity of the loaded text and another, in [0, 1]. */
  similarityTo(index: number): number
}

/**
 * An index without texts.
 *
 * @param threshold in (0, 1]
 * @param textOf text of a number, as it was loaded
 * @throws {ConfigError} when the threshold is not in (0, 1]
 */
export function createNearIndex(threshold: number, textOf: (index: number) => string): NearIndex {
  const bandIndex = createBandIndex(bandsFor(threshold))
  const hasher = createMinHasher()
  const signature = new Int32Array(PERMUTATIONS)
  const sketch = new Uint8Array(PERMUTATIONS)
  const sketches = createByteRows(PERMUTATIONS)
  const ownShingles = createShingleSet()
  let distinctOf = new Uint32Array(1024)
  let count = 0
  let shingles = new Uint32Array(1024)
  let others = new Uint32Array(1024)
  let loaded = { distinct: 0, answerKey: 0, isCurated: false }
  const work = { comparisons: 0, cut: 0 }

  const similarityTo = (index: number): number => {
    work.comparisons += 1
    const text = textOf(index)
    if (text.length > others.length) others = new Uint32Array(text.length * 2)
    const shared = ownShingles.overlap(others, shinglesOf(text, others))
    const union = loaded.distinct + distinctOf[index]! - shared
    return union === 0 ? 1 : shared / union
  }
  const isPromising = (index: number): boolean => {
    const distinct = distinctOf[index]!
    if (Math.min(distinct, loaded.distinct) < threshold * Math.max(distinct, loaded.distinct)) return false
    const estimate = similarityOfBytes(sketch, 0, sketches.blockOf(index), sketches.startOf(index))
    return estimate >= threshold - ESTIMATE_MARGIN
  }
  return {
    get comparisons() {
      return work.comparisons
    },
    get cut() {
      return work.cut
    },
    get sizeBytes() {
      return distinctOf.byteLength + sketches.sizeBytes + bandIndex.sizeBytes
    },
    similarityTo,
    load: (text, answerKey, isCurated) => {
      if (text.length > shingles.length) shingles = new Uint32Array(text.length * 2)
      const total = shinglesOf(text, shingles)
      hasher.sign(shingles, total, signature)
      for (let i = 0; i < PERMUTATIONS; i++) sketch[i] = signature[i]!
      loaded = { distinct: ownShingles.load(shingles, total), answerKey, isCurated }
    },
    addLoaded: () => {
      if (count === distinctOf.length) distinctOf = doubled(distinctOf)
      sketches.blockOf(count).set(sketch, sketches.startOf(count))
      distinctOf[count] = loaded.distinct
      bandIndex.add(signature, loaded.answerKey, loaded.isCurated)
      count += 1
    },
    matches: () => {
      const candidates = bandIndex.find(signature, loaded.answerKey, loaded.isCurated, MAX_CANDIDATES)
      if (candidates.length >= MAX_CANDIDATES) work.cut += 1
      return candidates
        .filter(isPromising)
        .sort((a, b) => a - b)
        .map((index) => ({ index, jaccard: similarityTo(index) }))
        .filter(({ jaccard }) => jaccard >= threshold)
    },
  }
}
