import { createHash } from 'node:crypto'
import { DataError } from './errors.ts'
import { canonicalJson } from './json.ts'
import { philox4x32 } from './philox.ts'

export { philox4x32 } from './philox.ts'

const TWO_TO_32 = 0x1_0000_0000

/** A stream of random numbers that depends on its seed and scope and on nothing else. */
export type Rng = {
  /** A whole number in [0, 2^32). */
  uint32(): number
  /** A number in [0, 1), a multiple of 2^-24. */
  uniform(): number
  /** A whole number in [0, n), each equally likely. */
  int(n: number): number
  /** A standard normal deviate. */
  normal(): number
  /** The items in a random order, as a new list. */
  shuffle<T>(items: readonly T[]): T[]
  /** One of the items, each equally likely. */
  pick<T>(items: readonly T[]): T
  /** An index, each drawn in proportion to its weight. */
  weightedIndex(weights: readonly number[]): number
  /** The stream of a sub-scope; the same whether it is made before or after other draws. */
  fork(...scope: readonly (string | number)[]): Rng
}

/**
 * The random stream of a seed and a scope, such as `createRng(config.seed, 'rollout', questionId, attempt)`.
 *
 * Give whatever is drawn for its own scope: then neither the order of work nor the number of workers can change a
 * draw. `createRng(s, 'a', 'b')` and `createRng(s, 'a').fork('b')` are the same stream; 1 and '1' are not.
 *
 * @throws {DataError} when seed or scope hold a number that is not finite, or -0
 */
export function createRng(seed: number | string, ...scope: readonly (string | number)[]): Rng {
  const path = [seed, ...scope]
  const digest = createHash('sha256').update(canonicalJson(path)).digest()
  const uint32 = uint32Stream(Uint32Array.of(digest.readUInt32LE(0), digest.readUInt32LE(4)))
  // 24 bits, so that a float32 engine and we mean the same number.
  const uniform = (): number => (uint32() >>> 8) * 2 ** -24
  const int = (n: number): number => drawInt(uint32, n)
  return {
    uint32,
    uniform,
    int,
    normal: () => drawNormal(uint32),
    shuffle: (items) => shuffled(items, int),
    pick: (items) => {
      if (items.length === 0) throw new DataError('cannot pick from an empty list')
      return items[int(items.length)]!
    },
    weightedIndex: (weights) => drawWeightedIndex(uint32, weights),
    fork: (...inner) => createRng(seed, ...scope, ...inner),
  }
}

/** Words of the blocks 0, 1, 2 … in turn: the counter is the index of the block. */
function uint32Stream(key: Uint32Array): () => number {
  const counter = new Uint32Array(4)
  let block = new Uint32Array(4)
  let used = 4
  return () => {
    if (used === 4) {
      block = philox4x32(counter, key)
      counter[0]! += 1
      if (counter[0] === 0) counter[1]! += 1
      used = 0
    }
    return block[used++]!
  }
}

function drawInt(uint32: () => number, n: number): number {
  if (!Number.isInteger(n) || n < 1 || n > TWO_TO_32) {
    throw new DataError(`int(n) needs a whole n from 1 to 2^32, found ${n}`)
  }
  // Draws past the last whole multiple of n would favour small results: draw again.
  const limit = TWO_TO_32 - (TWO_TO_32 % n)
  for (;;) {
    const draw = uint32()
    if (draw < limit) return draw % n
  }
}

/**
 * Box–Muller, the cosine half only: the sine half would have to be remembered between calls, and state beside the
 * counter is what makes streams hard to resume. `log` and `cos` agree on Node 18 to 24.
 */
function drawNormal(uint32: () => number): number {
  // In (0, 1]: the logarithm stays finite.
  const radius = Math.sqrt(-2 * Math.log((uint32() + 1) / TWO_TO_32))
  return radius * Math.cos((2 * Math.PI * uint32()) / TWO_TO_32)
}

/** Fisher–Yates from the end. */
function shuffled<T>(items: readonly T[], int: (n: number) => number): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = int(last + 1)
    const moved = result[last]!
    result[last] = result[other]!
    result[other] = moved
  }
  return result
}

function drawWeightedIndex(uint32: () => number, weights: readonly number[]): number {
  let total = 0
  for (const [index, weight] of weights.entries()) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new DataError(`weight ${index} must be finite and not negative, found ${weight}`)
    }
    total += weight
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new DataError(`weights must have a finite sum above 0, found ${total}`)
  }
  // 53 bits: an item with a weight below 2^-24 of the total must be reachable too.
  let rest = ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) * 2 ** -53 * total
  let chosen = 0
  for (const [index, weight] of weights.entries()) {
    if (weight === 0) continue
    // Rounding may leave a crumb after the last item: then the last possible one is meant.
    chosen = index
    if (rest < weight) break
    rest -= weight
  }
  return chosen
}
