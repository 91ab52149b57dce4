export type RopeTables = {
  /** cos, sin and -sin of each angle, [positions, headDim / 2]. */
  readonly cos: Float32Array
  readonly sin: Float32Array
  readonly negatedSin: Float32Array
  readonly shape: readonly [number, number]
}

/**
 * The angles of rotary position embedding: position t turns pair i by t·theta^(-2i/headDim) radians.
 *
 * The frequencies are powers of one ratio, taken by repeated multiplication: `Math.pow` returns other bits from Node 24
 * on, and a model must not change with the Node version.
 *
 * @param headDim even
 * @param theta base of the frequencies
 * @param positions rows of the tables
 */
export function ropeTables(headDim: number, theta: number, positions: number): RopeTables {
  const half = headDim / 2
  const ratio = Math.exp((-2 / headDim) * Math.log(theta))
  const cos = new Float32Array(positions * half)
  const sin = new Float32Array(positions * half)
  for (let pair = 0, frequency = 1; pair < half; pair++, frequency *= ratio) {
    for (let position = 0; position < positions; position++) {
      const index = position * half + pair
      cos[index] = Math.cos(position * frequency)
      sin[index] = Math.sin(position * frequency)
    }
  }
  return { cos, sin, negatedSin: sin.map((value) => -value), shape: [positions, half] }
}
