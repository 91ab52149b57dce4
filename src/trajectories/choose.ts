import { ConfigError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import type { Trajectory } from './types.ts'

/**
 * The item of median length, the earlier of two equal ones and the shorter of two in the middle: neither the tersest chain
 * nor the longest.
 */
export function chooseMedian<T>(items: readonly T[], lengthOf: (item: T) => number): T | null {
  const sorted = [...items].sort((a, b) => lengthOf(a) - lengthOf(b))
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}

/**
 * The trajectories with at most this share of them from a teacher that saw the gold; which of those go is drawn, the order
 * stays.
 *
 * @param share in [0, 1]; 1 keeps all
 * @throws {ConfigError} when the share is not in [0, 1]
 */
export function capGoldShare(
  trajectories: readonly Trajectory[],
  share: number,
  seed: number,
): { readonly kept: Trajectory[]; readonly cut: number } {
  if (!(share >= 0 && share <= 1))
    throw new ConfigError(`the share that saw the gold must be in [0, 1], found ${share}`)
  const aware = trajectories.filter(({ sawGold }) => sawGold)
  const blind = trajectories.length - aware.length
  // aware / (aware + blind) <= share; the small term keeps 0.5 of 10 from rounding to 4.
  const most = share === 1 ? aware.length : Math.floor((share * blind) / (1 - share) + 1e-9)
  const stays = new Set(createRng(seed, 'gold-share').shuffle(aware).slice(0, most))
  const kept = trajectories.filter((trajectory) => !trajectory.sawGold || stays.has(trajectory))
  return { kept, cut: trajectories.length - kept.length }
}
