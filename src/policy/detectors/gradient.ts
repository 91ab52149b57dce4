import { lastStep, median, valuesOf } from './history.ts'
import type { Detector } from './types.ts'

/** A gradient more than ten times as long as the running median of the updates before it. Steps without update are left out. */
export const gradient: Detector = {
  name: 'gradient',
  watch: (history, { gradient: rule }) => {
    const now = history.at(-1)?.['optim/grad_norm']
    if (now === undefined) return null
    const before = valuesOf(history.slice(0, -1), 'optim/grad_norm').filter((norm) => norm > 0)
    if (before.length < rule.minUpdates) return null
    const usual = median(before.slice(-rule.medianSteps))
    if (now <= rule.medianRatio * usual) return null
    return {
      detector: 'gradient',
      fault: 'spike',
      level: 'warn',
      step: lastStep(history),
      values: { gradNorm: now, medianNorm: usual },
      thresholds: { medianRatio: rule.medianRatio },
      message: `the gradient has norm ${now.toPrecision(3)}, the median is ${usual.toPrecision(3)}`,
      response: 'look at the rollouts of this step; clip the gradient; keep the batch and skip it if it comes again',
    }
  },
}
