import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../core/errors.ts'
import { createRng } from '../../../core/rng.ts'
import { createPicker, pickRule } from './pick.ts'

const row = Float32Array.of(0.1, 0.4, 0, 0.2, 0.3)
/** The row stands in the middle of a larger array, so that a forgotten offset shows. */
const padded = Float32Array.of(1, ...row, 1)

function picks(params: Partial<Parameters<typeof pickRule>[0]>, uniforms: readonly number[]): number[] {
  const pick = createPicker(pickRule({ maxTokens: 1, ...params }), row.length)
  return uniforms.map((uniform) => pick(padded, 1, uniform))
}

/** Share of each token over 20,000 evenly spaced random numbers: the law itself, without noise. */
function law(params: Partial<Parameters<typeof pickRule>[0]>): number[] {
  const count = 20_000
  const drawn = picks(
    params,
    Array.from({ length: count }, (_, i) => (i + 0.5) / count),
  )
  return Array.from(row, (_, token) => drawn.filter((other) => other === token).length / count)
}

const expectLaw = (actual: readonly number[], expected: readonly number[]) =>
  expected.forEach((share, token) => {
    expect(actual[token]).toBeCloseTo(share, 3)
  })

describe('without temperature and filters', () => {
  test('the random number falls into the interval of its token', () => {
    expect(picks({}, [0, 0.0999, 0.1001, 0.4999, 0.5001, 0.6999, 0.7001, 0.9999])).toEqual([0, 0, 1, 1, 3, 3, 4, 4])
  })

  test('a token of probability zero is never drawn, not even at the ends', () => {
    const pick = createPicker(pickRule({ maxTokens: 1 }), 3)
    expect(pick(Float32Array.of(0, 1, 0), 0, 0)).toBe(1)
    expect(pick(Float32Array.of(0, 0.9999999, 0), 0, 1 - 2 ** -53)).toBe(1)
  })

  test('the law is the softmax', () => {
    expectLaw(law({}), [0.1, 0.4, 0, 0.2, 0.3])
  })
})

describe('temperature', () => {
  test('zero takes the most probable token, the lowest id among equals', () => {
    expect(picks({ temperature: 0 }, [0, 0.5, 0.999])).toEqual([1, 1, 1])
    const pick = createPicker(pickRule({ maxTokens: 1, temperature: 0 }), 4)
    expect(pick(Float32Array.of(0.1, 0.3, 0.3, 0.3), 0, 0.99)).toBe(1)
  })

  test('a half squares the probabilities, two takes their root', () => {
    expectLaw(law({ temperature: 0.5 }), [0.01 / 0.3, 0.16 / 0.3, 0, 0.04 / 0.3, 0.09 / 0.3])
    const roots = [0.1, 0.4, 0, 0.2, 0.3].map(Math.sqrt)
    const total = roots.reduce((sum, root) => sum + root, 0)
    expectLaw(
      law({ temperature: 2 }),
      roots.map((root) => root / total),
    )
  })

  test('a temperature of 0.01 does not underflow to nothing', () => {
    expect(picks({ temperature: 0.01 }, [0.001, 0.5, 0.999])).toEqual([1, 1, 1])
  })
})

describe('filters', () => {
  test('top-k keeps the k most probable and renormalises', () => {
    expectLaw(law({ topK: 2 }), [0, 0.4 / 0.7, 0, 0, 0.3 / 0.7])
    expectLaw(law({ topK: 1 }), [0, 1, 0, 0, 0])
    expectLaw(law({ topK: 5 }), [0.1, 0.4, 0, 0.2, 0.3])
    expectLaw(law({ topK: 500 }), [0.1, 0.4, 0, 0.2, 0.3])
  })

  test('top-p keeps the smallest set that reaches the share', () => {
    expectLaw(law({ topP: 0.39 }), [0, 1, 0, 0, 0])
    expectLaw(law({ topP: 0.41 }), [0, 0.4 / 0.7, 0, 0, 0.3 / 0.7])
    expectLaw(law({ topP: 0.85 }), [0, 0.4 / 0.9, 0, 0.2 / 0.9, 0.3 / 0.9])
  })

  test('top-p counts within what temperature and top-k left', () => {
    // top-k 2 leaves 4/7 and 3/7: the first alone reaches 0.5
    expectLaw(law({ topK: 2, topP: 0.5 }), [0, 1, 0, 0, 0])
    // squares 0.16 0.09 0.04 0.01 of 0.3: two reach 0.8, which untempered needs three
    expectLaw(law({ temperature: 0.5, topP: 0.8 }), [0, 0.16 / 0.25, 0, 0, 0.09 / 0.25])
  })

  test('among equal probabilities the lower ids stay', () => {
    const pick = createPicker(pickRule({ maxTokens: 1, topK: 2 }), 4)
    const uniforms = [0, 0.3, 0.49, 0.51, 0.7, 0.99]
    expect(uniforms.map((uniform) => pick(Float32Array.of(0.25, 0.25, 0.25, 0.25), 0, uniform))).toEqual([
      0, 0, 0, 1, 1, 1,
    ])
  })

  test('on any row the kept set is what a sort would keep', () => {
    const rows = fc
      .array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 })
      .filter((row) => row.some((x) => x > 0))
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20 }), (counts, topK, share) => {
        const total = counts.reduce((sum, count) => sum + count, 0)
        const ranked = counts
          .map((count, token) => ({ count, token }))
          .sort((a, b) => b.count - a.count || a.token - b.token)
        const firstK = ranked.slice(0, topK)
        const mass = firstK.reduce((sum, { count }) => sum + count, 0)
        // at an exact tie float32 may land on either side of the share: leave a margin
        const topP = Math.min(1, share / 20 + 0.001)
        const nucleus: number[] = []
        let cumulative = 0
        for (const { count, token } of firstK) {
          if (cumulative >= topP * mass) break
          cumulative += count
          if (count > 0) nucleus.push(token)
        }
        const pick = createPicker(pickRule({ maxTokens: 1, topK, topP }), counts.length)
        const probabilities = Float32Array.from(counts, (count) => count / total)
        const seen = new Set(Array.from({ length: 400 }, (_, i) => pick(probabilities, 0, (i + 0.5) / 400)))
        expect([...seen].sort((a, b) => a - b)).toEqual(nucleus.sort((a, b) => a - b))
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test('in a large vocabulary the kept set is what a sort would keep, however far down it reaches', () => {
    const rng = createRng(4, 'large')
    const raw = Array.from({ length: 3000 }, () => 2 ** -Math.floor(40 * rng.uniform()))
    const total = raw.reduce((sum, value) => sum + value, 0)
    const probabilities = Float32Array.from(raw, (value) => value / total)
    const ranked = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
    const mass = ranked.reduce((sum, token) => sum + probabilities[token]!, 0)
    for (const rule of [
      { topP: 0.5 },
      { topP: 0.999 },
      { topP: 1 - 1e-7 },
      { topK: 7 },
      { topK: 900 },
      { topK: 2900 },
    ]) {
      const { topP = 1, topK = 3000 } = rule
      const firstK = ranked.slice(0, topK)
      let reached = 0
      const kept = firstK.filter((token) => {
        const isInside = reached < topP * mass
        reached += probabilities[token]!
        return isInside
      })
      const pick = createPicker(pickRule({ maxTokens: 1, ...rule }), 3000)
      // The last random number draws the token with the highest id that is kept, the first the one with the lowest.
      expect(pick(probabilities, 0, 1 - 2 ** -53)).toBe(Math.max(...kept))
      expect(pick(probabilities, 0, 0)).toBe(Math.min(...kept))
      const drawn = new Set(Array.from({ length: 300 }, () => pick(probabilities, 0, rng.uniform())))
      expect([...drawn].filter((token) => !kept.includes(token))).toEqual([])
    }
  })

  test('a filtered and an unfiltered picker agree on a large vocabulary that the filter does not touch', () => {
    const rng = createRng(1, 'pick')
    const raw = Array.from({ length: 1500 }, () => rng.uniform() ** 8)
    const total = raw.reduce((sum, value) => sum + value, 0)
    const probabilities = Float32Array.from(raw, (value) => value / total)
    const plain = createPicker(pickRule({ maxTokens: 1 }), 1500)
    const tempered = createPicker(pickRule({ maxTokens: 1, temperature: 1 + 1e-12 }), 1500)
    const draws = Array.from({ length: 500 }, () => rng.uniform())
    const differing = draws.filter((u) => plain(probabilities, 0, u) !== tempered(probabilities, 0, u))
    expect(differing).toEqual([])
  })
})

test.each([{ temperature: -0.1 }, { temperature: Number.NaN }, { topP: 0 }, { topP: 1.1 }, { topK: 0 }, { topK: 1.5 }])(
  'parameters out of range are refused: %o',
  (params) => {
    expect(() => pickRule({ maxTokens: 1, ...params })).toThrow(ConfigError)
  },
)
