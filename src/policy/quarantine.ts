import { z } from 'zod'
import { readLog } from '../core/store.ts'
import type { DisputeCase } from '../questions/refine/disputes.ts'
import type { Question } from '../questions/types.ts'
import type { Curriculum, LedgerEntry } from './ledger.ts'
import { believeWrong, type LabelEvidence } from './quarantine-belief.ts'
import { labelOfQuestion } from './quarantine-decisions.ts'
import type { TrainingQuestion } from './types.ts'

/** When the label of a question is doubted. */
export type QuarantineRule = {
  /** `belief`: when it is probably wrong, by `believeWrong`. `thresholds`: when it passes the three that follow it. */
  readonly rule: 'belief' | 'thresholds'
  /** Probability of a wrong label from which it is doubted. */
  readonly minBelief: number
  /** Rollouts seen, none of them right. */
  readonly minSeen: number
  /** Share of the replies that give one and the same wrong answer. */
  readonly minShare: number
  /** Share right on the other questions of its cluster: a policy that cannot do these says nothing about a label. */
  readonly minCompetence: number
  /** Share of the questions that one round doubts at most, at least one. */
  readonly roundShare: number
}

/** A question whose label is doubted, with the evidence: one line of `quarantine.jsonl`. */
export type Suspect = {
  /** Steps made when the round was held. */
  readonly step: number
  readonly questionId: string
  /** Every accepted answer. */
  readonly gold: readonly string[]
  readonly majorityAnswer: string
  /** Of the replies (decayed counts). */
  readonly share: number
  readonly cluster: string
  readonly clusterItems: number
  readonly clusterAccuracy: number
  readonly rollouts: number
  /** Of the rollouts. */
  readonly right: number
  /** Probability that the label is wrong; null under the rule of thresholds. */
  readonly belief: number | null
}

/** Visited questions that a cluster needs besides the doubted one; with fewer the next wider one is taken. */
const minClusterItems = 5

type Cluster = { items: number; rates: number }

/**
 * The questions that the policy fails as if their label were wrong: it is good at their kind, seldom or never gives the
 * answer of the label, and mostly gives one and the same other answer. The most doubtful come first; a round raises only
 * so many.
 *
 * Nothing is relabelled or deleted: what is raised is for a person to decide.
 *
 * @paper Fleming-R1 §3.1 sends items that a strong model never answers as labelled to review; training has no such rule
 * @deviation quarantine is ours: mining draws what always fails, and what always fails may be mislabelled
 * @param cleared ids that a person has decided to keep
 * @returns suspects not raised before, at most `roundShare` of the questions
 */
export function findSuspects(
  { ledger }: Curriculum,
  questions: readonly TrainingQuestion[],
  rule: QuarantineRule,
  at: { readonly step: number; readonly cleared?: ReadonlySet<string> },
): Suspect[] {
  const clusters = gatherClusters(ledger, questions)
  const visited = questions.flatMap((question) => {
    const entry = ledger.get(question.id)
    return entry === undefined || entry.seen === 0 ? [] : [{ question, entry }]
  })
  const beliefs_Q = rule.rule === 'belief' ? believeWrong(visited.map(evidenceOf)).beliefs_Q : null
  const suspects = visited.flatMap(({ question, entry }, index): Suspect[] => {
    if (entry.suspected || at.cleared?.has(question.id)) return []
    const belief = beliefs_Q === null ? null : beliefs_Q[index]!
    const [majorityAnswer, share] = majority(entry)
    if (majorityAnswer === null) return []
    const [cluster, others] = othersOf(clusters, question, entry)
    const clusterAccuracy = others.items === 0 ? 0 : others.rates / others.items
    // A kind of which nothing else was seen says neither that the policy is able nor that it is not.
    const isDoubted =
      belief === null
        ? passesThresholds(entry, share, clusterAccuracy, rule)
        : belief >= rule.minBelief && others.items >= minClusterItems
    if (!isDoubted) return []
    return [
      {
        ...{ step: at.step, questionId: question.id, gold: [...question.acceptedAnswers], majorityAnswer, share },
        ...{ cluster, clusterItems: others.items, clusterAccuracy, rollouts: entry.seen, right: entry.right, belief },
      },
    ]
  })
  const most = Math.max(1, Math.floor(questions.length * rule.roundShare))
  const doubtOf = ({ belief, share }: Suspect): number => belief ?? share
  return suspects.sort((a, b) => doubtOf(b) - doubtOf(a) || (a.questionId < b.questionId ? -1 : 1)).slice(0, most)
}

const passesThresholds = (entry: LedgerEntry, share: number, clusterAccuracy: number, rule: QuarantineRule): boolean =>
  entry.right === 0 && entry.seen >= rule.minSeen && share >= rule.minShare && clusterAccuracy >= rule.minCompetence

function evidenceOf({
  question,
  entry,
}: {
  readonly question: TrainingQuestion
  readonly entry: LedgerEntry
}): LabelEvidence {
  const { alpha, beta } = entry
  const counts = entry.wrongAnswers.map(([, count]) => count)
  return {
    ...{ cluster: question.clusters[0]!, group: question.clusters.at(-1)! },
    ...{ seen: alpha + beta, right: alpha, majority: Math.min(beta, Math.max(0, ...counts)) },
  }
}

/** Enters suspects into the ledger, so that none is raised twice; takes them out of training when asked to. */
export function quarantine({ ledger }: Curriculum, suspects: readonly Suspect[], isolate: boolean): void {
  for (const { questionId } of suspects) {
    const entry = ledger.get(questionId)!
    ledger.set(questionId, { ...entry, suspected: true, state: isolate ? 'quarantined' : entry.state })
  }
}

/** The share right of the last visits, each question counting once: mining visits failures more often than others. */
const rateOf = ({ alpha, beta }: LedgerEntry): number => (alpha + beta === 0 ? 0 : alpha / (alpha + beta))

function gatherClusters(ledger: Curriculum['ledger'], questions: readonly TrainingQuestion[]): Map<string, Cluster> {
  const clusters = new Map<string, Cluster>()
  for (const question of questions) {
    const entry = ledger.get(question.id)
    if (entry === undefined) continue
    for (const key of question.clusters) {
      const cluster = clusters.get(key) ?? { items: 0, rates: 0 }
      cluster.items += 1
      cluster.rates += rateOf(entry)
      clusters.set(key, cluster)
    }
  }
  return clusters
}

function othersOf(
  clusters: ReadonlyMap<string, Cluster>,
  question: TrainingQuestion,
  entry: LedgerEntry,
): readonly [string, Cluster] {
  const without = (key: string): Cluster => {
    const { items, rates } = clusters.get(key)!
    return { items: items - 1, rates: rates - rateOf(entry) }
  }
  const found = question.clusters.find((key) => without(key).items >= minClusterItems) ?? question.clusters.at(-1)!
  return [found, without(found)]
}

function majority({ wrongAnswers, alpha, beta }: LedgerEntry): readonly [answer: string | null, share: number] {
  let [best, most]: [string | null, number] = [null, 0]
  for (const [answer, count] of wrongAnswers) if (count > most) [best, most] = [answer, count]
  return [best, most / (alpha + beta)]
}

const suspectSchema = z.strictObject({
  ...{ step: z.int().nonnegative(), questionId: z.string(), gold: z.array(z.string()), majorityAnswer: z.string() },
  ...{ share: z.number(), cluster: z.string(), clusterItems: z.int(), clusterAccuracy: z.number() },
  ...{ rollouts: z.int().positive(), right: z.int().nonnegative(), belief: z.number().nullable() },
})

/** The suspects that a stage logged. @throws {z.ZodError} when a line is something else */
export const readSuspects = (file: string): Suspect[] => readLog(file, (value) => suspectSchema.parse(value)).records

/** Why a suspect is one, in words, and how many of its rollouts gave the same other answer. */
export function suspicionOf(suspect: Suspect): {
  readonly reason: string
  readonly evidence: string
  readonly count: number
} {
  const percent = (share: number): string => `${Math.round(share * 100)} %`
  const { share, rollouts, right, clusterAccuracy, clusterItems, cluster } = suspect
  const how = right === 0 ? `never right in ${rollouts} rollouts` : `right in ${right} of ${rollouts} rollouts`
  return {
    reason: `${how} of the policy; ${percent(share)} gave the same other answer, older ones counting less`,
    evidence: `The policy is right in ${percent(clusterAccuracy)} of the rollouts of ${clusterItems} questions like it (${cluster}).`,
    count: Math.round(share * rollouts),
  }
}

/**
 * A suspect as a case of the dispute queue, to be kept or removed by a person. It is shown in the open form in which the
 * policy was asked.
 *
 * @param labelOf words of an entity
 */
export function disputeOfSuspect(
  suspect: Suspect,
  question: Question,
  labelOf: (entityId: string) => string,
): DisputeCase {
  const { label, content } = labelOfQuestion(question, labelOf)
  const { reason, evidence, count } = suspicionOf(suspect)
  return {
    kind: 'case',
    id: question.id,
    content,
    reason,
    given: [{ text: labelOf(suspect.majorityAnswer), count, isAsLabelled: false }],
    evidence,
    shown: { ...label, language: 'en', source: `graph ${question.path.steps.join(' ')}`, isProven: true },
  }
}
