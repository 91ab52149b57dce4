import { describe, expect, test } from 'vitest'
import { createRng } from '../../core/rng.ts'
import { bandsFor, createMinHasher, PERMUTATIONS, similarityOfBytes } from './minhash.ts'

describe('bands', () => {
  test('at 0.8 there are 16 of 8 rows', () => {
    expect(bandsFor(0.8)).toEqual({ bands: 16, rows: 8 })
  })

  test.each([0.5, 0.6, 0.7, 0.75, 0.85, 0.9, 1])('find nine of ten pairs at %d', (threshold) => {
    const { bands, rows } = bandsFor(threshold)
    expect(bands * rows).toBeLessThanOrEqual(PERMUTATIONS)
    expect(1 - (1 - threshold ** rows) ** bands).toBeGreaterThanOrEqual(0.9)
  })

  test.each([0, -1, 1.1, Number.NaN])('a threshold of %d is refused', (threshold) => {
    expect(() => bandsFor(threshold)).toThrow(/expected a share above 0 and up to 1/)
  })
})

describe('signatures', () => {
  /** Two sets of 400 of which a share of the union is common. */
  function pair(similarity: number, seed: number): [Uint32Array, Uint32Array] {
    const rng = createRng(seed, 'minhash-test')
    const common = Math.round((800 * similarity) / (1 + similarity))
    const shared = Array.from({ length: common }, () => rng.uint32())
    const rest = (): number[] => Array.from({ length: 400 - common }, () => rng.uint32())
    return [Uint32Array.from([...shared, ...rest()]), Uint32Array.from([...rest(), ...shared])]
  }

  test.each([0, 0.3, 0.5, 0.8, 0.95])('agree in a share of positions that is the similarity %d', (similarity) => {
    const hasher = createMinHasher()
    const left = new Int32Array(PERMUTATIONS)
    const right = new Int32Array(PERMUTATIONS)
    let sum = 0
    let estimated = 0
    for (let seed = 0; seed < 40; seed++) {
      const [a, b] = pair(similarity, seed)
      hasher.sign(a, a.length, left)
      hasher.sign(b, b.length, right)
      sum += left.filter((value, index) => value === right[index]).length / PERMUTATIONS
      estimated += similarityOfBytes(Uint8Array.from(left), 0, Uint8Array.from(right), 0)
    }
    // Three standard errors of 40 means of 128.
    const error = 3 * Math.sqrt((similarity * (1 - similarity) + 0.01) / (PERMUTATIONS * 40))
    expect(Math.abs(sum / 40 - similarity)).toBeLessThan(error)
    expect(Math.abs(estimated / 40 - similarity)).toBeLessThan(error)
  })

  test('neither order nor repeats matter, and two hashers agree', () => {
    const signature = (shingles: number[]): number[] => {
      const into = new Int32Array(PERMUTATIONS)
      createMinHasher().sign(Uint32Array.from(shingles), shingles.length, into)
      return [...into]
    }
    expect(signature([5, 9, 5, 1])).toEqual(signature([1, 5, 9]))
    expect(signature([1, 5, 9])).not.toEqual(signature([1, 5, 10]))
  })
})
