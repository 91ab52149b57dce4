import { gainOver, lastStep, recentMean, startMean } from './history.ts'
import type { Detector } from './types.ts'

const name = 'policy/entropy_nats'

/**
 * Entropy that collapses while the reward no longer rises, or that blows up.
 *
 * Collapse: below a fifth of its start or 0.05 nats, without gain of reward over 50 steps and with something left to
 * learn. Blow-up: above twice its start.
 */
export const entropy: Detector = {
  name: 'entropy',
  watch: (history, { entropy: rule, ...common }) => {
    const start = startMean(history, name, common.baselineSteps)
    const now = recentMean(history, name, common.recentSteps)
    const reward = recentMean(history, 'rollout/reward_mean', common.recentSteps)
    if (start === undefined || now === undefined || reward === undefined) return null
    const step = lastStep(history)
    const values = { entropyNats: now, startNats: start, reward }
    if (now > rule.blowUpRatio * start && now - start > rule.blowUpNats) {
      return {
        detector: 'entropy',
        fault: 'blow-up',
        level: 'warn',
        step,
        values,
        thresholds: { startRatio: rule.blowUpRatio },
        message: `entropy ${now.toFixed(3)} nats, at the start ${start.toFixed(3)}: the policy is coming apart`,
        response: 'lower the learning rate; check the masks and the sign of the advantages',
      }
    }
    const gain = gainOver(history, 'rollout/reward_mean', { steps: common.recentSteps, over: common.gainSteps })
    const hasCollapsed = now < rule.collapseRatio * start || now < rule.collapseNats
    if (!hasCollapsed || gain === undefined || gain > common.noGain || reward >= common.solved) return null
    return {
      detector: 'entropy',
      fault: 'collapse',
      level: 'warn',
      step,
      values: { ...values, rewardGain: gain },
      thresholds: { startRatio: rule.collapseRatio, nats: rule.collapseNats, rewardGain: common.noGain },
      message: `entropy ${now.toFixed(3)} nats, at the start ${start.toFixed(3)}, and no reward gained in ${common.gainSteps} steps`,
      response: 'a higher upper clip or CISPO, a higher temperature, fewer updates per batch, more hard prompts',
    }
  },
}
