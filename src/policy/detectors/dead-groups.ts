import { ewma, lastStep, percent, valuesOf } from './history.ts'
import type { Detector } from './types.ts'

/**
 * Too few groups with a signal: the moving average of the mixed share over 20 steps is below 0.35 (warning) or 0.20 (the
 * step is mostly wasted).
 */
export const deadGroups: Detector = {
  name: 'dead-groups',
  watch: (history, { groups: rule }) => {
    const mixed = valuesOf(history, 'group/mixed_share')
    if (mixed.length < rule.minSteps) return null
    const now = ewma(mixed, rule.ewmaSteps)
    if (!(now < rule.warnMixedShare)) return null
    const allRight = ewma(valuesOf(history, 'group/all_right_share'), rule.ewmaSteps)
    const allWrong = ewma(valuesOf(history, 'group/all_wrong_share'), rule.ewmaSteps)
    const isDead = now < rule.stopMixedShare
    return {
      detector: 'dead-groups',
      fault: isDead ? 'dead' : 'sparse',
      level: isDead ? 'stop' : 'warn',
      step: lastStep(history),
      values: { mixedShare: now, allRightShare: allRight, allWrongShare: allWrong },
      thresholds: { mixedShare: isDead ? rule.stopMixedShare : rule.warnMixedShare },
      message: `${percent(now)} of the groups have a signal; ${percent(allRight)} are all right, ${percent(allWrong)} all wrong`,
      response:
        allRight > allWrong
          ? 'the prompts are too easy: go on to stage 2, or sweep again and drop what is solved'
          : 'the prompts are too hard: more rollouts per prompt, easier prompts, or a longer cold start',
    }
  },
}
