import type { Log } from '../core/store.ts'
import { type Curriculum, fitPriors, type Ledger, recordVisit, repliesOf } from './ledger.ts'
import { isResting, isWaking, updateStates } from './ledger-states.ts'
import type { Metrics } from './loop.ts'
import type { MiningConfig } from './mining.ts'
import { findSuspects, type QuarantineRule, quarantine } from './quarantine.ts'
import { type Group, type RolloutContext, rollOut } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

export type SweepConfig = MiningConfig & {
  readonly resweepShare: number
  /** `fitted`: prior means are those of the tiers in the first sweep. `fixed` unless given. */
  readonly priors?: 'fixed' | 'fitted' | undefined
  /**
   * `report` writes suspects down; `isolate` takes them out of training too. Rounds are held after each sweep, each
   * `every` steps and at the end. No suspects unless given.
   */
  readonly quarantine?:
    | (QuarantineRule & { readonly mode: 'report' | 'isolate'; readonly every: number })
    | null
    | undefined
}

/** What a sweep or a round of quarantine needs of its stage. */
export type SweepStage = {
  readonly rollouts: RolloutContext
  readonly questions: readonly TrainingQuestion[]
  /** Ids that a person decided to keep: never suspects again. */
  readonly cleared?: ReadonlySet<string>
}

/** Enters groups of rollouts into the ledger and moves their questions between states. */
export function visit(
  curriculum: Curriculum,
  groups: readonly Group[],
  config: MiningConfig,
  at: { readonly step: number; readonly isSweep: boolean },
): void {
  for (const group of groups)
    recordVisit(curriculum.ledger, group.question, repliesOf(group), { ...at, halfLife: config.halfLife })
  updateStates(
    curriculum,
    groups.map(({ question }) => question),
    config,
  )
}

/**
 * The questions of the next sweep: all of them in the first, later the stalest share. What rests is left out; what has
 * rested is tried, stale or not. What is solved or quarantined is tried like the rest.
 *
 * @param share of the questions that a later sweep tries; 1 tries all that do not rest
 */
export function dueForSweep(
  curriculum: Curriculum,
  questions: readonly TrainingQuestion[],
  share: number,
): TrainingQuestion[] {
  const sweep = curriculum.sweeps + 1
  if (sweep === 1) return [...questions]
  const awake = questions.filter((question) => !isResting(curriculum, question, sweep))
  const wakes = (question: TrainingQuestion): number => (isWaking(curriculum, question, sweep) ? 0 : 1)
  const ordered = awake.sort(
    (a, b) =>
      wakes(a) - wakes(b) ||
      lastVisit(curriculum.ledger, a) - lastVisit(curriculum.ledger, b) ||
      (a.id < b.id ? -1 : 1),
  )
  const waking = ordered.filter((question) => wakes(question) === 0).length
  return ordered.slice(0, Math.max(waking, Math.ceil(questions.length * share)))
}

const lastVisit = (ledger: Ledger, question: TrainingQuestion): number => ledger.get(question.id)?.lastStep ?? -1

/**
 * Tries the whole training set, or later its stalest share, and enters the outcome into the ledger.
 *
 * @paper Fleming-R1 §3.3: the model of the previous phase is evaluated on the full data set
 * @deviation sampled `sweepSize` times at temperature 1, not once greedily: one greedy answer tells little of a pass rate
 * @param at `step`: that the sweep comes before, from 0
 */
export async function sweep(
  stage: SweepStage,
  config: SweepConfig,
  curriculum: Curriculum,
  at: { readonly step: number; readonly share: number },
  log: Log,
): Promise<Metrics> {
  const due = dueForSweep(curriculum, stage.questions, at.share)
  curriculum.sweeps += 1
  if (due.length === 0) return { 'sweep/questions': 0 }
  const plan = due.map((question) => ({ question, groupSize: config.sweepSize, reason: 'sweep' }))
  const groups = await rollOut(stage.rollouts, plan, `sweep ${at.step + 1}`)
  visit(curriculum, groups, config, { step: at.step, isSweep: true })
  if (curriculum.sweeps === 1 && config.priors === 'fitted')
    curriculum.priors = fitPriors(curriculum.ledger, stage.questions)
  const records = groups.map((group) => {
    const { right, of, wrongAnswers } = repliesOf(group)
    return { step: at.step + 1, questionId: group.question.id, right, of, wrongAnswers: countAnswers(wrongAnswers) }
  })
  const scored = records.filter(({ of }) => of > 0)
  log.append(scored)
  const sum = (key: 'right' | 'of'): number => scored.reduce((total, record) => total + record[key], 0)
  return {
    'sweep/questions': due.length,
    'sweep/pass_rate': sum('right') / Math.max(1, sum('of')),
    'sweep/never_right_share': scored.filter(({ right }) => right === 0).length / Math.max(1, scored.length),
    ...(scored.length < due.length && { 'sweep/unscored_questions': due.length - scored.length }),
  }
}

/** How often each was answered, by answer. */
function countAnswers(answers: readonly string[]): (readonly [answer: string, count: number])[] {
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * Looks for questions whose label is doubted, writes them down, and takes them out of training when the configuration
 * says so.
 *
 * @param step how many steps were made before the round
 */
export function quarantineRound(
  stage: SweepStage,
  config: SweepConfig,
  curriculum: Curriculum,
  step: number,
  log: Log,
): Metrics {
  if (!config.quarantine) return {}
  const at = { step, ...(stage.cleared && { cleared: stage.cleared }) }
  const suspects = findSuspects(curriculum, stage.questions, config.quarantine, at)
  quarantine(curriculum, suspects, config.quarantine.mode === 'isolate')
  log.append(suspects)
  return { 'quarantine/raised': suspects.length }
}

/** How many questions are in each state and on each side, for the log. */
export function curriculumMetrics(curriculum: Curriculum): Metrics {
  const counts = { active: 0, solved: 0, frozen: 0, quarantined: 0 }
  let suspected = 0
  for (const entry of curriculum.ledger.values()) {
    counts[entry.state] += 1
    if (entry.suspected) suspected += 1
  }
  return {
    'curriculum/active': counts.active,
    'curriculum/solved': counts.solved,
    'curriculum/frozen': counts.frozen,
    'curriculum/quarantined': counts.quarantined,
    'curriculum/suspected': suspected,
  }
}
