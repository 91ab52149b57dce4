import { tags } from '../text/answer.ts'
import { defectNames } from '../text/types.ts'
import { isLive } from './advantage.ts'
import type { Metrics } from './loop.ts'
import { answerMetrics } from './rl-metrics-answers.ts'
import { quantile, type UpdateFacts, updateMetrics } from './rl-metrics-update.ts'
import type { Group, Rollout } from './rollout.ts'
import { otherScriptShare, repeatShare, scriptsOf, wordsOf } from './text-metrics.ts'

/**
 * The metrics of one RL step, from its groups and its update. Shares are fractions; lengths are tokens, of the thinking
 * words. A metric of nothing is 0 beside the share that says so; what the update does not tell is left out. Wall times are
 * not among them: what is hashed must not depend on the machine.
 */
export function rlMetrics(groups_P: readonly Group[], update: UpdateFacts, learningRate: number): Metrics {
  const rollouts = groups_P.flatMap((group) => group.rollouts_G)
  return {
    ...rewardMetrics(rollouts),
    ...lengthMetrics(rollouts),
    ...formatMetrics(rollouts),
    ...groupMetrics(groups_P),
    ...textMetrics(groups_P),
    ...answerMetrics(groups_P),
    // 0 − x, since −0 has no JSON: a policy that is sure of every token has entropy 0.
    'policy/entropy_nats': 0 - mean(rollouts.flatMap((rollout) => rollout.samplerLogprobs_T)),
    'engine/logprob_gap_max': update.logprobGap,
    'train/tokens': update.trainedTokens,
    ...updateMetrics(update),
    // 0 where there was no update; left out where there was one and the engine does not say its norm.
    ...(!(update.optim && update.optim.gradNorm === undefined) && { 'optim/grad_norm': update.optim?.gradNorm ?? 0 }),
    'optim/learning_rate': learningRate,
  }
}

function rewardMetrics(rollouts: readonly Rollout[]): Metrics {
  return {
    'rollout/count': rollouts.length,
    'rollout/unscored_share': shareOf(rollouts, (rollout) => Number.isNaN(rollout.reward.total)),
    'rollout/reward_mean': mean(scored(rollouts.map((rollout) => rollout.reward.total))),
    'rollout/correct_mean': mean(scored(rollouts.map((rollout) => rollout.reward.correct))),
    'rollout/format_mean': mean(scored(rollouts.map((rollout) => rollout.reward.format))),
  }
}

function lengthMetrics(rollouts: readonly Rollout[]): Metrics {
  const lengths = rollouts.map((rollout) => rollout.tokens.length)
  const lengthsOf = (right: number): number[] =>
    rollouts.filter((rollout) => rollout.reward.correct === right).map((rollout) => rollout.tokens.length)
  return {
    'rollout/tokens_mean': mean(lengths),
    'rollout/tokens_p50': quantile(lengths, 0.5),
    'rollout/tokens_p95': quantile(lengths, 0.95),
    'rollout/tokens_right_mean': mean(lengthsOf(1)),
    'rollout/tokens_wrong_mean': mean(lengthsOf(0)),
    'rollout/think_words_p10': quantile(
      rollouts.map(({ completion }) => thinkWords(completion)),
      0.1,
    ),
    'rollout/truncated_share': shareOf(rollouts, (rollout) => rollout.stopReason === 'length'),
  }
}

/** Words before the first closing tag of the thinking: the prompt has opened it. */
function thinkWords(completion: string): number {
  const end = completion.indexOf(tags.thinkClose)
  return wordsOf(end === -1 ? completion : completion.slice(0, end)).length
}

const openEnded: readonly string[] = ['unclosedThink', 'noAnswer', 'unclosedAnswer']

/** The share of rollouts with each defect of the reader; a rollout may have several. */
function formatMetrics(rollouts: readonly Rollout[]): Metrics {
  const found = new Set<string>([...defectNames, ...rollouts.flatMap((rollout) => rollout.defects)])
  return {
    'rollout/empty_share': shareOf(rollouts, ({ completion }) => completion.trim() === ''),
    'rollout/no_end_share': shareOf(
      rollouts,
      ({ stopReason, defects }) => stopReason === 'stop' && defects.some((defect) => openEnded.includes(defect)),
    ),
    ...Object.fromEntries(
      [...found].map((name) => [`format/${name}`, shareOf(rollouts, ({ defects }) => defects.includes(name))]),
    ),
  }
}

/** What the groups say about the signal; a rollout is right where its reward exceeds one half, as in the ledger. */
function groupMetrics(groups_P: readonly Group[]): Metrics {
  const rewards_PG = groups_P.map((group) => scored(group.rollouts_G.map((rollout) => rollout.reward.total)))
  const liveAdvantages = groups_P.flatMap((group, index) => (isLive(rewards_PG[index]!) ? group.advantages_G : []))
  const centre = mean(liveAdvantages)
  const passOne = mean(
    rewards_PG.filter((rewards) => rewards.length > 0).map((rewards) => shareOf(rewards, (reward) => reward > 0.5)),
  )
  const passAll = shareOf(rewards_PG, (rewards) => rewards.some((reward) => reward > 0.5))
  return {
    'rollout/effective_share': mean(
      groups_P.flatMap((group, index) => group.rollouts_G.map(() => (isLive(rewards_PG[index]!) ? 1 : 0))),
    ),
    'group/count': groups_P.length,
    // Groups without a scored rollout are in none of the three shares that follow.
    'group/mixed_share': shareOf(rewards_PG, isLive),
    'group/all_right_share': shareOf(rewards_PG, (rewards) => !isLive(rewards) && (rewards[0] ?? 0) > 0.5),
    'group/all_wrong_share': shareOf(rewards_PG, (rewards) => !isLive(rewards) && (rewards[0] ?? 1) <= 0.5),
    'group/pass_at_1': passOne,
    'group/pass_at_g': passAll,
    'group/pass_gap': passAll - passOne,
    'advantage/abs_mean': mean(liveAdvantages.map(Math.abs)),
    'advantage/std': Math.sqrt(mean(liveAdvantages.map((advantage) => (advantage - centre) ** 2))),
  }
}

function textMetrics(groups_P: readonly Group[]): Metrics {
  const repeats = groups_P.flatMap(({ rollouts_G }) =>
    rollouts_G.map((rollout) => repeatShare(wordsOf(rollout.completion))),
  )
  const others = groups_P.flatMap(({ question, rollouts_G }) => {
    const scripts = scriptsOf(readable(question.prompt))
    return rollouts_G.map(({ completion }) => otherScriptShare(readable(completion), scripts))
  })
  return {
    'rollout/duplicate_share': mean(groups_P.map(duplicateShare)),
    'rollout/repetition_mean': mean(repeats),
    'rollout/repetition_p95': quantile(repeats, 0.95),
    'rollout/other_script_mean': mean(others),
  }
}

/** A text without its tags, whose Latin letters are no language. */
const readable = (text: string): string => Object.values(tags).reduce((rest, tag) => rest.replaceAll(tag, ' '), text)

function duplicateShare(group: Group): number {
  return 1 - new Set(group.rollouts_G.map((rollout) => rollout.completion)).size / group.rollouts_G.length
}

/** A reward is NaN where the verifier failed: that says nothing of the policy. */
const scored = (rewards: readonly number[]): number[] => rewards.filter((reward) => !Number.isNaN(reward))

/** Mean, 0 for an empty list: a metric of nothing is logged as 0 beside the share that says so. */
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

const shareOf = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  mean(items.map((item) => (holds(item) ? 1 : 0)))
