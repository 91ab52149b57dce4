import { ConfigError } from '../../core/errors.ts'
import { createRng } from '../../core/rng.ts'

/** How signatures are cut into bands: items that agree in all rows of one band are compared. */
export type Bands = { readonly bands: number; readonly rows: number }

/** data.md §6: 128 permutations. */
export const PERMUTATIONS = 128

/**
 * Bands for a similarity from which pairs must be found. 16 bands of 8 rows find a pair of Jaccard 0.8 with probability
 * 0.95, of 0.9 with 0.9999, and compare a pair of 0.5 in 6 of 100 cases; FineWeb's 14 × 8 is the same curve with fewer
 * permutations. Rows follow the threshold: the most with which a pair at the threshold is found in 9 of 10 cases.
 *
 * @throws {ConfigError} when the threshold is not in (0, 1]
 */
export function bandsFor(threshold: number, permutations: number = PERMUTATIONS): Bands {
  if (!(threshold > 0 && threshold <= 1)) {
    throw new ConfigError(`threshold of near duplicates: expected a share above 0 and up to 1, found ${threshold}`, {
      hint: 'the Jaccard similarity from which two items are one, such as 0.8',
    })
  }
  let best: Bands = { bands: permutations, rows: 1 }
  for (let rows = 1; rows <= 16; rows++) {
    const bands = Math.floor(permutations / rows)
    if (1 - (1 - threshold ** rows) ** bands >= 0.9) best = { bands, rows }
  }
  return best
}

/** Signatures of shingle sets. Two sets agree in a share of positions that is their Jaccard similarity, on average. */
export type MinHasher = {
  /** Writes the signature of `shingles[0, count)`, [permutation], into `into`; repeats do not matter. */
  sign(shingles: Uint32Array, count: number, into: Int32Array): void
}

/**
 * A maker of signatures with fixed permutations: signatures of different runs can be compared.
 *
 * @param permutations length of a signature
 */
export function createMinHasher(permutations: number = PERMUTATIONS): MinHasher {
  const rng = createRng('minhash', permutations)
  const factors = Int32Array.from({ length: permutations }, () => rng.uint32() | 1)
  const offsets = Int32Array.from({ length: permutations }, () => rng.uint32() | 0)
  return {
    sign: (shingles, count, into) => {
      for (let permutation = 0; permutation < permutations; permutation++) {
        into[permutation] = leastOf(shingles, count, factors[permutation]!, offsets[permutation]!)
      }
    },
  }
}

/** The least of the permuted numbers. An odd factor and an offset permute the 32-bit numbers, compared as signed ones. */
function leastOf(shingles: Uint32Array, count: number, factor: number, offset: number): number {
  let least = 0x7fffffff
  for (let i = 0; i < count; i++) {
    const value = (Math.imul(factor, shingles[i]!) + offset) | 0
    if (value < least) least = value
  }
  return least
}

/** The Jaccard similarity that two signatures of one byte a permutation suggest; chance agreement (1 : 256) taken off. */
export function similarityOfBytes(
  left: Uint8Array,
  leftStart: number,
  right: Uint8Array,
  rightStart: number,
  permutations: number = PERMUTATIONS,
): number {
  let same = 0
  for (let i = 0; i < permutations; i++) if (left[leftStart + i] === right[rightStart + i]) same += 1
  return Math.max(0, (same / permutations - 1 / 256) / (1 - 1 / 256))
}
