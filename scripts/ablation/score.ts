import { join } from 'node:path'
import { readJsonl } from '../../src/core/jsonl.ts'
import {
  compareAcrossSeeds,
  type SeedDifference,
  type SeedScore,
  scoreAcrossSeeds,
} from '../../src/evaluation/across-seeds.ts'
import type { AnswerRecord } from '../../src/evaluation/types.ts'
import { runName } from './run-arm.ts'

/** The held-out answers of the checkpoints of an arm: [stage][seed]. */
export type ArmAnswers = ReadonlyMap<string, readonly (readonly AnswerRecord[])[]>

/** Checkpoints that are scored, in the order of the recipe. */
export const checkpoints = ['base-forced', 'base', 'cold-start', 'rl-1', 'rl-2'] as const

/** Reads the held-out answers that the runs of an arm wrote. */
export function readAnswers(root: string, arm: string, seeds: readonly number[]): ArmAnswers {
  return new Map(
    checkpoints.map((stage) => [
      stage,
      seeds.map((seed) =>
        readJsonl(
          join(root, runName(arm, seed), 'evaluation', `answers-${stage}.jsonl`),
          (value) => value as AnswerRecord,
        ),
      ),
    ]),
  )
}

/** A part of the held-out questions; every effect is told on all of them. */
export type Part = { readonly name: string; readonly has: (record: AnswerRecord) => boolean }

const split = (name: AnswerRecord['split']) => (record: AnswerRecord) => record.split === name
const rarity = (name: AnswerRecord['rarity']) => (record: AnswerRecord) => record.rarity === name
const hop = (count: number) => (record: AnswerRecord) => record.hop === count

/** Both splits pooled, each alone, by the rarity of the diseases met and by hop count. */
export const parts: readonly Part[] = [
  { name: 'all', has: () => true },
  { name: 'compositions', has: split('held-out-composition') },
  { name: 'diseases', has: split('held-out-disease') },
  { name: 'common', has: rarity('common') },
  { name: 'uncommon', has: rarity('uncommon') },
  { name: 'rare', has: rarity('rare') },
  { name: '2 hops', has: hop(2) },
  { name: '3 hops', has: hop(3) },
  { name: '4 hops', has: hop(4) },
]

const restrict = (
  records_S: readonly (readonly AnswerRecord[])[],
  has: (record: AnswerRecord) => boolean,
): AnswerRecord[][] => records_S.map((records) => records.filter(has))

/** Accuracy of a checkpoint on a part of the held-out questions, pooled over seeds. */
export const scoreOn = (answers: ArmAnswers, stage: string, has: Part['has']): SeedScore =>
  scoreAcrossSeeds(restrict(answers.get(stage)!, has))

/** A paired difference, with that under each seed: an effect that changes its sign with the seed is none. */
export type Effect = SeedDifference & { readonly bySeed: readonly number[] }

/** What `after` gains over `before` on the same questions and seeds. */
export function effectOn(
  before: { readonly answers: ArmAnswers; readonly stage: string },
  after: { readonly answers: ArmAnswers; readonly stage: string },
  has: Part['has'],
): Effect {
  const [before_S, after_S] = [
    restrict(before.answers.get(before.stage)!, has),
    restrict(after.answers.get(after.stage)!, has),
  ]
  const accuracy = (records: readonly AnswerRecord[]): number =>
    records.filter(({ correct }) => correct).length / records.length
  return {
    ...compareAcrossSeeds(before_S, after_S),
    bySeed: after_S.map((records, index) => accuracy(records) - accuracy(before_S[index]!)),
  }
}

/** Shares that tell of the reasoning: steps that the graph supports, right answers whose chain does not lead to them. */
export function reasoningOf(
  answers: ArmAnswers,
  stage: string,
): { readonly grounded: number | null; readonly wrongReason: number | null } {
  const records = answers.get(stage)!.flat()
  const checkable = records.reduce((sum, { checkableSteps }) => sum + checkableSteps, 0)
  const grounded = records.reduce((sum, { groundedSteps }) => sum + groundedSteps, 0)
  const right = records.filter(({ correct }) => correct)
  const wrongReason = right.filter(({ rightForWrongReason }) => rightForWrongReason).length
  return {
    grounded: checkable === 0 ? null : grounded / checkable,
    wrongReason: right.length === 0 || checkable === 0 ? null : wrongReason / right.length,
  }
}
