import { type Cells, defineQuestionSource, hasColumns } from './kit.ts'
import { isMissing, labelledGolds, numberedGolds } from './letters.ts'
import type { Draft, Refusal } from './row-rules.ts'

/** Prefix of `src` of rows that were taken from MMLU. */
const FROM_MMLU = 'ori_mmlu-'

/**
 * MMLU-Pro, all categories: 3 to 10 options, those that are "N/A" left out as the official script does; letter and number of
 * the answer must agree.
 */
export const mmluPro = defineQuestionSource({
  name: 'mmlu-pro',
  title: 'MMLU-Pro',
  license: 'MIT',
  language: 'en',
  hub: 'TIGER-Lab/MMLU-Pro',
  use: 'benchmark',
  testedOn: 'real rows',
  columns: 'question, options, answer, answer_index',
  open:
    () =>
    ({ cells }) =>
      read(cells),
})

function read(cells: Cells): Draft | Refusal | null {
  const { options: given, answer, answer_index: index } = cells
  if (!Array.isArray(given) || !hasColumns(cells, 'question', 'answer')) return null
  const byLetter = labelledGolds(answer)
  const byNumber = isMissing(index) ? byLetter : numberedGolds(index, 0)
  if (byLetter !== null && byNumber !== null && byLetter[0] !== byNumber[0])
    return { reason: 'answer and gold differ', detail: `letter ${String(answer)}, number ${String(index)}` }
  const kept = given.map((_, place) => place).filter((place) => given[place] !== 'N/A')
  const isFromMmlu = typeof cells.src === 'string' && cells.src.startsWith(FROM_MMLU)
  return {
    stem: cells.question,
    options: kept.map((place) => given[place] as unknown),
    golds: byLetter === null ? null : byLetter.map((gold) => kept.indexOf(gold)),
    ...{ row: cells.question_id, subject: cells.category, explanation: cells.cot_content },
    ...(isFromMmlu ? { inheritedFrom: ['mmlu'] } : {}),
  }
}
