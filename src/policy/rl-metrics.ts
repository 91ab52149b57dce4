import { isLive } from './advantage.ts'
import type { GrpoResult } from './grpo.ts'
import type { Metrics } from './loop.ts'
import type { Group } from './rollout.ts'

/**
 * The metrics of one RL step, from its groups and its update. Shares are fractions; lengths are tokens.
 */
export function rlMetrics(groups_P: readonly Group[], update: GrpoResult, learningRate: number): Metrics {
  const rollouts = groups_P.flatMap((group) => group.rollouts_G)
  const rewards_PG = groups_P.map((group) => group.rollouts_G.map((rollout) => rollout.reward.total))
  const live = rewards_PG.filter(isLive)
  const dead = rewards_PG.filter((rewards) => !isLive(rewards))
  const liveAdvantages = groups_P.flatMap((group, index) => (isLive(rewards_PG[index]!) ? group.advantages_G : []))
  const lengths = rollouts.map((rollout) => rollout.tokens.length)
  const lengthsOf = (right: number): number[] =>
    rollouts.filter((rollout) => rollout.reward.correct === right).map((rollout) => rollout.tokens.length)
  const logprobs = rollouts.flatMap((rollout) => rollout.samplerLogprobs_T)
  return {
    'rollout/reward_mean': mean(rewards_PG.flat()),
    'rollout/correct_mean': mean(rollouts.map((rollout) => rollout.reward.correct)),
    'rollout/format_mean': mean(rollouts.map((rollout) => rollout.reward.format)),
    'rollout/tokens_mean': mean(lengths),
    'rollout/tokens_p95': quantile(lengths, 0.95),
    'rollout/tokens_right_mean': mean(lengthsOf(1)),
    'rollout/tokens_wrong_mean': mean(lengthsOf(0)),
    'rollout/truncated_share': mean(rollouts.map((rollout) => (rollout.stopReason === 'length' ? 1 : 0))),
    'rollout/duplicate_share': mean(groups_P.map(duplicateShare)),
    'group/mixed_share': live.length / groups_P.length,
    'group/all_right_share': dead.filter((rewards) => rewards[0]! > 0.5).length / groups_P.length,
    'group/all_wrong_share': dead.filter((rewards) => rewards[0]! <= 0.5).length / groups_P.length,
    'advantage/abs_mean': mean(liveAdvantages.map(Math.abs)),
    // 0 − x, since −0 has no JSON: a policy that is sure of every token has entropy 0.
    'policy/entropy_nats': 0 - mean(logprobs),
    'engine/logprob_gap_max': update.logprobGap,
    'train/tokens': update.trainedTokens,
    // 0 where there was no update; left out where there was one and the engine does not say its norm.
    ...(!(update.optim && update.optim.gradNorm === undefined) && { 'optim/grad_norm': update.optim?.gradNorm ?? 0 }),
    'optim/learning_rate': learningRate,
  }
}

function duplicateShare(group: Group): number {
  return 1 - new Set(group.rollouts_G.map((rollout) => rollout.completion)).size / group.rollouts_G.length
}

/** Mean, 0 for an empty list: a metric of nothing is logged as 0 beside the share that says so. */
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
