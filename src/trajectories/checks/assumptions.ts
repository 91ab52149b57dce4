import type { TrajectoryCheck } from './check.ts'
import { quote, sentencesOf } from './check.ts'

const assumption =
  /\b(?:assum(?:e|es|ed|ing)|assumption|suppos(?:e|ing)|presum(?:e|ably|ing)|if we take|provided that)\b|假设|假定|前提是/iu
const doubt =
  /\b(?:uncertain|unclear|not certain|cannot be excluded|less likely|more likely|possibly|doubtful)\b|不确定|尚不清楚|不能排除|可能性/iu

/**
 * Assumptions and doubts that a chain states as such: counted, never a fault. Chains without any are the ones to look at.
 *
 * @paper Fleming-R1 §1: brevity and locality, assumptions and uncertainty stated explicitly
 */
export const assumptionsCheck: TrajectoryCheck = {
  name: 'assumptions',
  title: 'assumptions and doubts that are stated as such',
  action: 'report',
  find: ({ thinking }) => {
    const sentences = sentencesOf(thinking)
    const note = (reason: string, pattern: RegExp) => {
      const sentence = sentences.find(({ text }) => pattern.test(text))
      return sentence === undefined ? [] : [{ reason, evidence: quote(sentence.text), isNote: true } as const]
    }
    return [...note('states an assumption', assumption), ...note('states a doubt', doubt)]
  },
}
