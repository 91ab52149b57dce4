import type { Metrics } from '../loop.ts'
import { gainOver, lastStep, percent, recentMean, startMean } from './history.ts'
import type { DetectorSettings } from './settings.ts'
import type { Detector, Warning } from './types.ts'

/**
 * Completions that grow or shrink without being right more often.
 *
 * Truncation: more than a tenth is cut off, and it is not getting less. Explosion: the 95th percentile grew by half in 50
 * steps. Collapse: the mean is below half of what it was after the cold start.
 */
export const length: Detector = {
  name: 'length',
  watch: (history, settings) =>
    truncation(history, settings) ?? explosion(history, settings) ?? collapse(history, settings),
}

function truncation(history: readonly Metrics[], { length: rule, recentSteps }: DetectorSettings): Warning | null {
  const steps = 2 * recentSteps
  const now = recentMean(history, 'rollout/truncated_share', steps)
  const before = recentMean(history, 'rollout/truncated_share', steps, steps)
  if (now === undefined || before === undefined || now <= rule.truncatedShare) return null
  // A policy that is still learning to end its completions truncates a lot, and less each step.
  if (now < before - 0.01) return null
  return {
    detector: 'length',
    fault: 'truncation',
    level: 'warn',
    step: lastStep(history),
    values: { truncatedShare: now, earlierShare: before },
    thresholds: { truncatedShare: rule.truncatedShare },
    message: `${percent(now)} of the completions are cut off, ${steps} steps earlier ${percent(before)}`,
    response: 'more tokens, or mask or penalise what is overlong; check for loops (rollout/repetition_mean)',
  }
}

function explosion(history: readonly Metrics[], { length: rule, ...common }: DetectorSettings): Warning | null {
  const now = recentMean(history, 'rollout/tokens_p95', common.recentSteps)
  const before = recentMean(history, 'rollout/tokens_p95', common.recentSteps, common.gainSteps)
  const gain = gainOver(history, 'rollout/correct_mean', { steps: common.recentSteps, over: common.gainSteps })
  if (now === undefined || before === undefined || gain === undefined) return null
  if (now < rule.growthRatio * before || gain > common.noGain) return null
  return {
    detector: 'length',
    fault: 'explosion',
    level: 'warn',
    step: lastStep(history),
    values: {
      tokensP95: now,
      earlierTokensP95: before,
      correctGain: gain,
      ...rightAndWrong(history, common.recentSteps),
    },
    thresholds: { growthRatio: rule.growthRatio, correctGain: common.noGain },
    message: `95 % of the completions stay below ${now.toFixed(0)} tokens, ${common.gainSteps} steps ago below ${before.toFixed(0)}, without more right answers`,
    response: 'aggregate by a constant instead of by tokens, mask or penalise what is overlong, check for repetition',
  }
}

function collapse(history: readonly Metrics[], { length: rule, ...common }: DetectorSettings): Warning | null {
  const reference = rule.referenceTokens ?? startMean(history, 'rollout/tokens_mean', common.baselineSteps)
  const startCorrect = startMean(history, 'rollout/correct_mean', common.baselineSteps)
  const now = recentMean(history, 'rollout/tokens_mean', common.recentSteps)
  const correct = recentMean(history, 'rollout/correct_mean', common.recentSteps)
  if (reference === undefined || startCorrect === undefined || now === undefined || correct === undefined) return null
  if (now >= rule.collapseRatio * reference || correct - startCorrect > common.noGain) return null
  return {
    detector: 'length',
    fault: 'collapse',
    level: 'warn',
    step: lastStep(history),
    values: { tokens: now, referenceTokens: reference, correctGain: correct - startCorrect },
    thresholds: { referenceRatio: rule.collapseRatio, correctGain: common.noGain },
    message: `completions have ${now.toFixed(1)} tokens, after the cold start ${reference.toFixed(1)}, without more right answers`,
    response: 'check the aggregation for a bias of sequence means and the advantages for a division by the deviation',
  }
}

/** Wrong completions much longer than right ones ramble: told beside the growth where the metrics know it. */
function rightAndWrong(history: readonly Metrics[], steps: number): Record<string, number> {
  const right = recentMean(history, 'rollout/tokens_right_mean', steps)
  const wrong = recentMean(history, 'rollout/tokens_wrong_mean', steps)
  return { ...(right !== undefined && { rightTokens: right }), ...(wrong !== undefined && { wrongTokens: wrong }) }
}
