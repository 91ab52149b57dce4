import { createChains } from './duplicates-chains.ts'
import { doubled } from './duplicates-store.ts'
import type { Bands } from './minhash.ts'
import { mix32 } from './shingles.ts'

/** Which texts agree with one in a band of their signatures: candidates, to be measured. */
export type BandIndex = {
  readonly sizeBytes: number
  /** Adds a text: they are numbered from 0. */
  add(signature: Int32Array, answerKey: number, isCurated: boolean): void
  /**
   * Texts that agree with this one in a band and have the same answer, and among curated ones also those that have not.
   *
   * @param limit of how many are gathered; the youngest first
   */
  find(signature: Int32Array, answerKey: number, isCurated: boolean, limit: number): number[]
}

/** An index without texts. */
export function createBandIndex({ bands, rows }: Bands): BandIndex {
  // Entry `text * bands + band`; of curated texts also without the answer: another label must be noticed.
  const byAnswer = createChains(32)
  const byText = createChains(32)
  let curated = new Uint32Array(1024)
  let seenBy = new Uint32Array(1024)
  let count = 0
  let curatedCount = 0
  let round = 0

  const keyOf = (signature: Int32Array, band: number, answerKey: number): number => {
    let key = mix32(answerKey ^ band)
    for (let row = band * rows; row < (band + 1) * rows; row++) key = Math.imul(key ^ signature[row]!, 0x5bd1e995) + row
    return mix32(key)
  }
  return {
    get sizeBytes() {
      return curated.byteLength + seenBy.byteLength + byAnswer.sizeBytes + byText.sizeBytes
    },
    add: (signature, answerKey, isCurated) => {
      if (count === seenBy.length) seenBy = doubled(seenBy)
      for (let band = 0; band < bands; band++) byAnswer.add(keyOf(signature, band, answerKey))
      if (isCurated) {
        if (curatedCount === curated.length) curated = doubled(curated)
        curated[curatedCount++] = count
        for (let band = 0; band < bands; band++) byText.add(keyOf(signature, band, 0))
      }
      count += 1
    },
    find: (signature, answerKey, isCurated, limit) => {
      round += 1
      const found: number[] = []
      const take = (text: number): void => {
        if (seenBy[text] === round) return
        seenBy[text] = round
        found.push(text)
      }
      for (let band = 0; band < bands && found.length < limit; band++) {
        let at = byAnswer.first(keyOf(signature, band, answerKey))
        for (; at !== -1 && found.length < limit; at = byAnswer.older(at)) take(Math.floor(at / bands))
        if (!isCurated) continue
        at = byText.first(keyOf(signature, band, 0))
        for (; at !== -1 && found.length < limit; at = byText.older(at)) take(curated[Math.floor(at / bands)]!)
      }
      return found
    },
  }
}
