import { defineQuestionSource, hasColumns } from './kit.ts'
import { labelledGolds } from './letters.ts'
import { optionTexts } from './option-list.ts'

/**
 * JMED (Chinese): 21 options, A to U, one of them "none of the above". Its licence is not declared: it is read where you have
 * it. Golds of one public copy crowd at A: show its options shuffled. Read in its documented form, without real rows.
 */
export const jmed = defineQuestionSource({
  name: 'jmed',
  title: 'JMED',
  license: 'none declared',
  language: 'zh',
  hub: 'jdh-algo/JMED',
  use: 'benchmark',
  testedOn: 'written samples',
  columns: 'question, options, answer',
  open:
    () =>
    ({ cells }) => {
      const options = optionTexts(cells.options)
      if (options === null || !hasColumns(cells, 'question', 'answer')) return null
      return { stem: cells.question, options, golds: labelledGolds(cells.answer), row: cells.id }
    },
})
