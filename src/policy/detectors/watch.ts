import type { Metrics } from '../loop.ts'
import { detectors } from './registry.ts'
import { type DetectorSettings, detectorDefaults } from './settings.ts'
import type { Warning } from './types.ts'

/** Looks at a stage step by step. */
export type Watch = {
  /**
   * What is to be told after a step: each fault that is there, unless it was told less than `quietSteps` steps ago.
   *
   * @param metrics those of the step, with its `step` or without
   */
  push(metrics: Metrics): Warning[]
}

/**
 * A watch over a stage. All it knows comes from the metrics, so a resumed stage that hands in its past tells the same as
 * one that was never killed.
 *
 * @param past metrics of the steps before, [step], as in `metrics.jsonl`; what they tell is not told again
 */
export function createWatch(settings: DetectorSettings = detectorDefaults, past: readonly Metrics[] = []): Watch {
  const history: Metrics[] = []
  const toldAt = new Map<string, number>()
  const push = (metrics: Metrics): Warning[] => {
    history.push(metrics)
    const warnings: Warning[] = []
    for (const detector of detectors.all) {
      const warning = detector.watch(history, settings)
      if (warning === null) continue
      const fault = `${warning.detector} ${warning.fault}`
      const before = toldAt.get(fault)
      if (before !== undefined && history.length - before < settings.quietSteps) continue
      toldAt.set(fault, history.length)
      warnings.push(warning)
    }
    return warnings
  }
  for (const metrics of past) push(metrics)
  return { push }
}

/** Every warning of a stage from its metrics alone: what its watch told while it ran. */
export function replayWarnings(
  metrics_S: readonly Metrics[],
  settings: DetectorSettings = detectorDefaults,
): Warning[] {
  const watch = createWatch(settings)
  return metrics_S.flatMap((metrics) => watch.push(metrics))
}

/** A warning as a line of `warnings.jsonl`. */
export function warningRecord(warning: Warning, stage: string): { readonly stage: string } & Warning {
  return {
    stage,
    ...warning,
    values: withoutMinusZero(warning.values),
    thresholds: withoutMinusZero(warning.thresholds),
  }
}

/** −0 has no JSON. */
const withoutMinusZero = (numbers: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, value + 0]))
