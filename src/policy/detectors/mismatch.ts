import { lastStep } from './history.ts'
import type { Detector, Warning } from './types.ts'

/**
 * Sampler and trainer that do not compute the same policy: mean |Δ log p| above 0.02 nats, mean ratio outside [0.5, 2], or
 * an effective sample share below 0.3. Each step by itself. Silent where the update does not tell.
 */
export const mismatch: Detector = {
  name: 'mismatch',
  watch: (history, { mismatch: rule }) => {
    const metrics = history.at(-1) ?? {}
    const gap = metrics['engine/logprob_gap_mean']
    const ratio = metrics['engine/ratio_mean']
    const ess = metrics['engine/ess_share']
    const warn = (
      fault: string,
      message: string,
      values: Warning['values'],
      thresholds: Warning['thresholds'],
    ): Warning => ({
      detector: 'mismatch',
      fault,
      level: 'warn',
      step: lastStep(history),
      values,
      thresholds,
      message,
      response:
        'float32 logits or float16 weights in the sampler, then truncated importance weights; on our own engine it is a bug',
    })
    if (ratio !== undefined && (ratio < rule.ratioMin || ratio > rule.ratioMax)) {
      const thresholds = { ratioMin: rule.ratioMin, ratioMax: rule.ratioMax }
      return warn('ratio', `the mean ratio of trainer to sampler is ${ratio.toFixed(3)}`, { ratio }, thresholds)
    }
    if (ess !== undefined && ess < rule.essShare) {
      const message = `the ratios leave ${(100 * ess).toFixed(1)} % of the tokens' weight`
      return warn('effective-sample', message, { essShare: ess }, { essShare: rule.essShare })
    }
    if (gap !== undefined && gap > rule.gapNats) {
      const message = `log-probabilities of sampler and trainer are ${gap.toFixed(4)} nats apart in the mean`
      return warn('gap', message, { gapNats: gap }, { gapNats: rule.gapNats })
    }
    return null
  },
}
