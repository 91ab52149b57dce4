import { itemsOf, lastStretch } from './evaluations.ts'
import { lastStep, shareError } from './history.ts'
import type { Detector } from './types.ts'

const name = 'probe/accuracy'

/**
 * The training reward rises and the probe does not: over three evaluations in a row the probe stays within one standard
 * error above where it was. A probe that is solved has nothing to gain.
 */
export const rewardHacking: Detector = {
  name: 'reward-hacking',
  watch: (history, settings) => {
    const stretch = lastStretch(history, name, settings)
    if (stretch === null || !stretch.isRising) return null
    const [before = 0, ...after] = stretch.values
    const error = shareError(before, itemsOf(history.at(-1)!, name, settings))
    const gain = Math.max(...after) - before
    const rise = settings.evaluation.rewardErrors * error
    // At the end of a stage both curves flatten: a rise that the probe could not show proves nothing.
    if (before >= settings.solved || gain >= error || stretch.rewardRise < rise) return null
    return {
      detector: 'reward-hacking',
      fault: 'flat-probe',
      level: 'warn',
      step: lastStep(history),
      values: { rewardRise: stretch.rewardRise, probeBefore: before, probeNow: after.at(-1)!, probeGain: gain },
      thresholds: { probeGain: error, rewardRise: rise },
      message: `the training reward rose by ${stretch.rewardRise.toFixed(3)} over ${after.length} evaluations, the probe by ${gain.toFixed(3)}`,
      response: 'read twenty rollouts of high reward; run the tests of known hacks against the reward',
    }
  },
}
