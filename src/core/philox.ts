/** Multipliers and key increments of Philox-4x32 (Salmon et al., SC 2011, table 2). */
const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

/**
 * The random block of a counter under a key: Philox4x32-10, checked against the Random123 known answers.
 *
 * @param counter [4], which block
 * @param key [2], which stream
 * @returns the block, [4]; counter and key are left as they are
 */
export function philox4x32(counter: Uint32Array, key: Uint32Array): Uint32Array<ArrayBuffer> {
  let c0 = counter[0]!
  let c1 = counter[1]!
  let c2 = counter[2]!
  let c3 = counter[3]!
  let k0 = key[0]!
  let k1 = key[1]!
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0)
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0
    const high1 = multiplyHigh(MULTIPLIER_1, c2)
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0
    k0 = (k0 + WEYL_0) >>> 0
    k1 = (k1 + WEYL_1) >>> 0
  }
  const block = new Uint32Array(4)
  block[0] = c0
  block[1] = c1
  block[2] = c2
  block[3] = c3
  return block
}

/** The upper 32 bits of a 64-bit product, from products of 16-bit halves, which a double holds exactly. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  // Neither sum reaches 2^32.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0
}
