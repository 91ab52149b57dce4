import { isFailedSweep } from './ledger.ts'
import { type FailureAxis, failureAxes, type TrainingQuestion } from './types.ts'

export type { FailureAxis } from './types.ts'

/** What a sweep found of one question. */
export type SweepRecord = {
  /** The step that the sweep came before, from 1. */
  readonly step: number
  readonly questionId: string
  readonly right: number
  readonly of: number
}

/** Questions of one sweep in one cell; `failed` had at most a quarter right. */
export type FailureCount = {
  readonly questions: number
  readonly failed: number
  /** failed / questions, and its interval. */
  readonly share: number
  readonly interval: readonly [low: number, high: number]
  /** Share of the rollouts that were right. */
  readonly passRate: number
}

export type FailureCell = {
  readonly axis: FailureAxis
  /** A relation, a hop count, a rarity, a type of entity; a form, a language, a data set, a shape or subject. */
  readonly name: string
  /** The first sweep. */
  readonly before: FailureCount
  /** The same questions as `after`, in the first sweep: a later sweep may try a part of the set only. */
  readonly beforeOfSame: FailureCount | null
  /** The last sweep; null when there was one sweep only, or it tried nothing of this cell. */
  readonly after: FailureCount | null
}

/**
 * Where the policy fails, before stage 2 and after: by relation on the path (a question counts once for each of its
 * relations), hop count, rarity and type of answer, and what else its questions say of themselves. Cells stand in the
 * order of their axis, then of their name.
 *
 * @param interval of a proportion, from successes and n; the caller brings it, since statistics belong to the evaluation
 * @param sweeps of the training set, in any order; those of questions that are not given are left out
 */
export function failureMap(
  questions: readonly TrainingQuestion[],
  sweeps: readonly SweepRecord[],
  interval: (successes: number, n: number) => readonly [number, number],
): FailureCell[] {
  const steps = [...new Set(sweeps.map(({ step }) => step))].sort((a, b) => a - b)
  const [first, last] = [steps[0], steps.at(-1)]
  if (first === undefined) return []
  const found = (step: number | undefined): Map<string, SweepRecord> =>
    new Map(sweeps.filter((sweep) => sweep.step === step).map((sweep) => [sweep.questionId, sweep]))
  const before = found(first)
  const after = last === first ? new Map<string, SweepRecord>() : found(last)
  const take = (of: ReadonlyMap<string, SweepRecord>, members: readonly TrainingQuestion[]): SweepRecord[] =>
    members.flatMap(({ id }) => of.get(id) ?? [])
  return failureAxes.flatMap((axis) =>
    [...groupBy(questions, (question) => question.facets[axis] ?? [])].flatMap(([name, members]): FailureCell[] => {
      const early = take(before, members)
      if (early.length === 0) return []
      const late = take(after, members)
      const again = members.filter(({ id }) => after.has(id))
      return [
        {
          ...{ axis, name, before: count(early, interval) },
          beforeOfSame: late.length === 0 ? null : count(take(before, again), interval),
          after: late.length === 0 ? null : count(late, interval),
        },
      ]
    }),
  )
}

function groupBy(
  questions: readonly TrainingQuestion[],
  namesOf: (question: TrainingQuestion) => readonly string[],
): [name: string, members: TrainingQuestion[]][] {
  const groups = new Map<string, TrainingQuestion[]>()
  for (const question of questions) {
    for (const name of namesOf(question)) {
      const members = groups.get(name)
      if (members === undefined) groups.set(name, [question])
      else members.push(question)
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

function count(
  sweeps: readonly SweepRecord[],
  interval: (successes: number, n: number) => readonly [number, number],
): FailureCount {
  const questions = sweeps.length
  const failed = sweeps.filter(isFailedSweep).length
  const sum = (key: 'right' | 'of'): number => sweeps.reduce((total, sweep) => total + sweep[key], 0)
  const share = questions === 0 ? 0 : failed / questions
  return { questions, failed, share, interval: interval(failed, questions), passRate: sum('right') / (sum('of') || 1) }
}
