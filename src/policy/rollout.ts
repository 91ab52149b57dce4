import { DataError, EngineError } from '../core/errors.ts'
import type { SampledSequence, SamplingClient } from '../engine/types.ts'
import type { QuestionId } from '../questions/types.ts'
import type { RewardParts } from '../rewards/total.ts'
import type { Codec } from '../text/codec.ts'
import { foldedNameKey } from '../text/entity-name.ts'
import { formatAnswer } from '../text/kinds.ts'
import { groupAdvantages } from './advantage.ts'
import type { AdvantageEstimator } from './advantages/estimator.ts'
import type { Judge, Judgement } from './judge.ts'
import { type OverlongPenalty, overlongPenalty } from './overlong.ts'
import type { TrainingQuestion } from './types.ts'

/** One scored completion of the current policy; everything needed to recompute its reward and its gradient. */
export type Rollout = {
  readonly tokens: readonly number[]
  /** log p of each token when it was sampled, nats, [token]. */
  readonly samplerLogprobs_T: readonly number[]
  readonly completion: string
  readonly stopReason: 'stop' | 'length'
  readonly reward: RewardParts
  readonly defects: readonly string[]
  /** The answer as `formatAnswer` words it, or how it could not be read; of a question in words, other words. */
  readonly answered: string
  /** What the completion lost for coming near the budget, in [−1, 0]; absent without that rule. */
  readonly overlong?: number
  /** Why its verifier crashed; its reward parts are 0 then and mean nothing. */
  readonly unscored?: string
}

/** The k rollouts of one prompt with their advantages. */
export type Group = {
  readonly question: TrainingQuestion
  readonly promptTokens: readonly number[]
  readonly rollouts_G: readonly Rollout[]
  readonly advantages_G: readonly number[]
}

/** What to sample, decided before sampling. */
export type PlanItem = { readonly question: TrainingQuestion; readonly groupSize: number; readonly reason: string }

export type RolloutContext = {
  readonly client: SamplingClient
  readonly codec: Codec
  readonly judge: Judge
  readonly maxTokens: number
  /** How advantages are made of rewards; the paper's `centre` unless told. */
  readonly estimator?: AdvantageEstimator
  /** Soft penalty for completions that come near the budget; none unless told. */
  readonly overlong?: OverlongPenalty
}

/**
 * One group per plan item, sampled from the current policy at temperature 1 without filters (the gradient of Eq. (1)
 * is that of the distribution sampled from).
 *
 * @param key names the draw, e.g. "rl-1 step 12": the same key and plan give the same rollouts
 * @returns groups_P in plan order
 */
export async function rollOut(context: RolloutContext, plan: readonly PlanItem[], key: string): Promise<Group[]> {
  const { client, codec, maxTokens } = context
  const prompts_P = plan.map(({ question }) => codec.prompt(question.prompt))
  const requests = plan.map(({ question, groupSize }, index) => ({
    promptTokens: prompts_P[index]!,
    numSamples: groupSize,
    key: `${key} ${question.id}`,
  }))
  const samples_PG = await client.sample(requests, { maxTokens, stopTokens: codec.stopTokens })
  return plan.map(({ question }, index) => {
    const rollouts_G = samples_PG[index]!.map((sample, member) =>
      scoreSample(context, question, sample, `${key} ${question.id} ${member}`),
    )
    const advantages_G = groupAdvantages(trainingRewards(rollouts_G), {
      ...(context.estimator && { estimator: context.estimator }),
      lengths_G: rollouts_G.map(({ tokens }) => tokens.length),
    })
    return { question, promptTokens: prompts_P[index]!, rollouts_G, advantages_G }
  })
}

/**
 * What the policy is trained on: the reward of each rollout and its overlong penalty.
 *
 * @returns rewards_G, [group]; NaN for a rollout whose verifier crashed
 */
export function trainingRewards(rollouts_G: readonly Rollout[]): number[] {
  return rollouts_G.map((rollout) =>
    rollout.unscored === undefined ? rollout.reward.total + (rollout.overlong ?? 0) : Number.NaN,
  )
}

function scoreSample(
  context: RolloutContext,
  question: TrainingQuestion,
  sample: SampledSequence,
  key: string,
): Rollout {
  const completion = context.codec.completionText(sample.tokens)
  const drawn = {
    tokens: sample.tokens,
    samplerLogprobs_T: sample.logprobs,
    completion,
    stopReason: sample.stopReason,
    ...(context.overlong && { overlong: overlongPenalty(sample.tokens.length, context.overlong) }),
  }
  const judged = judgeOrReason(() => context.judge(question, completion, sample.stopReason === 'length', key))
  if (typeof judged === 'string') {
    const reward = { correct: 0, format: 0, total: 0 }
    return { ...drawn, reward, defects: [], answered: 'unscored', unscored: judged }
  }
  return {
    ...drawn,
    reward: judged.reward,
    defects: judged.reading.defects,
    answered: answerOf(question, judged),
  }
}

/** Longest answer in words that is kept as one, in UTF-16 units: a name, not an essay. */
const maxWords = 120

/**
 * What was answered, so that two rollouts gave the same where it is equal. A question in words has no list of wrong
 * answers: there it is the words, with case and accents laid aside.
 */
function answerOf({ task }: TrainingQuestion, { value, reading }: Judgement): string {
  const isOther = task.spec.kind === 'names' && value.kind === 'noMatch' && (reading.answer ?? '').length <= maxWords
  const words = isOther ? foldedNameKey(reading.answer ?? '') : ''
  return words === '' ? formatAnswer(value) : `words: ${words}`
}

/** A verifier that fails on one completion costs that rollout, not the run; any other exception is a bug and passes on. */
function judgeOrReason(judge: () => Judgement): Judgement | string {
  try {
    return judge()
  } catch (cause) {
    if (cause instanceof DataError || cause instanceof EngineError) return cause.message
    throw cause
  }
}

/** A group as it is logged: one line of `rollouts.jsonl`. */
export type GroupRecord = {
  readonly stage: string
  readonly step: number
  readonly questionId: QuestionId
  readonly reason: string
  readonly rollouts: readonly {
    readonly tokens: readonly number[]
    readonly logprobs: readonly number[]
    readonly completion: string
    readonly stopReason: string
    readonly reward: RewardParts
    readonly advantage: number
    readonly defects: readonly string[]
    readonly answered: string
    readonly overlong?: number
    readonly unscored?: string
  }[]
}

/** A group as a record for the log, log-probabilities rounded to six decimals (they are read, not computed with). */
export function groupRecord(group: Group, stage: string, step: number, reason: string): GroupRecord {
  return {
    stage,
    step,
    questionId: group.question.id,
    reason,
    rollouts: group.rollouts_G.map((rollout, member) => ({
      tokens: rollout.tokens,
      logprobs: rollout.samplerLogprobs_T.map((logprob) => Math.round(logprob * 1e6) / 1e6 + 0),
      completion: rollout.completion,
      stopReason: rollout.stopReason,
      reward: rollout.reward,
      advantage: group.advantages_G[member]!,
      defects: rollout.defects,
      answered: rollout.answered,
      ...(rollout.overlong !== undefined && { overlong: rollout.overlong }),
      ...(rollout.unscored !== undefined && { unscored: rollout.unscored }),
    })),
  }
}
