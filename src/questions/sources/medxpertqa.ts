import { defineQuestionSource, hasColumns } from './kit.ts'
import { labelledGolds } from './letters.ts'
import { optionTexts } from './option-list.ts'

const OPTIONS_MARK = 'Answer Choices:'

/**
 * MedXpertQA Text: ten options, which the original repeats at the end of the question: they are split off there. Options as an
 * object by letter or as a list, the answer as a letter or a list of one.
 */
export const medxpertqa = defineQuestionSource({
  name: 'medxpertqa',
  title: 'MedXpertQA Text',
  license: 'MIT; its authors ask to keep it out of training corpora',
  language: 'en',
  hub: 'TsinghuaC3I/MedXpertQA',
  hubConfig: 'Text',
  use: 'benchmark',
  testedOn: 'real rows',
  columns: 'question, options, label',
  open:
    () =>
    ({ cells }) => {
      const options = optionTexts(cells.options)
      if (options === null || !hasColumns(cells, 'question', 'label')) return null
      return {
        ...{ stem: withoutOptions(cells.question), options, golds: labelledGolds(cells.label) },
        ...{ row: cells.id, subject: cells.body_system },
      }
    },
})

function withoutOptions(question: unknown): unknown {
  if (typeof question !== 'string') return question
  const mark = question.lastIndexOf(OPTIONS_MARK)
  return mark === -1 ? question : question.slice(0, mark)
}
