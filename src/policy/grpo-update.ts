import type { TrainingClient } from '../engine/types.ts'
import type { GrpoResult } from './grpo.ts'
import { completionPart, type FixedRow, referenceKl, rowDatum } from './grpo-batch.ts'
import type { GrpoOptions } from './grpo-options.ts'
import { type KlTerm, linearise } from './objectives/linearise.ts'
import type { Objective, ObjectiveRow } from './objectives/objective.ts'
import type { Group } from './rollout.ts'

/** What is counted while a batch is trained on. */
export type Tally = {
  readonly losses_U: number[]
  readonly sampler_T: number[]
  readonly trainer_T: number[]
  readonly clipped: { low: number; high: number; tokens: number }
}

export type UpdateContext = {
  readonly objective: Objective
  readonly options: GrpoOptions
  /** Number of parts of the batch: ω is that of the whole batch, see `grpoStep`. */
  readonly scale: number
  /** True before the first optimiser step: the policy is still the one that was measured. */
  readonly isFirst: boolean
  readonly tally: Tally
}

export const openTally = (): Tally => ({
  losses_U: [],
  sampler_T: [],
  trainer_T: [],
  clipped: { low: 0, high: 0, tokens: 0 },
})

/**
 * Adds the gradient of the objective on these rows to the engine's: with the engine's own loss where it has one, else by
 * linearisation.
 *
 * @returns ℓ of each row, [row][token], nats; an engine may report 0 where an advantage is 0
 */
export async function accumulate(
  client: TrainingClient,
  rows: readonly FixedRow[],
  context: UpdateContext,
): Promise<readonly (readonly number[])[]> {
  const { objective, options, scale } = context
  const scaled_RT = rows.map(({ advantages_T }) => advantages_T.map((advantage) => advantage * scale))
  const hasKlLoss = options.kl?.where === 'loss'
  if (objective.native === null || hasKlLoss) return accumulateLinearised(client, rows, scaled_RT, context)
  const data = rows.map((row, index) => rowDatum(row, row.anchorLogprobs_T, scaled_RT[index]!))
  const { logprobs_DT } = await client.forwardBackward(data, objective.native.loss, objective.native.config)
  const logprobs_RT = rows.map((row, index) => completionPart(row, logprobs_DT[index]!))
  const values = rows.map((row, index) => objective.evaluate(objectiveRow(row, logprobs_RT[index]!, scaled_RT[index]!)))
  count(context.tally, rows, values)
  return logprobs_RT
}

async function accumulateLinearised(
  client: TrainingClient,
  rows: readonly FixedRow[],
  scaled_RT: readonly (readonly number[])[],
  { objective, options, scale, isFirst, tally }: UpdateContext,
): Promise<readonly (readonly number[])[]> {
  const logprobs_RT = await currentLogprobs(client, rows, isFirst)
  const values = rows.map((row, index) =>
    linearise(objective, objectiveRow(row, logprobs_RT[index]!, scaled_RT[index]!), klTerm(row, options, scale)),
  )
  const data = rows.map((row, index) => rowDatum(row, logprobs_RT[index]!, values[index]!.coefficients_T))
  await client.forwardBackward(data, 'importance_sampling', {})
  count(tally, rows, values)
  return logprobs_RT
}

async function currentLogprobs(
  client: TrainingClient,
  rows: readonly FixedRow[],
  isFirst: boolean,
): Promise<readonly (readonly number[])[]> {
  const measured = rows.flatMap(({ startLogprobs_T }) => (startLogprobs_T === null ? [] : [startLogprobs_T]))
  if (isFirst && measured.length === rows.length) return measured
  const data = rows.map((row) => rowDatum(row, row.anchorLogprobs_T, row.advantages_T))
  const { logprobs_DT } = await client.forward(data, 'importance_sampling')
  return rows.map((row, index) => completionPart(row, logprobs_DT[index]!))
}

const objectiveRow = (
  row: FixedRow,
  policyLogprobs_T: readonly number[],
  advantages_T: readonly number[],
): ObjectiveRow => ({ policyLogprobs_T, anchorLogprobs_T: row.anchorLogprobs_T, advantages_T })

function klTerm(row: FixedRow, { kl }: GrpoOptions, scale: number): KlTerm | null {
  if (kl?.where !== 'loss' || row.referenceLogprobs_T === null) return null
  const weights_T = row.referenceLogprobs_T.map(() => row.weight * scale)
  return { options: kl, referenceLogprobs_T: row.referenceLogprobs_T, weights_T }
}

function count(
  tally: Tally,
  rows: readonly FixedRow[],
  values: readonly { readonly loss: number; readonly clippedLow: number; readonly clippedHigh: number }[],
): void {
  tally.losses_U.push(values.reduce((sum, { loss }) => sum + loss, 0))
  for (const [index, { clippedLow, clippedHigh }] of values.entries()) {
    tally.clipped.low += clippedLow
    tally.clipped.high += clippedHigh
    tally.clipped.tokens += rows[index]!.advantages_T.filter((advantage) => advantage !== 0).length
  }
}

/** Keeps the log-probabilities of the trained tokens as they were before the first update. */
export function noteStart(tally: Tally, rows: readonly FixedRow[], logprobs_RT: readonly (readonly number[])[]): void {
  rows.forEach((row, index) => {
    const trainer_T = row.startLogprobs_T ?? logprobs_RT[index]!
    row.advantages_T.forEach((advantage, token) => {
      if (advantage === 0) return
      tally.sampler_T.push(row.rollout.samplerLogprobs_T[token]!)
      tally.trainer_T.push(trainer_T[token]!)
    })
  })
}

/** What a batch tells of itself; parts that no option asks for are left out. */
export function summarise(
  tally: Tally,
  rows: readonly FixedRow[],
  groups_P: readonly Group[],
  options: GrpoOptions,
  objective: Objective,
): Omit<GrpoResult, 'optim'> {
  const { sampler_T, trainer_T, clipped } = tally
  const logprobGap = sampler_T.reduce((gap, logprob, token) => Math.max(gap, Math.abs(logprob - trainer_T[token]!)), 0)
  const facts = { logprobGap, trainedTokens: sampler_T.length }
  if (rows.length === 0) return { ...facts, ...maskedOf(groups_P, options) }
  return {
    ...facts,
    losses_U: tally.losses_U,
    samplerLogprobs_T: sampler_T,
    trainerLogprobs_T: trainer_T,
    ...(objective.isClipped && {
      clipLowShare: shareOf(clipped.low, clipped.tokens),
      clipHighShare: shareOf(clipped.high, clipped.tokens),
    }),
    ...referenceKl(rows),
    ...maskedOf(groups_P, options),
    ...correctedAway(rows, options),
  }
}

function maskedOf(groups_P: readonly Group[], options: GrpoOptions): { maskedRollouts?: number } {
  if (options.truncated !== 'masked') return {}
  const rollouts = groups_P.flatMap(({ rollouts_G }) => rollouts_G)
  return { maskedRollouts: rollouts.filter(({ stopReason }) => stopReason === 'length').length }
}

function correctedAway(rows: readonly FixedRow[], options: GrpoOptions): { correctedAwayShare?: number } {
  if ((options.correction?.kind ?? 'none') === 'none') return {}
  const live = rows.filter(({ advantage }) => advantage !== 0)
  const tokens = live.flatMap(({ advantages_T }) => advantages_T)
  return { correctedAwayShare: shareOf(tokens.filter((advantage) => advantage === 0).length, tokens.length) }
}

const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
