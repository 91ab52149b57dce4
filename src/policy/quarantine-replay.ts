import { createCurriculum, type Replies, recordVisit, repliesOf } from './ledger.ts'
import { findSuspects, type QuarantineRule, quarantine, type Suspect } from './quarantine.ts'
import type { GroupRecord } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

/** A line of `sweeps.jsonl`. */
export type SweptRecord = {
  /** The step that the sweep came before, from 1. */
  readonly step: number
  readonly questionId: string
  readonly right: number
  readonly of: number
  /** Entities answered in rollouts that were wrong, with how often each. */
  readonly wrongAnswers: readonly (readonly [answer: string, count: number])[]
}

/** What a finished stage 2 logged, and the part of its configuration that decides what it made of that. */
export type ReplayedStage = {
  readonly questions: readonly TrainingQuestion[]
  readonly sweeps: readonly SweptRecord[]
  readonly groups: readonly Pick<GroupRecord, 'step' | 'questionId' | 'rollouts'>[]
  readonly steps: number
  readonly halfLife: number
  readonly quarantine: QuarantineRule & { readonly every: number }
}

/**
 * The suspects that quarantine raises from the logs of a stage 2: in mode `report`, where suspects change no training,
 * exactly those that the stage raised. With other settings, those that it would have raised, so that they can be chosen
 * without training anew.
 *
 * @param stage `quarantine` may differ from what the stage ran with
 */
export function replaySuspects(stage: ReplayedStage): Suspect[] {
  const { questions, steps, halfLife, quarantine: rule } = stage
  const byId = new Map<string, TrainingQuestion>(questions.map((question) => [question.id, question]))
  const sweepsAt = groupByStep(stage.sweeps)
  const groupsAt = groupByStep(stage.groups)
  const curriculum = createCurriculum()
  const raised: Suspect[] = []
  const visit = (questionId: string, replies: Replies, step: number, isSweep: boolean): void =>
    recordVisit(curriculum.ledger, byId.get(questionId)!, replies, { step, halfLife, isSweep })
  for (let step = 0; step <= steps; step++) {
    const swept = sweepsAt.get(step + 1) ?? []
    for (const record of swept) {
      const wrongAnswers = record.wrongAnswers.flatMap(([answer, count]) => new Array<string>(count).fill(answer))
      visit(record.questionId, { of: record.of, right: record.right, wrongAnswers }, step, true)
    }
    if (swept.length > 0 || step % rule.every === 0 || step === steps) {
      const suspects = findSuspects(curriculum, questions, rule, { step })
      quarantine(curriculum, suspects, false)
      raised.push(...suspects)
    }
    for (const { questionId, rollouts } of groupsAt.get(step + 1) ?? []) {
      const question = byId.get(questionId)!
      visit(questionId, repliesOf({ question, rollouts_G: rollouts }), step, false)
    }
  }
  return raised
}

function groupByStep<Line extends { readonly step: number }>(lines: readonly Line[]): Map<number, Line[]> {
  const byStep = new Map<number, Line[]>()
  for (const line of lines) {
    const known = byStep.get(line.step)
    if (known === undefined) byStep.set(line.step, [line])
    else known.push(line)
  }
  return byStep
}
