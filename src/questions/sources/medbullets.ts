import { type Cells, cell, defineQuestionSource, hasColumns } from './kit.ts'
import { goldsOfLetters, isMissing, labelledGolds } from './letters.ts'
import { optionTexts } from './option-list.ts'
import type { Draft } from './row-rules.ts'

const columns = ['opa', 'opb', 'opc', 'opd', 'ope'] as const

/**
 * Medbullets, with 4 or 5 options, CSV or JSON by columns: 308 rows that ask 298 questions. A question that was asked before
 * is a repeated row even where its options differ, so rows read and rows kept are the two counts. Site content without a
 * licence: it is read where you have it. Read in its documented forms, without real rows.
 */
export const medbullets = defineQuestionSource({
  name: 'medbullets',
  title: 'Medbullets',
  license: 'none; content of a site',
  language: 'en',
  hub: 'mkieffer/Medbullets',
  use: 'benchmark',
  testedOn: 'written samples',
  columns: 'question, opa, opb, opc, opd, answer_idx, answer',
  distinctStems: true,
  open:
    () =>
    ({ cells }) =>
      read(cells),
})

function read(cells: Cells): Draft | null {
  const options = hasColumns(cells, 'opa', 'opb') ? optionColumns(cells) : optionTexts(cells.options)
  const letter = cell(cells, 'answer_idx', 'answer')
  if (options === null || !hasColumns(cells, 'question') || letter === undefined) return null
  // Without an index the answer may be a letter; words beside an index must be those of the option.
  const words = Object.hasOwn(cells, 'answer_idx') && goldsOfLetters(cells.answer) === null ? [cells.answer] : []
  return {
    ...{ stem: cells.question, options, golds: labelledGolds(letter), answers: words },
    ...{ row: cells.link, explanation: cells.explanation },
  }
}

/** A table for five options may hold rows with four. */
function optionColumns(cells: Cells): readonly unknown[] {
  const present = columns.filter((name) => Object.hasOwn(cells, name)).map((name) => cells[name])
  return isMissing(present[4]) ? present.slice(0, 4) : present
}
