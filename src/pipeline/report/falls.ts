import { DataError } from '../../core/errors.ts'
import { type LadderStage, ladderStages } from '../../evaluation/ladder.ts'
import { pairedTest } from '../../evaluation/metrics.ts'
import type { AnswerRecord, Paired } from '../../evaluation/types.ts'
import type { Scores, StageAnswers } from './read-run.ts'
import type { ReportFall, ReportRow } from './schema.ts'

/** The neighbouring rungs of the ladder. */
export const rungs: readonly (readonly [from: LadderStage, to: LadderStage])[] = ladderStages
  .slice(1)
  .map((to, index) => [ladderStages[index]!, to] as const)

/**
 * Every place where a checkpoint answers worse than the one before it: by split and hop count, pooled included, in both
 * forms, with the paired test on the same questions. A fall is listed whether or not it is significant.
 *
 * @throws {DataError} when the scores lack the paired test of a fall
 */
export function findFalls(scores: Scores, answers: StageAnswers): ReportFall[] {
  const falls: ReportFall[] = []
  for (const [from, to] of rungs) {
    for (const after of scores.ladder) {
      if (after.stage !== to || after.rarity !== 'all') continue
      const before = findRow(scores.ladder, { ...after, stage: from })
      if (before === undefined || after.accuracy >= before.accuracy) continue
      const { form, split, hop, n } = after
      const test = form === 'open' ? openTest(scores, from, to, after) : choiceTest(answers, from, to, after)
      const { gained, lost, p } = test
      falls.push({ form, split, hop, from, to, n, before: before.accuracy, after: after.accuracy, gained, lost, p })
    }
  }
  return falls
}

type Cell = Pick<ReportRow, 'stage' | 'split' | 'hop' | 'rarity' | 'form'>

/** The row of a table of rows that stands for a cell. */
export function findRow<T extends Cell>(rows: readonly T[], cell: Cell): T | undefined {
  return rows.find(
    (row) =>
      row.stage === cell.stage &&
      row.split === cell.split &&
      row.hop === cell.hop &&
      row.rarity === cell.rarity &&
      row.form === cell.form,
  )
}

function openTest(scores: Scores, from: LadderStage, to: LadderStage, { split, hop }: ReportRow): Paired {
  const test = scores.paired.find((row) => row.from === from && row.to === to && row.split === split && row.hop === hop)
  if (test === undefined) {
    throw new DataError(`there is no paired test of ${from} and ${to} on ${split}, hop ${hop}`, {
      hint: 'run the evaluation again',
    })
  }
  return test
}

/** The scores hold paired tests of the open form only; the twin is paired here, from the same answers. */
function choiceTest(answers: StageAnswers, from: LadderStage, to: LadderStage, { split, hop }: ReportRow): Paired {
  const part = (stage: LadderStage): AnswerRecord[] =>
    answers[stage]
      .filter((record) => record.split === split && (hop === 'all' || record.hop === hop))
      .map((record) => ({ ...record, correct: record.choiceCorrect }))
  return pairedTest(part(from), part(to))
}
