import { ConfigError } from '../core/errors.ts'
import type { Datum } from '../engine/types.ts'
import { groupAdvantages, isLive } from './advantage.ts'
import { advantageEstimators } from './advantages/registry.ts'
import { aggregationWeights } from './aggregation.ts'
import { correctionWeights } from './correction.ts'
import { rolloutDatum } from './datum.ts'
import type { GrpoOptions } from './grpo-options.ts'
import { klEstimate, klPenalty } from './kl.ts'
import { type Group, type Rollout, trainingRewards } from './rollout.ts'

/** One rollout that may be trained on. */
export type Row = {
  readonly group: number
  readonly member: number
  readonly promptTokens: readonly number[]
  readonly rollout: Rollout
  /** ω of each of its tokens; 0 when it is masked: then it has no gradient, whatever its advantage. */
  readonly weight: number
  /** Advantage before any weight. */
  readonly advantage: number
}

/** A row with everything that stays fixed while the batch is trained on. */
export type FixedRow = Row & {
  /** What ratios are taken against, nats, [token]. */
  readonly anchorLogprobs_T: readonly number[]
  /** Advantage · ω · correction, [token]. */
  readonly advantages_T: readonly number[]
  /** ℓo, where it was measured, nats, [token]. */
  readonly startLogprobs_T: readonly number[] | null
  readonly referenceLogprobs_T: readonly number[] | null
}

/**
 * The rollouts of a batch that may be trained on, in the order of the groups: scored and not empty, and without a KL term
 * only those of groups with a signal. Dead groups, masked and empty rollouts still count in ω.
 */
export function batchRows(groups_P: readonly Group[], options: GrpoOptions): Row[] {
  const isMasked = (rollout: Rollout): boolean => options.truncated === 'masked' && rollout.stopReason === 'length'
  // A crashed verifier says nothing about the policy: its rollout is not part of the group at all.
  const members_P = groups_P.map(({ rollouts_G }) =>
    [...rollouts_G.keys()].filter((member) => rollouts_G[member]!.unscored === undefined),
  )
  const weights_PG = aggregationWeights(
    options.aggregation ?? 'prompt-mean',
    groups_P.map(({ rollouts_G }, index) =>
      members_P[index]!.map((member) => (isMasked(rollouts_G[member]!) ? 0 : rollouts_G[member]!.tokens.length)),
    ),
    options.aggregationConstant ?? 1,
  )
  const isSent = (group: Group): boolean => Boolean(options.kl) || isLive(trainingRewards(group.rollouts_G))
  return groups_P.flatMap((group, index) =>
    !isSent(group)
      ? []
      : members_P[index]!.flatMap((member, place) => {
          const rollout = group.rollouts_G[member]!
          if (rollout.tokens.length === 0) return []
          const weight = weights_PG[index]![place]!
          const advantage = group.advantages_G[member]!
          return [{ group: index, member, promptTokens: group.promptTokens, rollout, weight, advantage }]
        }),
  )
}

/** The rows with the advantages of rewards that have lost the KL penalty of each rollout. */
export function penaliseRows(
  groups_P: readonly Group[],
  rows: readonly Row[],
  options: GrpoOptions,
  startLogprobs_RT: readonly (readonly number[])[],
  referenceLogprobs_RT: readonly (readonly number[])[],
): Row[] {
  const { kl } = options
  if (!kl) throw new ConfigError('rewards are penalised only with a KL term')
  const estimator = advantageEstimators.get(options.advantage ?? 'centre')
  const rewards_PG = groups_P.map(({ rollouts_G }) => trainingRewards(rollouts_G))
  rows.forEach(({ group, member }, index) => {
    rewards_PG[group]![member]! -= klPenalty(kl, startLogprobs_RT[index]!, referenceLogprobs_RT[index]!)
  })
  const advantages_PG = rewards_PG.map((rewards_G, index) => {
    const lengths_G = groups_P[index]!.rollouts_G.map(({ tokens }) => tokens.length)
    return groupAdvantages(rewards_G, { estimator, lengths_G })
  })
  return rows.map((row) => ({ ...row, advantage: advantages_PG[row.group]![row.member]! }))
}

/**
 * The row with its anchor and its weighted advantages.
 *
 * Ratios are against the log-probabilities at the start of the batch. Those are the sampler's as long as the batch is used
 * once and sampler and trainer are taken to agree; otherwise the trainer's own, and the disagreement, if it is to be
 * corrected, is a weight of its own.
 */
export function fixRow(
  row: Row,
  options: GrpoOptions,
  startLogprobs_T: readonly number[] | null,
  referenceLogprobs_T: readonly number[] | null,
): FixedRow {
  const { samplerLogprobs_T } = row.rollout
  const weighted = row.advantage * row.weight
  const correction = options.correction ?? { kind: 'none' }
  const anchored = startLogprobs_T !== null && (correction.kind !== 'none' || isReused(options))
  const factors_T =
    startLogprobs_T === null || correction.kind === 'none'
      ? null
      : correctionWeights(correction, startLogprobs_T, samplerLogprobs_T)
  return {
    ...row,
    anchorLogprobs_T: anchored ? startLogprobs_T : samplerLogprobs_T,
    advantages_T: samplerLogprobs_T.map((_, token) => (factors_T === null ? weighted : weighted * factors_T[token]!)),
    startLogprobs_T,
    referenceLogprobs_T,
  }
}

/** True when a batch gets more than one optimiser step. */
export function isReused(options: GrpoOptions): boolean {
  const { epochs, minibatches } = options.updates ?? { epochs: 1, minibatches: 1 }
  return epochs * minibatches > 1
}

/**
 * The rows in `count` parts of whole groups, as even as they go; fewer where there are fewer groups.
 *
 * @returns parts, none of them empty
 */
export function splitRows<T extends { readonly group: number }>(rows: readonly T[], count: number): T[][] {
  const groups = [...new Set(rows.map(({ group }) => group))]
  const parts = Math.min(count, groups.length)
  const partOf = new Map(groups.map((group, index) => [group, Math.floor((index * parts) / groups.length)]))
  return Array.from({ length: parts }, (_, part) => rows.filter(({ group }) => partOf.get(group) === part))
}

/**
 * The datum of a row for a policy loss.
 *
 * @param logprobs_T what the engine takes its ratio against, nats, [token]
 * @param advantages_T what it multiplies the ratio by, [token]
 */
export function rowDatum(row: Row, logprobs_T: readonly number[], advantages_T: readonly number[]): Datum {
  return rolloutDatum(row.promptTokens, { tokens: row.rollout.tokens, logprobs: logprobs_T }, advantages_T)
}

/** The entries of the completion: the last of a datum's positions. */
export function completionPart(row: Row, values: readonly number[]): readonly number[] {
  return values.slice(values.length - row.rollout.tokens.length)
}

/** Mean divergence from the reference at the start of the batch, nats per token; nothing without a reference. */
export function referenceKl(rows: readonly FixedRow[]): { klReferenceK1?: number; klReferenceK3?: number } {
  let [tokens, k1, k3] = [0, 0, 0]
  for (const { startLogprobs_T, referenceLogprobs_T } of rows) {
    if (startLogprobs_T === null || referenceLogprobs_T === null) return {}
    startLogprobs_T.forEach((logprob, token) => {
      tokens += 1
      k1 += klEstimate('k1', logprob, referenceLogprobs_T[token]!).value
      k3 += klEstimate('k3', logprob, referenceLogprobs_T[token]!).value
    })
  }
  return tokens === 0 ? {} : { klReferenceK1: k1 / tokens, klReferenceK3: k3 / tokens }
}
