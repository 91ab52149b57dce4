import type { Metrics } from '../loop.ts'
import { measurements, slopeOf, valuesOf } from './history.ts'
import type { DetectorSettings } from './settings.ts'

/** The last evaluations of a metric and what the training reward did since the first of them. */
export type Stretch = {
  /** The value before, then those of the evaluations that must agree. */
  readonly values: readonly number[]
  /** Reward gained from the first to the last, by the fitted line. */
  readonly rewardRise: number
  /** Whether that is a rise: beyond its own error, and more than nothing. */
  readonly isRising: boolean
}

/**
 * The stretch that ends with an evaluation at the last step; null when the last step has none, or too few came before.
 */
export function lastStretch(history: readonly Metrics[], name: string, settings: DetectorSettings): Stretch | null {
  if (history.at(-1)?.[name] === undefined) return null
  const { evaluations, slopeErrors } = settings.evaluation
  const last = measurements(history, name).slice(-(evaluations + 1))
  if (last.length <= evaluations) return null
  const rewards = valuesOf(history.slice(last[0]!.at), 'rollout/reward_mean')
  const { slope, error } = slopeOf(rewards)
  const rewardRise = slope * (rewards.length - 1)
  return {
    values: last.map(({ value }) => value),
    rewardRise,
    isRising: slope > slopeErrors * error && rewardRise > settings.noGain,
  }
}

/** Items of a probe: as the metrics say (`probe/items` beside `probe/accuracy`), or as the settings do. */
export function itemsOf(metrics: Metrics, accuracyName: string, settings: DetectorSettings): number {
  const items = metrics[accuracyName.replace(/accuracy$/, 'items')]
  return items === undefined || items < 1 ? settings.evaluation.probeItems : items
}
