import { wilsonInterval } from './metrics.ts'
import type { Interval } from './types.ts'

/** What quarantine raised in a run with wrong labels that are known. */
export type NoisyRun = {
  /** Ids of the questions whose label was made wrong on purpose. */
  readonly planted: ReadonlySet<string>
  /** Suspects with the step of the round that raised them. */
  readonly raised: readonly { readonly questionId: string; readonly step: number }[]
}

/** How well suspects are the planted labels; rates are fractions, null where there is nothing to count. */
export type PlantedScore = {
  /** Over all runs: suspects, planted labels, suspects that are planted labels. */
  readonly raised: number
  readonly planted: number
  readonly found: number
  /** Share of the suspects whose label was planted. */
  readonly precision: number | null
  readonly precisionInterval: Interval
  /** Share of the planted labels that were raised. */
  readonly recall: number | null
  readonly recallInterval: Interval
}

/**
 * Precision and recall of quarantine, pooled over runs. The 95 % intervals are Wilson's over distinct questions: the same
 * question under several training seeds counts as one observation, so they are rather too wide than too narrow.
 *
 * @param runs training seeds over the same questions
 * @param keep the questions that are counted; all unless told
 */
export function scorePlanted(
  runs: readonly NoisyRun[],
  keep: (questionId: string) => boolean = () => true,
): PlantedScore {
  const kept = runs.map(({ planted, raised }) => ({
    planted: [...planted].filter(keep),
    raised: raised.filter(({ questionId }) => keep(questionId)),
    found: raised.filter(({ questionId }) => keep(questionId) && planted.has(questionId)).length,
  }))
  const sum = (of: (run: (typeof kept)[number]) => number): number => kept.reduce((total, run) => total + of(run), 0)
  const raised = sum((run) => run.raised.length)
  const planted = sum((run) => run.planted.length)
  const found = sum((run) => run.found)
  const distinct = (ids: readonly string[]): number => new Set(ids).size
  const rate = (whole: number): number | null => (whole === 0 ? null : found / whole)
  const interval = (value: number | null, n: number): Interval =>
    value === null ? wilsonInterval(0, 0) : wilsonInterval(value * n, n)
  const [precision, recall] = [rate(raised), rate(planted)]
  return {
    ...{ raised, planted, found, precision, recall },
    precisionInterval: interval(
      precision,
      distinct(kept.flatMap((run) => run.raised.map(({ questionId }) => questionId))),
    ),
    recallInterval: interval(recall, distinct(kept.flatMap((run) => run.planted))),
  }
}

/** The runs as they stood after the round at `step`, from 0. */
export const untilStep = (runs: readonly NoisyRun[], step: number): NoisyRun[] =>
  runs.map(({ planted, raised }) => ({ planted, raised: raised.filter((suspect) => suspect.step <= step) }))
