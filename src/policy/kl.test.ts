import { expect, test } from 'vitest'
import { readGolden } from './fixtures/golden.ts'
import { type KlEstimator, klEstimate, klEstimators, klLoss, klPenalty, klProblem } from './kl.ts'

const golden = readGolden()

test.each(klEstimators)('%s has the golden mean over tokens', (estimator) => {
  const { mask, logp_new, logp_ref } = golden.loss_case
  let [sum, tokens] = [0, 0]
  mask.forEach((mask_T, member) => {
    mask_T.forEach((value, token) => {
      if (value === 0) return
      tokens += 1
      sum += klEstimate(estimator, logp_new[member]![token]!, logp_ref[member]![token]!).value
    })
  })
  expect(tokens).toBe(9)
  expect(Math.abs(sum / tokens - golden.kl_token_mean[estimator]!)).toBeLessThan(1e-12)
})

/** A policy over three tokens, and what each place of each estimator does to its logits in expectation. */
const logits = [0.4, -0.3, 0.1]
const reference = [Math.log(0.2), Math.log(0.5), Math.log(0.3)]
const softmax = (z: readonly number[]): number[] => {
  const total = z.reduce((sum, value) => sum + Math.exp(value), 0)
  return z.map((value) => Math.exp(value) / total)
}
const policy = softmax(logits)
const reverseKl = (z: readonly number[]): number =>
  softmax(z).reduce((sum, p, token) => sum + p * (Math.log(p) - reference[token]!), 0)
const forwardKl = (z: readonly number[]): number =>
  softmax(z).reduce((sum, p, token) => sum + Math.exp(reference[token]!) * (reference[token]! - Math.log(p)), 0)
const slope = (f: (z: readonly number[]) => number): number[] =>
  logits.map((_, index) => {
    const moved = (by: number): number[] => logits.map((value, other) => (other === index ? value + by : value))
    return (f(moved(1e-5)) - f(moved(-1e-5))) / 2e-5
  })

/** E over sampled tokens of factor(token) · ∇ log π(token). */
const expected = (factor: (token: number) => number): number[] =>
  logits.map((_, index) =>
    policy.reduce((sum, p, token) => sum + p * factor(token) * ((token === index ? 1 : 0) - policy[index]!), 0),
  )
const at = (estimator: KlEstimator, token: number) => klEstimate(estimator, Math.log(policy[token]!), reference[token]!)

function expectNear(found: readonly number[], wanted: readonly number[]): void {
  found.forEach((value, index) => {
    expect(Math.abs(value - wanted[index]!)).toBeLessThan(1e-8)
  })
}

test('k1 in the reward and k2 in the loss have the gradient of the reverse KL (exact enumeration)', () => {
  expectNear(
    expected((token) => at('k1', token).value),
    slope(reverseKl),
  )
  expectNear(
    expected((token) => at('k2', token).derivative),
    slope(reverseKl),
  )
})

test('k3 in the loss has the gradient of the forward KL', () => {
  expectNear(
    expected((token) => at('k3', token).derivative),
    slope(forwardKl),
  )
})

test('k1 in the loss has no gradient at all, and is refused with a reason', () => {
  expectNear(
    expected((token) => at('k1', token).derivative),
    [0, 0, 0],
  )
  const useless = { estimator: 'k1', where: 'loss', coefficient: 0.1 } as const
  expect(klProblem(useless)?.message).toMatch(/does nothing/)
  expect(() => klLoss(useless, [-1], [-2], [1])).toThrow(/does nothing/)
})

test('k2 and k3 in the reward do not have the gradient of the reverse KL', () => {
  for (const estimator of ['k2', 'k3'] as const) {
    const gradient = expected((token) => at(estimator, token).value)
    const gap = Math.max(...gradient.map((value, index) => Math.abs(value - slope(reverseKl)[index]!)))
    expect(gap).toBeGreaterThan(0.01)
  }
})

test('the penalty of a rollout is the sum over its tokens', () => {
  expect(klPenalty({ estimator: 'k1', where: 'reward', coefficient: 0.5 }, [-1, -2], [-3, -2.5])).toBe(1.25)
})

test('a coefficient that is not positive is refused', () => {
  for (const coefficient of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(klProblem({ estimator: 'k2', where: 'loss', coefficient })?.message).toMatch(/is positive/)
  }
})

test('a token that the reference finds impossible has a finite value and no gradient', () => {
  for (const estimator of klEstimators) {
    for (const [policyLogprob, referenceLogprob] of [
      [-1, Number.NEGATIVE_INFINITY],
      [-900, -1],
    ] as const) {
      const { value, derivative } = klEstimate(estimator, policyLogprob, referenceLogprob)
      expect(Number.isFinite(value)).toBe(true)
      expect(derivative).toBe(0)
    }
  }
})
