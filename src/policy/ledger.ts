import { z } from 'zod'
import type { Difficulty } from '../questions/types.ts'
import type { AnswerValue } from '../text/types.ts'
import { type Beta, betaMean } from './ledger-beta.ts'
import type { Rollout } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

/**
 * `active`: trained on. `solved`: right nearly always, replayed now and then. `frozen`: never right in many tries, left
 * alone for some sweeps. `quarantined`: its label is doubted, swept but not trained on.
 */
export type ItemState = 'active' | 'solved' | 'frozen' | 'quarantined'

/** What is known of the policy on one question; counts are of rollouts at temperature 1. */
export type LedgerEntry = {
  /** Decayed successes and failures: what the current policy would do. */
  readonly alpha: number
  readonly beta: number
  /** Undecayed counts. */
  readonly seen: number
  readonly right: number
  /** Step of the last visit. */
  readonly lastStep: number
  /** Sweeps in a row, up to the last one that tried it, with at most a quarter right. */
  readonly sweepsFailed: number
  /** Rollouts since the last success. */
  readonly dry: number
  /** Decayed counts of what was answered in rollouts that were wrong, by answer; unread ones are none. */
  readonly wrongAnswers: readonly (readonly [answer: string, count: number])[]
  readonly state: ItemState
  /** Number of the sweep that tries a frozen question again, and how many sweeps the last freeze left out; else 0. */
  readonly wakeAtSweep: number
  readonly backOff: number
  /** Raised once as a suspect, whether or not that took it out of training. */
  readonly suspected: boolean
}

/** One entry per visited question, by question id. */
export type Ledger = Map<string, LedgerEntry>

/** Prior successes and failures by tier. */
export type Priors = Readonly<Record<Difficulty, Beta>>

/** Everything that decides what stage 2 draws next, weights aside; part of its checkpoint. */
export type Curriculum = { readonly ledger: Ledger; priors: Priors; sweeps: number }

/** Strength of the priors: worth two rollouts. */
const priorStrength = 2

/** Priors by tier before anything was seen; chosen by us. */
export const tierPriors: Priors = {
  easy: { alpha: 1.6, beta: 0.4 },
  moderate: { alpha: 1, beta: 1 },
  difficult: { alpha: 0.5, beta: 1.5 },
}

/** A curriculum that knows nothing yet. */
export const createCurriculum = (): Curriculum => ({ ledger: new Map(), priors: tierPriors, sweeps: 0 })

/** What a visit of a question showed: rollouts, how many were right, what the wrong ones answered. */
export type Replies = { readonly of: number; readonly right: number; readonly wrongAnswers: readonly string[] }

/** A share right at or below which a sweep counts as failed: one of four. */
const failedShare = 0.25
/** Counts of wrong answers that have decayed below this are forgotten, so that a long run stays small. */
const forgottenBelow = 1 / 64

/** Whether a sweep of a question failed: at most a quarter of its rollouts were right. */
export const isFailedSweep = ({ right, of }: { readonly right: number; readonly of: number }): boolean =>
  right <= of * failedShare

/**
 * Enters a visit into the ledger: old counts decay by the steps since the last visit, new ones are added.
 *
 * @param visit `isSweep`: whether the visit was part of a sweep, and so counts for repeated failure
 */
export function recordVisit(
  ledger: Ledger,
  question: Pick<TrainingQuestion, 'id'>,
  replies: Replies,
  visit: { readonly step: number; readonly halfLife: number; readonly isSweep: boolean },
): void {
  const known = ledger.get(question.id) ?? unseen(visit.step)
  const decay = 2 ** (-(visit.step - known.lastStep) / visit.halfLife)
  const { right, of } = replies
  ledger.set(question.id, {
    ...known,
    alpha: known.alpha * decay + right,
    beta: known.beta * decay + of - right,
    seen: known.seen + of,
    right: known.right + right,
    lastStep: visit.step,
    sweepsFailed: visit.isSweep && of > 0 ? (isFailedSweep(replies) ? known.sweepsFailed + 1 : 0) : known.sweepsFailed,
    dry: right === 0 ? known.dry + of : 0,
    wrongAnswers: addAnswers(known.wrongAnswers, decay, replies.wrongAnswers),
  })
}

const unseen = (step: number): LedgerEntry => ({
  ...{ alpha: 0, beta: 0, seen: 0, right: 0, lastStep: step, sweepsFailed: 0, dry: 0 },
  ...{ wrongAnswers: [], state: 'active', wakeAtSweep: 0, backOff: 0, suspected: false },
})

function addAnswers(
  known: LedgerEntry['wrongAnswers'],
  decay: number,
  fresh: readonly string[],
): LedgerEntry['wrongAnswers'] {
  const counts = new Map(known.map(([answer, count]) => [answer, count * decay]))
  for (const answer of fresh) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].filter(([, count]) => count >= forgottenBelow).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** How `Rollout.answered` words what could not be read: never a wrong answer that others could share. */
const unread: Readonly<Record<Exclude<AnswerValue['kind'], 'entity'>, true>> = {
  ...{ letter: true, letters: true, number: true, range: true, name: true },
  ...{ none: true, several: true, conflict: true, outOfRange: true, noMatch: true, negated: true, tooGeneral: true },
  ...{ duplicate: true, ambiguous: true, comparator: true, notFinite: true, unknownUnit: true, unitMismatch: true },
  missingUnit: true,
}

/**
 * What a group of rollouts showed. A rollout is right as it is in training: when its reward is more than one half. A
 * wrong rollout whose answer is right (its form was wrong) is no wrong answer; one whose verifier crashed counts
 * for nothing.
 */
export function repliesOf(group: {
  readonly question: Pick<TrainingQuestion, 'acceptedAnswers'>
  readonly rollouts_G: readonly Pick<Rollout, 'reward' | 'answered' | 'unscored'>[]
}): Replies {
  const accepted = group.question.acceptedAnswers
  const scored = group.rollouts_G.filter(
    ({ reward, unscored }) => unscored === undefined && !Number.isNaN(reward.total),
  )
  const wrong = scored.filter(({ reward }) => reward.total <= 0.5)
  return {
    of: scored.length,
    right: scored.length - wrong.length,
    wrongAnswers: wrong
      .filter(({ reward }) => reward.correct !== 1)
      .map(({ answered }) => answered)
      .filter((answer) => !Object.hasOwn(unread, answer) && !accepted.includes(answer)),
  }
}

/** The Beta posterior of a question's pass rate, the tier's prior included. */
export function posterior(
  { ledger, priors }: Pick<Curriculum, 'ledger' | 'priors'>,
  question: Pick<TrainingQuestion, 'id' | 'difficulty'>,
): Beta {
  const prior = priors[question.difficulty]
  const entry = ledger.get(question.id)
  return { alpha: prior.alpha + (entry?.alpha ?? 0), beta: prior.beta + (entry?.beta ?? 0) }
}

/** The state of a question; one that was never visited is active. */
export const stateOf = (ledger: Ledger, question: Pick<TrainingQuestion, 'id'>): ItemState =>
  ledger.get(question.id)?.state ?? 'active'

/** Prior means stay this far from 0 and 1, so that a tier without a success is not beyond hope. */
const priorMargin = 0.05

/**
 * Priors whose means are the pass rates of the tiers in what the ledger holds (empirical Bayes), as strong as before. A
 * tier that was never visited keeps its prior.
 */
export function fitPriors(ledger: Ledger, questions: readonly Pick<TrainingQuestion, 'id' | 'difficulty'>[]): Priors {
  const fitted = (tier: Difficulty): Beta => {
    const entries = questions
      .flatMap((question) => (question.difficulty === tier ? (ledger.get(question.id) ?? []) : []))
      .filter(({ alpha, beta }) => alpha + beta > 0)
    if (entries.length === 0) return tierPriors[tier]
    const rate = entries.reduce((sum, entry) => sum + betaMean(entry), 0) / entries.length
    const mean = Math.min(1 - priorMargin, Math.max(priorMargin, rate))
    return { alpha: priorStrength * mean, beta: priorStrength * (1 - mean) }
  }
  return { easy: fitted('easy'), moderate: fitted('moderate'), difficult: fitted('difficult') }
}

const count = z.number().nonnegative()
const betaSchema = z.strictObject({ alpha: z.number().positive(), beta: z.number().positive() })
const entrySchema = z.strictObject({
  ...{ alpha: count, beta: count, seen: count, right: count, lastStep: count, sweepsFailed: count, dry: count },
  ...{ wakeAtSweep: count, backOff: count, suspected: z.boolean() },
  wrongAnswers: z.array(z.tuple([z.string(), count])),
  state: z.enum(['active', 'solved', 'frozen', 'quarantined']),
})
const curriculumSchema = z.strictObject({
  entries: z.array(z.tuple([z.string(), entrySchema])),
  priors: z.strictObject({ easy: betaSchema, moderate: betaSchema, difficult: betaSchema }),
  sweeps: count,
})

/** A curriculum as JSON, and back: the next batch of what was read is that of what was written. */
export const snapshotCurriculum = ({ ledger, priors, sweeps }: Curriculum): unknown => ({
  entries: [...ledger],
  priors,
  sweeps,
})

/** Puts what `snapshotCurriculum` gave into `curriculum`. @throws {z.ZodError} when it is something else */
export function restoreCurriculum(curriculum: Curriculum, state: unknown): void {
  const { entries, priors, sweeps } = curriculumSchema.parse(state)
  curriculum.ledger.clear()
  for (const [id, entry] of entries) curriculum.ledger.set(id, entry)
  curriculum.priors = priors
  curriculum.sweeps = sweeps
}
