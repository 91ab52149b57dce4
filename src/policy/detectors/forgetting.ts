import { itemsOf } from './evaluations.ts'
import { lastStep, measurements, shareError } from './history.ts'
import type { Detector } from './types.ts'

/**
 * A part of the probe that the policy could do and no longer can: its last two evaluations are both more than two standard
 * errors below its best. The part that fell most is told.
 */
export const forgetting: Detector = {
  name: 'forgetting',
  watch: (history, settings) => {
    const metrics = history.at(-1) ?? {}
    const names = Object.keys(metrics).filter((name) => name.startsWith('probe/') && name.endsWith('/accuracy'))
    const falls = names.sort().flatMap((name) => {
      const values = measurements(history, name).map(({ value }) => value)
      if (values.length < 3) return []
      const best = Math.max(...values.slice(0, -2))
      const now = Math.max(...values.slice(-2))
      const items = itemsOf(metrics, name, settings)
      const limit = settings.evaluation.forgetErrors * Math.hypot(shareError(best, items), shareError(now, items))
      return best - now > limit ? [{ name, best, now, limit }] : []
    })
    const worst = falls.reduce<(typeof falls)[number] | undefined>(
      (most, fall) => (most === undefined || fall.best - fall.now > most.best - most.now ? fall : most),
      undefined,
    )
    if (worst === undefined) return null
    return {
      detector: 'forgetting',
      fault: worst.name,
      level: 'warn',
      step: lastStep(history),
      values: { best: worst.best, now: worst.now },
      thresholds: { fall: worst.limit },
      message: `${worst.name} is ${worst.now.toFixed(3)} at best in two evaluations, it was ${worst.best.toFixed(3)}`,
      response: 'raise the share of prompts that the policy gets right; lower the learning rate',
    }
  },
}
