import { optionLetters } from '../../text/options.ts'
import type { Metrics } from '../loop.ts'
import { chiSquareTail, homogeneity } from './chi-square.ts'
import { lastStep, percent, valuesOf } from './history.ts'
import type { DetectorSettings } from './settings.ts'
import type { Detector, Warning } from './types.ts'

/** An answer that is commonest must also be given so many times as often as it is right; chosen by us. */
const standsOut = 2

/**
 * Answers that follow a habit instead of the question: letters distributed otherwise than the right letters (χ² with
 * p < 1e-4 over 1,000 rollouts), or one answer in words given far more often than it is right.
 */
export const answerBias: Detector = {
  name: 'answer-bias',
  watch: (history, settings) => letters(history, settings) ?? oneAnswer(history, settings),
}

function letters(history: readonly Metrics[], { answers: rule }: DetectorSettings): Warning | null {
  const part = lastRollouts(history, rule.rollouts)
  if (part === null) return null
  const sum = (name: string): number => valuesOf(part, name).reduce((total, value) => total + value, 0)
  const votes = optionLetters.map((letter) => sum(`answer/letter_${letter}_votes`))
  const golds = optionLetters.map((letter) => sum(`answer/letter_${letter}_gold`))
  const { statistic, freedom } = homogeneity(votes, golds)
  const pValue = chiSquareTail(statistic, freedom)
  if (pValue >= rule.pValue) return null
  const total = votes.reduce((all, vote) => all + vote, 0)
  const goldTotal = golds.reduce((all, gold) => all + gold, 0)
  const excess = votes.map((vote, index) => vote / total - golds[index]! / goldTotal)
  const most = excess.indexOf(Math.max(...excess))
  return {
    detector: 'answer-bias',
    fault: 'letters',
    level: 'warn',
    step: lastStep(history),
    values: { chiSquare: statistic, pValue, share: votes[most]! / total, goldShare: golds[most]! / goldTotal },
    thresholds: { pValue: rule.pValue },
    message: `${optionLetters[most]} is the answer in ${percent(votes[most]! / total)} of the votes and right in ${percent(golds[most]! / goldTotal)}`,
    response: 'shuffle the options anew for each group; rewrite the questions to open ones',
  }
}

/** The latest steps that together have so many rollouts; null while there are fewer. */
function lastRollouts(history: readonly Metrics[], wanted: number): readonly Metrics[] | null {
  let count = 0
  for (let start = history.length - 1; start >= 0; start--) {
    count += history[start]!['rollout/count'] ?? 0
    if (count >= wanted) return history.slice(start)
  }
  return null
}

function oneAnswer(history: readonly Metrics[], { answers: rule }: DetectorSettings): Warning | null {
  const part = history.slice(-rule.steps)
  if (part.length < rule.steps) return null
  let [votes, golds, groups] = [0, 0, 0]
  for (const metrics of part) {
    const count = metrics['group/count']
    const share = metrics['answer/top_share']
    const gold = metrics['answer/top_gold_share']
    if (count === undefined || share === undefined || gold === undefined) return null
    votes += count * share
    golds += count * gold
    groups += count
  }
  // Rounding may lift a sum of shares above the number of groups.
  const rest = (part: number): number => Math.max(0, groups - part)
  const { statistic, freedom } = homogeneity([votes, rest(votes)], [golds, rest(golds)])
  const pValue = chiSquareTail(statistic, freedom)
  if (votes < standsOut * golds || pValue >= rule.pValue) return null
  return {
    detector: 'answer-bias',
    fault: 'one-answer',
    level: 'warn',
    step: lastStep(history),
    values: { chiSquare: statistic, pValue, share: votes / groups, goldShare: golds / groups },
    thresholds: { pValue: rule.pValue, goldRatio: standsOut },
    message: `the commonest answer of a step is given to ${percent(votes / groups)} of the prompts and right for ${percent(golds / groups)}`,
    response: 'look at what the answer is; check that the right answers are spread; lower the learning rate',
  }
}
