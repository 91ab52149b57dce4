import { type Curriculum, posterior } from './ledger.ts'
import { betaMean } from './ledger-beta.ts'
import type { TrainingQuestion } from './types.ts'

/** When a question counts as solved, how much of it is replayed, and when it is not solved any more. */
export type SolvedRule = {
  /** Believed pass rate and rollouts seen from which a question is solved. */
  readonly mean: number
  readonly minSeen: number
  /** Share of the questions of a step that are solved ones, on average over steps. */
  readonly replayShare: number
  /** Believed pass rate below which a solved question is active again. */
  readonly reopenBelow: number
}

/** What happens to questions without a success: more rollouts, then a rest that grows. */
export type LadderRule = {
  /** Rollouts since the last success from which a group is twice as large, at most `maxGroup`. */
  readonly moreAfter: number
  readonly maxGroup: number
  /** Rollouts since the last success from which a question rests. */
  readonly freezeAfter: number
  /** Sweeps that the longest rest leaves out; rests are 1, 2, 4, … sweeps. */
  readonly maxBackOff: number
}

export type StateRules = { readonly solved?: SolvedRule | null; readonly ladder?: LadderRule | null }

/** Believed pass rate from which a quarantined question is active again: the policy came to agree with the label. */
const releasedFrom = 0.5

/**
 * Moves visited questions between states by what the ledger now says of them. Rules that are off move nothing.
 *
 * @paper Fleming-R1 §3.3 stage 2 keeps every failure in the set
 * @deviation solved questions leave the weight and questions without a success rest; both off unless asked for
 */
export function updateStates(
  curriculum: Curriculum,
  visited: readonly Pick<TrainingQuestion, 'id' | 'difficulty'>[],
  rules: StateRules,
): void {
  const { ledger, sweeps } = curriculum
  for (const question of visited) {
    const entry = ledger.get(question.id)
    if (entry === undefined) continue
    const mean = betaMean(posterior(curriculum, question))
    if (entry.state === 'quarantined') {
      if (mean >= releasedFrom) ledger.set(question.id, { ...entry, state: 'active' })
      continue
    }
    const { solved, ladder } = rules
    // A success ends the back-off: the next rest is short again.
    const backOff = entry.dry === 0 ? 0 : entry.backOff
    if (solved && mean >= solved.mean && entry.seen >= solved.minSeen)
      ledger.set(question.id, { ...entry, backOff, state: 'solved' })
    else if (entry.state === 'solved' && solved && mean >= solved.reopenBelow) continue
    else if (ladder && entry.dry >= ladder.freezeAfter) {
      const longer = Math.min(ladder.maxBackOff, backOff === 0 ? 1 : backOff * 2)
      ledger.set(question.id, { ...entry, state: 'frozen', backOff: longer, wakeAtSweep: sweeps + longer + 1 })
    } else ledger.set(question.id, { ...entry, backOff, state: 'active', wakeAtSweep: 0 })
  }
}

/** Whether a sweep of number `sweep` (from 1) leaves a question out because it rests. */
export function isResting({ ledger }: Curriculum, question: Pick<TrainingQuestion, 'id'>, sweep: number): boolean {
  const entry = ledger.get(question.id)
  return entry?.state === 'frozen' && sweep < entry.wakeAtSweep
}

/** Whether a sweep of number `sweep` must try a question because its rest ends. */
export function isWaking({ ledger }: Curriculum, question: Pick<TrainingQuestion, 'id'>, sweep: number): boolean {
  const entry = ledger.get(question.id)
  return entry?.state === 'frozen' && sweep >= entry.wakeAtSweep
}

/** The size of a question's next group: `size`, or twice that when it has gone long without a success. */
export function ladderSize(
  { ledger }: Curriculum,
  question: Pick<TrainingQuestion, 'id'>,
  size: number,
  ladder: LadderRule | null | undefined,
): number {
  const dry = ledger.get(question.id)?.dry ?? 0
  return ladder && dry >= ladder.moreAfter ? Math.max(size, Math.min(2 * size, ladder.maxGroup)) : size
}

/** How many of the `count` questions of a step are replayed solved ones: `share` of them on average over steps, exactly. */
export const replayCount = (step: number, count: number, share: number): number =>
  Math.floor((step + 1) * count * share) - Math.floor(step * count * share)
