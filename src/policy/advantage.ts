import { DataError } from '../core/errors.ts'

/** Rewards closer than this count as equal: six rewards of 0.1 must not look like a signal. */
export const deadGroupTolerance = 1e-6

/**
 * Centre each reward on the mean of its group.
 *
 * @paper Fleming-R1 Eq. (2): A(x, y_i) = r(x, y_i) - mean_j r(x, y_j)
 * @paper Fleming-R1 Eq. (3): the mean is over all k rollouts of the prompt, the rollout itself included
 * @param rewards_G one total reward per rollout of a prompt, [group]
 * @returns advantages_G, [group]; they sum to zero, and are exactly zero in a group of equal rewards
 * @throws {DataError} when the group has fewer than two rollouts or holds a non-finite reward
 */
export function groupAdvantages(rewards_G: readonly number[]): number[] {
  if (rewards_G.length < 2) throw new DataError(`a group needs at least two rollouts, found ${rewards_G.length}`)
  if (!rewards_G.every(Number.isFinite)) throw new DataError(`a reward is not finite: [${rewards_G.join(', ')}]`)
  if (!isLive(rewards_G)) return rewards_G.map(() => 0)
  const mean = rewards_G.reduce((sum, reward) => sum + reward, 0) / rewards_G.length
  return rewards_G.map((reward) => reward - mean)
}

/** True when the rewards of a group differ, so that the group has a gradient. */
export function isLive(rewards_G: readonly number[]): boolean {
  return Math.max(...rewards_G) - Math.min(...rewards_G) > deadGroupTolerance
}
