import { describe, expect, test } from 'vitest'
import { groupAdvantages } from '../advantage.ts'
import { readGolden } from '../fixtures/golden.ts'
import { advantageEstimators } from './registry.ts'

const golden = readGolden()
const names = { centre: 'center', std: 'grpo_std_trl_eps1e-4', rloo: 'rloo', maxrl: 'maxrl' } as const

const groupsOf = Object.entries(golden.advantages).filter(
  ([name]) => !['singleton', 'float_equal', 'opo_example'].includes(name),
)

test('the golden file has six groups that a baseline exists for', () => {
  expect(groupsOf).toHaveLength(6)
})

describe.each(Object.entries(names))('%s', (name, column) => {
  const estimator = advantageEstimators.get(name)

  test.each(groupsOf)('equals the golden values of %s', (_, group) => {
    const expected = group[column] as readonly number[]
    const found = groupAdvantages(group.rewards, { estimator })
    expect(found).toHaveLength(expected.length)
    found.forEach((advantage, member) => {
      expect(Math.abs(advantage - expected[member]!)).toBeLessThan(1e-12)
    })
  })
})

test('opo weighs the baseline by length', () => {
  const { rewards, lengths, adv } = golden.advantages.opo_example as unknown as Record<string, readonly number[]>
  const opo = advantageEstimators.get('opo')
  expect(groupAdvantages(rewards!, { estimator: opo, lengths_G: lengths! })).toEqual(adv)
  // Σ T R / Σ T = 30/40.
  expect(groupAdvantages([1, 0], { estimator: opo, lengths_G: [30, 10] })).toEqual([0.25, -0.75])
  expect(groupAdvantages([1, 0], { estimator: opo, lengths_G: [0, 0] })).toEqual([0.5, -0.5])
})

describe.each(advantageEstimators.names)('%s', (name) => {
  const estimator = advantageEstimators.get(name)

  test('is exactly zero in a group of equal rewards, six times 0.1 included', () => {
    for (const reward of [0, 0.1, 1]) {
      expect(groupAdvantages(new Array<number>(6).fill(reward), { estimator })).toEqual([0, 0, 0, 0, 0, 0])
    }
    expect(groupAdvantages([0.1, 0.1 + 5e-7, 0.1], { estimator })).toEqual([0, 0, 0])
  })

  test('refuses a lone rollout', () => {
    expect(() => groupAdvantages([1], { estimator })).toThrow(/at least two rollouts/)
  })

  test('takes no notice of a crashed verifier', () => {
    const [right, crashed, wrong] = groupAdvantages([1, Number.NaN, 0], { estimator })
    expect([right, wrong]).toEqual(groupAdvantages([1, 0], { estimator }))
    expect(crashed).toBe(0)
  })
})

test('maxrl has no advantage where the mean is not positive', () => {
  expect(groupAdvantages([0, -0.1], { estimator: advantageEstimators.get('maxrl') })).toEqual([0, 0])
})

/** w(p) of E[1/G Σ A_j ∇log π(y_j)] = w(p) ∇p, by enumerating the number of right rollouts. */
function impliedWeight(name: string, size: number, p: number): number {
  const estimator = advantageEstimators.get(name)
  let weight = 0
  let ways = 1
  for (let right = 0; right <= size; right++) {
    const rewards_G = Array.from({ length: size }, (_, member) => (member < right ? 1 : 0))
    const advantages_G = groupAdvantages(rewards_G, { estimator })
    const sum = advantages_G.reduce(
      (total, advantage, member) => total + advantage * (member < right ? 1 / p : -1 / (1 - p)),
      0,
    )
    weight += (ways * p ** right * (1 - p) ** (size - right) * sum) / size
    ways = (ways * (size - right)) / (right + 1)
  }
  return weight
}

test.each([
  ['center G8', 'centre', 8],
  ['center G16', 'centre', 16],
  ['rloo G8', 'rloo', 8],
  ['maxrl G8', 'maxrl', 8],
  ['maxrl G16', 'maxrl', 16],
  ['std G8', 'std', 8],
  ['std G16', 'std', 16],
] as const)('the implied weight of %s is that of the table (exact enumeration)', (key, name, size) => {
  // The table divides by the deviation without an epsilon: 1e-4 of 0.33 moves the weight by 3e-4 at most.
  const tolerance = name === 'std' ? 2e-3 : 6e-5
  golden.implied_weight.p!.forEach((p, index) => {
    expect(Math.abs(impliedWeight(name, size, p) - golden.implied_weight[key]![index]!)).toBeLessThan(tolerance)
  })
})

test('centre and rloo weigh all prompts the same, to 1e-12', () => {
  for (const p of [0.01, 0.1, 0.5, 0.95]) {
    expect(Math.abs(impliedWeight('centre', 8, p) - 7 / 8)).toBeLessThan(1e-12)
    expect(Math.abs(impliedWeight('rloo', 8, p) - 1)).toBeLessThan(1e-12)
  }
})
