import type { DecoderConfig, RopeScaling } from '../../types.ts'

/** What the angles depend on. */
export type RopeConfig = Pick<DecoderConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>

export type RopeTables = {
  /** cos, sin and -sin of each angle, [positions, headDim / 2]. */
  readonly cos: Float32Array
  readonly sin: Float32Array
  readonly negatedSin: Float32Array
  readonly shape: readonly [number, number]
}

type ScalingOf<Kind extends RopeScaling['kind']> = Extract<RopeScaling, { readonly kind: Kind }>

const round = Math.fround

/**
 * The angles of rotary position embedding: position t turns pair i by t·theta^(-2i/headDim) radians.
 *
 * The frequencies are powers of one ratio, taken by repeated multiplication: `Math.pow` returns other bits from Node 24
 * on, and a model must not change with the Node version.
 *
 * Without scaling, frequencies and angles are those of real numbers. transformers rounds both to float32, which moves
 * the angle of position t by up to t·6e-8 radians. Scaled frequencies follow transformers' `modeling_rope_utils.py`
 * operation by operation, its rounding included, because scaled models are used at long range.
 *
 * @param positions rows of the tables
 */
export function ropeTables({ headDim, ropeTheta, ropeScaling }: RopeConfig, positions: number): RopeTables {
  const half = headDim / 2
  const cos = new Float32Array(positions * half)
  const sin = new Float32Array(positions * half)
  const frequencies = ropeScaling ? scaledFrequencies(headDim, ropeTheta, ropeScaling) : plain(headDim, ropeTheta)
  const factor = ropeScaling?.kind === 'yarn' ? round(ropeScaling.attentionFactor) : 1
  for (const [pair, frequency] of frequencies.entries()) {
    for (let position = 0; position < positions; position++) {
      const index = position * half + pair
      const angle = ropeScaling ? round(position * frequency) : position * frequency
      cos[index] = round(Math.cos(angle)) * factor
      sin[index] = round(Math.sin(angle)) * factor
    }
  }
  return { cos, sin, negatedSin: sin.map((value) => -value), shape: [positions, half] }
}

/** Tables for at least so many positions, grown by what is asked for; one object until they have to grow. */
export function createRopeTables(
  config: RopeConfig & Pick<DecoderConfig, 'maxPositions'>,
): (positions: number) => RopeTables {
  let tables: RopeTables | undefined
  return (positions) => {
    // Doubling keeps the cost of growth in proportion to the length that is really used.
    if (!tables || tables.shape[0] < positions)
      tables = ropeTables(config, Math.max(positions, Math.min(2 * positions, config.maxPositions)))
    return tables
  }
}

/** Radians per position of each pair, [headDim / 2]. */
function plain(headDim: number, theta: number): readonly number[] {
  const ratio = Math.exp((-2 / headDim) * Math.log(theta))
  const frequencies = [1]
  while (frequencies.length < headDim / 2) frequencies.push(frequencies.at(-1)! * ratio)
  return frequencies
}

function scaledFrequencies(headDim: number, theta: number, scaling: RopeScaling): readonly number[] {
  const periods = Array.from({ length: headDim / 2 }, (_, pair) =>
    round(Math.exp(round((2 * pair) / headDim) * Math.log(theta))),
  )
  if (scaling.kind === 'yarn') return yarn(periods, headDim, theta, scaling)
  const frequencies = periods.map((period) => round(1 / period))
  if (scaling.kind === 'linear') return frequencies.map((frequency) => round(frequency / round(scaling.factor)))
  return frequencies.map((frequency) => llama3(frequency, scaling))
}

/** Long waves are stretched by the factor, short ones kept, those between blended by their number of turns. */
function llama3(frequency: number, scaling: ScalingOf<'llama3'>): number {
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions: original } = scaling
  const factor = round(scaling.factor)
  const wavelength = round(round(1 / frequency) * round(2 * Math.PI))
  if (wavelength < round(original / high)) return frequency
  if (wavelength > round(original / low)) return round(frequency / factor)
  const turns = round(round(1 / wavelength) * original)
  const kept = round(round(turns - round(low)) / round(high - low))
  return round(round(round(round(1 - kept) * frequency) / factor) + round(kept * frequency))
}

/** Pairs that turn often enough are kept, slow ones stretched, with a linear ramp over the pairs between. */
function yarn(
  periods: readonly number[],
  headDim: number,
  theta: number,
  { factor, originalMaxPositions, betaFast, betaSlow, truncate }: ScalingOf<'yarn'>,
): readonly number[] {
  const pairOfTurns = (turns: number) =>
    (headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
  const [first, last] = [pairOfTurns(betaFast), pairOfTurns(betaSlow)]
  const low = Math.max(truncate ? Math.floor(first) : first, 0)
  const high = Math.min(truncate ? Math.ceil(last) : last, headDim - 1)
  // A ramp of width 0 would divide by zero.
  const width = round(low === high ? high + 0.001 - low : high - low)
  return periods.map((period, pair) => {
    const kept = round(1 - Math.min(Math.max(round(round(pair - round(low)) / width), 0), 1))
    const stretched = round(1 / round(round(factor) * period))
    return round(round(stretched * round(1 - kept)) + round(round(1 / period) * kept))
  })
}
