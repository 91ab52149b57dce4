import { readCompletion } from '../text/answer.ts'
import { readAnswer } from '../text/kinds.ts'
import type { AnswerValue, Reading } from '../text/types.ts'
import { correctness } from './correctness.ts'
import { format } from './format.ts'
import { rewardRules } from './rules.ts'
import type { AnswerTask, Attempt, RewardParts, RewardRule } from './types.ts'

export { additiveFormatWeight } from './rules.ts'
export type { RewardParts, RewardRule } from './types.ts'

/**
 * The reward of one completion with its parts.
 *
 * @paper Fleming-R1 §3.3: correctness and format, nothing else
 * @deviation how the two are combined is not stated: `src/rewards/rules.ts`, `gated` by default
 * @throws {ConfigError} when no rule has this name
 */
export function totalReward(attempt: Attempt, rule: RewardRule): RewardParts {
  const correct = correctness.score(attempt)
  const wellFormed = format.score(attempt)
  return { correct, format: wellFormed, total: rewardRules.get(rule).total(correct, wellFormed) }
}

export type ScoredCompletion = { readonly reading: Reading; readonly value: AnswerValue; readonly reward: RewardParts }

/**
 * A completion read and scored. All of it can be computed again from the stored text and the task alone.
 *
 * @param options `truncated`: sampling ended without a stop token; `thinkPrefilled`: the prompt ended with `<think>`
 */
export function scoreCompletion(
  task: Pick<AnswerTask, 'spec' | 'gold'>,
  completion: string,
  rule: RewardRule,
  options: { readonly truncated: boolean; readonly thinkPrefilled: boolean },
): ScoredCompletion {
  const reading = readCompletion(completion, options)
  const value = readAnswer(reading.answer, task.spec)
  return { reading, value, reward: totalReward({ completion, reading, value, gold: task.gold }, rule) }
}
