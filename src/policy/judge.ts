import { createRng } from '../core/rng.ts'
import type { Item, Question } from '../questions/types.ts'
import { checkVerifier } from '../rewards/canaries.ts'
import { type AskOptions, taskOf } from '../rewards/item-task.ts'
import { scoreCompletion } from '../rewards/total.ts'
import type { AnswerTask, RewardParts, RewardRule } from '../rewards/types.ts'
import type { AnswerValue, Lexicon, Reading } from '../text/types.ts'

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
  return (question, completion, truncated) =>
    scoreCompletion(questionTask(question, lexicon), completion, rule, { truncated, thinkPrefilled: true })
}

/** A question as the verifier sees it: any accepted entity, by any of its names. */
export function questionTask(question: Question, lexicon: Lexicon): AnswerTask {
  return {
    id: question.id,
    spec: { kind: 'open', lexicon },
    gold: { kind: 'entities', ids: question.acceptedEntityIds },
  }
}

/**
 * The judge of one item of a data set, of any form: reads a completion as its prompt asks and compares the answer with
 * the item's gold.
 *
 * @param options as for the prompt (`promptOf`), above all the order of the options; `thinkPrefilled` true unless told
 * @throws {DataError} when the item cannot be asked: no options, no accepted wording, a gold that is no option
 */
export function judgeOf(
  item: Item,
  options: AskOptions & { readonly rule?: RewardRule; readonly thinkPrefilled?: boolean } = {},
): (completion: string, truncated: boolean) => Judgement {
  const { rule = 'gated', thinkPrefilled = true, ...asked } = options
  const task = taskOf(item, asked)
  return (completion, truncated) => scoreCompletion(task, completion, rule, { truncated, thinkPrefilled })
}

/**
 * Proves on the questions of a batch that a judge scores known-right and known-wrong completions as it should; for every
 * batch, before its rewards are used. Not for `randomJudge`, which is no verifier: prove its base.
 *
 * @throws {AuditError} naming the question and both rewards when it does not
 */
export function checkJudge(judge: Judge, questions: readonly Question[], lexicon: Lexicon): void {
  const byId = new Map<string, Question>(questions.map((question) => [question.id, question]))
  const tasks = questions.map((question) => questionTask(question, lexicon))
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
