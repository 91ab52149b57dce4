import { DataError } from '../core/errors.ts'
import { centre } from './advantages/centre.ts'
import type { AdvantageEstimator } from './advantages/estimator.ts'

/** Rewards closer than this count as equal: six rewards of 0.1 must not look like a signal. */
export const deadGroupTolerance = 1e-6

export type AdvantageOptions = {
  /** The paper's `centre` unless told. */
  readonly estimator?: AdvantageEstimator
  /** Completion tokens of each rollout, [group]; what `opo` weighs by. One each unless told. */
  readonly lengths_G?: readonly number[]
}

/**
 * The advantage of each rollout of a group, by default its reward minus the mean of the group.
 *
 * NaN marks a rollout whose verifier crashed: it says nothing of the policy, so it is left out of the mean and gets
 * advantage 0. A group with fewer than two scored rollouts has no signal.
 *
 * @paper Fleming-R1 Eq. (2): A(x, y_i) = r(x, y_i) - mean_j r(x, y_j)
 * @paper Fleming-R1 Eq. (3): the mean is over all k rollouts of the prompt, the rollout itself included
 * @param rewards_G one total reward per rollout of a prompt, [group]
 * @returns advantages_G, [group]; they are exactly zero in a group of equal rewards
 * @throws {DataError} when the group has fewer than two rollouts, an infinite reward, or another number of lengths
 */
export function groupAdvantages(rewards_G: readonly number[], options: AdvantageOptions = {}): number[] {
  if (rewards_G.length < 2) {
    throw new DataError(`a group needs at least two rollouts, found ${rewards_G.length}`, {
      hint: 'a lone reward has no baseline: set groupSize to 2 or more',
    })
  }
  if (rewards_G.some((reward) => Math.abs(reward) === Number.POSITIVE_INFINITY)) {
    throw new DataError(`a reward is not finite: [${rewards_G.join(', ')}]`, {
      hint: 'a reward that could not be computed is NaN, and its rollout is left out',
    })
  }
  const lengths_G = options.lengths_G ?? rewards_G.map(() => 1)
  if (lengths_G.length !== rewards_G.length) {
    throw new DataError(`${lengths_G.length} lengths for ${rewards_G.length} rewards`)
  }
  if (!isLive(rewards_G)) return rewards_G.map(() => 0)
  const scored = [...rewards_G.keys()].filter((member) => !Number.isNaN(rewards_G[member]))
  const estimated = (options.estimator ?? centre).estimate({
    rewards_G: scored.map((member) => rewards_G[member]!),
    lengths_G: scored.map((member) => lengths_G[member]!),
  })
  const advantages_G = rewards_G.map(() => 0)
  scored.forEach((member, index) => {
    advantages_G[member] = estimated[index]!
  })
  return advantages_G
}

/** True when the scored rewards of a group differ, so that the group has a gradient; NaN is not scored. */
export function isLive(rewards_G: readonly number[]): boolean {
  const scored = rewards_G.filter((reward) => !Number.isNaN(reward))
  return scored.length >= 2 && Math.max(...scored) - Math.min(...scored) > deadGroupTolerance
}
