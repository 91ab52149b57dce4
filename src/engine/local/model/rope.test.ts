import { describe, expect, test } from 'vitest'
import type { RopeScaling } from '../../types.ts'
import { ropeTables } from './rope.ts'

describe('RoPE tables', () => {
  test('pair i of position t is turned by t / theta^(2i/headDim)', () => {
    const { cos, sin, negatedSin, shape } = ropeTables({ headDim: 8, ropeTheta: 10_000 }, 5)
    expect(shape).toEqual([5, 4])
    const angles = [3, 3 / 10, 3 / 100, 3 / 1000]
    expect(Array.from(cos.subarray(12, 16))).toEqual(angles.map((angle) => Math.fround(Math.cos(angle))))
    expect(Array.from(sin.subarray(12, 16))).toEqual(angles.map((angle) => Math.fround(Math.sin(angle))))
    expect(Array.from(negatedSin)).toEqual(Array.from(sin, (value) => -value))
    expect([cos[0], sin[0]]).toEqual([1, 0])
  })

  test('a longer table starts with the shorter one', () => {
    const rope = { headDim: 16, ropeTheta: 500_000, ropeScaling: { kind: 'linear', factor: 4 } } as const
    const [short, long] = [ropeTables(rope, 3), ropeTables(rope, 9)]
    expect(long.cos.subarray(0, short.cos.length)).toEqual(short.cos)
    expect(long.sin.subarray(0, short.sin.length)).toEqual(short.sin)
  })
})

/**
 * Origin: transformers 5.23.0, torch 2.13.0, `LlamaRotaryEmbedding(LlamaConfig(head_dim=16, max_position_embeddings=16384,
 * rope_parameters={'rope_theta': 10000.0, …}))(x, [[1000]])`, first half of cos and sin, nine digits.
 */
const golden: readonly { readonly scaling: RopeScaling; readonly cos: number[]; readonly sin: number[] }[] = [
  {
    scaling: { kind: 'linear', factor: 3.7 },
    cos: [0.995651126, -0.799727321, -0.317877054, -0.638628781, -0.905223846, 0.656467736, 0.963698745, 0.996349931],
    sin: [0.0931601822, -0.600363433, 0.948131919, 0.769514978, 0.424935043, 0.754354119, 0.266991913, 0.0853629634],
  },
  {
    scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 1024 },
    cos: [0.562379062, -0.477397919, 0.862318873, 0.978682399, -0.998497069, 0.922886968, 0.992197692, 0.999218822],
    sin: [0.826879561, 0.878687203, -0.506365657, 0.205379441, 0.0548046604, 0.38507098, 0.12467473, 0.0395181812],
  },
  {
    scaling: {
      kind: 'yarn',
      factor: 4,
      originalMaxPositions: 2048,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 1.138629436111989,
      truncate: true,
    },
    cos: [0.640341341, -0.54357934, 0.981861651, 0.964246631, 1.13800251, 0.212020323, 1.10323226, 1.13507307],
    sin: [0.941509426, 1.00049913, -0.576562822, 0.605562031, -0.0377793759, 1.11871552, 0.281701446, 0.089922823],
  },
  {
    scaling: {
      kind: 'yarn',
      factor: 2.5,
      originalMaxPositions: 512,
      betaFast: 20,
      betaSlow: 2,
      attentionFactor: 1.3,
      truncate: false,
    },
    cos: [0.731092751, -0.62061727, 0.464535356, -0.734236181, -0.849736631, 0.391478539, 1.19737923, 1.28961384],
    sin: [1.07494342, 1.14229333, 1.21416926, 1.07279873, -0.983843207, 1.23965502, 0.506243825, 0.164000303],
  },
]

test.each(golden)('$scaling.kind by $scaling.factor is what transformers computes', ({ scaling, cos, sin }) => {
  const tables = ropeTables({ headDim: 16, ropeTheta: 10_000, ropeScaling: scaling }, 1001)
  cos.forEach((value, pair) => {
    expect(Math.abs(tables.cos[8000 + pair]! - value), `cos ${pair}`).toBeLessThan(2e-7)
    expect(Math.abs(tables.sin[8000 + pair]! - sin[pair]!), `sin ${pair}`).toBeLessThan(2e-7)
  })
})

test('a ramp between equal borders is a step', () => {
  const scaling = {
    kind: 'yarn',
    factor: 4,
    originalMaxPositions: 64,
    betaFast: 2,
    betaSlow: 2,
    attentionFactor: 1,
    truncate: false,
  } as const
  const { sin } = ropeTables({ headDim: 16, ropeTheta: 10_000, ropeScaling: scaling }, 2)
  const exact = Array.from({ length: 8 }, (_, pair) => Math.exp((-pair / 8) * Math.log(10_000)))
  // 64 / (2·2π) = 5.09 radians: pairs from 8·ln(5.09)/ln(10000) = 1.41 on are stretched.
  exact.forEach((frequency, pair) => {
    expect(sin[8 + pair]).toBeCloseTo(Math.sin(pair < 2 ? frequency : frequency / 4), 6)
  })
})
