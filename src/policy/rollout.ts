import type { SamplingClient } from '../engine/types.ts'
import type { Question, QuestionId } from '../questions/types.ts'
import type { RewardParts } from '../rewards/total.ts'
import type { Codec } from '../text/codec.ts'
import { groupAdvantages } from './advantage.ts'
import type { Judge } from './judge.ts'

/** One scored completion of the current policy; everything needed to recompute its reward and its gradient. */
export type Rollout = {
  readonly tokens: readonly number[]
  /** log p of each token when it was sampled, nats, [token]. */
  readonly samplerLogprobs_T: readonly number[]
  readonly completion: string
  readonly stopReason: 'stop' | 'length'
  readonly reward: RewardParts
  readonly defects: readonly string[]
  /** The entity answered, or how the answer could not be read. */
  readonly answered: string
}

/** The k rollouts of one prompt with their advantages. */
export type Group = {
  readonly question: Question
  readonly promptTokens: readonly number[]
  readonly rollouts_G: readonly Rollout[]
  readonly advantages_G: readonly number[]
}

/** What to sample, decided before sampling. */
export type PlanItem = { readonly question: Question; readonly groupSize: number; readonly reason: string }

export type RolloutContext = {
  readonly client: SamplingClient
  readonly codec: Codec
  readonly judge: Judge
  readonly maxTokens: number
}

/**
 * One group per plan item, sampled from the current policy at temperature 1 without filters (the gradient of Eq. (1)
 * is that of the distribution sampled from).
 *
 * @param key names the draw, e.g. "rl-1 step 12": the same key and plan give the same rollouts
 * @returns groups_P in plan order
 */
export async function rollOut(context: RolloutContext, plan: readonly PlanItem[], key: string): Promise<Group[]> {
  const { client, codec, judge, maxTokens } = context
  const prompts_P = plan.map(({ question }) => codec.prompt(question.stem))
  const requests = plan.map(({ question, groupSize }, index) => ({
    promptTokens: prompts_P[index]!,
    numSamples: groupSize,
    key: `${key} ${question.id}`,
  }))
  const samples_PG = await client.sample(requests, { maxTokens, stopTokens: codec.stopTokens })
  return plan.map(({ question }, index) => {
    const rollouts_G = samples_PG[index]!.map((sample, member): Rollout => {
      const completion = codec.completionText(sample.tokens)
      const judged = judge(question, completion, sample.stopReason === 'length', `${key} ${question.id} ${member}`)
      return {
        tokens: sample.tokens,
        samplerLogprobs_T: sample.logprobs,
        completion,
        stopReason: sample.stopReason,
        reward: judged.reward,
        defects: judged.reading.defects,
        answered: judged.value.kind === 'entity' ? judged.value.id : judged.value.kind,
      }
    })
    const advantages_G = groupAdvantages(rollouts_G.map((rollout) => rollout.reward.total))
    return { question, promptTokens: prompts_P[index]!, rollouts_G, advantages_G }
  })
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
    })),
  }
}
