import { createRng } from '../core/rng.ts'
import type { Question } from '../questions/types.ts'
import { type RewardParts, type RewardRule, totalReward } from '../rewards/total.ts'
import { type Reading, readCompletion } from '../text/answer.ts'
import { matchEntity } from '../text/lexicon.ts'
import type { AnswerValue, Lexicon } from '../text/types.ts'

/** Scores one completion of a question. */
export type Judge = (question: Question, completion: string, truncated: boolean, key: string) => Judgement

export type Judgement = {
  readonly reading: Reading
  readonly value: AnswerValue
  readonly reward: RewardParts
}

/**
 * The judge of the verifiable rewards: reads the completion with the one answer reader and compares the answer with
 * what the question accepts.
 */
export function verifiableJudge(lexicon: Lexicon, rule: RewardRule): Judge {
  return (question, completion, truncated) => {
    const reading = readCompletion(completion, { thinkPrefilled: true, truncated })
    const value: AnswerValue = reading.answer === null ? { kind: 'none' } : matchEntity(reading.answer, lexicon)
    const reward = totalReward({ completion, reading, value, acceptedIds: question.acceptedEntityIds }, rule)
    return { reading, value, reward }
  }
}

/**
 * A control, not a reward: 1 or 0 by a coin that knows nothing of the completion. What learns from it learns from the
 * training loop alone, not from the signal.
 */
export function randomJudge(base: Judge, seed: number): Judge {
  return (question, completion, truncated, key) => {
    const judgement = base(question, completion, truncated, key)
    const total = createRng(seed, 'random-reward', key).int(2)
    return { ...judgement, reward: { ...judgement.reward, total } }
  }
}
