import { type Cells, cell, defineQuestionSource } from './kit.ts'
import { labelledGolds } from './letters.ts'
import { optionTexts, splitOptions } from './option-list.ts'
import type { Draft } from './row-rules.ts'

/**
 * CMExam (Chinese): the CSV of its repository (UTF-8 or GB 18030), the JSON on Hugging Face, and the form of Apollo. Several
 * letters are several golds; rows without an answer are dropped as the official script skips them.
 */
export const cmexam = defineQuestionSource({
  name: 'cmexam',
  title: 'CMExam',
  license: 'Apache-2.0; README: academic use',
  language: 'zh',
  hub: 'fzkuji/CMExam',
  use: 'training',
  testedOn: 'real rows',
  columns: 'Question, Options, Answer',
  rowOptions: { gb18030: true },
  open:
    () =>
    ({ cells }) =>
      read(cells),
})

function read(cells: Cells): Draft | null {
  const choices = cell(cells, 'Options', 'options')
  // Apollo's file mixes sources and says which row is of which.
  const isOther = typeof cells.source === 'string' && cells.source.toLowerCase() !== 'cmexam'
  if (choices === undefined || isOther) return null
  const options = typeof choices === 'string' ? (splitOptions(choices)?.options ?? []) : (optionTexts(choices) ?? [])
  return {
    stem: cell(cells, 'Question', 'question'),
    options,
    golds: labelledGolds(cell(cells, 'Answer', 'answer')),
    row: cell(cells, 'id', 'ID'),
    subject: cell(cells, 'Medical Discipline', 'Clinical Department', 'Disease Group'),
    explanation: cell(cells, 'Explanation', 'explanation'),
  }
}
