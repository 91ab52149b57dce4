import { createRng } from '../core/rng.ts'
import { checkVerifier } from '../rewards/canaries.ts'
import { scoreCompletion } from '../rewards/total.ts'
import type { RewardParts, RewardRule } from '../rewards/types.ts'
import type { AnswerValue, Reading } from '../text/types.ts'
import type { TrainingQuestion } from './types.ts'

/** Scores one completion of a question. */
export type Judge = (question: TrainingQuestion, completion: string, truncated: boolean, key: string) => Judgement

export type Judgement = {
  readonly reading: Reading
  readonly value: AnswerValue
  readonly reward: RewardParts
}

/**
 * The judge of the verifiable rewards: reads the completion with the one answer reader, as its question asks, and
 * compares the answer with what the question accepts.
 */
export function verifiableJudge(rule: RewardRule): Judge {
  return (question, completion, truncated) =>
    scoreCompletion(question.task, completion, rule, { truncated, thinkPrefilled: true })
}

/**
 * Proves on the questions of a batch that a judge scores known-right and known-wrong completions as it should; for every
 * batch, before its rewards are used. Not for `randomJudge`, which is no verifier: prove its base.
 *
 * @throws {AuditError} naming the question and both rewards when it does not
 */
export function checkJudge(judge: Judge, questions: readonly TrainingQuestion[]): void {
  const byId = new Map<string, TrainingQuestion>(questions.map((question) => [question.id, question]))
  const tasks = questions.map(({ task }) => task)
  checkVerifier((task, completion) => judge(byId.get(task.id)!, completion, false, `canary ${task.id}`).reward, tasks)
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
