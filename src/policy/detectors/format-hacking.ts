import type { Metrics } from '../loop.ts'
import { lastStep, percent, recentMean, startMean } from './history.ts'
import type { DetectorSettings } from './settings.ts'
import type { Detector, Warning } from './types.ts'

/**
 * The form of reasoning without the reasoning: thinking that shrinks to a few words, tags around nothing, or tags where
 * they do not belong. A policy that still learns the form has such completions too, but ever fewer: only a rise counts.
 */
export const formatHacking: Detector = {
  name: 'format-hacking',
  watch: (history, settings) =>
    shortThinking(history, settings) ??
    risingDefects(history, settings, {
      fault: 'hollow-tags',
      defects: ['emptyThink', 'emptyAnswer'],
      limit: settings.format.hollowShare,
      what: 'put tags around nothing',
    }) ??
    risingDefects(history, settings, {
      fault: 'tag-spam',
      defects: ['repeatedTag', 'nestedTag', 'strayTag', 'wrongOrder', 'answerInThink'],
      limit: settings.format.tagShare,
      what: 'have tags where they do not belong',
    }),
}

const response = 'let the format gate the reward, ask for a minimum of content as a rule of form, never reward length'

function shortThinking(history: readonly Metrics[], { format: rule, ...common }: DetectorSettings): Warning | null {
  const start = startMean(history, 'rollout/think_words_p10', common.baselineSteps)
  const now = recentMean(history, 'rollout/think_words_p10', common.recentSteps)
  if (start === undefined || now === undefined || now >= rule.thinkWords) return null
  if (now >= rule.thinkRatio * start && now > rule.emptyThinkWords) return null
  return {
    detector: 'format-hacking',
    fault: 'short-thinking',
    level: 'warn',
    step: lastStep(history),
    values: { thinkWordsP10: now, startWordsP10: start },
    thresholds: { thinkWords: rule.thinkWords, startRatio: rule.thinkRatio, emptyThinkWords: rule.emptyThinkWords },
    message: `a tenth of the completions thinks in ${now.toFixed(1)} words or fewer, at the start ${start.toFixed(1)}`,
    response,
  }
}

type Rise = {
  readonly fault: string
  readonly defects: readonly string[]
  readonly limit: number
  readonly what: string
}

/** A completion may have several of the defects, so the largest share stands for all: it is never too high. */
function risingDefects(history: readonly Metrics[], settings: DetectorSettings, rise: Rise): Warning | null {
  const worst = (read: (name: string) => number | undefined): number =>
    Math.max(0, ...rise.defects.map((defect) => read(`format/${defect}`) ?? 0))
  const now = worst((name) => recentMean(history, name, settings.recentSteps))
  const start = worst((name) => startMean(history, name, settings.baselineSteps))
  if (now <= rise.limit || now < settings.format.riseRatio * start) return null
  return {
    detector: 'format-hacking',
    fault: rise.fault,
    level: 'warn',
    step: lastStep(history),
    values: { share: now, startShare: start },
    thresholds: { share: rise.limit, startRatio: settings.format.riseRatio },
    message: `${percent(now)} of the completions ${rise.what}, at the start ${percent(start)}`,
    response,
  }
}
