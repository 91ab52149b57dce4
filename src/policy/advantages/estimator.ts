/** The scored rollouts of one group that has a signal: at least two, with rewards that differ. */
export type ScoredGroup = {
  /** Total reward of each rollout, [group]. */
  readonly rewards_G: readonly number[]
  /** Completion tokens of each rollout, the stop token included, [group]. */
  readonly lengths_G: readonly number[]
}

/** A way to turn the rewards of one group into advantages. Dead groups, lone rollouts and crashed verifiers never reach it. */
export type AdvantageEstimator = {
  readonly name: string
  /** @returns advantages_G, [group] */
  readonly estimate: (group: ScoredGroup) => number[]
}

/** Mean of the values; the list is never empty here. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
