import { detectAnswerBase } from './answer-base.ts'
import { defineQuestionSource, hasColumns } from './kit.ts'
import { numberedGolds } from './letters.ts'

const columns = ['opa', 'opb', 'opc', 'opd'] as const

/**
 * MedMCQA, the Hugging Face form (answers from 0) and the original (from 1): which one a file is shows in its rows alone.
 * `choice_type` "multi" has one gold all the same. The test split has no labels: all of it is dropped as unlabelled.
 */
export const medmcqa = defineQuestionSource({
  name: 'medmcqa',
  title: 'MedMCQA',
  license: 'Apache-2.0 (Hugging Face), MIT (GitHub)',
  language: 'en',
  hub: 'openlifescienceai/medmcqa',
  use: 'training',
  testedOn: 'real rows',
  columns: 'question, opa, opb, opc, opd, cop',
  open: async (input, rows) => {
    const base = await detectAnswerBase(input, rows(), { column: 'cop', optionCount: () => 4, documented: null })
    return ({ cells }) =>
      hasColumns(cells, 'question', 'cop', ...columns)
        ? {
            stem: cells.question,
            options: columns.map((name) => cells[name]),
            golds: numberedGolds(cells.cop, base),
            ...{ row: cells.id, subject: cells.subject_name, explanation: cells.exp },
          }
        : null
  },
})
