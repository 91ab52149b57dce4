import { z } from 'zod'
import { contentId } from '../core/hash.ts'
import { readLog } from '../core/store.ts'
import type { DisputeCase } from '../questions/refine/disputes.ts'
import type { Question } from '../questions/types.ts'
import type { Curriculum, LedgerEntry } from './ledger.ts'
import type { TrainingQuestion } from './types.ts'

/** When the label of a question is doubted. */
export type QuarantineRule = {
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
}

/** Visited questions that a cluster needs besides the doubted one; with fewer the next wider one is taken. */
const minClusterItems = 5

type Cluster = { items: number; rates: number }

/**
 * The questions that the policy fails as if their label were wrong: never right in many rollouts, one wrong answer in most
 * of them, and right on the others of the cluster. The largest share comes first; a round raises only so many.
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
  const suspects = questions.flatMap((question): Suspect[] => {
    const entry = ledger.get(question.id)
    if (entry === undefined || entry.suspected || at.cleared?.has(question.id)) return []
    if (entry.right > 0 || entry.seen < rule.minSeen) return []
    const [majorityAnswer, share] = majority(entry)
    if (majorityAnswer === null || share < rule.minShare) return []
    const [cluster, others] = othersOf(clusters, question, entry)
    const clusterAccuracy = others.items === 0 ? 0 : others.rates / others.items
    if (clusterAccuracy < rule.minCompetence) return []
    return [
      {
        ...{ step: at.step, questionId: question.id, gold: [...question.acceptedAnswers], majorityAnswer, share },
        ...{ cluster, clusterItems: others.items, clusterAccuracy, rollouts: entry.seen },
      },
    ]
  })
  const most = Math.max(1, Math.floor(questions.length * rule.roundShare))
  return suspects.sort((a, b) => b.share - a.share || (a.questionId < b.questionId ? -1 : 1)).slice(0, most)
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
  rollouts: z.int().positive(),
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
  const { share, rollouts, clusterAccuracy, clusterItems, cluster } = suspect
  return {
    reason: `never right in ${rollouts} rollouts of the policy; ${percent(share)} gave the same other answer, older ones counting less`,
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
  const answers = question.acceptedEntityIds.map(labelOf)
  const label = { form: 'open' as const, stem: question.stem, context: null, options: [], golds: [], answers }
  const { reason, evidence, count } = suspicionOf(suspect)
  return {
    kind: 'case',
    id: question.id,
    content: contentId('label', label),
    reason,
    given: [{ text: labelOf(suspect.majorityAnswer), count, isAsLabelled: false }],
    evidence,
    shown: { ...label, language: 'en', source: `graph ${question.path.steps.join(' ')}`, isProven: true },
  }
}
