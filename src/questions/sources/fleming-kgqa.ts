import { defineQuestionSource, hasColumns, languageOf } from './kit.ts'
import { labelledGolds } from './letters.ts'
import { optionTexts, splitOptions } from './option-list.ts'

/**
 * MedKgQA, the questions that Fleming-R1 made from its graph. Unverified: no rows were seen; read as two scripts of third
 * parties read it, `choices` as one text, a list or an object by letter.
 */
export const flemingKgqa = defineQuestionSource({
  name: 'fleming-kgqa',
  title: 'Fleming-R1 MedKgQA (unverified)',
  license: 'that of the Fleming-R1 repository',
  language: 'en',
  hub: null,
  use: 'training',
  testedOn: 'written samples',
  columns: 'question, choices, answer, graph_idx',
  open:
    () =>
    ({ cells }) => {
      if (!hasColumns(cells, 'question', 'choices', 'answer')) return null
      const { question, choices } = cells
      const options = (typeof choices === 'string' ? splitOptions(choices)?.options : optionTexts(choices)) ?? []
      return {
        stem: question,
        options,
        golds: labelledGolds(cells.answer),
        row: cells.graph_idx,
        language: languageOf(question),
      }
    },
})
