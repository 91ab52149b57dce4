import { ConfigError } from '../core/errors.ts'
import type { Datum, TrainingClient } from '../engine/types.ts'
import {
  batchRows,
  completionPart,
  type FixedRow,
  fixRow,
  isReused,
  penaliseRows,
  type Row,
  rowDatum,
} from './grpo-batch.ts'
import type { GrpoOptions } from './grpo-options.ts'
import { klProblem } from './kl.ts'
import type { Group } from './rollout.ts'

/** Log-probabilities of the targets by the reference policy, [datum][token], nats. */
export type ReferenceLogprobs = (data: readonly Datum[]) => Promise<readonly (readonly number[])[]>

/**
 * The rows of a batch with everything that is decided before its first update: advantages, weights, and the
 * log-probabilities of trainer and reference where an option asks for them. The paper's settings ask for none.
 *
 * @throws {ConfigError} when a KL term is meaningless or has no reference
 */
export async function fixRows(
  client: TrainingClient,
  groups_P: readonly Group[],
  options: GrpoOptions,
  referenceLogprobs: ReferenceLogprobs | undefined,
): Promise<FixedRow[]> {
  const { kl } = options
  const problem = kl ? klProblem(kl) : null
  if (problem !== null) throw new ConfigError(problem.message, { hint: problem.hint })
  const rows = batchRows(groups_P, options)
  if (rows.length === 0) return []
  const needsStart = Boolean(kl) || isReused(options) || (options.correction?.kind ?? 'none') !== 'none'
  if (!needsStart) return rows.map((row) => fixRow(row, options, null, null)).filter(hasTokens)
  const data = rows.map(scoringDatum)
  const { logprobs_DT: start_RT } = await client.forward(data, 'importance_sampling')
  const startLogprobs_RT = rows.map((row, index) => completionPart(row, start_RT[index]!))
  if (!kl) return rows.map((row, index) => fixRow(row, options, startLogprobs_RT[index]!, null)).filter(hasTokens)
  if (referenceLogprobs === undefined) {
    throw new ConfigError('a KL term needs a reference policy', {
      hint: 'give grpoStep `referenceLogprobs`, for instance `referenceOf(frozenClient)`; or set kl to null',
    })
  }
  const reference_RT = await referenceLogprobs(data)
  const referenceLogprobs_RT = rows.map((row, index) => completionPart(row, reference_RT[index]!))
  const penalised =
    kl.where === 'loss' ? rows : penaliseRows(groups_P, rows, options, startLogprobs_RT, referenceLogprobs_RT)
  const live = new Set(penalised.filter(({ advantage }) => advantage !== 0).map(({ group }) => group))
  return penalised
    .map((row, index) => fixRow(row, options, startLogprobs_RT[index]!, referenceLogprobs_RT[index]!))
    .filter((row) => hasTokens(row) && (kl.where === 'loss' || live.has(row.group)))
}

const hasTokens = ({ weight }: FixedRow): boolean => weight !== 0

/** A datum that is only read: its log-probabilities and advantages change nothing in the answer of `forward`. */
function scoringDatum(row: Row): Datum {
  const { samplerLogprobs_T } = row.rollout
  return rowDatum(
    row,
    samplerLogprobs_T,
    samplerLogprobs_T.map(() => 1),
  )
}
