import type { Metrics } from '../loop.ts'
import { lastStretch } from './evaluations.ts'
import { lastStep } from './history.ts'
import type { DetectorSettings } from './settings.ts'
import type { Detector, Warning } from './types.ts'

/**
 * Reward and audit moving apart: the training reward rises while the graph supports fewer of the steps, or no more of
 * them, or more of the right answers come for a wrong reason; over three evaluations in a row.
 */
export const audit: Detector = {
  name: 'audit',
  watch: (history, settings) => grounding(history, settings) ?? wrongReasons(history, settings),
}

const response =
  'read right answers with unsupported steps; raise the share of long paths; do not make the audit a reward'

function grounding(history: readonly Metrics[], settings: DetectorSettings): Warning | null {
  const stretch = lastStretch(history, 'probe/grounded_share', settings)
  if (stretch === null || !stretch.isRising) return null
  const { groundedFall, flatRise } = settings.evaluation
  const before = stretch.values[0]!
  const now = stretch.values.at(-1)!
  const hasFallen = isMonotone(stretch.values, -1) && before - now >= groundedFall
  const hasStood = stretch.values.every((value) => Math.abs(value - before) < groundedFall)
  const isFlat = hasStood && stretch.rewardRise >= flatRise && before < settings.solved
  if (!hasFallen && !isFlat) return null
  return {
    detector: 'audit',
    fault: hasFallen ? 'grounding-falls' : 'grounding-flat',
    level: 'warn',
    step: lastStep(history),
    values: { rewardRise: stretch.rewardRise, groundedBefore: before, groundedNow: now },
    thresholds: { groundedFall, ...(isFlat && { rewardRise: flatRise }) },
    message: `the training reward rose by ${stretch.rewardRise.toFixed(3)}, the share of steps that the graph supports went from ${before.toFixed(3)} to ${now.toFixed(3)}`,
    response,
  }
}

function wrongReasons(history: readonly Metrics[], settings: DetectorSettings): Warning | null {
  const stretch = lastStretch(history, 'probe/right_for_wrong_reason_share', settings)
  if (stretch === null || !stretch.isRising) return null
  const before = stretch.values[0]!
  const now = stretch.values.at(-1)!
  if (!isMonotone(stretch.values, 1) || now - before < settings.evaluation.groundedFall) return null
  return {
    detector: 'audit',
    fault: 'wrong-reasons',
    level: 'warn',
    step: lastStep(history),
    values: { rewardRise: stretch.rewardRise, wrongReasonBefore: before, wrongReasonNow: now },
    thresholds: { wrongReasonRise: settings.evaluation.groundedFall },
    message: `the training reward rose by ${stretch.rewardRise.toFixed(3)}, right answers for a wrong reason went from ${before.toFixed(3)} to ${now.toFixed(3)}`,
    response,
  }
}

function isMonotone(values: readonly number[], sign: 1 | -1): boolean {
  return values.every((value, index) => index === 0 || sign * (value - values[index - 1]!) >= 0)
}
